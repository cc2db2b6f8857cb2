import { col } from '@deltaworks/expression'
import { scan, values, type DataFrame } from '@deltaworks/plan'
import { field, int32, int64, string, type Schema, type Value } from '@deltaworks/schema'
import { readCommit } from '@deltaworks/delta-log'
import { DeltaTable } from './delta-table.js'
import { testSessions } from './test-sessions.js'

let tables = 0

describe.each(testSessions)('on the %s', (_, session) => {
  const newUri = (): string => `memory://maintenance-${tables++}/t`
  const schema: Schema = { fields: [field('id', int64), field('p', string), field('x', int32), field('y', int32)] }
  const rowsOf = (from: number, to: number, p = 'a'): DataFrame =>
    values(
      schema,
      Array.from({ length: to - from }, (_, i) => [
        BigInt(from + i),
        p,
        (from + i) % 16,
        Math.floor((from + i) / 16) % 16,
      ]),
    )
  const ids = async (table: DeltaTable): Promise<number[]> =>
    (await session.collect(scan(table.provider()).plan)).rows
      .map((r: readonly Value[]) => Number(r[0]))
      .sort((a, b) => a - b)
  const day = 86_400_000

  async function manyFiles(): Promise<DeltaTable> {
    let table = await DeltaTable.createWith(session, newUri(), rowsOf(0, 2, 'a'), { partitionBy: ['p'] })
    for (let i = 1; i < 5; i++) table = await table.append(rowsOf(i * 2, i * 2 + 2, i % 2 === 0 ? 'a' : 'b'))
    return table
  }

  describe('optimize', () => {
    it('D-71: packs small files by partition; the rows stay, a second run does nothing', async () => {
      const table = await manyFiles()
      const packed = await table.optimize()
      expect(packed.snapshot.files.size).toBe(2)
      expect(await ids(packed)).toEqual(await ids(table))
      expect(packed.lastWrite.metrics).toMatchObject({ numRemovedFiles: 5, numAddedFiles: 2 })
      const actions = await readCommit(table.location, packed.version)
      expect(actions.filter((a) => (a.kind === 'add' || a.kind === 'remove') && a.dataChange)).toEqual([])
      expect((await packed.optimize()).version).toBe(packed.version)
    })

    it('D-71: a predicate chooses partitions, and only partitions', async () => {
      const table = await manyFiles()
      const packed = await table.optimize({ where: col('p').eq('b') })
      expect(packed.snapshot.files.size).toBe(4)
      await expect(table.optimize({ where: col('id').eq(1) })).rejects.toMatchObject({ code: 'DW-TABLE-0008' })
    })

    it('D-71: an append during compaction is no conflict', async () => {
      const table = await manyFiles()
      await table.append(rowsOf(100, 102))
      const packed = await table.optimize()
      expect(await ids(packed)).toContain(100)
    })

    it('D-72: z-order clusters rows, remembers it, and refuses what has no order', async () => {
      const table = await DeltaTable.createWith(session, newUri(), rowsOf(0, 256))
      const ordered = await table.optimize({ zorderBy: ['x', 'y'] })
      expect(await ids(ordered)).toEqual(await ids(table))
      const rows = (await session.collect(scan(ordered.provider()).plan)).rows
      // A quarter of the rows in Z-order covers a quarter of the square, not a stripe through it.
      const quarter = rows.slice(0, 64)
      expect(Math.max(...quarter.map((r) => Number(r[2])))).toBeLessThan(8)
      expect(Math.max(...quarter.map((r) => Number(r[3])))).toBeLessThan(8)
      expect((await ordered.optimize({ zorderBy: ['x', 'y'] })).version).toBe(ordered.version)
      expect((await ordered.optimize({ zorderBy: ['y'] })).version).toBe(ordered.version + 1)
      await expect(table.optimize({ zorderBy: ['nope'] })).rejects.toMatchObject({ code: 'DW-SCHEMA-0001' })
    })
  })

  describe('vacuum', () => {
    it('D-76, D-78: deletes what no version within the retention needs, and nothing else', async () => {
      const table = await (await manyFiles()).optimize()
      const { store } = table.location
      for (const path of ['t/_SUCCESS', 't/.hidden', 't/_x=1/f.parquet', 't/orphan.parquet', 't/p=a/_temporary/f']) {
        await store.put(path, Buffer.from('x'), 'overwrite')
      }
      const all = async (): Promise<string[]> =>
        (await store.list('t')).map((o) => o.path.slice(2)).filter((p) => !p.startsWith('_delta_log'))
      const before = await all()
      const later = Date.now() + 8 * day
      await expect(table.vacuum({ retentionMs: 0 })).rejects.toMatchObject({ code: 'DW-TABLE-0009' })
      expect((await table.vacuum({})).paths).toEqual([])
      const dry = await table.vacuum({ dryRun: true, nowMs: later })
      expect(await all()).toEqual(before)
      const done = await table.vacuum({ nowMs: later })
      expect(done.paths).toEqual(dry.paths)
      expect(dry.paths).toHaveLength(7)
      const left = await all()
      expect(left.sort()).toEqual(before.filter((path) => !dry.paths.includes(path)).sort())
      expect(left).toEqual(expect.arrayContaining(['_SUCCESS', '.hidden', 'p=a/_temporary/f']))
      expect(await ids(await table.refresh())).toEqual(await ids(table))
      expect((await table.history(2)).map((e) => e.info?.operation)).toEqual(['VACUUM END', 'VACUUM START'])
    })

    it('D-78: the check can be switched off', async () => {
      const table = await (await manyFiles()).optimize()
      const done = await table.vacuum({ retentionMs: 0, allowShortRetention: true, nowMs: Date.now() + 1000 })
      expect(done.paths).toHaveLength(5)
    })
  })

  describe('restore', () => {
    it('D-66: goes back, and says what is gone', async () => {
      const first = await DeltaTable.createWith(session, newUri(), rowsOf(0, 2))
      const second = await first.overwrite(rowsOf(5, 6))
      const restored = await second.restore({ version: 0 })
      expect(await ids(restored)).toEqual([0, 1])
      expect(restored.version).toBe(2)
      expect(restored.lastWrite.metrics).toMatchObject({ numRestoredFiles: 1, numRemovedFiles: 1 })
      expect((await restored.restore({ version: 2 })).version).toBe(2)
      const [file] = [...second.snapshot.files.values()]
      await first.location.store.delete([`t/${file!.path}`])
      await expect(restored.restore({ version: 1 })).rejects.toMatchObject({ code: 'DW-TABLE-0010' })
    })
  })
})
