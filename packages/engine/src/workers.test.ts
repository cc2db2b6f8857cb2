import { afterAll, describe, expect, it } from '@jest/globals'
import { field, int32, int64, schema, type Value } from '@deltaworks/schema'
import { Session } from './session.js'
import { isOrdered, testQueries } from './test-queries.js'
import { segmentTables, testTables } from './testing.js'

const text = (row: readonly Value[]): string =>
  JSON.stringify(row, (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value))

describe('workers', () => {
  const tables = segmentTables(testTables(3000), 211)
  // Everything that can be a stage is one, and every segment a morsel of its own.
  const onWorkers = { inlineBytes: 0, morselBytes: 1, memoryBytes: 512 * 1024 * 1024 }
  const one = Session.create({ threads: 1 })
  const two = Session.create({ ...onWorkers, threads: 2 })
  const four = Session.create({ ...onWorkers, threads: 4 })
  afterAll(() => Promise.all([one.close(), two.close(), four.close()]))

  it.each(testQueries)('M-029: 1, 2 and 4 threads agree: %s', async (query) => {
    const expected = (await one.sql(query, tables)).rows.map(text)
    const [withTwo, withFour] = [await two.sql(query, tables), await four.sql(query, tables)]
    expect(withFour.rows.map(text)).toEqual(withTwo.rows.map(text))
    const actual = withTwo.rows.map(text)
    if (isOrdered(query)) expect(actual).toEqual(expected)
    else expect(actual.sort()).toEqual(expected.sort())
    expect([one, two, four].map((session) => session.pool.usedBytes)).toEqual([0, 0, 0])
  })

  it('M-029: many groups are merged by partition, in parallel', async () => {
    const wide = segmentTables({ orders: testTables(70_000).orders! }, 9_001)
    const query = `select id, region, sum(amount) s, count(*) n from orders group by id, region`
    const { rows } = await two.sql(query, wide)
    expect(rows.length).toBe(70_000)
    expect(new Set(rows.map((row) => row[0])).size).toBe(70_000)
    expect(rows.every((row) => row[3] === 1n)).toBe(true)
    expect((await two.explainAnalyze((await planOf(query, wide))!)).split('\n').length).toBeGreaterThan(4)
  })

  it('M-029: groups that aggregate well in each morsel but are many together are merged by partition', async () => {
    const rows = Array.from({ length: 200_000 }, (_, i) => [BigInt(Math.floor((i * 2) / 7)), i % 7])
    const pairs = { schema: schema([field('k', int64), field('v', int32)]), ddl: '', rows }
    const query = `select k, sum(v) s, count(*) n from pairs group by k`
    const inParts = segmentTables({ pairs }, 20_000)
    const expected = (await one.sql(query, inParts)).rows.map(text).sort()
    expect((await two.sql(query, inParts)).rows.map(text).sort()).toEqual(expected)
  })

  it('M-029: workers that are started beforehand do the first query, and end with their session', async () => {
    const session = Session.create({ ...onWorkers, threads: 2 })
    await Promise.all([session.start(), session.start()])
    expect((await session.sql('select count(*) from orders', tables)).rows).toEqual([[3000n]])
    await session.close()
    await expect(session.start()).rejects.toMatchObject({ code: 'DW-ENGINE-0004' })
    const alone = Session.create({ threads: 1 })
    await alone.start()
    await alone.close()
  })

  it('streams in order, at the pace of the consumer, and stops when it does', async () => {
    const plan = (await planOf('select id from orders where quantity is not null', tables))!
    const ids: bigint[] = []
    for await (const batch of four.stream(plan)) {
      const { i64 } = four.context.heap
      const column = batch.columns[0]!
      for (let row = 0; row < batch.rowCount; row++) ids.push(i64[(column.values >>> 3) + row]!)
      if (ids.length > 1500) break
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
    expect(ids).toEqual([...ids].sort((a, b) => Number(a - b)))
    expect(four.pool.usedBytes).toBe(0)
    expect((await four.sql('select count(*) from orders', tables)).rows).toEqual([[3000n]])
  })

  it('a query inside the stream of another one does not wait for it', async () => {
    const plan = (await planOf('select * from orders', tables))!
    for await (const batch of two.stream(plan)) {
      expect(batch.rowCount).toBeGreaterThan(0)
      expect((await two.sql('select count(*) from orders', tables)).rows).toEqual([[3000n]])
      break
    }
  })

  it('errors of a worker are those of the expression, with their place', async () => {
    const query = `select id, 1 / (id - 2500) from orders`
    await expect(one.sql(query, tables)).rejects.toMatchObject({ code: expect.stringMatching(/^DW-EXPRESSION/) })
    await expect(two.sql(query, tables)).rejects.toMatchObject({ code: expect.stringMatching(/^DW-EXPRESSION/) })
    expect((await two.sql('select count(*) from orders', tables)).rows).toEqual([[3000n]])
  })

  it('materialises in order', async () => {
    const table = await four.materialise((await planOf('select id from orders', tables))!)
    const { rows } = await one.sql('select * from t', { t: table })
    expect(rows.map(([id]) => id)).toEqual(Array.from({ length: 3000 }, (_, i) => BigInt(i + 1)))
  })
})

async function planOf(query: string, tables: ReturnType<typeof segmentTables>) {
  const { parseQuery } = await import('@deltaworks/plan')
  return parseQuery(query, {
    table: (name) => tables[name.join('.')],
    tableFunction: async () => undefined,
  })
}
