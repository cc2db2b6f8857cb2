import { Arena, batchFromRows, batchToRows, createContext, unlimited } from '@deltaworks/columnar'
import { bind, col, lit } from '@deltaworks/expression'
import { date, decimal, field, int64, string, timestamp, type Schema, type Value } from '@deltaworks/schema'
import { MemoryStore } from '@deltaworks/storage'
import { fileScan, scanMetrics } from '../file-scan.js'
import { ParquetWriter } from './parquet-writer.js'
import { scanParquet } from './scan-parquet.js'

const context = createContext()
const store = new MemoryStore('memory://prune')
const schema: Schema = {
  fields: [
    field('id', int64),
    field('name', string),
    field('price', decimal(10, 2)),
    field('at', timestamp),
    field('day', date),
  ],
}

/** Ten row groups of ten rows. */
async function write(): Promise<number> {
  const rows = Array.from({ length: 100 }, (_, i): Value[] => [
    BigInt(i),
    i < 50 ? null : `name ${String(i).padStart(3, '0')}`,
    BigInt(i * 100),
    BigInt(i) * 1_000_000n,
    i,
  ])
  const arena = new Arena(context.heap)
  const writer = new ParquetWriter(context, unlimited, schema, { rowGroupRows: 10 })
  writer.write(batchFromRows(arena, schema, rows))
  arena.close()
  const file = writer.finish()
  await store.put('t.parquet', file.parts, 'overwrite')
  return file.sizeBytes
}

describe('row groups are left out by their statistics', () => {
  it.each([
    ['id = 42', col('id').eq(lit(42n)), 1],
    ['id >= 35', col('id').ge(lit(35n)), 7],
    ['name is null', col('name').isNull(), 5],
    ['name = "name 077"', col('name').eq(lit('name 077')), 1],
    ['price < 5.00', col('price').lt(lit(500n, decimal(10, 2))), 1],
    ['at > 95 s', col('at').gt(lit(95_000_000n, timestamp)), 1],
    [
      'day = 1 or day = 99',
      col('day')
        .eq(lit(1, date))
        .or(col('day').eq(lit(99, date))),
      2,
    ],
    ['constant does not match', col('p').eq(lit('y')), 0],
    ['constant matches', col('p').eq(lit('x')), 10],
  ])('%s', async (_, predicate, groups) => {
    const sizeBytes = await write()
    const wanted: Schema = { fields: [...schema.fields, field('p', string)] }
    const filters = [bind(predicate.node, wanted)]
    const metrics = scanMetrics()
    let rowCount = 0
    const scan = fileScan({ store, path: 't.parquet', sizeBytes, schema: wanted, filters, constants: { p: 'x' } })
    for await (const batch of scanParquet(context, unlimited, scan, metrics))
      rowCount += batchToRows(context.heap, batch).length
    expect(metrics).toMatchObject({ rowGroupsTotal: 10, rowGroupsPruned: 10 - groups, rowsScanned: rowCount })
    expect(metrics.rowGroupsPrunedByStatistics).toBe(10 - groups)
    expect(rowCount + metrics.rowsPrunedLate).toBe(groups * 10)
  })
})
