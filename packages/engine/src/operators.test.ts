import { describe, expect, it } from '@jest/globals'
import { utcContext } from '@deltaworks/expression'
import { optimize, parseQuery } from '@deltaworks/plan'
import { interpretPlan } from '@deltaworks/plan/testing'
import type { Value } from '@deltaworks/schema'
import { Session } from './session.js'
import { isOrdered, testQueries } from './test-queries.js'
import { memoryTables, testTables } from './testing.js'

const text = (row: readonly Value[]): string =>
  JSON.stringify(row, (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value))
const comparable = (query: string, rows: readonly (readonly Value[])[]): string[] =>
  isOrdered(query) ? rows.map(text) : rows.map(text).sort()

describe('operators give what the plan means, row by row', () => {
  const tables = memoryTables(testTables(120))
  const session = Session.create({ threads: 1, memoryBytes: 256 * 1024 * 1024 })

  it.each(testQueries)('E-21: %s', async (query) => {
    const written = await parseQuery(query, {
      table: (name) => tables[name.join('.')],
      tableFunction: async () => undefined,
    })
    const plan = optimize(written)
    const { rows, schema } = await session.collect(plan)
    expect(schema).toEqual(plan.schema)
    expect(comparable(query, rows)).toEqual(comparable(query, interpretPlan(plan, utcContext)))
    expect(session.pool.usedBytes).toBe(0)
  })
})
