import { col, lit } from '@deltaworks/expression'
import { scan, values } from '@deltaworks/plan'
import { field, int64, list, struct, variant, type Schema, type Value } from '@deltaworks/schema'
import { DeltaTable } from './delta-table.js'
import { testSessions } from './test-sessions.js'

const schema: Schema = {
  fields: [field('id', int64), field('v', variant), field('s', struct([field('w', list(variant))]))],
}
const rows = (...of: readonly (readonly [number, string | null])[]) =>
  values(
    schema,
    of.map(([id, v]): Value[] => [BigInt(id), v, [[v, null, '[1, 2]']]]),
  )

let tables = 0
describe.each(testSessions)('variants, on the %s', (_, session) => {
  const read = async (table: DeltaTable) =>
    (await session.collect(scan(table.provider()).plan)).rows
      .map((row) => [Number(row[0]), row[1], row[2]])
      .sort((a, b) => (a[0] as number) - (b[0] as number))
  const create = (properties = {}) =>
    DeltaTable.createWith(
      session,
      `memory://variants-${tables++}/t`,
      rows([1, '{"b": 1.50, "a": [null]}'], [2, null]),
      {
        properties,
      },
    )

  it('D-27: are written as the two binary values, nested too, and read as JSON text', async () => {
    const table = await create()
    expect(table.snapshot.protocol).toMatchObject({ minReaderVersion: 3, readerFeatures: ['variantType'] })
    expect(await read(table)).toEqual([
      [1, '{"a":[null],"b":1.5}', [['{"a":[null],"b":1.5}', null, '[1,2]']]],
      [2, null, [[null, null, '[1,2]']]],
    ])
    const [file] = [...table.snapshot.files.values()]
    expect(JSON.parse(file!.stats!)).toMatchObject({ numRecords: 2, nullCount: { v: 1 } })
  })

  it('D-27: come through every way of writing rows again', async () => {
    let table = await create({ 'delta.enableChangeDataFeed': 'true', 'delta.columnMapping.mode': 'name' })
    table = await table.update({ id: lit(2n) }, col('id').eq(2))
    table = await table.append(rows([3, '"text"']))
    table = await table.merge({
      source: rows([3, '{"m": true}'], [4, '4']),
      on: ['id'],
      whenMatchedUpdate: {},
      whenNotMatchedInsert: {},
    })
    table = await table.delete(col('id').eq(1))
    table = await table.optimize()
    expect((await read(table)).map(([id, v]) => [id, v])).toEqual([
      [2, null],
      [3, '{"m":true}'],
      [4, '4'],
    ])
    const changes = await session.collect(await table.changes({ from: { version: table.version - 2 } }))
    expect(changes.rows.map((row) => row[1])).toContain('{"m":true}')
  })

  it('D-27: a text that is no JSON is refused, and nothing is written', async () => {
    const table = await create()
    await expect(table.append(rows([5, 'no json']))).rejects.toMatchObject({ code: 'DW-FORMAT-0006' })
    expect((await table.refresh()).version).toBe(0)
  })
})
