import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { createContext, runInContext } from 'node:vm'
import { describe, expect, it } from '@jest/globals'
import type { CsvReadOptions } from './csv-options.js'
import { provenance, provenanceFields, readCsvText, textColumns } from './testing.js'

/*
 * CSV suites that others wrote, read from their packages as they are: csv-spectrum, and the core parser's cases of Papa Parse.
 */

const require = createRequire(import.meta.url)
const folderOf = (name: string): string => dirname(require.resolve(`${name}/package.json`))

describe('E-23 M-008: csv-spectrum', () => {
  const folder = folderOf('csv-spectrum')
  const names = readdirSync(join(folder, 'csvs')).map((file) => file.replace(/\.csv$/, ''))

  it('has its dozen files', () => {
    expect(names).toHaveLength(12)
  })

  it.each(names)('%s', async (name) => {
    const bytes = readFileSync(join(folder, 'csvs', `${name}.csv`))
    const told = JSON.parse(readFileSync(join(folder, 'json', `${name}.json`), 'utf8')) as Row | readonly Row[]
    const expected = (Array.isArray(told) ? told : [told]) as readonly Row[]
    const columns = Object.keys(expected[0]!)
    const schema = textColumns(...columns, '_reason')
    const { rows } = await readCsvText(bytes, schema, {}, { virtualColumns: { _reason: 'corrupt_reason' } })
    const read = rows.map((row) => Object.fromEntries(columns.map((column, i) => [column, row[i]])))
    expect(rows.map((row) => row.at(-1))).toEqual(expected.map(() => null))
    expect(read).toEqual(expected.map((row) => ({ ...row, ...errata[name] })))
  })
})

type Row = Readonly<Record<string, string>>

/** Where the suite's JSON is not what its own CSV file says. */
const errata: Readonly<Record<string, Row>> = { location_coordinates: { 'Contact Phone Number': '2095257564' } }

interface PapaCase {
  readonly description: string
  readonly input: string
  readonly config?: {
    readonly delimiter?: unknown
    readonly newline?: string
    readonly quoteChar?: string | null
    readonly escapeChar?: string
    readonly comments?: string | boolean
    readonly preview?: number
    readonly fastMode?: boolean
    readonly step?: unknown
  }
  readonly expected: { readonly data: readonly (readonly string[])[]; readonly errors: readonly unknown[] }
}

function papaCases(): readonly PapaCase[] {
  const source = readFileSync(join(folderOf('papaparse'), 'tests', 'test-cases.js'), 'utf8')
  const nothing = (): void => undefined
  const context = {
    window: {},
    document: { getElementById: () => ({ src: 'test-cases.js' }) },
    describe: nothing,
    chai: { assert: {} },
    Papa: {},
  }
  createContext(context)
  return runInContext(
    `${source.replace(/^var chai;\s*var Papa;/, '')};CORE_PARSER_TESTS`,
    context,
  ) as unknown as readonly PapaCase[]
}

const damaged =
  'a quote that is not closed, or not closed before a separator, makes its row malformed; there it goes on to the end'
const blank = 'a blank line is no row, as for Spark and DuckDB; there it is one with an empty field'
const headers = 'names that occur twice are refused where a column is wanted by them; there they get numbers'
const comments = 'what begins a comment is one character, as for Spark'

/** Cases that are read in another way on purpose, and why. */
const different: Readonly<Record<string, string>> = {
  'Quoted field has no closing quote': damaged,
  'Quoted field has invalid trailing quote after delimiter with a valid closer': damaged,
  'Quoted field has invalid trailing quote after delimiter': damaged,
  'Quoted field has invalid trailing quote before delimiter': damaged,
  'Quoted field has invalid trailing quote after new line': damaged,
  'Input with only a commented line and blank line after': blank,
  'One column input with empty fields': blank,
  'Fast mode with blank line at end': blank,
  'Multi-character comment string': comments,
  'Fast mode with comments': comments,
  'Simple duplicated header names': headers,
  'Duplicated header names with headerTransform': headers,
  'Duplicated header names existing column': headers,
  'Duplicate header names with __proto__ field': headers,
}

describe('E-23 E-24: the core cases of Papa Parse', () => {
  const cases = papaCases()

  it('are there: 63, of which 49 are read alike', () => {
    expect([cases.length, Object.keys(different).length]).toEqual([63, 14])
  })

  it.each(cases.map((one) => [one.description, one] as const))('%s', async (description, one) => {
    const outcome = await comparison(one)
    if (different[description] === undefined) expect(outcome).toBe('equal')
    else expect(outcome).not.toBe('equal')
    if (different[description] === damaged) expect(await malformedRows(one)).toBeGreaterThan(0)
  })
})

async function comparison(one: PapaCase): Promise<string> {
  const { width, names, options } = readingOf(one)
  const { config = {}, expected } = one
  try {
    const { rows } = await readCsvText(one.input, textColumns(...names), options)
    const read = rows.map((row) => row.slice(0, width).map((value) => value ?? ''))
    const wanted = expected.data.map((row) => names.map((_, i) => row[i] ?? ''))
    const preview = config.preview === undefined || config.preview === 0 ? read : read.slice(0, config.preview)
    const [is, should] = [JSON.stringify(preview), JSON.stringify(wanted)]
    return is === should ? 'equal' : `read ${is}, wanted ${should}`
  } catch (error) {
    return `refused: ${(error as Error).message}`
  }
}

async function malformedRows(one: PapaCase): Promise<number> {
  const { names, options } = readingOf(one)
  const schema = { fields: [...textColumns(...names).fields, ...provenanceFields] }
  return (await readCsvText(one.input, schema, options, { virtualColumns: provenance })).metrics.malformedRows
}

function readingOf({ config = {}, expected }: PapaCase) {
  const { delimiter, newline, quoteChar, escapeChar, comments } = config
  const comment = typeof comments === 'string' ? comments : comments === true ? '#' : undefined
  const width = Math.max(1, ...expected.data.map((row) => row.length))
  const names = Array.from({ length: width }, (_, i) => `c${i}`)
  const options: CsvReadOptions = {
    header: false,
    columnNames: names,
    ...(typeof delimiter === 'string' ? { separator: delimiter } : {}),
    ...(newline === undefined ? {} : { lineSeparator: newline as '\n' }),
    ...(quoteChar === undefined ? {} : { quote: quoteChar ?? '' }),
    ...(escapeChar === undefined ? {} : { escape: escapeChar }),
    ...(comment === undefined ? {} : { comment }),
  }
  return { width, names, options }
}
