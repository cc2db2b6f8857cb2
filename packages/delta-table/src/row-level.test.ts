import { col, lit } from '@deltaworks/expression'
import { readDeletedRows } from '@deltaworks/delta-log'
import { scan, values } from '@deltaworks/plan'
import { field, int64, type Schema } from '@deltaworks/schema'
import { DeltaTable } from './delta-table.js'
import { testSessions } from './test-sessions.js'

let tables = 0
describe.each(testSessions)('on the %s', (_, session) => {
  const schema: Schema = { fields: [field('k', int64), field('v', int64)] }
  const rows = (count: number) =>
    values(
      schema,
      Array.from({ length: count }, (_, i) => [BigInt(i), 0n]),
    )
  const made = (): Promise<DeltaTable> =>
    DeltaTable.createWith(session, `memory://row-level-${tables++}/t`, rows(1000), {
      schema,
      properties: { 'delta.enableDeletionVectors': 'true' },
    })
  const read = async (table: DeltaTable): Promise<string[]> =>
    (await session.collect(scan((await table.refresh()).provider()).plan)).rows.map((r) => r.join(':')).sort()
  /** Fails on the first conflict: nothing is run again. */
  const once = { maxRetries: 0 } as const

  it('D-03: deletes of different rows of one file go together without being run again', async () => {
    const table = await made()
    await table.delete(col('k').lt(100), once)
    const second = await table.delete(col('k').ge(900), once)
    const third = await table.update({ v: lit(7n) }, col('k').eq(500), once)
    expect(second.version).toBe(2)
    const left = await read(third)
    expect(left).toHaveLength(800)
    expect(left).toContain('500:7')
    const [file] = [...third.snapshot.files.values()].filter((f) => f.deletionVector !== null)
    expect(await readDeletedRows(table.location, file!)).toHaveLength(201)
  })

  it('D-03: two changes of one row do not go together', async () => {
    const table = await made()
    await table.update({ v: lit(1n) }, col('k').le(5), once)
    await expect(table.update({ v: lit(2n) }, col('k').eq(5), once)).rejects.toMatchObject({
      code: 'DW-DELTA-0016',
      details: { conflict: 'ConcurrentDeleteDelete' },
    })
    const again = await table.update({ v: lit(2n) }, col('k').eq(5))
    expect(await read(again)).toContain('5:2')
    expect((await read(again)).filter((row) => row.startsWith('5:'))).toEqual(['5:2'])
  })

  it('D-03: a merge that inserts looks again when a row that it might have met is gone', async () => {
    const table = await made()
    await table.delete(col('k').eq(7), once)
    const source = values(schema, [[7n, 9n]])
    const merge = { source, on: ['k'], whenMatchedUpdate: {}, whenNotMatchedInsert: {} }
    await expect(table.merge({ ...merge, ...once })).rejects.toMatchObject({ code: 'DW-DELTA-0016' })
    const merged = await table.merge(merge)
    expect((await read(merged)).filter((row) => row.startsWith('7:'))).toEqual(['7:9'])
  })

  it('D-03: a delete does not join one that OPTIMIZE has put elsewhere', async () => {
    const table = await made()
    const two = await table.append(rows(10))
    await two.optimize()
    await expect(two.delete(col('k').eq(3), once)).rejects.toMatchObject({ code: 'DW-DELTA-0016' })
    expect((await read(await two.delete(col('k').eq(3)))).filter((row) => row.startsWith('3:'))).toEqual([])
  })
})
