import { Arena, batchFromRows, batchToRows, createContext, unlimited } from '@deltaworks/columnar'
import { bind, col, fn, interpret, lit, utcContext, type Expr } from '@deltaworks/expression'
import {
  binary,
  boolean,
  date,
  decimal,
  field,
  float64,
  int32,
  int64,
  list,
  string,
  timestamp,
  type DataType,
  type Schema,
  type Value,
} from '@deltaworks/schema'
import { MemoryStore } from '@deltaworks/storage'
import fc from 'fast-check'
import { fileScan, scanMetrics, type ScanMetrics } from '../file-scan.js'
import { ParquetWriter } from './parquet-writer.js'
import { scanParquet } from './scan-parquet.js'
import type { ParquetWriteOptions } from './write-options.js'

const context = createContext()
const store = new MemoryStore('memory://pages')

const schema: Schema = {
  fields: [
    field('i', int64),
    field('k', int32),
    field('d', date),
    field('t', timestamp),
    field('m', decimal(12, 2)),
    field('w', decimal(30, 3)),
    field('f', float64),
    field('s', string),
    field('b', binary),
    field('o', boolean),
    field('l', list(string)),
  ],
}

/** Values in stretches, so that pages differ. */
function rowOf(i: number, spread: number): Value[] {
  const slow = Math.floor(i / spread)
  return [
    i % 11 === 0 ? null : BigInt(slow),
    slow % 7 === 3 ? null : (i * 31) % 17,
    slow,
    BigInt(slow) * 1_000_000n,
    BigInt(slow * 5),
    BigInt(slow % 50) * 10n ** 20n,
    slow % 9 === 4 ? Number.NaN : slow / 4,
    slow % 5 === 2 ? null : `name ${String(slow % 40).padStart(3, '0')}`,
    Uint8Array.of(slow % 256, 1),
    slow % 2 === 0,
    i % 3 === 0 ? null : [`e${slow}`, null],
  ]
}

const rowCount = 2200

async function write(path: string, spread: number, options: ParquetWriteOptions): Promise<number> {
  const arena = new Arena(context.heap)
  const writer = new ParquetWriter(context, unlimited, schema, options)
  for (let at = 0; at < rowCount; at += 1100) {
    const rows = Array.from({ length: 1100 }, (_, i) => rowOf(at + i, spread))
    writer.write(batchFromRows(arena, schema, rows))
    arena.reset()
  }
  arena.close()
  const file = writer.finish()
  await store.put(path, file.parts, 'overwrite')
  return file.sizeBytes
}

const bloom = Object.fromEntries(
  ['i', 'k', 'd', 't', 'm', 'w', 'f', 's', 'b'].map((name) => [name, { bloomFilter: true }]),
)
/** Makes a file large enough to be read by ranges. */
const padding = { padding: 'x'.repeat(1_100_000) }
const layouts: readonly ParquetWriteOptions[] = [
  { rowGroupRows: 1500, pageRows: 64, pageVersion: 1 },
  { rowGroupRows: 1100, pageRows: 100, pageVersion: 2, dictionary: false },
  { rowGroupRows: 1024, pageRows: 50, pageIndex: false, columns: bloom },
  { rowGroupRows: 2000, pageRows: 300, columns: bloom, keyValue: padding },
  { rowGroupRows: 1500, pageRows: 64, keyValue: padding },
]

const operators = ['eq', 'ne', 'lt', 'le', 'gt', 'ge'] as const

function literalOf(name: string, n: number): Expr {
  const slow = n
  const at = schema.fields.findIndex((f) => f.name === name)
  const value = rowOf(slow * 10 + 1, 10)[at] ?? null
  return lit(value as never, schema.fields[at]!.type as DataType)
}

const comparison: fc.Arbitrary<Expr> = fc
  .tuple(fc.constantFrom('i', 'k', 'd', 't', 'm', 'w', 'f', 's', 'b'), fc.constantFrom(...operators), fc.nat(450))
  .map(([name, operator, n]) => col(name)[operator](literalOf(name, n)))

const predicate: fc.Arbitrary<Expr> = fc.oneof(
  comparison,
  fc.constantFrom('i', 'k', 's').map((name) => col(name).isNull()),
  fc.tuple(comparison, comparison).map(([a, b]) => a.and(b)),
  fc.tuple(comparison, comparison).map(([a, b]) => a.or(b)),
  fc
    .tuple(fc.constantFrom('i', 's', 'k', 'd'), fc.nat(600), fc.nat(600))
    .map(([name, a, b]) => fn.in(col(name), literalOf(name, a), literalOf(name, b))),
)

describe('no row that matches is left out', () => {
  it('E-33, E-30: by statistics, page index, Bloom filters, dictionaries and late materialisation', async () => {
    const spreads = [10, 40]
    const files = await Promise.all(
      spreads.flatMap((spread) =>
        layouts.map(async (options, i) => {
          const path = `${spread}-${i}.parquet`
          return { path, spread, sizeBytes: await write(path, spread, options) }
        }),
      ),
    )
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...files),
        predicate,
        fc.constantFrom(16_384, 37),
        async (file, filter, batchRows) => {
          const bound = bind(filter.node, schema)
          const scan = fileScan({ store, ...file, schema, filters: [bound], batchRows })
          const found: Value[][] = []
          for await (const batch of scanParquet(context, unlimited, scan))
            found.push(...batchToRows(context.heap, batch))
          const matching = (rows: readonly (readonly Value[])[]): (readonly Value[])[] =>
            rows.filter((row) => interpret(bound, row, utcContext) === true)
          const all = Array.from({ length: rowCount }, (_, i) => rowOf(i, file.spread))
          expect(matching(found)).toEqual(matching(all))
          expect(context.heap.usedBytes).toBe(0)
        },
      ),
      { numRuns: 60 },
    )
  })

  it.each<[string, Expr, number, keyof ScanMetrics]>([
    ['statistics', col('i').gt(lit(10_000n)), 0, 'rowGroupsPrunedByStatistics'],
    ['Bloom filters', col('m').eq(lit(7n, decimal(12, 2))), 2, 'rowGroupsPrunedByBloomFilter'],
    ['dictionaries', col('s').eq(lit('name 0055')), 0, 'rowGroupsPrunedByDictionary'],
    ['page bounds', col('i').eq(lit(17n)), 0, 'pagesPruned'],
    ['page bounds', col('d').eq(lit(17, date)), 4, 'rowsPrunedByPageIndex'],
    [
      'columns decoded first',
      col('s')
        .eq(lit('name 017'))
        .and(col('k').eq(lit(99)))
        .or(col('i').eq(lit(3n))),
      2,
      'rowsPrunedLate',
    ],
  ])('E-33: %s leave rows out, and count them', async (_, filter, layout, counter) => {
    const sizeBytes = await write('one.parquet', 10, layouts[layout]!)
    const metrics = scanMetrics()
    const scan = fileScan({ store, path: 'one.parquet', sizeBytes, schema, filters: [bind(filter.node, schema)] })
    let rows = 0
    for await (const batch of scanParquet(context, unlimited, scan, metrics)) rows += batch.rowCount
    expect(metrics[counter]).toBeGreaterThan(0)
    expect(rows).toBeLessThan(rowCount)
  })
})
