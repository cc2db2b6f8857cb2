import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { agg, col, fn, lit, when, win } from '@deltaworks/expression'
import { memoryTable, scan, type DataFrame } from '@deltaworks/plan'
import { interpretPlan } from '@deltaworks/plan/testing'
import {
  date,
  decimal,
  field,
  float64,
  int32,
  int64,
  isDeltaworksError,
  schema,
  string,
  type Value,
} from '@deltaworks/schema'
import { fileTable } from './file-table.js'
import { Session } from './session.js'

const orders = schema([
  field('id', int64),
  field('region', string),
  field('product', string),
  field('quantity', int32),
  field('amount', decimal(12, 2)),
  field('weight', float64),
  field('day', date),
])

function orderRows(count: number): Value[][] {
  const rows: Value[][] = []
  for (let i = 0; i < count; i++) {
    rows.push([
      BigInt(i % 97) * 1_000_000_007n,
      i % 11 === 0 ? null : `region ${i % 5}`,
      `p${i % 23}`,
      (i * 7) % 40,
      i % 13 === 0 ? null : BigInt(((i * 7919) % 200_001) - 100_000),
      i % 17 === 0 ? Number.NaN : (i % 1000) / 8,
      12_000 + (i % 400),
    ])
  }
  return rows
}

const products = schema([field('product', string), field('family', string)])
const productRows: Value[][] = Array.from({ length: 20 }, (_, i) => [i === 7 ? null : `p${i}`, `f${i % 3}`])

const text = (rows: readonly (readonly Value[])[]): string[] =>
  rows.map((row) => row.map((value) => (Object.is(value, -0) ? '0' : String(value))).join('|')).sort()

const o = scan(memoryTable(orders, orderRows(3000)))
const p = scan(memoryTable(products, productRows))

const queries: Readonly<Record<string, DataFrame | DataFrame<never>>> = {
  'E-35: filter and projection': o
    .filter(col('quantity').gt(lit(10)).and(col('region').isNotNull()))
    .select(col('id'), col('amount').mul(lit(2)).as('double'), fn.upper(col('region')).as('name')),
  'E-14 E-12: aggregates by group': o.groupBy('region', 'product').agg({
    n: agg.count(),
    present: agg.count(col('amount')),
    total: agg.sum(col('amount')),
    average: agg.avg(col('amount')),
    least: agg.min(col('amount')),
    last: agg.max(col('day')),
    name: agg.max(col('product')),
    quantities: agg.countDistinct(col('quantity')),
    some: agg.sum(when(col('quantity').gt(lit(20)), col('quantity'))),
  }),
  'E-12: aggregates of everything': o.agg({
    n: agg.count(),
    total: agg.sum(col('quantity')),
    mean: agg.avg(col('quantity')),
  }),
  'E-20: distinct': o.select(col('region'), col('product')).distinct(),
  'E-15: inner join': o.select('id', 'product').join(p, ['product'], 'inner'),
  'E-15: left join': o.select('id', 'product').join(p, ['product'], 'left'),
  'E-15: right join': o.select('id', 'product').limit(50).join(p, ['product'], 'right'),
  'E-15: full join': o.select('id', 'product').limit(50).join(p, ['product'], 'full'),
  'E-15: left semi join': o.select('id', 'product').join(p, ['product'], 'left_semi'),
  'E-15: left anti join': o.select('id', 'product').join(p, ['product'], 'left_anti'),
  'E-15: cross join': p.rename({ product: 'a', family: 'b' }).join(p, [], 'cross'),
  'E-18: row_number, rank and lag': o.select('id', 'region', 'day', 'quantity', 'product').window({
    position: win.rowNumber().over({
      partitionBy: [col('region')],
      orderBy: [col('day').asc(), col('quantity').asc(), col('product').asc(), col('id').asc()],
    }),
    standing: win.rank().over({ partitionBy: [col('region')], orderBy: [col('quantity').desc()] }),
    running: agg.sum(col('quantity')).over({ partitionBy: [col('product')], orderBy: [col('day').asc()] }),
  }),
  'E-19: union of two': o.select('region').union(p.select(col('family').as('region'))),
}

describe('E-12 E-14 E-15 E-18 E-20 E-35: a session computes what the reference interpreter does', () => {
  let session: Session
  beforeAll(() => {
    session = Session.create()
  })
  afterAll(() => session.close())

  it.each(Object.entries(queries))('%s', async (_, frame) => {
    const { rows } = await session.collect(frame)
    const expected = interpretPlan(frame.plan)
    expect(text(rows)).toEqual(text(expected))
  })

  it('E-19: sorts by several keys, nulls first ascending and last descending, and takes the first', async () => {
    const sorted = o
      .select('amount', 'region', 'id', 'quantity', 'day')
      .orderBy(col('region').desc(), col('amount').asc(), col('id').asc(), col('quantity').asc(), col('day').asc())
    const all = (await session.collect(sorted)).rows
    expect(all).toEqual(interpretPlan(sorted.plan))
    expect((await session.collect(sorted.limit(17))).rows).toEqual(all.slice(0, 17))
    expect((await session.collect(sorted.limit(5, 3))).rows).toEqual(all.slice(3, 8))
  })

  it('E-38: a refused reservation is a typed error that names the operator; the session goes on', async () => {
    const small = Session.create({ memoryBytes: 256 * 1024 })
    const error: unknown = await small.collect(o.orderBy(col('id').asc())).catch((e: unknown) => e)
    expect(isDeltaworksError(error)).toBe(true)
    expect(error).toMatchObject({ code: 'DW-ENGINE-0001', fault: 'resources' })
    expect(small.pool.usedBytes).toBe(0)
    await small.close()
  })

  it('E-39: an aborted query ends with one error', async () => {
    const abort = new AbortController()
    abort.abort()
    await expect(session.collect(o, { signal: abort.signal })).rejects.toMatchObject({ code: 'DW-ENGINE-0002' })
  })

  it('E-37: explain analyze tells rows and time of each operator', async () => {
    const shown = await session.explainAnalyze(o.groupBy('region').agg({ n: agg.count() }))
    expect(shown).toMatch(
      /HashAggregateExec .*: rows 6 \(~\d+ expected\), batches 1, [\d.]+ ms\n {2}ScanExec .*: rows 3000/,
    )
  })
})

