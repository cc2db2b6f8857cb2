import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { batchToRows, unlimited, type Column } from '@deltaworks/columnar'
import type { Value } from '@deltaworks/schema'
import { MemoryStore } from '@deltaworks/storage'
import { fileScan } from '../file-scan.js'
import type { CsvReadOptions } from './csv-options.js'
import { scanCsv } from './scan-csv.js'
import { testContext, textColumns } from './testing.js'

const columns = textColumns('a', 'b', 'c')

/** Rows, and the text columns of each batch. */
async function read(text: string, options: CsvReadOptions = {}, batchRows?: number) {
  const store = new MemoryStore('csv')
  const bytes = new TextEncoder().encode(text)
  await store.put('t.csv', bytes, 'overwrite')
  const scan = fileScan({ store, path: 't.csv', sizeBytes: bytes.byteLength, schema: columns })
  const rows: Value[][] = []
  const batches: (readonly Column[])[] = []
  const context = testContext()
  const given = batchRows === undefined ? scan : { ...scan, batchRows }
  for await (const batch of scanCsv(context, unlimited, given, options)) {
    rows.push(...batchToRows(context.heap, batch))
    batches.push(batch.columns)
  }
  return { rows, batches }
}

const dialects: readonly CsvReadOptions[] = [
  {},
  { escape: '\\' },
  { quote: '' },
  { trimLeading: true, trimTrailing: true },
  { nullValues: ['x', 'yz'] },
  { nullValues: ['x'], nullsInQuotes: true },
  { emptyValue: null },
  { separator: ';;' },
  { unescapedQuoteHandling: 'stop_at_closing_quote' },
]
const long = 'a text that is longer than thirty-two bytes'
const texts = [
  '',
  '""',
  'x',
  'yz',
  '"x"',
  '"a ""b"" c"',
  '"\\"d\\""',
  'é',
  'w'.repeat(16),
  'w'.repeat(33),
  `"${long},"`,
  ' e ',
]

describe('texts as codes of a dictionary', () => {
  it.each(dialects)('E-23: are what is read without one: %j', async (options) => {
    const separator = options.separator ?? ','
    const some = fc.array(
      fc.tuple(fc.constantFrom(...texts), fc.constantFrom(...texts), fc.constantFrom(...texts, '"z')),
      {
        minLength: 1,
        maxLength: 12,
      },
    )
    await fc.assert(
      fc.asyncProperty(some, fc.constantFrom(300, 1100), async (pool, batchRows) => {
        const lines = Array.from({ length: 1200 }, (_, i) => pool[i % pool.length]!.join(separator))
        const text = `${['a', 'b', 'c'].join(separator)}\n${lines.join('\n')}\n`
        const plain = await read(text, options, 100)
        expect(plain.batches.flat().every(({ dictionary }) => dictionary === null)).toBe(true)
        const coded = await read(text, options, batchRows)
        expect(coded.rows).toEqual(plain.rows)
      }),
      { numRuns: 4 },
    )
  })

  it('E-23: batches share them, until there are more', async () => {
    const lines = Array.from({ length: 2000 }, (_, i) => `${i < 1000 ? i % 10 : i % 20},,"q"`)
    const { rows, batches } = await read(`a,b,c\n${lines.join('\n')}`, {}, 500)
    expect(rows[1999]).toEqual(['19', null, 'q'])
    const first = batches.map(([a]) => a!.dictionary)
    expect([first[0] === first[1], first[1] === first[2], first[2] === first[3]]).toEqual([true, false, true])
    expect(first[3]!.length).toBe(20)
  })

  it.each([
    ['never repeat', (i: number) => `t${i}`],
    ['repeat at first', (i: number) => `t${i < 3000 ? i % 7 : i}`],
    ['are of too many kinds', (i: number) => `t${i % 5000}`],
    ['are long', (i: number) => `${i < 2000 ? 'l'.repeat(3000) : ''}${i % 400}`],
  ])('E-23: texts that %s are read as they are', async (_, textOf) => {
    const count = 12_000
    const expected = Array.from({ length: count }, (_, i) => [textOf(i), 'same', null])
    const { rows, batches } = await read(`a,b,c\n${expected.map((row) => row.join(',')).join('\n')}`)
    expect(rows).toEqual(expected)
    expect(batches.at(-1)![0]!.dictionary).toBeNull()
    expect(batches.at(-1)![1]!.dictionary?.length).toBe(1)
  })

  it('E-24: a text that is no UTF-8 is told of its row', async () => {
    const store = new MemoryStore('csv')
    const good = new TextEncoder().encode(`a,b,c\n${'x,y,é\n'.repeat(400)}`)
    const bytes = new Uint8Array([...good, 0x78, 0x2c, 0xff, 0x2c, 0x7a, 10])
    await store.put('t.csv', bytes, 'overwrite')
    const scan = fileScan({ store, path: 't.csv', sizeBytes: bytes.byteLength, schema: columns })
    const context = testContext()
    const rows: Value[][] = []
    for await (const batch of scanCsv(context, unlimited, scan, {})) rows.push(...batchToRows(context.heap, batch))
    expect(rows.slice(-2)).toEqual([
      ['x', 'y', 'é'],
      ['x', null, 'z'],
    ])
  })
})
