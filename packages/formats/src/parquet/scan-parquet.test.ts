import { Arena, batchFromRows, batchToRows, createContext, unlimited } from '@deltaworks/columnar'
import {
  date,
  decimal,
  field,
  float32,
  float64,
  int16,
  int32,
  int64,
  int8,
  list,
  string,
  struct,
  timestamp,
  timestampNtz,
  type DataType,
  type Schema,
  type Value,
} from '@deltaworks/schema'
import { MemoryStore } from '@deltaworks/storage'
import { fileScan, scanMetrics, type FileScan } from '../file-scan.js'
import { readParquetMetadata } from './parquet-metadata.js'
import { ParquetWriter } from './parquet-writer.js'
import { scanParquet } from './scan-parquet.js'
import type { ParquetWriteOptions } from './write-options.js'

const context = createContext()
const store = new MemoryStore('memory://scan')

async function write(schema: Schema, rows: Value[][], options: ParquetWriteOptions = {}): Promise<number> {
  const arena = new Arena(context.heap)
  const writer = new ParquetWriter(context, unlimited, schema, options)
  writer.write(batchFromRows(arena, schema, rows))
  arena.close()
  const file = writer.finish()
  await store.put('t.parquet', file.parts, 'overwrite')
  return file.sizeBytes
}

async function read(schema: Schema, sizeBytes: number, more: Partial<FileScan> = {}): Promise<Value[][]> {
  const rows: Value[][] = []
  const scan = fileScan({ store, path: 't.parquet', sizeBytes, schema, ...more })
  for await (const batch of scanParquet(context, unlimited, scan)) rows.push(...batchToRows(context.heap, batch))
  return rows
}

/** What a column written as one type gives when it is read as another. */
async function readAs(written: DataType, values: Value[], wanted: DataType): Promise<Value[]> {
  const size = await write(
    { fields: [field('c', written)] },
    values.map((value) => [value]),
  )
  return (await read({ fields: [field('c', wanted)] }, size)).map(([value]) => value!)
}

describe('columns', () => {
  const schema: Schema = { fields: [field('Id', int64), field('name', string)] }
  const rows: Value[][] = [
    [1n, 'a'],
    [2n, null],
  ]

  it('are found by name, in the order asked for, without regard to case; missing ones are null', async () => {
    const size = await write(schema, rows)
    const wanted: Schema = { fields: [field('NAME', string), field('gone', list(int32)), field('id', int64)] }
    expect(await read(wanted, size)).toEqual([
      ['a', null, 1n],
      [null, null, 2n],
    ])
  })

  it('D-32: are found by physical name or field id, members of structs as well', async () => {
    const deep: Schema = { fields: [field('s', struct([field('x', int32)])), field('y', string)] }
    const names = { s: 'col-1', 's.x': 'col-2', y: 'col-3' }
    const fieldIds = { s: 1, 's.x': 2, y: 3 }
    const size = await write(deep, [[[7], 'q']], { physicalNames: names, fieldIds })
    expect(await read(deep, size, { physicalNames: names })).toEqual([[[7], 'q']])
    expect(await read(deep, size, { fieldIds })).toEqual([[[7], 'q']])
    expect(await read(deep, size)).toEqual([[null, null]])
    const renamed: Schema = { fields: [field('z', string)] }
    expect(await read(renamed, size, { fieldIds: { z: 3 } })).toEqual([['q']])
    expect(await read(renamed, size, { fieldIds: { z: 9 } })).toEqual([[null]])
  })

  it('come from constants and from the scan itself', async () => {
    const size = await write(schema, rows, { rowGroupRows: 1 })
    const wanted: Schema = {
      fields: [field('day', date), field('path', string), field('n', int64), field('Id', int64), field('none', string)],
    }
    const more = {
      constants: { day: 19_000, none: null },
      virtualColumns: { path: 'file_path', n: 'row_index' },
    } as const
    expect(await read(wanted, size, more)).toEqual([
      [19_000, 't.parquet', 0n, 1n, null],
      [19_000, 't.parquet', 1n, 2n, null],
    ])
    expect(await read(wanted, size, { ...more, rowGroups: { first: 1, end: 2 } })).toEqual([
      [19_000, 't.parquet', 1n, 2n, null],
    ])
  })

  it('may be none: only rows are counted', async () => {
    const size = await write(schema, rows)
    expect(await read({ fields: [] }, size)).toEqual([[], []])
  })

  it('leave deleted rows out', async () => {
    const many = Array.from({ length: 1000 }, (_, i): Value[] => [BigInt(i), i % 2 === 0 ? null : `t${i % 3}`])
    const size = await write(schema, many, { rowGroupRows: 300 })
    const deleted = Uint32Array.from(many.keys()).filter((i) => i % 3 === 0 || (i >= 500 && i < 700))
    const metrics = scanMetrics()
    const result: Value[][] = []
    const scan = fileScan({ store, path: 't.parquet', sizeBytes: size, schema, deletedRows: deleted, batchRows: 64 })
    for await (const batch of scanParquet(context, unlimited, scan, metrics))
      result.push(...batchToRows(context.heap, batch))
    expect(result).toEqual(many.filter((_, i) => !deleted.includes(i)))
    expect(metrics).toMatchObject({
      rowsScanned: 1000 - deleted.length,
      rowsDeleted: deleted.length,
      rowGroupsTotal: 4,
    })
  })
})

