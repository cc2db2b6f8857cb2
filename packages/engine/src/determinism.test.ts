import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from '@jest/globals'
import { rowsHash } from './rows-hash.js'
import { Session, type SessionOptions } from './session.js'
import { segmentTables, testTables } from './testing.js'

/** Doubles whose sums depend on their order, if one is not careful; ties; and every operator that workers share. */
const queries: readonly string[] = [
  'select region, sum(ratio * 0.1 + amount / 7.0) s, avg(ratio / 3) a, stddev(ratio) d, count(*) n from orders group by region',
  'select sum(exp(ratio) * 1e10 - id) s, min(ratio), max(amount), count(distinct customer) from orders',
  "select customer, quantity, sum(amount * quantity) s, string_agg(region, ',' order by id) t from orders group by customer, quantity",
  'select o.region, c.city, sum(o.amount * 1.5) s from orders o join customers c on o.customer = c.id group by 1, 2',
  'select o.id, c.name, o.amount + coalesce(c.id, 0) x from orders o left join customers c on o.customer = c.id and o.quantity > 5',
  'select c.id, o.id from orders o full join customers c on o.id = c.id * 3',
  'select id, amount, rank() over (partition by region order by amount, id) r, sum(ratio) over (partition by customer order by id) s from orders',
  'select distinct customer, region, upper(region) || cast(quantity as varchar) u from orders',
  'select id, region, amount from orders where amount > 100 order by amount desc nulls last, id limit 50',
  'select region, day, count(*) from orders group by rollup (region, day)',
  'select id from orders where customer not in (select id from customers where city is null) except select id from customers',
]

const tables = segmentTables(testTables(6000), 331)
const folder = mkdtempSync(join(tmpdir(), 'deltaworks-determinism-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** As it is published, in its many modules. */
const builtWorker = fileURLToPath(new URL('../dist/worker.js', import.meta.url))
const onWorkers: SessionOptions = { inlineBytes: 0, morselBytes: 40_000 }
const spilled: SessionOptions = { memoryBytes: 6 * 1024 * 1024, spillFolder: folder }
const ways: readonly [string, SessionOptions][] = [
  ['2 threads', { ...onWorkers, threads: 2, workerFile: builtWorker }],
  ['2 threads, interpreted', { ...onWorkers, threads: 2, expressions: 'interpreted' }],
  ['16 threads', { ...onWorkers, threads: 16 }],
  ['1 thread, compiled', { threads: 1, expressions: 'compiled' }],
  ['1 thread, interpreted', { threads: 1, expressions: 'interpreted' }],
  ['1 thread, spilled', { ...spilled, threads: 1 }],
  ['4 threads, spilled', { ...onWorkers, ...spilled, memoryBytes: 24 * 1024 * 1024, threads: 4 }],
]

async function hashes(options: SessionOptions): Promise<readonly string[]> {
  const session = Session.create(options)
  try {
    const found: string[] = []
    for (const query of queries) found.push(rowsHash((await session.sql(query, tables)).rows))
    return found
  } finally {
    await session.close()
  }
}

describe('E-42: one hash, however a query is executed', () => {
  let expected: Promise<readonly string[]> | null = null
  it.each(ways)('%s', async (_, options) => {
    expected ??= hashes({ threads: 1 })
    expect(await hashes(options)).toEqual(await expected)
  })

  it('tells rows apart by every bit, and by how often they are there', () => {
    const row = (value: unknown) => [[value as never]]
    const all = [[], row(0), row(-0), row(Number.NaN), row(null), row(0n), row('0'), [...row(0), ...row(0)]]
    expect(new Set(all.map((rows) => rowsHash(rows))).size).toBe(all.length)
    expect(rowsHash([[1], [2]])).toBe(rowsHash([[2], [1]]))
  })
})
