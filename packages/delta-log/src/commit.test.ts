import { MemoryStore } from '@deltaworks/storage'
import type { Action } from './actions/action.js'
import { protocol } from './actions/protocol.js'
import { removeOf } from './actions/remove-file.js'
import { commit, type CommitRequest, type CommitResult } from './commit.js'
import { readEverything, readNothing } from './conflict.js'
import { readSnapshot, type Snapshot } from './snapshot.js'
import { locationIn, type TableLocation } from './table-location.js'
import { noParquet, testFile, testMetadata } from './testing.js'

let tables = 0
const newLocation = (): TableLocation => locationIn(new MemoryStore(`commit-${tables++}`), 'table')
let clock = 1_000_000

const request = (
  base: Snapshot | null,
  location: TableLocation,
  actions: readonly Action[],
  more: Partial<CommitRequest> = {},
): CommitRequest => ({
  location,
  base,
  actions,
  operation: { name: 'WRITE', parameters: { mode: 'Append', partitionBy: '[]' }, metrics: { numFiles: 1 } },
  reads: readNothing,
  isolation: 'Serializable',
  nowMs: () => clock++,
  parquet: noParquet,
  ...more,
})

const unwrap = (result: CommitResult): Snapshot => {
  if (result.kind !== 'committed') throw new Error(JSON.stringify(result))
  return result.snapshot
}

const create = async (configuration: Record<string, string> = {}, location = newLocation()): Promise<Snapshot> =>
  unwrap(await commit(request(null, location, [protocol(1, 2), testMetadata({ configuration })])))

