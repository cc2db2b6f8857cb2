import { describe, expect, it, beforeAll, afterAll } from '@jest/globals'
import { utcContext } from '@deltaworks/expression'
import { optimize, parseQuery } from '@deltaworks/plan'
import { interpretPlan } from '@deltaworks/plan/testing'
import { connectDuckDb, shownRows, type DuckDbRows } from './testing-duckdb.js'
import { Session } from './session.js'
import { dialectCases } from './testing-dialect-cases.js'
import { sqlCases } from './testing-sql-cases.js'
import { memoryTables, segmentTables, testTables } from './testing.js'

/*
 * Each query on the engine (on one thread, and in stages on workers), by the reference interpreter and on DuckDB, over the same
 * tables: the same rows, as text.
 */

const tables = testTables(60)

describe('SQL beside DuckDB', () => {
  const session = Session.create({ threads: 1, memoryBytes: 256 * 1024 * 1024 })
  const workers = Session.create({ threads: 2, inlineBytes: 0, morselBytes: 1, memoryBytes: 256 * 1024 * 1024 })
  const providers = memoryTables(tables)
  const segments = segmentTables(tables, 7)
  let duckdb: DuckDbRows
  beforeAll(async () => {
    duckdb = await connectDuckDb(await import('@duckdb/node-api'), tables)
  })
  afterAll(async () => {
    duckdb.close()
    await Promise.all([session.close(), workers.close()])
  })

  it.each([...sqlCases, ...dialectCases])('$row: $text', async ({ text, duckdb: other = text }) => {
    const isOrdered = /order by [^()]*$/.test(text) && !/with ties/.test(text)
    const comparable = (rows: readonly string[]): readonly string[] => (isOrdered ? rows : [...rows].sort())
    const expected = comparable(await duckdb.rows(other))
    const plan = await parseQuery(text, { table: (name) => providers[name.join('.')] })
    const { rows, schema } = await session.collect(plan)
    expect(comparable(shownRows(schema, rows))).toEqual(expected)
    expect(comparable(shownRows(plan.schema, interpretPlan(plan, utcContext)))).toEqual(expected)
    const optimized = optimize(plan)
    expect(comparable(shownRows(plan.schema, interpretPlan(optimized, utcContext)))).toEqual(expected)
    expect(session.pool.usedBytes).toBe(0)
    const parallel = await workers.sql(text, segments)
    expect(comparable(shownRows(schema, parallel.rows))).toEqual(expected)
    expect(workers.pool.usedBytes).toBe(0)
  })

  it('E-21: a recursion without an end ends where a LIMIT has its rows', async () => {
    const text = `with recursive t(n) as (select 1 union all select n + 1 from t) select n * 2 as n from t limit 3`
    for (const on of [session, workers]) expect((await on.sql(text)).rows).toEqual([[2], [4], [6]])
  })

  it('E-21: SHOW FUNCTIONS lists every function with its meaning', async () => {
    const { rows } = await session.sql('show functions')
    expect(rows.find(([name]) => name === 'regr_slope')?.[4]).toContain('least-squares')
    expect(rows.length).toBeGreaterThan(250)
  })

  it.each([
    ['select (select id from orders) x', /more than|rows from a subquery/],
    ['select sum(id) over (order by id, region range between 1 preceding and current row) from orders', /one key/],
    ['select * from orders o right join lateral (select o.id) l on true', /right of INNER/],
    ['with recursive t(n) as (select n from t union all select 1) select n from t', /must be a SELECT, UNION/],
    ['select unnest(1)', /arrays and maps/],
    ['select nth_value(id, 0) over (order by id) from orders', /counted from 1/],
    ['select map(1, 2, 1, 3)', /twice/],
  ])('E-21: %s is refused', async (text, message) => {
    await expect(session.sql(text, providers)).rejects.toThrow(message)
  })
})
