import { createHash } from 'node:crypto'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { TableProvider } from '@deltaworks/plan'
import { field, string, type Value } from '@deltaworks/schema'
import type { QueryMetrics } from './metrics.js'
import { Session, type SessionOptions } from './session.js'
import { segmentTables, testTables, type TestTable } from './testing.js'

/** Queries whose operators hold several times the budget: their rows are those of a session with all the memory it wants. */
const queries: Readonly<Record<string, string>> = {
  sort: 'select * from orders order by region, ratio desc, id',
  aggregate: 'select note, region, count(*), sum(amount), max(day) from orders group by 1, 2',
  distinct: 'select distinct customer, quantity, amount, note from orders',
  'count distinct':
    'select customer % 50, count(distinct amount), count(distinct id), max(note) from orders group by 1',
  'inner join': 'select a.id, a.note, b.region, b.note from orders a join orders b on a.id = b.id + 1',
  'left join': 'select a.id, b.region, b.note from orders a left join orders b on a.id = b.customer and b.quantity > 3',
  'right join': 'select a.id, a.note, b.id from orders a right join orders b on a.customer = b.id',
  'full join': 'select a.id, a.note, b.id, b.note from orders a full join orders b on a.id = b.id + 4000',
  'semi join': 'select a.* from orders a where a.note in (select b.note from orders b where b.paid)',
  'anti join':
    'select a.* from orders a where not exists (select 1 from orders b where b.note = a.note and b.quantity < a.quantity + 5)',
  'join of few keys':
    'select a.id, b.note from (select * from orders where id < 300) a left join orders b on a.paid = b.paid and a.customer = b.id',
  'join without keys':
    'select a.id, b.id, b.note from (select * from orders where id % 1500 = 0) a full join orders b on a.id > b.id and a.customer * 4 < b.customer',
  window:
    'select note, row_number() over (partition by customer order by id) n, sum(amount) over (partition by customer order by day, id) s from orders',
  'window of several keys':
    'select id, note, rank() over (partition by customer order by day) r, count(*) over (partition by quantity) c, max(note) over (partition by customer) m from orders',
  'window without keys':
    "select id, row_number() over (order by day, id) n, rank() over (order by day) r, dense_rank() over (order by day) d, sum(amount) over (order by day) s, lag(note, 3) over (order by day, id) l, lead(region, 2, 'none') over (order by day, id) e, first_value(id) over (order by day, id) f, last_value(day) over (order by day) v, count(*) over () c from orders",
  'window of few keys':
    'select note, row_number() over (partition by paid order by day, id) n, count(amount) filter (where quantity > 3) over (partition by paid order by day, id rows between unbounded preceding and current row) c from orders',
  'union distinct': 'select id, note, day from orders union select customer, note, day from orders',
  except: 'select note, id from orders except select note, customer from orders',
}

/** A few by default, all of them if asked for: DELTAWORKS_SPILL_QUERIES=all. */
const shown: readonly string[] =
  process.env['DELTAWORKS_SPILL_QUERIES'] === 'all'
    ? Object.keys(queries)
    : ['distinct', 'inner join', 'full join', 'anti join', 'window']

/** Their build side has few bytes: it fits into what one thread has. */
const fitsOnOneThread: ReadonlySet<string> = new Set([
  'count distinct',
  'right join',
  'join of few keys',
  'join without keys',
])

/** Rows in any order: how many there are, and the sum of their hashes. */
function summary(rows: readonly (readonly Value[])[]): string {
  let sum = 0n
  for (const row of rows) {
    const text = JSON.stringify(row, (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value))
    sum += createHash('sha1').update(text).digest().readBigUInt64LE()
  }
  return `${rows.length} rows, ${BigInt.asUintN(64, sum)}`
}

/** Orders with a note each, so that few rows are many bytes. */
function wideOrders(count: number): TestTable {
  const { schema: narrow, rows, ddl } = testTables(count).orders!
  const note = (i: number): string => createHash('sha1').update(`${i}`).digest('hex').repeat(25)
  return {
    ddl,
    schema: { fields: [...narrow.fields, field('note', string)] },
    rows: rows.map((row, i) => [...row, note(i)]),
  }
}

const rowCount = 16_000
const budget = 16 * 1024 * 1024
const folder = mkdtempSync(join(tmpdir(), 'deltaworks-spill-test-'))
let tables: Record<string, TableProvider>
const expected = new Map<string, string>()

beforeAll(async () => {
  tables = segmentTables({ orders: wideOrders(rowCount) }, 500)
  const session = Session.create({ threads: 1, spillFolder: folder })
  for (const name of shown) {
    expected.set(name, summary((await session.sql(queries[name]!, tables)).rows))
  }
  await session.close()
}, 300_000)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const sessions: [string, SessionOptions][] = [
  ['on one thread', { threads: 1 }],
  ['on two workers', { threads: 2, inlineBytes: 0, morselBytes: 1_000_000 }],
]

describe.each(sessions)('E-38: more rows than memory, %s', (_, options) => {
  let session: Session
  beforeAll(() => {
    session = Session.create({ ...options, memoryBytes: budget, spillFolder: folder })
  })
  afterAll(() => session.close())

  it.each(shown)(
    '%s',
    async (name) => {
      let spilledBytes = 0
      const note = (message: unknown): void => {
        const { metrics } = message as { readonly metrics: QueryMetrics }
        spilledBytes = metrics.stages.reduce((sum, stage) => sum + stage.spilledBytes, metrics.spilledBytes)
      }
      subscribe('deltaworks:query:finish', note)
      const { rows } = await session.sql(queries[name]!, tables)
      unsubscribe('deltaworks:query:finish', note)
      if (!fitsOnOneThread.has(name)) expect(spilledBytes).toBeGreaterThan(0)
      expect(summary(rows)).toEqual(expected.get(name))
      expect(session.pool.usedBytes).toBe(0)
      expect(session.pool.peakBytes).toBeLessThanOrEqual(budget)
      const left = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
      expect(left).toEqual([])
    },
    120_000,
  )
})