describe('large inputs on worker threads', () => {
  let folder: string
  let single: Session
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'deltaworks-engine-'))
    single = Session.create({ inlineBytes: Number.MAX_SAFE_INTEGER })
    const sink = { store: `file://${folder}`, directory: '', compression: 'snappy' as const, targetFileBytes: 1 << 27 }
    await single.writeFiles(o, { ...sink, partitionBy: ['region'] })
  })
  afterAll(async () => {
    await single.close()
    rmSync(folder, { recursive: true, force: true })
  })

  it.each([1, 2, 4])('M-029 E-42 E-01: %i threads give the same groups as one', async (threads) => {
    const table = scan(await fileTable(join(folder, '**/*.parquet'), 'parquet'))
    const query = table
      .filter(col('quantity').gt(lit(3)))
      .join(p, ['product'], 'left')
      .groupBy('family')
      .agg({
        n: agg.count(),
        total: agg.sum(col('amount')),
        average: agg.avg(col('amount')),
        days: agg.countDistinct(col('day')),
        first: agg.min(col('product')),
      })
    const session = Session.create({ threads, inlineBytes: 0 })
    try {
      expect(text((await session.collect(query)).rows)).toEqual(text((await single.collect(query)).rows))
    } finally {
      await session.close()
    }
  })

  it('M-029: files written by several threads hold every row once', async () => {
    const table = scan(await fileTable(join(folder, '**/*.parquet'), 'parquet'))
    const session = Session.create({ threads: 2, inlineBytes: 0 })
    const target = mkdtempSync(join(tmpdir(), 'deltaworks-copy-'))
    try {
      const { rowCount, files } = await session.writeFiles(table.select('id', 'product', 'amount'), {
        store: `file://${target}`,
        directory: '',
        partitionBy: [],
        compression: 'snappy',
        targetFileBytes: 1 << 27,
      })
      expect(rowCount).toBe(3000)
      expect(files.reduce((sum, file) => sum + file.rowCount, 0)).toBe(3000)
      const copy = scan(await fileTable(target, 'parquet'))
      const columns = table.select('id', 'product', 'amount')
      expect(text((await session.collect(copy)).rows)).toEqual(text((await single.collect(columns)).rows))
      expect(readdirSync(target).filter((name) => name.startsWith('.'))).toEqual([])
    } finally {
      rmSync(target, { recursive: true, force: true })
      await session.close()
    }
  })

  it('M-090: what is kept in memory is told as a query with its stages, as what is read is', async () => {
    const table = scan(await fileTable(join(folder, '**/*.parquet'), 'parquet'))
    const session = Session.create({ threads: 2, inlineBytes: 0, morselBytes: 4096 })
    const told: string[] = []
    const open = new Set<object>()
    const listeners = {
      'query:start': ({ metrics }: { readonly metrics: object }) => open.add(metrics),
      'stage:start': () => told.push(`stage of ${open.size} query`),
      'query:finish': ({ metrics }: { readonly metrics: { readonly rowsOut: number } }) =>
        told.push(`${metrics.rowsOut} rows of a query ${open.delete(metrics) ? 'that began' : 'unknown'}`),
    }
    const subscribed = Object.entries(listeners).map(([name, listener]) => {
      const of = [`deltaworks:${name}`, (message: unknown) => void listener(message as never)] as const
      subscribe(...of)
      return of
    })
    try {
      await session.materialise(table.groupBy('product').agg({ n: agg.count() }))
    } finally {
      for (const of of subscribed) unsubscribe(...of)
      await session.close()
    }
    expect(told.at(-1)).toMatch(/^[1-9]\d* rows of a query that began$/)
    expect(new Set(told.slice(0, -1))).toEqual(new Set(['stage of 1 query']))
  })

  it('E-07: an error in a worker is the error of the query', async () => {
    const table = scan(await fileTable(join(folder, '**/*.parquet'), 'parquet'))
    const session = Session.create({ threads: 2, inlineBytes: 0 })
    try {
      const failing = table.groupBy('product').agg({ bad: agg.sum(col('quantity').div(lit(0))) })
      await expect(session.collect(failing)).rejects.toMatchObject({ fault: 'data' })
    } finally {
      await session.close()
    }
  })

  it('E-10: a list of hundreds of thousands of elements becomes rows of small batches, in a small budget', async () => {
    const session = Session.create({ threads: 1, memoryBytes: 24 * 1024 * 1024 })
    try {
      const text = `md5(cast(i as varchar)) || md5(cast(i + 1 as varchar)) || md5(cast(i % 100 as varchar))`
      const { rows } = await session.sql(
        `select count(*), max(length(note)), count(distinct i) from (select i, ${text} note from generate_series(1, 200000) g(i)) s`,
      )
      expect(rows).toEqual([[200_000n, 96, 200_000n]])
      expect(session.pool.peakBytes).toBeLessThan(20e6)
    } finally {
      await session.close()
    }
  })
})
