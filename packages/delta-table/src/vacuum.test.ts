import { jest } from '@jest/globals'
import { col } from '@deltaworks/expression'
import { scan, values } from '@deltaworks/plan'
import { boolean, field, int64, string, type Schema, type Value } from '@deltaworks/schema'
import { type MemoryStore } from '@deltaworks/storage'
import { DeltaTable } from './delta-table.js'
import { testSessions } from './test-sessions.js'

const day = 86_400_000
let tables = 0

describe.each(testSessions)('VACUUM on the %s', (_, session) => {
  const schema: Schema = { fields: [field('k', int64), field('v', int64)] }
  const rows = (from: number, to: number) =>
    values(
      schema,
      Array.from({ length: to - from }, (_, i) => [BigInt(from + i), 0n]),
    )

  /** Two generations of files, a deletion vector that was replaced, and a file that no commit knows. */
  async function table(): Promise<DeltaTable> {
    const properties = { 'delta.enableDeletionVectors': 'true', 'delta.enableChangeDataFeed': 'true' }
    const uri = `memory://vacuum-${tables++}/t`
    let made = await DeltaTable.createWith(session, uri, rows(0, 4000), { schema, properties })
    made = await made.append(rows(4000, 4100))
    // Every third row: too many for a vector in the log.
    made = await made.delete(col('k').mod(3n).eq(0n))
    made = await made.optimize()
    await made.location.store.put('t/orphan.parquet', Buffer.from('x'), 'overwrite')
    return made
  }
  const later = Date.now() + 8 * day
  const all = async (of: DeltaTable): Promise<string[]> =>
    (await of.location.store.list('t'))
      .map((o) => o.path.slice(2))
      .filter((p) => !p.startsWith('_delta_log'))
      .sort()
  const count = async (of: DeltaTable): Promise<number> =>
    (await session.collect(scan((await of.refresh()).provider()).plan)).rows.length

  it('D-77: LITE finds what commits removed, and lists no folder but the log', async () => {
    const of = await table()
    const before = await all(of)
    const full = await of.vacuum({ dryRun: true, nowMs: later })
    const list = jest.spyOn(of.location.store as MemoryStore, 'list')
    const dry = await of.vacuum({ mode: 'lite', dryRun: true, nowMs: later })
    const done = await of.vacuum({ mode: 'lite', nowMs: later })
    expect(list.mock.calls.every(([folder]) => folder === 't/_delta_log')).toBe(true)
    list.mockRestore()
    expect(done.paths).toEqual(dry.paths)
    expect(full.paths).toContain('orphan.parquet')
    expect(dry.paths).toEqual(full.paths.filter((path) => path !== 'orphan.parquet'))
    expect(dry.paths.some((path) => path.endsWith('.bin'))).toBe(true)
    expect(await all(of)).toEqual(before.filter((path) => !dry.paths.includes(path)))
    expect(await count(of)).toBe(2733)
    expect((await of.vacuum({ mode: 'lite', nowMs: later })).paths).toEqual([])
    expect((await of.vacuum({ nowMs: later })).paths).toEqual(['orphan.parquet'])
  })

  it('D-77: LITE is refused when commits are gone that no run has looked at', async () => {
    const of = await table()
    await of.checkpoint()
    await of.location.store.delete(['t/_delta_log/00000000000000000000.json', 't/_delta_log/00000000000000000001.json'])
    const before = await all(of)
    await expect(of.vacuum({ mode: 'lite', nowMs: later })).rejects.toMatchObject({ code: 'DW-TABLE-0030' })
    expect(await all(of)).toEqual(before)
    await of.vacuum({ nowMs: later })
  })

  it('D-79: an inventory stands in for the listing', async () => {
    const of = await table()
    const inventorySchema: Schema = {
      fields: [
        field('path', string),
        field('length', int64),
        field('isDir', boolean),
        field('modificationTime', int64),
      ],
    }
    const objects = await of.location.store.list('t')
    const inventory = (alter: (row: Value[]) => Value[] = (row) => row) =>
      values(inventorySchema, [
        ...objects.map((o) => alter([o.path.slice(2), BigInt(o.sizeBytes), false, BigInt(o.modifiedMs)])),
        ['folder', 0n, true, 0n],
      ])
    const full = await of.vacuum({ dryRun: true, nowMs: later })
    const list = jest.spyOn(of.location.store as MemoryStore, 'list')
    const dry = await of.vacuum({ dryRun: true, nowMs: later, inventory: inventory() })
    expect(list.mock.calls.every(([folder]) => folder === 't/_delta_log')).toBe(true)
    list.mockRestore()
    expect(dry.paths).toEqual(full.paths)
    const absolute = inventory(([path, ...rest]) => [`${of.uri}/${String(path)}`, ...rest])
    expect((await of.vacuum({ dryRun: true, nowMs: later, inventory: absolute })).paths).toEqual(full.paths)
    const elsewhere = inventory(([path, ...rest]) => [`s3://other/${String(path)}`, ...rest])
    await expect(of.vacuum({ nowMs: later, inventory: elsewhere })).rejects.toMatchObject({ code: 'DW-TABLE-0031' })
    await expect(of.vacuum({ nowMs: later, inventory: rows(0, 1) })).rejects.toMatchObject({ code: 'DW-TABLE-0031' })
    expect((await of.vacuum({ nowMs: later, inventory: inventory() })).paths).toEqual(full.paths)
  })

  it('N-18: a pinned version stays readable; released, its files go', async () => {
    const of = await table()
    await of.vacuum({ nowMs: later, keepVersions: [1] })
    const pinned = await DeltaTable.open(session, of.uri, { version: 1 })
    expect((await session.collect(scan(pinned.provider()).plan)).rows).toHaveLength(4100)
    expect((await of.vacuum({ nowMs: later })).paths.length).toBeGreaterThan(0)
    await expect(session.collect(scan(pinned.provider()).plan)).rejects.toThrow()
    expect(await count(of)).toBe(2733)
  })
})
