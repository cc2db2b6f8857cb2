import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { parseString } from 'fast-csv'
import { unlimited } from '@deltaworks/columnar'
import { field, int64, schema, string, type Value } from '@deltaworks/schema'
import { MemoryStore } from '@deltaworks/storage'
import { csvDialect, type CsvReadOptions } from './csv-options.js'
import { parseCsvText } from './csv-text.js'
import { splitCsv } from './split-csv.js'
import { provenance, provenanceFields, readCsvText, testContext, textColumns } from './testing.js'

const names = ['c0', 'c1', 'c2']
const columns = schema([...names.map((name) => field(name, string)), field('_line', int64), field('_offset', int64)])
const virtualColumns = { _line: provenance['_line']!, _offset: provenance['_offset']! }

/** Any mixture of what means something, in lengths that cross the scanner's blocks of 64 bytes. */
const noise = (alphabet: readonly string[]): fc.Arbitrary<string> =>
  fc
    .array(fc.constantFrom(...alphabet, 'x', 'yz', 'é', ' '.repeat(3), 'w'.repeat(30)), { maxLength: 60 })
    .map((parts) => parts.join(''))

const dialects: readonly CsvReadOptions[] = [
  {},
  { lineSeparator: '\n' },
  { lineSeparator: '\r' },
  { lineSeparator: '\r\n' },
  { escape: '\\' },
  { comment: '#' },
  { quote: '' },
  { trimLeading: true, trimTrailing: true },
  { separator: ';;' },
  { multiLine: false },
  { multiLine: false, separator: ';;' },
  { unescapedQuoteHandling: 'stop_at_closing_quote' },
  { unescapedQuoteHandling: 'stop_at_closing_quote', trimTrailing: true, separator: ';;' },
]

describe('E-23: the scanner and its plain twin', () => {
  it.each(dialects)('agree on any text: %j', async (options) => {
    const separator = options.separator ?? ','
    const end = options.lineSeparator === undefined ? '\n' : options.lineSeparator
    const alphabet = [separator, separator, '"', '""', '\n', '\r', '\r\n', '\\', '#', ' ', '\t', ';']
    await fc.assert(
      fc.asyncProperty(noise(alphabet), async (body) => {
        const text = `${names.join(separator)}${end}${body}`
        const records = parseCsvText(text, csvDialect(options)).slice(1)
        const { rows } = await readCsvText(text, columns, options, { virtualColumns })
        const plain = records.map(({ fields, line, start }) => [
          ...names.map((_, i) => fields[i] ?? null),
          BigInt(line),
          BigInt(Buffer.byteLength(text.slice(0, start))),
        ])
        // The twin gives the rest of the text to an open quote, the scanner one line: compare what is before that.
        const last = plain.length - 1
        const unclosed = isOpen(text, options) ? last : plain.length
        expect(rows.slice(0, unclosed)).toEqual(plain.slice(0, unclosed))
        if (unclosed === plain.length) expect(rows).toHaveLength(plain.length)
      }),
      { numRuns: 300 },
    )
  })

  it('agree with fast-csv on what is well formed', async () => {
    const cell = fc.oneof(fc.constant(''), fc.string({ maxLength: 12 }), noise([',', '"', '\n', '\r\n']))
    const quote = (text: string): string => (/[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(cell, cell, cell), { minLength: 1, maxLength: 20 }),
        fc.constantFrom('\n', '\r\n'),
        async (records, end) => {
          const text = [names, ...records].map((row) => row.map(quote).join(',')).join(end) + end
          const { rows } = await readCsvText(text, textColumns(...names))
          const expected = await new Promise<string[][]>((resolve, reject) => {
            const parsed: string[][] = []
            parseString<string[], string[]>(text, { headers: false })
              .on('error', reject)
              .on('data', (row: string[]) => parsed.push(row))
              .on('end', () => resolve(parsed.slice(1)))
          })
          expect(rows.map((row) => row.map((value) => value ?? ''))).toEqual(expected)
        },
      ),
      { numRuns: 200 },
    )
  })
})

