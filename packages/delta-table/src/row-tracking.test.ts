import { col, lit } from '@deltaworks/expression'
import type { Value } from '@deltaworks/schema'
import { DeltaTable } from './delta-table.js'
import { newUri, peopleOf, testSession as session } from './testing-table.js'

/** By id: name, row id, version. */
async function tracked(table: DeltaTable): Promise<Map<bigint, readonly Value[]>> {
  const { rows } = await session.collect(table.rowsWithIds())
  return new Map(rows.map(([id, ...others]) => [id as bigint, others]))
}

const isPreserved = async (table: DeltaTable): Promise<string | null | undefined> =>
  (await table.history(1))[0]?.info?.tags?.['delta.rowTracking.preserved']

const create = async (properties: Record<string, string> = {}): Promise<DeltaTable> => {
  const table = await DeltaTable.createWith(session, newUri(), peopleOf([1, 'a'], [2, 'b'], [3, 'c']), {
    properties: { 'delta.enableRowTracking': 'true', ...properties },
  })
  return table.append(peopleOf([4, 'd'], [5, 'e'], [6, 'f']))
}

describe.each([
  ['copy on write', {}],
  ['deletion vectors', { 'delta.enableDeletionVectors': 'true' }],
] as const)('row ids over rewrites, %s', (_, properties) => {
  it('D-49: OPTIMIZE keeps every id and version', async () => {
    const table = await create(properties)
    const before = await tracked(table)
    expect([...before.values()].map((row) => row.slice(1))).toEqual(
      [0n, 1n, 2n, 3n, 4n, 5n].map((id) => [id, id < 3n ? 0n : 1n]),
    )
    const packed = await table.optimize()
    expect(packed.snapshot.files.size).toBe(1)
    expect(await tracked(packed)).toEqual(before)
    expect(await isPreserved(packed)).toBe('true')
    const ordered = await (await packed.append(peopleOf([0, 'z']))).optimize({ zorderBy: ['name'] })
    expect(await tracked(ordered)).toEqual(new Map([...before, [0n, ['z', 12n, 3n]]]))
  })

  it('D-49: UPDATE keeps ids and gives changed rows the new version; DELETE and replaceWhere keep what they copy', async () => {
    const table = await create(properties)
    const expected = await tracked(table)
    const updated = await table.update({ name: lit('u') }, col('id').eq(2))
    expected.set(2n, ['u', 1n, 2n])
    expect(await tracked(updated)).toEqual(expected)
    const deleted = await updated.delete(col('id').eq(5))
    expected.delete(5n)
    expect(await tracked(deleted)).toEqual(expected)
    const replaced = await deleted.overwrite(peopleOf([1, 'new']), { replaceWhere: col('id').eq(1) })
    const now = await tracked(replaced)
    const fresh = now.get(1n)!
    expect(fresh[0]).toBe('new')
    expect(fresh[2]).toBe(4n)
    expect([...expected.values()].map(([, id]) => id)).not.toContain(fresh[1])
    expected.set(1n, fresh)
    expect(now).toEqual(expected)
    expect(await isPreserved(replaced)).toBe('true')
  })

  it('D-49: MERGE keeps the ids of matched rows, by any clause, and of new columns', async () => {
    const table = await create(properties)
    const expected = await tracked(table)
    const merged = await table.merge({
      source: peopleOf([1, 'm'], [4, 'gone'], [9, 'new']),
      on: ['id'],
      whenMatchedDelete: { condition: col('name', 'source').eq('gone') },
      whenMatchedUpdate: {},
      whenNotMatchedInsert: {},
      whenNotMatchedBySourceUpdate: { condition: col('id', 'target').eq(6), set: { name: lit('unmatched') } },
    })
    const now = await tracked(merged)
    expected.delete(4n)
    expected.set(1n, ['m', 0n, 2n])
    expected.set(6n, ['unmatched', 5n, 2n])
    const inserted = now.get(9n)!
    expect(inserted[2]).toBe(2n)
    expect([...expected.values()].map(([, id]) => id)).not.toContain(inserted[1])
    expected.set(9n, inserted)
    expect(now).toEqual(expected)
    expect(merged.schema.fields.map(({ name }) => name)).toEqual(['id', 'name'])
    expect(await tracked(await merged.optimize())).toEqual(expected)
  })
})

it('D-49: a table without row tracking has no ids, and its files no columns for them', async () => {
  const table = await (
    await DeltaTable.createWith(session, newUri(), peopleOf([1, 'a'], [2, 'b']))
  ).update({ name: lit('u') }, col('id').eq(2))
  expect([...(await tracked(table)).values()]).toEqual([
    ['a', null, null],
    ['u', null, null],
  ])
})
