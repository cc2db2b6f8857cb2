import { createContext, batchToRows, unlimited } from '@deltaworks/columnar'
import { int32, int64, timestamp, typeName, type DataType, type Value } from '@deltaworks/schema'
import { bind, col, lit } from '@deltaworks/expression'
import { MemoryStore } from '@deltaworks/storage'
import { fileScan, scanMetrics } from '../file-scan.js'
import { plainParquet, type PlainColumn } from '../testing/plain-parquet.js'
import { readParquetSchema } from './parquet-metadata.js'
import { scanParquet } from './scan-parquet.js'

/* Types that our writer does not write: files are put together by hand. */

const context = createContext()
const store = new MemoryStore('memory://odd-types')

const int32Bytes = (...values: number[]): Uint8Array => new Uint8Array(Int32Array.from(values).buffer)
const int64Bytes = (...values: bigint[]): Uint8Array => new Uint8Array(BigInt64Array.from(values).buffer)
const int96Bytes = (nanos: bigint, day: number): Uint8Array => Uint8Array.of(...int64Bytes(nanos), ...int32Bytes(day))

async function valuesOf(column: PlainColumn, type?: DataType): Promise<Value[]> {
  const bytes = plainParquet(column)
  await store.put('x', bytes, 'overwrite')
  const schema =
    type === undefined
      ? await readParquetSchema(store, 'x')
      : { fields: [{ name: column.name, type, nullable: false }] }
  const values: Value[] = []
  const scan = fileScan({ store, path: 'x', sizeBytes: bytes.length, schema })
  for await (const batch of scanParquet(context, unlimited, scan)) {
    values.push(...batchToRows(context.heap, batch).map(([value]) => value!))
  }
  return values
}

describe('types of others', () => {
  it.each<[string, PlainColumn, bigint]>([
    ['milliseconds', { name: 't', physical: 1, time: 1, count: 1, data: int32Bytes(86_399_999) }, 86_399_999_000n],
    ['microseconds', { name: 't', physical: 2, time: 2, count: 1, data: int64Bytes(86_399_999_999n) }, 86_399_999_999n],
    [
      'nanoseconds',
      { name: 't', physical: 2, time: 3, count: 1, data: int64Bytes(86_399_999_999_999n) },
      86_399_999_999n,
    ],
    ['TIME_MILLIS', { name: 't', physical: 1, converted: 7, count: 1, data: int32Bytes(1) }, 1000n],
    ['TIME_MICROS', { name: 't', physical: 2, converted: 8, count: 1, data: int64Bytes(1n) }, 1n],
  ])('E-27: a time of day in %s is read as microseconds, and pruned by them', async (_, column, expected) => {
    expect(typeName((await readParquetSchemaOf(column)).fields[0]!.type)).toBe('bigint')
    expect(await valuesOf(column)).toEqual([expected])
    await expect(valuesOf(column, int32)).rejects.toThrow(/time/)
    const metrics = scanMetrics()
    const schema = await readParquetSchema(store, 'x')
    for (const [value, rows] of [
      [expected, 1],
      [expected + 1000n, 0],
    ] as const) {
      const filters = [bind(col('t').eq(lit(value)).node, schema)]
      const { sizeBytes } = await store.head('x')
      let found = 0
      const scan = fileScan({ store, path: 'x', sizeBytes, schema, filters })
      for await (const batch of scanParquet(context, unlimited, scan, metrics)) found += batch.rowCount
      expect(found).toBe(rows)
    }
    expect(metrics.rowGroupsPrunedByStatistics).toBe(1)
  })

  it('E-27: timestamps beyond what microseconds can tell are an error, not another time', async () => {
    const millis = (value: bigint): PlainColumn => ({
      name: 't',
      physical: 2,
      converted: 9,
      count: 1,
      data: int64Bytes(value),
    })
    expect(await valuesOf(millis(9_223_372_036_854_775n))).toEqual([9_223_372_036_854_775_000n])
    await expect(valuesOf(millis(9_223_372_036_854_776n))).rejects.toThrow(/"t".*does not fit timestamp/)
    await expect(valuesOf(millis(-9_223_372_036_854_776n))).rejects.toThrow(/"t".*does not fit timestamp/)
    const int96 = (nanos: bigint, day: number): PlainColumn => ({
      name: 't',
      physical: 3,
      count: 1,
      data: int96Bytes(nanos, day),
    })
    expect(await valuesOf(int96(86_399_999_999_999n, 5_373_484))).toEqual([253_402_300_799_999_999n])
    expect(await valuesOf(int96(1n, 1_721_426))).toEqual([-62_135_596_800_000_000n])
    expect(await valuesOf(int96(-1000n, 2_440_588))).toEqual([-1n])
    expect(await valuesOf(int96(0n, 109_192_579))).toEqual([9_223_372_022_400_000_000n])
    await expect(valuesOf(int96(0n, 109_192_580))).rejects.toThrow(/does not fit timestamp/)
    await expect(valuesOf(int96(0n, -2_147_483_648))).rejects.toThrow(/does not fit timestamp/)
    await expect(valuesOf(int96(14_454_775_808_000n, 109_192_579))).rejects.toThrow(/does not fit timestamp/)
  })

  it('E-27: a time is no timestamp', async () => {
    const column: PlainColumn = { name: 't', physical: 2, time: 2, count: 1, data: int64Bytes(1n) }
    await expect(valuesOf(column, timestamp)).rejects.toThrow(/\(time\)/)
    expect(await valuesOf(column, int64)).toEqual([1n])
  })
})

async function readParquetSchemaOf(column: PlainColumn): ReturnType<typeof readParquetSchema> {
  await store.put('x', plainParquet(column), 'overwrite')
  return readParquetSchema(store, 'x')
}
