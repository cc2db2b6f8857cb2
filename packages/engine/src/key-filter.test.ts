import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, describe, expect, it } from '@jest/globals'
import { scan } from '@deltaworks/plan'
import { fileTable } from './file-table.js'
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
  it.each(['exists', 'not exists'])(
    'E-34: what %s holds of a large input is what can match the small one',
    async (asks) => {
      const query = `select id, name from customers c
      where id < 3 and ${asks} (select 1 from orders o where o.customer = c.id and o.quantity > 3) order by 1`
      expect(await analysed(query)).toMatch(/HashJoinExec \(left_semi, build right\)[^\n]*\n\s*ScanExec \(orders\)/)
    },
  )
  it('E-34: row groups without a key of the small input are not read, and counted', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'deltaworks-keys-'))
    try {
      const { files } = await session.writeFiles(scan(tables['orders']!), {
        store: pathToFileURL(folder).href,
        directory: '',
        partitionBy: ['quantity'],
        keepsPartitionColumns: true,
        gathersPartitions: true,
        compression: 'snappy',
        targetFileBytes: 1 << 27,
      })
      const orders = await fileTable(`${folder}/*/*.parquet`, 'parquet')
      const query = `select count(*) from orders o
        join (select cast(id as int) quantity from customers where id between 3 and 4) c on o.quantity = c.quantity`
      expect((await session.sql(query, { ...tables, orders })).rows).toEqual((await alone.sql(query, tables)).rows)
      const { rows } = await session.sql(`explain (analyze, format json) ${query}`, { ...tables, orders })
      const told = rows.map(([line]) => line).join('\n')
      expect(told).toMatch(new RegExp(`"rowGroupsPruned": ?${files.length - 2}\\b`))
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
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
