import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { fileTable, Session } from '@deltaworks/engine'
import { scan } from '@deltaworks/plan'
import { Check, verifyChecks } from '@deltaworks/quality'

/*
 * usage: node tools/interop/dist/quality-speed.js [--rows N] [--threads N]
 * Twelve checks in one scan, beside one query that someone wrote by hand for DuckDB, over the same Parquet files; and a thirteenth.
 */
const argument = (name: string, otherwise: number): number => {
  const place = process.argv.indexOf(name)
  return place < 0 ? otherwise : Number(process.argv[place + 1])
}
const rows = argument('--rows', 4_000_000)
const threads = argument('--threads', 2)
const files = 8

const twelve = new Check('error', 'twelve')
  .hasSize(rows)
  .isComplete('id')
  .hasCompleteness('customer', { atLeast: 0.9 })
  .hasMin('amount', { atLeast: -1000 })
  .hasMax('amount', { atMost: 100_000 })
  .hasMean('amount', { atLeast: 0 })
  .hasSum('quantity', { atLeast: 0 })
  .hasStandardDeviation('amount', { atMost: 100_000 })
  .isNonNegative('quantity')
  .isContainedIn('country', ['NO', 'SE', 'DK', 'FI'])
  .satisfies('amount >= quantity - 2000', 'amount')
  .hasMaxLength('customer', { atMost: 20 })

const byHand = (
  path: string,
) => `select count(*), count(id), count(customer) / count(*), min(amount), max(amount), avg(amount), sum(quantity),
  stddev_pop(amount), count(*) filter (quantity is null or quantity >= 0) / count(*),
  count(*) filter (country is null or country in ('NO', 'SE', 'DK', 'FI')) / count(*),
  count(*) filter (amount >= quantity - 2000) / count(*), max(length(customer)) from read_parquet('${path}/*.parquet')`

/** The least time of each, in turns: whatever else the machine does, it does to all of them. */
async function best(times: number, ...works: readonly (() => Promise<unknown>)[]): Promise<readonly number[]> {
  const least = works.map(() => Infinity)
  for (let i = 0; i < times; i++) {
    for (const [k, work] of works.entries()) {
      const started = performance.now()
      await work()
      least[k] = Math.min(least[k]!, performance.now() - started)
    }
  }
  return least
}

const made = (from: number, to: number) => `select i::bigint as id,
  case when i % 17 = 0 then null else 'customer ' || (i % 5000) end as customer,
  (array['NO', 'SE', 'DK', 'FI'])[1 + i % 4] as country, (i % 100)::int as quantity,
  ((i * 7919) % 9000000 / 100.0)::decimal(12, 2) as amount from range(${from}, ${to}) t(i)`

const folder = join(await mkdtemp(join(tmpdir(), 'deltaworks-speed-')), 'rows')
const session = Session.create({ threads })
const duck = await (await DuckDBInstance.create(':memory:', { threads: String(threads) })).connect()
try {
  await mkdir(folder)
  for (let file = 0; file < files; file++) {
    const [from, to] = [file, file + 1].map((of) => Math.floor((of * rows) / files)) as [number, number]
    await duck.run(`copy (${made(from, to)}) to '${folder}/part-${file}.parquet' (compression snappy)`)
  }
  const table = scan(await fileTable(folder, 'parquet'))
  const thirteen = twelve.hasMin('quantity', { atLeast: 0 })
  const { status, verification } = await verifyChecks(session, table, [twelve])
  const [ours, more, theirs] = (await best(
    5,
    () => verifyChecks(session, table, [twelve]),
    () => verifyChecks(session, table, [thirteen]),
    async () => (await duck.runAndReadAll(byHand(folder))).getRows(),
  )) as [number, number, number]
  const memory = process.memoryUsage().rss / 2 ** 20
  console.log(`${rows} rows, ${threads} threads: ${status} in ${verification.scanCount} scan`)
  console.log(
    `12 checks ${ours.toFixed(0)} ms; DuckDB by hand ${theirs.toFixed(0)} ms (${(ours / theirs).toFixed(2)} x)`,
  )
  console.log(
    `13 checks ${more.toFixed(0)} ms (${((more / ours - 1) * 100).toFixed(1)} % more); ${memory.toFixed(0)} MiB of memory`,
  )
} finally {
  duck.closeSync()
  await session.close()
  await rm(join(folder, '..'), { recursive: true, force: true })
}