/** Whether the twin's last record ends inside quotes: then one more quote and a line end make a row of it that was none before. */
function isOpen(text: string, options: CsvReadOptions): boolean {
  const dialect = csvDialect(options)
  if (dialect.quote === '') return false
  const end = dialect.lineSeparator === 'auto' ? '\n' : dialect.lineSeparator
  const probe = parseCsvText(`${text}${end}probe`, dialect)
  return !(probe[probe.length - 1]?.fields[0] === 'probe' && probe[probe.length - 1]?.fields.length === 1)
}

describe('E-25: ranges of a file', () => {
  it('give the rows of the whole, whatever the cuts, with lines and offsets', async () => {
    const cell = noise([',', '"', '\n', '\r', '""'])
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(cell, cell, cell), { minLength: 1, maxLength: 30 }),
        fc.array(fc.nat(), { maxLength: 4 }),
        async (records, cuts) => {
          const text = [names, ...records]
            .map((row) => row.map((value) => `"${value.replaceAll('"', '""')}"`).join(','))
            .join('\n')
          const size = Buffer.byteLength(text)
          const whole = await readCsvText(text, columns, {}, { virtualColumns })
          const points = [0, ...new Set(cuts.map((cut) => cut % (size + 1)))].sort((a, b) => a - b)
          const rows: Value[][] = []
          for (const [i, start] of points.entries()) {
            const byteRange = { start, end: points[i + 1] ?? size }
            if (byteRange.start === byteRange.end) continue
            rows.push(...(await readCsvText(text, columns, {}, { virtualColumns, byteRange })).rows)
          }
          expect(rows).toEqual(whole.rows)
        },
      ),
      { numRuns: 100 },
    )
  })

  it('made by splitCsv start at rows and know their lines, over many windows', async () => {
    const lines = Array.from(
      { length: 30_000 },
      (_, i) => `${i},"${i % 7 === 0 ? 'a\n"",b' : 'x'}",${'z'.repeat(i % 300)}`,
    )
    const text = `c0,c1,c2\n${lines.join('\n')}\n`
    const store = new MemoryStore('split')
    const bytes = new TextEncoder().encode(text)
    await store.put('t.csv', bytes, 'overwrite')
    const file = { store, path: 't.csv', sizeBytes: bytes.byteLength }
    const ranges = await splitCsv(testContext(), unlimited, file, {}, 500_000)
    expect(ranges.length).toBeGreaterThan(8)
    const whole = await readCsvText(bytes, columns, {}, { virtualColumns })
    expect(whole.rows).toHaveLength(30_000)
    const parts: Value[][] = []
    for (const byteRange of ranges)
      parts.push(...(await readCsvText(bytes, columns, {}, { virtualColumns, byteRange })).rows)
    expect(parts).toEqual(whole.rows)
  })
})

const landing = new URL('../../../../../shared/landing/', import.meta.url)

describe('M-008: the landing files of the shop', () => {
  const files = [
    'de_dates.csv',
    'de_shop_transactions_20230821.csv',
    ...['20230619', '20230901', '20240614', '20240701'].map((day) => `de_shop_customers_${day}.csv`),
  ]
  it.each(files)('%s is read without a lost or malformed row', async (name) => {
    const path = fileURLToPath(new URL(name, landing))
    if (!existsSync(path)) {
      console.log(`skipped: there is no ${path}`)
      return
    }
    const text = readFileSync(path, 'utf8')
    const [header, ...records] = parseCsvText(text, csvDialect({}))
    const wanted = schema([...header!.fields.map((column) => field(column!, string)), ...provenanceFields])
    const { rows, metrics } = await readCsvText(text, wanted, {}, { virtualColumns: provenance })
    expect(metrics.malformedRows).toBe(0)
    expect(rows.map((row) => row.slice(0, -4))).toEqual(records.map(({ fields }) => fields))
    expect(rows.map((row) => Number(row[row.length - 4]))).toEqual(records.map(({ line }) => line))
  })
})
