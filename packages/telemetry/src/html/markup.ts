const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Text for an element or a quoted attribute. */
export const escape = (text: string): string =>
  /[&<>"']/.test(text) ? text.replace(/[&<>"']/g, (c) => entities[c]!) : text

export interface Column {
  readonly title: string
  readonly align?: 'right'
  /** Takes what room is left. */
  readonly wide?: boolean
}

/** Rows under a heading of their own; the heading is text, the cells are markup already. */
export interface Group {
  readonly heading: string | null
  readonly rows: readonly (readonly string[])[]
}

export const table = (columns: readonly Column[], rows: readonly (readonly string[])[]): string =>
  groupedTable(columns, [{ heading: null, rows }])

/** One table, so that the columns of all groups stand under each other. */
export function groupedTable(columns: readonly Column[], groups: readonly Group[]): string {
  const kind = (column: Column) => (column.align === 'right' ? ' class="n"' : column.wide === true ? ' class="w"' : '')
  const head = columns.map((column) => `<th scope="col"${kind(column)}>${escape(column.title)}</th>`).join('')
  const kinds = columns.map(kind)
  const body = groups.map(({ heading, rows }) => {
    const title =
      heading === null
        ? ''
        : `<tr class="group"><th scope="rowgroup" colspan="${columns.length}">${escape(heading)}</th></tr>`
    return `<tbody>${title}${rows.map((row) => `<tr>${row.map((cell, i) => `<td${kinds[i]!}>${cell}</td>`).join('')}</tr>`).join('')}</tbody>`
  })
  return `<div class="scroll"><table><thead><tr>${head}</tr></thead>${body.join('')}</table></div>`
}

export const section = (id: string, title: string, note: string, body: string): string =>
  `<section id="${id}"><h2>${escape(title)}${note === '' ? '' : `<small>${escape(note)}</small>`}</h2>${body}</section>`

/** A thin bar for a share, with a mark at the threshold. */
export function shareBar(share: number, tone: string, threshold: number | null): string {
  const at = (value: number) => Math.round(Math.max(0, Math.min(1, value)) * 10_000) / 100
  const mark = threshold === null ? '' : `<i class="mark" style="left:${at(threshold)}%"></i>`
  return `<span class="bar"><i class="fill ${tone}" style="width:${at(share)}%"></i>${mark}</span>`
}

export const pill = (text: string, tone: string): string => `<span class="pill ${tone}">${escape(text)}</span>`
