import { createContext, unlimited } from '@deltaworks/columnar'
import { MemoryStore } from '@deltaworks/storage'
import { protocol } from './actions/protocol.js'
import { removeOf } from './actions/remove-file.js'
import { writeCheckpoint } from './checkpoint-write.js'
import { commitPath } from './commit-file.js'
import { commit, type CommitRequest } from './commit.js'
import { readNothing } from './conflict.js'
import { logParquet } from './log-parquet.js'
import { readSnapshot, type Snapshot } from './snapshot.js'
import { locationIn, type TableLocation } from './table-location.js'
import { testFile, testMetadata } from './testing.js'

const context = createContext()
const parquet = logParquet(() => context, unlimited)
let tables = 0

async function tableWithCommits(count: number, configuration: Record<string, string> = {}): Promise<Snapshot> {
  const location = locationIn(new MemoryStore(`checkpoint-${tables++}`), 't')
  const request = (base: Snapshot | null, actions: CommitRequest['actions']): CommitRequest => ({
    location,
    base,
    actions,
    operation: { name: 'WRITE', parameters: {}, metrics: {} },
    reads: readNothing,
    isolation: 'Serializable',
    nowMs: () => 1_700_000_000_000,
    parquet,
  })
  const step = async (base: Snapshot | null, actions: CommitRequest['actions']): Promise<Snapshot> => {
    const result = await commit(request(base, actions))
    if (result.kind !== 'committed') throw new Error('conflict')
    return result.snapshot
  }
  let snapshot = await step(null, [protocol(1, 2), testMetadata({ configuration, description: 'Täble' })])
  for (let i = 1; i < count; i++) {
    const add = testFile(`f${i}`, {
      stats: `{"numRecords":${i}}`,
      partitionValues: { p: i % 2 === 0 ? null : 'x' },
      tags: { a: 'b' },
    })
    const old = snapshot.files.get(`f${i - 3}`)
    const txn = { kind: 'txn', appId: 'app', version: i, lastUpdatedMs: 5 } as const
    snapshot = await step(snapshot, [txn, add, ...(old === undefined ? [] : [removeOf(old, 1_699_999_999_999)])])
  }
  return snapshot
}

const names = async (location: TableLocation): Promise<string[]> =>
  (await location.store.list('t/_delta_log')).map((object) => object.path.slice('t/_delta_log/'.length))

const content = (snapshot: Snapshot) => ({
  version: snapshot.version,
  protocol: snapshot.protocol,
  metadata: snapshot.metadata,
  files: [...snapshot.files].map(([key, file]) => [key, { ...file, dataChange: false }]).sort(),
  tombstones: [...snapshot.tombstones.keys()].sort(),
  appTransactions: [...snapshot.appTransactions],
})

describe('checkpoints', () => {
  it('D-11: one every ten commits; the log deleted behind it still loads', async () => {
    const written = await tableWithCommits(14)
    const { location } = written
    expect(await names(location)).toContain('00000000000000000010.checkpoint.parquet')
    expect(await names(location)).toContain('_last_checkpoint')
    const whole = content(await readSnapshot(location, parquet))
    expect(whole).toEqual(content(written))
    await location.store.delete(Array.from({ length: 10 }, (_, version) => commitPath(location, version)))
    expect(content(await readSnapshot(location, parquet))).toEqual(content(written))
    await expect(readSnapshot(location, parquet, { version: 3 })).rejects.toMatchObject({ code: 'DW-DELTA-0005' })
  })

  it('D-87: delta.checkpointInterval says how often', async () => {
    const written = await tableWithCommits(5, { 'delta.checkpointInterval': '2' })
    expect((await names(written.location)).filter((name) => name.includes('checkpoint.parquet'))).toHaveLength(2)
  })

  it('D-16: a damaged or missing hint is survived', async () => {
    const written = await tableWithCommits(12)
    const { location } = written
    for (const hint of ['{"version":', '{"version":99,"size":1}', '{"version":3,"size":1}', '']) {
      await location.store.put('t/_delta_log/_last_checkpoint', Buffer.from(hint), 'overwrite')
      expect(content(await readSnapshot(location, parquet))).toEqual(content(written))
    }
    await location.store.delete(['t/_delta_log/_last_checkpoint'])
    expect(content(await readSnapshot(location, parquet))).toEqual(content(written))
  })

  it('D-11: a damaged checkpoint is survived while older files can stand in', async () => {
    const written = await tableWithCommits(12)
    const { location } = written
    await location.store.put(
      't/_delta_log/00000000000000000010.checkpoint.parquet',
      Buffer.from('PAR1 no'),
      'overwrite',
    )
    expect(content(await readSnapshot(location, parquet))).toEqual(content(written))
    await location.store.delete([commitPath(location, 0)])
    await expect(readSnapshot(location, parquet)).rejects.toMatchObject({ code: 'DW-DELTA-0015' })
  })

  it('D-11: tombstones beyond the retention are left out', async () => {
    const written = await tableWithCommits(8)
    await writeCheckpoint(written, parquet, 1_700_000_000_000 + 8 * 86_400_000)
    await written.location.store.delete(
      Array.from({ length: 8 }, (_, version) => commitPath(written.location, version)),
    )
    const read = await readSnapshot(written.location, parquet)
    expect(read.tombstones.size).toBe(0)
    expect(read.files.size).toBe(written.files.size)
  })
})
