import { Arena, batchFromRows, batchToRows, createContext, unlimited } from '@deltaworks/columnar'
import {
  binary,
  boolean,
  date,
  decimal,
  field,
  float32,
  float64,
  int32,
  int64,
  int8,
  list,
  string,
  timestamp,
  type DataType,
  type Schema,
  type Value,
} from '@deltaworks/schema'
import { MemoryStore } from '@deltaworks/storage'
import fc from 'fast-check'
import { fileScan } from '../file-scan.js'
import { orNull, tableOf } from '../testing/random-tables.js'
import { ParquetWriter } from './parquet-writer.js'
import { scanParquet } from './scan-parquet.js'
import type { ParquetValueEncoding } from './value-encoding.js'
import type { ParquetWriteOptions } from './write-options.js'

const context = createContext()
const store = new MemoryStore('memory://round-trip')

async function roundTrip(
  schema: Schema,
  rows: readonly (readonly Value[])[],
  options: ParquetWriteOptions,
  batchRows: number,
): Promise<Value[][]> {
  const arena = new Arena(context.heap)
  const writer = new ParquetWriter(context, unlimited, schema, options)
  for (let at = 0; at < rows.length; at += 50) {
    writer.write(batchFromRows(arena, schema, rows.slice(at, at + 50)))
    arena.reset()
  }
  const file = writer.finish()
  expect(file.rowCount).toBe(rows.length)
  expect(file.parts.every((part) => part.buffer instanceof ArrayBuffer)).toBe(true)
  await store.put('file.parquet', file.parts, 'overwrite')
  const result: Value[][] = []
  const scan = fileScan({ store, path: 'file.parquet', sizeBytes: file.sizeBytes, schema, batchRows })
  for await (const batch of scanParquet(context, unlimited, scan)) result.push(...batchToRows(context.heap, batch))
  arena.close()
  return result
}

const options: fc.Arbitrary<ParquetWriteOptions> = fc.record({
  compression: fc.constantFrom('snappy', 'none', 'gzip', 'brotli', 'lz4_raw'),
  pageVersion: fc.constantFrom(1, 2),
  encoding: fc.constantFrom('auto', 'plain'),
  rowGroupRows: fc.constantFrom(1_048_576, 64, 7),
  pageRows: fc.constantFrom(16_384, 10, 3),
  dictionary: fc.boolean(),
})

describe('what the writer writes, the reader reads', () => {
  it('E-29: flat columns, any null pattern, any sizes of pages and row groups', async () => {
    await fc.assert(
      fc.asyncProperty(
        tableOf(0),
        options,
        fc.constantFrom(16_384, 64, 5),
        async ({ schema, rows }, how, batchRows) => {
          expect(await roundTrip(schema, rows, how, batchRows)).toEqual(rows)
        },
      ),
      { numRuns: 150 },
    )
  })

  it('E-29: lists, maps and structs in each other', async () => {
    await fc.assert(
      fc.asyncProperty(
        tableOf(3),
        options,
        fc.constantFrom(16_384, 64, 5),
        async ({ schema, rows }, how, batchRows) => {
          expect(await roundTrip(schema, rows, how, batchRows)).toEqual(rows)
        },
      ),
      { numRuns: 150 },
    )
  })

  it('E-29: a dictionary that grows too large gives way to plain pages within a chunk', async () => {
    const schema: Schema = { fields: [field('s', string), field('l', int64), field('d', decimal(30, 3))] }
    const rows: Value[][] = []
    for (let i = 0; i < 60_000; i++) {
      const distinct = i < 20_000 ? i % 5000 : i
      const text = `${distinct} is one of the longer texts that fill a dictionary of a megabyte`
      rows.push([i % 17 === 0 ? null : text, BigInt(distinct) * 7n, BigInt(distinct) * 10n ** 20n])
    }
    expect(await roundTrip(schema, rows, {}, 9000)).toEqual(rows)
  })

  it.each<[DataType, readonly ParquetValueEncoding[]]>([
    [boolean, ['rle']],
    [int8, ['delta_binary_packed', 'byte_stream_split']],
    [int32, ['delta_binary_packed', 'byte_stream_split']],
    [date, ['delta_binary_packed']],
    [int64, ['delta_binary_packed', 'byte_stream_split']],
    [timestamp, ['delta_binary_packed']],
    [decimal(9, 2), ['delta_binary_packed']],
    [decimal(38, 10), ['byte_stream_split']],
    [float32, ['byte_stream_split']],
    [float64, ['byte_stream_split']],
    [string, ['delta_length_byte_array', 'delta_byte_array']],
    [binary, ['delta_length_byte_array', 'delta_byte_array']],
  ])('E-29: every encoding that a column of %j can have', async (type, encodings) => {
    const schema: Schema = { fields: [field('c', type), field('l', list(type))] }
    const rows = fc.array(
      fc.tuple(orNull(type, true), fc.option(fc.array(orNull(type, true), { maxLength: 4 }))) as fc.Arbitrary<Value[]>,
      { maxLength: 300 },
    )
    await fc.assert(
      fc.asyncProperty(
        rows,
        fc.constantFrom(...encodings),
        fc.constantFrom<1 | 2>(1, 2),
        fc.constantFrom(16_384, 40),
        async (values, encoding, pageVersion, pageRows) => {
          const column = { encoding, dictionary: false, bloomFilter: true }
          const how: ParquetWriteOptions = { columns: { c: column, 'l.element': column }, pageVersion, pageRows }
          expect(await roundTrip(schema, values, how, 64)).toEqual(values)
        },
      ),
      { numRuns: 25 },
    )
  })

  it('E-29: refuses options that mean nothing, and makes no file', () => {
    const schema: Schema = { fields: [field('s', string)] }
    const make =
      (options: ParquetWriteOptions): (() => unknown) =>
      () =>
        new ParquetWriter(context, unlimited, schema, options)
    const used = context.heap.usedBytes
    expect(make({ columns: { s: { encoding: 'delta_binary_packed' } } })).toThrow(/"s".*delta_binary_packed/)
    expect(make({ columns: { t: {} } })).toThrow(/"t"/)
    expect(make({ columns: { s: { bloomFilter: 2 } } })).toThrow(/between 0 and 1/)
    expect(make({ pageRows: 0 })).toThrow(/pageRows/)
    expect(context.heap.usedBytes).toBe(used)
  })

  it('E-29: very long texts, and no rows at all', async () => {
    const schema: Schema = { fields: [field('s', string), field('b', binary, false)] }
    const rows: Value[][] = [5_000_000, 0, 300_000, 2].map((size) => ['é'.repeat(size / 2), new Uint8Array(size)])
    const read = await roundTrip(schema, rows, {}, 2)
    expect(read.length).toBe(rows.length)
    // Byte by byte takes jest most of a minute.
    for (const [i, [text, bytes]] of read.entries()) {
      expect(text === rows[i]![0]).toBe(true)
      expect(Buffer.compare(bytes as Uint8Array, rows[i]![1] as Uint8Array)).toBe(0)
    }
    expect(await roundTrip(schema, [], {}, 2)).toEqual([])
  })
})
