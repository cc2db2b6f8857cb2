import { Arena, batchFromRows, batchToRows, createContext, unlimited } from '@deltaworks/columnar'
import { boolean, date, decimal, field, float32, float64, int16, int32, int64, timestamp } from '@deltaworks/schema'
import type { Schema, Value } from '@deltaworks/schema'
import { MemoryStore } from '@deltaworks/storage'
import { fileScan } from '../file-scan.js'
import { ParquetWriter } from './parquet-writer.js'
import { scanParquet } from './scan-parquet.js'

/* Batches begin and end within pages, and with nulls at any place of the codes of a page. */

const context = createContext()
const store = new MemoryStore('memory://dictionaries')
const schema: Schema = {
  fields: [
    field('i16', int16),
    field('i32', int32),
    field('i64', int64),
    field('f32', float32),
    field('f64', float64),
    field('day', date),
    field('time', timestamp),
    field('price', decimal(15, 2)),
    field('wide', decimal(30, 3)),
    field('flag', boolean),
  ],
}
const rowCount = 700

/** @param value the code'th of the values, as a number of 15 bits at most */
const rowOf = (value: number, code: number): Value[] => {
  const large = BigInt(value)
  return [value, value, large, value / 2, value / 4, value, large, large, large * 10n ** 20n, code % 2 === 0]
}

async function readBack(rows: readonly (readonly Value[])[], batchRows: number): Promise<Value[][]> {
  const arena = new Arena(context.heap)
  const writer = new ParquetWriter(context, unlimited, schema, { rowGroupRows: 500, pageRows: 133 })
  writer.write(batchFromRows(arena, schema, rows))
  arena.close()
  const { parts, sizeBytes } = writer.finish()
  await store.put('t.parquet', parts, 'overwrite')
  const scan = fileScan({ store, path: 't.parquet', sizeBytes, schema, batchRows })
  const read: Value[][] = []
  for await (const batch of scanParquet(context, unlimited, scan)) read.push(...batchToRows(context.heap, batch))
  return read
}

describe('dictionaries of a few values', () => {
  const values = { bytes: (i: number) => i, negative: (i: number) => -1 - i, large: (i: number) => 255 + i }
  it.each(Object.entries(values))('E-27: %s come out as they went in', async (_, valueOf) => {
    for (const distinct of [1, 16, 17, 256, 257]) {
      for (const nullEvery of [0, 7]) {
        const rows = Array.from({ length: rowCount }, (_row, i): Value[] => {
          const code = (i * 7919) % distinct
          return nullEvery > 0 && i % nullEvery === 0 ? schema.fields.map(() => null) : rowOf(valueOf(code), code)
        })
        expect(await readBack(rows, nullEvery === 0 ? 16_384 : 100)).toEqual(rows)
      }
    }
  })
})
