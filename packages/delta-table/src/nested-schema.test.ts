import { col } from '@deltaworks/expression'
import { scan, values } from '@deltaworks/plan'
import { field, int32, int64, list, string, struct, type DataType, type Schema, type Value } from '@deltaworks/schema'
import { DeltaTable } from './delta-table.js'
import { testSessions } from './test-sessions.js'

let tables = 0
describe.each(testSessions)('nested columns, on the %s', (_, session) => {
  const rowsOf = (type: DataType, ...of: readonly (readonly [number, Value])[]) =>
    values(
      { fields: [field('id', int64), field('s', type)] },
      of.map(([id, s]): Value[] => [BigInt(id), s]),
    )
  const create = (type: DataType, rows: ReturnType<typeof rowsOf>, properties = {}) =>
    DeltaTable.createWith(session, `memory://nested-schema-${tables++}/t`, rows, {
      schema: { fields: [field('id', int64), field('s', type)] },
      properties,
    })
  const read = async (table: DeltaTable) =>
    [...(await session.collect(scan(table.provider()).plan)).rows].sort((a, b) => Number(a[0]) - Number(b[0]))

  const narrow = struct([field('a', int32), field('in', struct([field('x', int32)]))])
  const wide = struct([field('b', string), field('in', struct([field('y', int64), field('X', int32)]))])

  it.each([{}, { 'delta.columnMapping.mode': 'name' }])(
    'D-37: mergeSchema adds members of structs at any depth (%j)',
    async (properties) => {
      const table = await create(narrow, rowsOf(narrow, [1, [1, [10]]], [2, null]), properties)
      const grown = await table.append(rowsOf(wide, [3, ['b', [30n, 3]]], [4, ['c', null]]), { mergeSchema: true })
      expect(await read(grown)).toEqual([
        [1n, [1, [10, null], null]],
        [2n, null],
        [3n, [null, [3, 30n], 'b']],
        [4n, [null, null, 'c']],
      ])
      const again = await grown.append(rowsOf(wide, [5, ['d', [50n, 5]]]))
      expect((await read(again)).at(-1)).toEqual([5n, [null, [5, 50n], 'd']])
    },
  )

  it('D-37: so does MERGE, and rows that it leaves have null there', async () => {
    const table = await create(narrow, rowsOf(narrow, [1, [1, [10]]], [2, [2, [20]]]))
    const merged = await table.merge({
      source: rowsOf(wide, [2, ['b', [22n, 2]]], [3, ['c', null]]),
      on: ['id'],
      mergeSchema: true,
      whenMatchedUpdate: {},
      whenNotMatchedInsert: {},
    })
    expect(await read(merged)).toEqual([
      [1n, [1, [10, null], null]],
      [2n, [null, [2, 22n], 'b']],
      [3n, [null, null, 'c']],
    ])
    expect(await read(await merged.delete(col('id').eq(1)))).toHaveLength(2)
  })

  it('D-37: members of elements are added where the rows have them all', async () => {
    const table = await create(list(struct([field('a', int32)])), rowsOf(list(struct([field('a', int32)])), [1, [[1]]]))
    const wider = list(struct([field('a', int32), field('b', string)]))
    const grown = await table.append(rowsOf(wider, [2, [[2, 'x'], null]]), { mergeSchema: true })
    expect(await read(grown)).toEqual([
      [1n, [[1, null]]],
      [2n, [[2, 'x'], null]],
    ])
  })

  it('D-36: members are fitted by name, and refused with their path', async () => {
    const target = struct([field('a', int64, false), field('n', struct([field('x', int64)]))])
    const table = await create(target, rowsOf(target, [1, [1n, [1n]]]))
    const other: DataType = struct([field('n', struct([field('x', int32)])), field('A', int32, false)])
    expect((await read(await table.append(rowsOf(other, [2, [[5], 2]])))).at(-1)).toEqual([2n, [2n, [5n]]])
    const refused = async (type: DataType, value: Value, code: string, text: string) =>
      expect(table.append(rowsOf(type, [3, value]))).rejects.toMatchObject({
        code,
        message: expect.stringContaining(text),
      })
    await refused(struct([field('a', int64), field('z', string)]), [1n, 'z'], 'DW-TABLE-0001', 's.z')
    await refused(struct([field('n', struct([field('x', int64)]))]), [[1n]], 'DW-TABLE-0002', 's.a')
    await refused(struct([field('a', string)]), ['1'], 'DW-TABLE-0003', 's.a')
    const schema: Schema = table.schema
    expect((await table.refresh()).schema).toEqual(schema)
  })
})
