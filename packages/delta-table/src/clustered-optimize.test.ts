import { col } from '@deltaworks/expression'
import { scan, values } from '@deltaworks/plan'
import { field, int64, string, struct, type Schema, type Value } from '@deltaworks/schema'
import { DeltaTable } from './delta-table.js'
import { newUri, rowsIn, testSession as session } from './testing-table.js'

const schema: Schema = {
  fields: [field('id', int64), field('p', struct([field('x', int64), field('y.z', int64)])), field('name', string)],
}
/** Points of a square of 64 × 64, in an order that has nothing to do with it. */
const points = (from: number, to: number) =>
  values(
    schema,
    Array.from({ length: to - from }, (_, i): Value[] => {
      const cell = ((from + i) * 2_654_435_761) % 4096
      return [BigInt(from + i), [BigInt(cell % 64), BigInt(Math.floor(cell / 64))], `n${from + i}`]
    }),
  )

const create = () =>
  DeltaTable.createWith(session, newUri(), points(0, 4096), { schema, clusterBy: ['p.x', 'p.`y.z`'] })

const cubes = (table: DeltaTable) => new Set([...table.snapshot.files.values()].map(({ tags }) => tags?.['ZCUBE_ID']))

describe('D-73: OPTIMIZE of a clustered table', () => {
  it('puts rows along the curve, says so, and finds nothing to do then', async () => {
    const table = await create()
    const clustered = await table.optimize()
    expect(await rowsIn(clustered)).toEqual(await rowsIn(table))
    const files = [...clustered.snapshot.files.values()]
    for (const file of files) {
      expect(file).toMatchObject({
        clusteringProvider: 'liquid',
        dataChange: false,
        tags: { ZCUBE_ZORDER_BY: '["p.x","p.`y.z`"]', ZCUBE_ZORDER_CURVE: 'hilbert' },
      })
    }
    // A stretch of the curve is compact: far from the whole side in either direction.
    const { rows } = await session.collect(scan(clustered.provider()).plan)
    for (let at = 0; at < rows.length; at += 256) {
      for (const axis of [0, 1]) {
        const side = rows.slice(at, at + 256).map((row) => Number((row[1] as readonly Value[])[axis]))
        expect(Math.max(...side) - Math.min(...side)).toBeLessThan(33)
      }
    }
    expect((await clustered.optimize()).version).toBe(clustered.version)
  })

  it('takes only new files the next time, and all of them with FULL', async () => {
    const first = await (await create()).optimize()
    const known = new Set(first.snapshot.files.keys())
    const second = await (await first.append(points(4096, 4200))).optimize()
    expect(cubes(second).size).toBe(2)
    expect([...known].every((key) => second.snapshot.files.has(key))).toBe(true)
    // Cubes no larger than what is written anyway go along.
    const third = await (await second.append(points(4200, 4400))).optimize()
    expect(cubes(third).size).toBe(2)
    expect([...known].every((key) => third.snapshot.files.has(key))).toBe(true)
    const full = await third.optimize({ full: true })
    expect(cubes(full).size).toBe(1)
    expect(await rowsIn(full)).toHaveLength(4400)
    expect((await full.optimize({ full: true })).version).toBe(full.version)
  })

  it('leaves files of earlier clustering columns to FULL, and refuses other orders', async () => {
    const clustered = await (await create()).optimize()
    const altered = await clustered.clusterBy(['id'])
    expect((await altered.optimize()).version).toBe(altered.version)
    const full = await altered.optimize({ full: true })
    const { rows } = await session.collect(scan(full.provider()).plan)
    expect(rows.map(([id]) => id)).toEqual(rows.map((_, i) => BigInt(i)))
    await expect(full.optimize({ zorderBy: ['name'] })).rejects.toMatchObject({ code: 'DW-TABLE-0013' })
    const plain = await full.clusterBy([])
    await expect(plain.optimize({ full: true })).rejects.toMatchObject({ code: 'DW-TABLE-0020' })
    await expect(full.optimize({ where: col('id').lt(5) })).rejects.toMatchObject({ code: 'DW-TABLE-0008' })
  })

  it('writes files again of which more than a twentieth is deleted', async () => {
    const table = await (await create()).setProperties({ 'delta.enableDeletionVectors': 'true' })
    const clustered = await table.optimize()
    const few = await clustered.delete(col('id').lt(100))
    expect((await few.optimize()).version).toBe(few.version)
    const many = await (await few.delete(col('id').lt(400))).optimize()
    expect([...many.snapshot.files.values()].every(({ deletionVector }) => deletionVector === null)).toBe(true)
    expect(await rowsIn(many)).toHaveLength(3696)
  })
})