describe('types', () => {
  it.each<[DataType, Value[], DataType, Value[]]>([
    [int8, [-5, null], int16, [-5, null]],
    [int8, [-5], int64, [-5n]],
    [int16, [300], int32, [300]],
    [int32, [-7, null, 9], int64, [-7n, null, 9n]],
    [int32, [-7], float64, [-7]],
    [int32, [-7], decimal(12, 2), [-700n]],
    [int32, [-7], decimal(30, 2), [-700n]],
    [int64, [2n ** 62n], decimal(38, 10), [2n ** 62n * 10n ** 10n]],
    [float32, [1.5], float64, [1.5]],
    [date, [-1, 1], timestampNtz, [-86_400_000_000n, 86_400_000_000n]],
    [timestamp, [5n], timestampNtz, [5n]],
    [decimal(5, 2), [-12_345n], decimal(10, 4), [-1_234_500n]],
    [decimal(5, 2), [-12_345n], decimal(30, 20), [-12_345n * 10n ** 18n]],
    [decimal(20, 2), [-(10n ** 19n)], decimal(38, 20), [-(10n ** 37n)]],
    [decimal(18, 3), [10n ** 17n], decimal(38, 3), [10n ** 17n]],
  ])('widen from %j %j to %j', async (written, values, wanted, expected) => {
    expect(await readAs(written, values, wanted)).toEqual(expected)
  })

  it.each<[DataType, Value, DataType]>([
    [int64, 1n, int32],
    [float64, 1, float32],
    [string, 'x', int32],
    [decimal(10, 2), 1n, decimal(10, 4)],
    [timestamp, 1n, date],
    [list(int32), [1], int32],
    [int32, 1, list(int32)],
  ])('that would lose data are refused: %j %j as %j', async (written, value, wanted) => {
    await expect(readAs(written, [value], wanted)).rejects.toMatchObject({ code: 'DW-FORMAT-0004' })
  })

  it('narrow where every value fits, as the file need not say how small they are', async () => {
    expect(await readAs(int32, [127, null, -128], int8)).toEqual([127, null, -128])
    await expect(readAs(int32, [128], int8)).rejects.toMatchObject({ code: 'DW-FORMAT-0005' })
    await expect(readAs(int32, [40_000], int16)).rejects.toMatchObject({ code: 'DW-FORMAT-0005' })
  })
})

describe('statistics', () => {
  it('E-29: are exact in what the writer returns, and bounds in the footer', async () => {
    const long = 'ü'.repeat(200)
    const schema: Schema = {
      fields: [
        field('i', int32),
        field('s', string),
        field('d', decimal(38, 2)),
        field('f', float64),
        field('n', float64),
      ],
    }
    const rows: Value[][] = [
      [3, long, -(10n ** 30n), 0, NaN],
      [null, 'a', 10n ** 30n, -0, 1],
      [-4, null, null, 5, 2],
    ]
    const arena = new Arena(context.heap)
    const writer = new ParquetWriter(context, unlimited, schema, { rowGroupRows: 2 })
    writer.write(batchFromRows(arena, schema, rows))
    arena.close()
    const file = writer.finish()
    expect(file.statistics.map(({ path, min, max, nullCount }) => [path.join('.'), min, max, nullCount])).toEqual([
      ['i', -4, 3, 1],
      ['s', 'a', long, 1],
      ['d', -(10n ** 30n), 10n ** 30n, 1],
      ['f', 0, 5, 0],
      ['n', null, null, 0],
    ])
    await store.put('t.parquet', file.parts, 'overwrite')
    const metadata = await readParquetMetadata(store, 't.parquet', file.sizeBytes)
    expect(metadata.rowGroups.map((group) => group.rowCount)).toEqual([2, 1])
    const first = metadata.rowGroups[0]!.columns
    expect(first[0]).toMatchObject({ path: ['i'], min: 3, max: 3, nullCount: 1 })
    expect(first[1]!.min).toBe('a')
    expect((first[1]!.max as string) > long).toBe(true)
    expect((first[1]!.max as string).length).toBe(64)
    expect(first[2]).toMatchObject({ min: -(10n ** 30n), max: 10n ** 30n })
    expect([first[3]!.min, first[3]!.max]).toEqual([-0, 0])
    expect([first[4]!.min, first[4]!.max]).toEqual([null, null])
    expect(metadata.rowGroups[1]!.columns[1]).toMatchObject({ min: null, max: null, nullCount: 1 })
  })

  it('carries key-value metadata and the schema', async () => {
    const schema: Schema = {
      fields: [field('a', timestamp, false), field('b', struct([field('c', list(int64, false))]))],
    }
    const size = await write(schema, [[1n, [[2n]]]], { keyValue: { owner: 'é' } })
    const metadata = await readParquetMetadata(store, 't.parquet')
    expect(metadata).toMatchObject({ schema, rowCount: 1, sizeBytes: size, keyValue: { owner: 'é' } })
  })
})

describe('the writer', () => {
  it('refuses a null in a column that is not null, nested or not', async () => {
    await expect(write({ fields: [field('a', int32, false)] }, [[1], [null]])).rejects.toMatchObject({
      code: 'DW-FORMAT-0009',
    })
    const nested: Schema = { fields: [field('a', struct([field('b', list(int32, false), false)]))] }
    await expect(write(nested, [[[[1, null]]]])).rejects.toMatchObject({ code: 'DW-FORMAT-0009' })
    await expect(write(nested, [[null], [[null]]])).rejects.toMatchObject({ code: 'DW-FORMAT-0009' })
    await expect(write({ fields: [field('a', struct([]))] }, [])).rejects.toMatchObject({ code: 'DW-FORMAT-0006' })
  })
})
