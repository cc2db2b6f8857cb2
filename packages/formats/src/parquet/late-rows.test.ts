import { Arena, batchFromRows, batchToRows, createContext, unlimited } from '@deltaworks/columnar'
import { bind, col, lit } from '@deltaworks/expression'
import { boolean, date, decimal, field, float64, int32, int64, list, string } from '@deltaworks/schema'
import type { Schema, Value } from '@deltaworks/schema'
import { MemoryStore } from '@deltaworks/storage'
import { fileScan, scanMetrics } from '../file-scan.js'
import { ParquetWriter } from './parquet-writer.js'
import { scanParquet } from './scan-parquet.js'

const context = createContext()
const store = new MemoryStore('memory://late')
const inFile: Schema = {
  fields: [
    field('k', int32),
    field('price', decimal(12, 2)),
    field('wide', decimal(30, 3)),
    field('day', date),
    field('n', int64),
    field('plain', float64),
    field('s', string),
    field('o', boolean),
    field('l', list(int64)),
  ],
}
const schema: Schema = {
  fields: [...inFile.fields, field('part', string), field('none', int64), field('at', int64)],
}
const rowCount = 3000

const rowOf = (i: number): Value[] => [
  (i * 7919) % 100,
  BigInt((i * 31) % 97),
  BigInt(i % 53) * 10n ** 22n,
  i % 301,
  i % 5 === 0 ? null : BigInt(i % 41),
  i / 3,
  `text ${i % 29}`,
  i % 3 === 0,
  i % 4 === 0 ? null : [BigInt(i), null],
]
const expected = Array.from({ length: rowCount }, (_, i): Value[] => [...rowOf(i), 'p', null, BigInt(i)])

async function write(): Promise<number> {
  const arena = new Arena(context.heap)
  const writer = new ParquetWriter(context, unlimited, inFile, { rowGroupRows: 1400, pageRows: 100 })
  writer.write(
    batchFromRows(
      arena,
      inFile,
      Array.from({ length: rowCount }, (_, i) => rowOf(i)),
    ),
  )
  arena.close()
  const file = writer.finish()
  await store.put('t.parquet', file.parts, 'overwrite')
  return file.sizeBytes
}

describe('late materialisation', () => {
  it.each([0, 1, 20, 74, 100])(
    'E-33: %i of a hundred rows, scattered: those come out, with every other column as it is',
    async (limit) => {
      const sizeBytes = await write()
      const filters = [bind(col('k').lt(lit(limit, int32)).node, schema)]
      for (const [batchRows, deletedRows] of [
        [256, null],
        [1000, null],
        [16_384, null],
        [1000, Uint32Array.of(3, 1399, 1400, 2999)],
      ] as const) {
        const metrics = scanMetrics()
        const scan = fileScan({
          store,
          path: 't.parquet',
          sizeBytes,
          schema,
          filters,
          batchRows,
          deletedRows,
          constants: { part: 'p' },
          virtualColumns: { at: 'row_index' },
        })
        const rows: Value[][] = []
        for await (const batch of scanParquet(context, unlimited, scan, metrics))
          rows.push(...batchToRows(context.heap, batch))
        const wanted = expected.filter((row, i) => (row[0] as number) < limit && deletedRows?.includes(i) !== true)
        expect(rows.filter((row) => (row[0] as number) < limit)).toEqual(wanted)
        // Nothing else comes out where rows are looked up one by one.
        if (limit >= 20 && limit <= 74 && deletedRows === null) expect(rows).toHaveLength(wanted.length)
        expect(metrics.rowsScanned + metrics.rowsDeleted + metrics.rowsPrunedLate).toBe(
          rowCount - (metrics.rowGroupsPruned > 0 ? rowCount : 0),
        )
      }
    },
  )
})