describe('commit', () => {
  it('D-02, D-57: creates a table with its first rows in one put', async () => {
    const location = newLocation()
    const snapshot = unwrap(
      await commit(request(null, location, [protocol(1, 2), testMetadata(), testFile('a.parquet')])),
    )
    expect(snapshot.version).toBe(0)
    const text = Buffer.from(await location.store.get('table/_delta_log/00000000000000000000.json')).toString()
    expect(text).not.toMatch(/:null/)
    expect(text.split('\n').map((line) => (line === '' ? '' : Object.keys(JSON.parse(line) as object)[0]))).toEqual([
      'commitInfo',
      'protocol',
      'metaData',
      'add',
      '',
    ])
    const read = await readSnapshot(location, noParquet)
    expect([...read.files.keys()]).toEqual(['a.parquet'])
    expect(read.commitInfo).toMatchObject({
      operation: 'WRITE',
      isBlindAppend: true,
      operationMetrics: { numFiles: '1' },
    })
  })

  it('D-57: a table that came into being meanwhile is a conflict', async () => {
    const snapshot = await create()
    const result = await commit(request(null, snapshot.location, [protocol(1, 2), testMetadata()]))
    expect(result).toMatchObject({ kind: 'conflicted', conflict: { kind: 'TableAlreadyExists' } })
  })

  it('D-02: 16 writers, 20 blind appends each: none lost, none doubled', async () => {
    const base = await create()
    const writer = async (name: number): Promise<void> => {
      let snapshot = base
      for (let i = 0; i < 20; i++) {
        snapshot = unwrap(await commit(request(snapshot, base.location, [testFile(`${name}-${i}`)])))
      }
    }
    await Promise.all(Array.from({ length: 16 }, (_, i) => writer(i)))
    const read = await readSnapshot(base.location, noParquet)
    expect(read.version).toBe(320)
    expect(read.files.size).toBe(320)
  })

  describe('D-03: conflict classes', () => {
    const pairs: readonly (readonly [
      string,
      (s: Snapshot) => Action[],
      Partial<CommitRequest>,
      (s: Snapshot) => Action[],
      string | null,
    ])[] = [
      ['append, append', () => [testFile('x')], {}, () => [testFile('y')], null],
      ['read all, append', () => [testFile('x')], { reads: readEverything }, () => [testFile('y')], 'ConcurrentAppend'],
      [
        'read another partition, append',
        () => [testFile('x')],
        { reads: { ...readNothing, predicates: [(f) => f.partitionValues['p'] === '1'] } },
        () => [testFile('y', { partitionValues: { p: '2' } })],
        null,
      ],
      [
        'read this partition, append',
        () => [testFile('x')],
        { reads: { ...readNothing, predicates: [(f) => f.partitionValues['p'] === '1'] } },
        () => [testFile('y', { partitionValues: { p: '1' } })],
        'ConcurrentAppend',
      ],
      [
        'read all under WriteSerializable, blind append',
        () => [testFile('x')],
        { reads: readEverything, isolation: 'WriteSerializable' },
        () => [testFile('y')],
        null,
      ],
      [
        'compaction, append',
        (s) => [removeOf(s.files.get('a')!, 1, false), testFile('x', { dataChange: false })],
        { reads: { ...readNothing, files: new Set(['a']) }, isolation: 'SnapshotIsolation' },
        () => [testFile('y')],
        null,
      ],
      [
        'read file, delete of it',
        () => [testFile('x')],
        { reads: { ...readNothing, files: new Set(['a']) } },
        (s) => [removeOf(s.files.get('a')!, 1)],
        'ConcurrentDeleteRead',
      ],
      [
        'delete, delete',
        (s) => [removeOf(s.files.get('a')!, 1)],
        {},
        (s) => [removeOf(s.files.get('a')!, 1)],
        'ConcurrentDeleteDelete',
      ],
      ['append, metadata', () => [testFile('x')], {}, () => [testMetadata({ name: 'n' })], 'MetadataChanged'],
      ['append, protocol', () => [testFile('x')], {}, () => [protocol(1, 3)], 'ProtocolChanged'],
      [
        'same application',
        () => [{ kind: 'txn', appId: 'app', version: 1, lastUpdatedMs: null }],
        {},
        () => [{ kind: 'txn', appId: 'app', version: 1, lastUpdatedMs: null }],
        'ConcurrentTransaction',
      ],
    ]
    it.each(pairs)('%s', async (_, ours, more, theirs, expected) => {
      const empty = await create()
      const base = unwrap(await commit(request(empty, empty.location, [testFile('a'), testFile('b')])))
      unwrap(await commit(request(base, base.location, theirs(base))))
      const result = await commit(request(base, base.location, ours(base), more))
      expect(result.kind === 'committed' ? null : result.conflict.kind).toBe(expected)
      if (result.kind === 'committed') expect(result.version).toBe(base.version + 2)
    })
  })

  it('D-04: a blind append against a delete: a conflict under Serializable, none under WriteSerializable', async () => {
    const run = async (isolation: 'Serializable' | 'WriteSerializable') => {
      const empty = await create()
      const base = unwrap(await commit(request(empty, empty.location, [testFile('a')])))
      unwrap(await commit(request(base, base.location, [testFile('blind')])))
      const removes = [removeOf(base.files.get('a')!, 1)]
      const result = await commit(request(base, base.location, removes, { reads: readEverything, isolation }))
      return result.kind === 'conflicted' ? result.conflict.kind : [...result.snapshot.files.keys()]
    }
    expect(await run('Serializable')).toBe('ConcurrentAppend')
    expect(await run('WriteSerializable')).toEqual(['blind'])
  })

  it('D-44: an append-only table loses no rows, but may be compacted', async () => {
    const base = await create({ 'delta.appendOnly': 'true' })
    const full = unwrap(await commit(request(base, base.location, [testFile('a')])))
    await expect(commit(request(full, base.location, [removeOf(full.files.get('a')!, 1)]))).rejects.toMatchObject({
      code: 'DW-DELTA-0017',
    })
    unwrap(
      await commit(
        request(full, base.location, [removeOf(full.files.get('a')!, 1, false), testFile('b', { dataChange: false })]),
      ),
    )
  })

  it('D-06: an unknown writer feature is refused by name before anything is written', async () => {
    const location = newLocation()
    const base = unwrap(
      await commit(request(null, location, [protocol(3, 7, [], ['fromTheFuture', 'appendOnly']), testMetadata()])),
    )
    await expect(commit(request(base, location, [testFile('a')]))).rejects.toMatchObject({
      code: 'DW-DELTA-0007',
      message: expect.stringContaining('"fromTheFuture"'),
    })
    expect((await location.store.list('table')).filter(({ path }) => path.endsWith('.json'))).toHaveLength(1)
  })

  it('D-22: in-commit timestamps go up though the clock goes back', async () => {
    const location = newLocation()
    const metadata = testMetadata({ configuration: { 'delta.enableInCommitTimestamps': 'true' } })
    let snapshot = unwrap(
      await commit(
        request(null, location, [protocol(1, 7, null, ['inCommitTimestamp']), metadata], { nowMs: () => 5000 }),
      ),
    )
    snapshot = unwrap(await commit(request(snapshot, location, [testFile('a')], { nowMs: () => 4000 })))
    expect(snapshot.timestampMs).toBe(5001)
    expect((await readSnapshot(location, noParquet)).timestampMs).toBe(5001)
    expect((await readSnapshot(location, noParquet, { timestampMs: 5000 })).version).toBe(0)
    expect((await readSnapshot(location, noParquet, { timestampMs: 5001 })).version).toBe(1)
    await expect(readSnapshot(location, noParquet, { timestampMs: 4999 })).rejects.toMatchObject({
      code: 'DW-DELTA-0006',
    })
  })
})
