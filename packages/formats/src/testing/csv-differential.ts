import { isDeepStrictEqual } from 'node:util'
import { parseString, type ParserOptionsArgs } from 'fast-csv'
import { readCsvText, textColumns } from '../csv/testing.js'
import { caseColumns, csvCase, type CsvCase, type CsvField } from './csv-cases.js'

/** Rows of texts, or why a reader gives none. */
export type CsvRows = readonly (readonly (string | null)[])[] | string

export interface CsvOutcome {
  readonly label: string
  /** Null unless a reader says something that nobody has explained. */
  readonly difference: string | null
}

/** A reader that does some things otherwise, and says which. */
export interface CsvWitness {
  readonly name: string
  read(made: CsvCase): Promise<CsvRows>
  /** Why nothing can be told of what it makes of such a text, or null. */
  refuses(made: CsvCase): string | null
  /** What it makes of a field. */
  value(field: CsvField, made: CsvCase, column: number): string | null
}

/** We must read the values that a text was made of; others must, too, but for what they say they do otherwise. */
export async function csvDifferential(seed: number, witnesses: readonly CsvWitness[]): Promise<readonly CsvOutcome[]> {
  const made = csvCase(seed)
  const options = made.options.header === true ? made.options : { ...made.options, columnNames: [...caseColumns] }
  const { rows } = await readCsvText(made.text, textColumns(...caseColumns), options)
  const wanted = made.rows.map((row) => row.map(({ value }) => value))
  const ours = isDeepStrictEqual(rows, wanted) ? null : shown(made, wanted, rows as (string | null)[][])
  const outcomes: CsvOutcome[] = [{ label: `deltaworks: ${ours === null ? 'equal' : 'differs'}`, difference: ours }]
  for (const witness of witnesses) {
    const got = await witness.read(made)
    const excuse = witness.refuses(made)
    const theirs = made.rows.map((row) => row.map((field, i) => witness.value(field, made, i)))
    if (isDeepStrictEqual(got, wanted)) outcomes.push({ label: `${witness.name}: equal`, difference: null })
    else if (excuse !== null) outcomes.push({ label: `${witness.name}: ${excuse}`, difference: null })
    else if (isDeepStrictEqual(got, theirs))
      outcomes.push({ label: `${witness.name}: its own values`, difference: null })
    else outcomes.push({ label: `${witness.name}: differs`, difference: shown(made, theirs, got) })
  }
  return outcomes
}

function shown(made: CsvCase, wanted: Exclude<CsvRows, string>, got: CsvRows): string {
  const row = typeof got === 'string' ? -1 : wanted.findIndex((one, i) => !isDeepStrictEqual(one, got[i]))
  const came = typeof got === 'string' ? got : got[row]
  return `${JSON.stringify(made.options)}\n${JSON.stringify(made.text)}\nrow ${row}: ${JSON.stringify(wanted[row])}, but ${JSON.stringify(came)} came`
}

/** fast-csv has no nulls, trims within quotes, too, and makes nothing of blanks that a line begins with and that are a field. It gives records of texts; the header is taken off here. */
export const fastCsv: CsvWitness = {
  name: 'fast-csv',
  refuses: ({ options }) => (options.separator!.length > 1 ? 'has separators of one character only' : null),
  value: ({ value, raw, isQuoted }, { options }, column) => {
    if (column === 0 && !isQuoted && raw.trim() === '') return ''
    const text = value ?? raw
    return options.trimLeading === true ? text.trim() : text
  },
  read: (made) =>
    new Promise((resolve) => {
      const { separator, quote, escape, comment, trimLeading, header } = made.options
      if (separator!.length > 1) {
        resolve('no such separator')
        return
      }
      const options: ParserOptionsArgs = {
        headers: false,
        delimiter: separator!,
        quote: quote === '' ? null : quote!,
        ...(escape === undefined ? {} : { escape }),
        ...(comment === undefined ? {} : { comment }),
        ...(trimLeading === true ? { trim: true } : {}),
      }
      const rows: string[][] = []
      parseString<string[], string[]>(made.text, options)
        .on('error', (error: Error) => resolve(error.message))
        .on('data', (row: string[]) => rows.push(row))
        .on('end', () => resolve(header === true ? rows.slice(1) : rows))
    }),
}
