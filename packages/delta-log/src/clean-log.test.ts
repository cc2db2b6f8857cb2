import type { ObjectMeta, ObjectStore } from '@deltaworks/storage'
import { protocol } from './actions/protocol.js'
import { writeCheckpoint } from './checkpoint-write.js'
import { cleanLog } from './clean-log.js'
import { compactLog } from './compact-log.js'
import { readSnapshot, type Snapshot } from './snapshot.js'
import { contentOf, logNames, logOf, testParquet } from './testing-log.js'

const dayMs = 86_400_000
const nowMs = 100 * dayMs + 5000

/** The log as it would be if version v had been committed on day v. */
function aged(snapshot: Snapshot): Snapshot {
  const { store } = snapshot.location
  const list = async (...args: Parameters<ObjectStore['list']>): Promise<ObjectMeta[]> =>
    (await store.list(...args)).map((object) => {
      const version = /(\d{20})/.exec(object.path)?.[1]
      return { ...object, modifiedMs: version === undefined ? 0 : Number(version) * dayMs + 1000 }
    })
  const bound = { get: store.get.bind(store), put: store.put.bind(store), delete: store.delete.bind(store) }
  const location = { ...snapshot.location, store: Object.assign(Object.create(store) as ObjectStore, bound, { list }) }
  return { ...snapshot, location }
}

const withVersion = (names: readonly string[], extension: string): number[] =>
  names.filter((name) => name.endsWith(extension)).map((name) => Number(name.slice(0, 20)))

describe('clean-up of the log', () => {
  const days = (keep: number) => ({ retentionMs: nowMs - keep * dayMs })

  it('D-19: what is before the newest checkpoint beyond the retention goes; the rest reads on', async () => {
    const snapshot = await logOf(25)
    await compactLog(snapshot.location, 5, 10)
    await compactLog(snapshot.location, 11, 14)
    const old = aged(snapshot)
    const { firstVersion } = await cleanLog(old, testParquet, nowMs, days(17))
    expect(firstVersion).toBe(10)
    const names = await logNames(snapshot)
    expect(withVersion(names, '.json').filter((version) => version < 10)).toEqual([])
    expect(withVersion(names, '.crc')[0]).toBe(10)
    expect(names.filter((name) => name.includes('compacted'))).toHaveLength(1)
    expect(names).toContain('00000000000000000010.json')
    for (const version of [10, 13, 25]) {
      expect((await readSnapshot(snapshot.location, testParquet, { version })).files.size).toBe(version)
    }
    await expect(readSnapshot(snapshot.location, testParquet, { version: 9 })).rejects.toMatchObject({
      details: { errorKind: 'version-not-available' },
    })
  })

  it('D-19: without a checkpoint beyond the retention nothing goes', async () => {
    const snapshot = await logOf(25)
    const before = await logNames(snapshot)
    expect(await cleanLog(aged(snapshot), testParquet, nowMs, days(9))).toEqual({ firstVersion: null, paths: [] })
    expect(await logNames(snapshot)).toEqual(before)
  })

  it('D-54: protected checkpoints of a dropped feature go all at once or not', async () => {
    const metadata = { configuration: { 'delta.requireCheckpointProtectionBeforeVersion': '15' } }
    const snapshot = await logOf(25, { metadata, protocol: protocol(1, 7, null, ['checkpointProtection']) })
    expect((await cleanLog(aged(snapshot), testParquet, nowMs, days(17))).firstVersion).toBeNull()
    expect((await cleanLog(aged(snapshot), testParquet, nowMs, days(22))).firstVersion).toBe(20)
  })

  it('D-14: sidecars that a checkpoint needs stay, others go', async () => {
    const metadata = { configuration: { 'delta.checkpointPolicy': 'v2' } }
    const snapshot = await logOf(25, { metadata, protocol: protocol(3, 7, ['v2Checkpoint'], ['v2Checkpoint']) })
    await writeCheckpoint(snapshot, testParquet, nowMs, { topLevel: 'parquet', actionsASidecar: 10 })
    const sidecars = (names: readonly string[]): number => names.filter((name) => name.startsWith('_sidecars/')).length
    expect(sidecars(await logNames(snapshot))).toBe(5)
    await cleanLog(aged(snapshot), testParquet, nowMs, days(23))
    // Of version 10's checkpoint; those of 20 and 25 stay.
    expect(sidecars(await logNames(snapshot))).toBe(4)
    expect(contentOf(await readSnapshot(snapshot.location, testParquet))).toEqual(contentOf(snapshot))
  })
})
