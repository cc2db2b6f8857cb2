const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

/** Text for an element or a quoted attribute. */
export const escape = (text: string): string => (/[&<>"']/.test(text) ? text.replace(/[&<>"']/g, (c) => entities[c]!) : text)

export interface Column {
  readonly title: string
  readonly align?: 'right'
  /** Takes what room is left. */
  readonly wide?: boolean
}

/** A table of cells that are markup already. */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const kind = (column: Column) => (column.align === 'right' ? ' class="n"' : column.wide === true ? ' class="w"' : '')
  const head = columns.map((column) => `<th scope="col"${kind(column)}>${escape(column.title)}</th>`).join('')
  const kinds = columns.map(kind)
  const body = rows.map((row) => `<tr>${row.map((cell, i) => `<td${kinds[i]!}>${cell}</td>`).join('')}</tr>`).join('')
  return `<div class="scroll"><table><thead><tr>${head}</tr></thead><tbody>${body}</tbody></table></div>`
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
