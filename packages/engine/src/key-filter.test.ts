import { afterAll, describe, expect, it } from '@jest/globals'
import { Session } from './session.js'
import { segmentTables, testTables } from './testing.js'

const tables = segmentTables(testTables(2000), 101)
const session = Session.create({ threads: 2, inlineBytes: 0, morselBytes: 1 })
const alone = Session.create({ threads: 1 })
afterAll(async () => {
  await session.close()
  await alone.close()
})

async function analysed(query: string): Promise<string> {
  expect((await session.sql(query, tables)).rows).toEqual((await alone.sql(query, tables)).rows)
  const { rows } = await session.sql(`explain analyze ${query}`, tables)
  return rows.map(([line]) => line).join('\n')
}

describe('what one part of a query knows helps the others', () => {
  it('E-34: rows without a match in a small input of a join are dropped where they are read', async () => {
    const query = `select g.customer, g.n from (select customer, count(*) n from orders group by customer) g
      join customers c on g.customer = c.id where c.id < 3 order by 1`
    const text = await analysed(query)
    // The semi join stands below the aggregate, right above the scan of the orders.
    expect(text).toMatch(
      /HashAggregateExec[^\n]*\n\s*HashJoinExec \(left_semi, build right\)[^\n]*\n\s*ScanExec \(orders\)/,
    )
  })
  it('E-34: rows that come out without a match are not dropped', async () => {
    const text =
      await analysed(`select g.customer, g.n, c.name from (select customer, count(*) n from orders group by customer) g
      left join customers c on g.customer = c.id and c.id < 3 order by 1 nulls last`)
    expect(text).not.toContain('left_semi')
  })
  it('E-35: what a query has twice is computed once', async () => {
    const text = await analysed(`with g as (select region, sum(quantity) q from orders group by region)
      select region, q from g where q = (select max(q) from g) order by region`)
    expect(text.match(/Stage \d+ HashAggregate \(sample\)/g)).toHaveLength(1)
  })
})
