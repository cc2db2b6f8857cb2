import { unlimited } from '@deltaworks/columnar'
import { field, int64, schema, string, type Value } from '@deltaworks/schema'
import { MemoryStore } from '@deltaworks/storage'
import fc from 'fast-check'
import type { CsvReadOptions } from './csv-options.js'
import { splitCsv } from './split-csv.js'
import { provenance, readCsvText, testContext } from './testing.js'

const columns = schema([field('a', string), field('b', string), field('_line', int64), field('_offset', int64)])
const virtualColumns = { _line: provenance['_line']!, _offset: provenance['_offset']! }

async function check(text: string, options: CsvReadOptions, targetBytes: number): Promise<number> {
  const bytes = new TextEncoder().encode(text)
  const store = new MemoryStore('split')
  await store.put('t.csv', bytes, 'overwrite')
  const context = testContext()
  const file = { store, path: 't.csv', sizeBytes: bytes.byteLength }
  const ranges = await splitCsv(context, unlimited, file, options, targetBytes)
  expect(context.heap.usedBytes).toBe(0)
  const whole = await readCsvText(bytes, columns, options, { virtualColumns })
  const parts: Value[][] = []
  for (const byteRange of ranges) {
    const { rows } = await readCsvText(bytes, columns, options, { virtualColumns, byteRange })
    // A range that knows its row begins with it.
    if (byteRange.start > 0) expect(rows[0]?.[3]).toBe(BigInt(byteRange.start))
    parts.push(...rows)
  }
  expect(parts).toEqual(whole.rows)
  return ranges.length
}

describe('a file cut into ranges', () => {
  const line = fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom('x,y', 'abc,', ',', 'lone', 'é,😀', `${'w'.repeat(70)},1`) },
    { weight: 2, arbitrary: fc.constantFrom('', '', ' ', '#,c', '\\,') },
    { weight: 1, arbitrary: fc.constantFrom('"q",r', '"a\nb",c', '"a\r\n\r\nb",', 'it"s,"', 'x,"never') },
  )
  const dialects: readonly CsvReadOptions[] = [
    {},
    { lineSeparator: '\n' },
    { lineSeparator: '\r\n' },
    { lineSeparator: '\r' },
    { comment: '#' },
    { escape: '\\' },
    { quote: '' },
    { header: false },
    { multiLine: false },
    { trimLeading: true, trimTrailing: true },
  ]

  it.each(dialects)(
    'E-25: begins each at a row, and knows its line and offset, with quotes or without: %j',
    async (dialect) => {
      const options = dialect.header === false ? { ...dialect, columnNames: ['a', 'b'] } : dialect
      await fc.assert(
        fc.asyncProperty(
          fc.array(line, { maxLength: 60 }),
          fc.constantFrom(['\n'], ['\r\n'], ['\n', '\r\n'], ['\n', '\r'], ['\r']),
          fc.constantFrom(1, 40, 200),
          async (lines, ends, targetBytes) => {
            const { header, lineSeparator } = dialect
            const first = header === false ? '' : `a,b${lineSeparator ?? '\n'}`
            const body = lines.map((text, i) => text + ends[(i * 7) % ends.length]!).join('')
            await check(first + body, options, targetBytes)
          },
        ),
        { numRuns: 60 },
      )
    },
  )

  it('E-25: counts lines across the pieces that it reads, and goes on counting behind quotes', async () => {
    const plain = (from: number): string[] =>
      Array.from({ length: 4000 }, (_, i) => `${from + i},${'v'.repeat(300 + (i % 40))}`)
    for (const end of ['\n', '\r\n']) {
      const lines = ['a,b', ...plain(0), '"a', 'b",c', '', ...plain(4000)]
      expect(await check(lines.join(end), {}, 1_200_000)).toBe(3)
    }
  })
})
