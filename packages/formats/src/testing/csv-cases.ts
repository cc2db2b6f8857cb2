import type { CsvReadOptions } from '../csv/csv-options.js'
import { random } from './hostile-files.js'

/* CSV texts of random dialects, with the values that they were made of. */

export interface CsvCase {
  readonly options: CsvReadOptions
  readonly text: string
  /** Without the header. */
  readonly rows: readonly (readonly CsvField[])[]
  readonly hasMixedLineEnds: boolean
}

export interface CsvField {
  readonly value: string | null
  /** As it stands in the text, between separators. */
  readonly raw: string
  readonly isQuoted: boolean
}

type Next = (below: number) => number
const pick = <T>(next: Next, of: readonly T[]): T => of[next(of.length)]!

interface Dialect {
  readonly separator: string
  readonly quote: string
  readonly escape: string
  readonly comment: string
  readonly nullValue: string
  readonly isTrimmed: boolean
  readonly lineEnds: readonly string[]
}

export const caseColumns = ['c0', 'c1', 'c2'] as const

export function csvCase(seed: number): CsvCase {
  const next = random(seed)
  const quote = pick(next, ['"', '"', '"', "'", ''])
  const dialect: Dialect = {
    separator: pick(next, [',', ',', ';', '|', '\t', ';;', '~|~']),
    quote,
    escape: quote === '' ? '' : pick(next, ['', '', '\\']),
    comment: pick(next, ['', '', '#']),
    nullValue: pick(next, ['', '', 'NA', '\\N']),
    isTrimmed: next(3) === 0,
    lineEnds: pick(next, [['\n'], ['\r\n'], ['\r'], ['\n', '\r\n', '\r']]),
  }
  const header = next(3) > 0
  const rows = Array.from({ length: next(40) }, () =>
    caseColumns.map(() => fieldOf(dialect, valueOf(dialect, next), next)),
  )
  const lines = rows.map((row) => row.map(({ raw }) => raw).join(dialect.separator))
  if (header) lines.unshift(caseColumns.join(dialect.separator))
  if (dialect.comment !== '') for (let i = next(4); i > 0; i--) lines.splice(next(lines.length + 1), 0, '#remark, "')
  let text = next(8) === 0 ? '\uFEFF' : ''
  lines.forEach((line, i) => {
    text += line
    if (i + 1 < lines.length || next(2) === 0) text += pick(next, dialect.lineEnds)
  })
  return { options: optionsOf(dialect, header), text, rows, hasMixedLineEnds: dialect.lineEnds.length > 1 }
}

const optionsOf = (dialect: Dialect, header: boolean): CsvReadOptions => ({
  header,
  separator: dialect.separator,
  quote: dialect.quote,
  ...(dialect.escape === '' ? {} : { escape: dialect.escape }),
  ...(dialect.comment === '' ? {} : { comment: dialect.comment }),
  ...(dialect.nullValue === '' ? {} : { nullValues: [dialect.nullValue] }),
  ...(dialect.isTrimmed ? { trimLeading: true, trimTrailing: true } : {}),
  lineSeparator: dialect.lineEnds.length === 1 ? (dialect.lineEnds[0] as '\n' | '\r' | '\r\n') : 'auto',
})

/** Null, or a text that the dialect can hold. */
function valueOf({ separator, quote, escape, comment, nullValue, isTrimmed }: Dialect, next: Next): string | null {
  if (next(6) === 0) return null
  const plain = ['a', 'bc', 'é', '😀', '0', 'NA', '.', 'w'.repeat(40), ...(isTrimmed ? [] : [' '])]
  const special = quote === '' ? [] : [separator, quote, quote, '\n', '\r\n', '\r', ' ', '\t', '#', ',']
  const parts = Array.from({ length: next(6) }, () => pick(next, next(3) === 0 && special.length > 0 ? special : plain))
  const text = parts.join('')
  // What an escape stands before is another matter than what a quote needs.
  const value = escape === '' ? text : text.replaceAll(escape, '')
  if (quote !== '') return value
  return value === '' || value === nullValue || (comment !== '' && value.startsWith(comment)) ? 'x' : value
}

function fieldOf(dialect: Dialect, value: string | null, next: Next): CsvField {
  const { separator, quote, escape, nullValue, isTrimmed } = dialect
  const padded = (text: string): string => (isTrimmed ? ' '.repeat(next(3)) + text + ' '.repeat(next(3)) : text)
  if (value === null) return { value, raw: padded(next(2) === 0 ? '' : nullValue), isQuoted: false }
  const hasNoMeaning = [...separator, ...quote].every((character) => !value.includes(character))
  const isPlain = value !== '' && value !== nullValue && !/[\r\n#]|^\s|\s$/.test(value) && hasNoMeaning
  if (quote === '' || (isPlain && next(4) > 0)) return { value, raw: padded(value), isQuoted: false }
  const inside = value.replaceAll(quote, (escape === '' ? quote : escape) + quote)
  return { value, raw: quote + inside + quote, isQuoted: true }
}
