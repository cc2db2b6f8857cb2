import { describe, expect, it, beforeAll, afterAll } from '@jest/globals'
import { utcContext } from '@deltaworks/expression'
import { optimize, parseSql } from '@deltaworks/plan'
import { interpretPlan } from '@deltaworks/plan/testing'
import { connectDuckDb, shownRows, type DuckDbRows } from './testing-duckdb.js'
import { Session } from './session.js'
import { sqlCases } from './testing-sql-cases.js'
import { memoryTables, testTables } from './testing.js'

/*
 * Each query on the engine, by the reference interpreter and on DuckDB, over the same tables: the same rows, as text.
 */

const tables = testTables(60)

describe('SQL beside DuckDB', () => {
  const session = Session.create({ threads: 1, memoryBytes: 256 * 1024 * 1024 })
  const providers = memoryTables(tables)
  let duckdb: DuckDbRows
  beforeAll(async () => {
    duckdb = await connectDuckDb(await import('@duckdb/node-api'), tables)
  })
  afterAll(async () => {
    duckdb.close()
    await session.close()
  })

  it.each(sqlCases)('$row: $text', async ({ text, duckdb: other = text }) => {
    const isOrdered = /order by [^()]*$/.test(text) && !/with ties/.test(text)
    const comparable = (rows: readonly string[]): readonly string[] => (isOrdered ? rows : [...rows].sort())
    const expected = comparable(await duckdb.rows(other))
    const [statement] = await parseSql(text, { table: (name) => providers[name.join('.')] })
    const { plan } = statement!
    const { rows, schema } = await session.collect(plan)
    expect(comparable(shownRows(schema, rows))).toEqual(expected)
    expect(comparable(shownRows(plan.schema, interpretPlan(plan, utcContext)))).toEqual(expected)
    const optimized = optimize(plan)
    expect(comparable(shownRows(plan.schema, interpretPlan(optimized, utcContext)))).toEqual(expected)
    expect(session.pool.usedBytes).toBe(0)
  })
})
