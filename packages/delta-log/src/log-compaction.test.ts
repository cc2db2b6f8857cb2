import { removeOf } from './actions/remove-file.js'
import { compactLog } from './compact-log.js'
import { commitPath } from './commit-file.js'
import { readSnapshot } from './snapshot.js'
import { commitTo, contentOf, logOf, testNowMs, testParquet } from './testing-log.js'

describe('log compactions', () => {
  it('D-17: a compaction holds what remains of its commits, and no provenance', async () => {
    const before = await logOf(4)
    const after = await commitTo(before.location, before, [removeOf(before.files.get('f3')!, testNowMs)])
    const path = await compactLog(after.location, 2, 5)
    expect(path).toBe('t/_delta_log/00000000000000000002.00000000000000000005.compacted.json')
    const lines = Buffer.from(await after.location.store.get(path))
      .toString()
      .trim()
      .split('\n')
    const kinds = lines.map((line) => JSON.parse(line) as Record<string, { path?: string; version?: number }>)
    expect(kinds.map((action) => Object.keys(action)[0]).sort()).toEqual(['add', 'add', 'remove', 'txn'])
    expect(kinds.find((action) => action['txn'])?.['txn']).toMatchObject({ version: 4 })
  })

  it('D-17: a snapshot is the same with compactions, overlapping ones too, and does not read what they cover', async () => {
    const snapshot = await logOf(9)
    const { location } = snapshot
    for (const [first, last] of [
      [1, 4],
      [1, 6],
      [3, 8],
      [7, 9],
    ] as const)
      await compactLog(location, first, last)
    const reads: string[] = []
    const store = Object.assign(Object.create(location.store) as typeof location.store, {
      list: location.store.list.bind(location.store),
      get: (path: string) => {
        reads.push(path)
        return location.store.get(path)
      },
    })
    const read = await readSnapshot({ ...location, store }, testParquet)
    expect(contentOf(read)).toEqual(contentOf(snapshot))
    expect(read.commitInfo).toEqual(snapshot.commitInfo)
    expect(reads.filter((path) => path.endsWith('.json'))).toEqual([
      commitPath(location, 0),
      expect.stringContaining('1.00000000000000000006.compacted.json'),
      expect.stringContaining('7.00000000000000000009.compacted.json'),
      commitPath(location, 9),
    ])
    for (const version of [2, 5, 8]) {
      const earlier = await readSnapshot(location, testParquet, { version })
      expect([...earlier.files.keys()]).toHaveLength(version)
      expect(contentOf(await readSnapshot(location, testParquet, { previous: earlier }))).toEqual(contentOf(snapshot))
    }
  })

  it('D-17: of several actions of a file in a compaction the first one counts', async () => {
    const snapshot = await logOf(3)
    const path = 't/_delta_log/00000000000000000001.00000000000000000002.compacted.json'
    const lines = ['{"remove":{"path":"f1"}}', '{"add":{"path":"f2"}}', '{"add":{"path":"f1"}}']
    await snapshot.location.store.put(path, Buffer.from(lines.join('\n')), 'create')
    const read = await readSnapshot(snapshot.location, testParquet)
    expect([...read.files.keys()].sort()).toEqual(['f2', 'f3'])
  })

  it('D-17: commits that are not there cannot be compacted', async () => {
    const { location } = await logOf(2)
    await expect(compactLog(location, 1, 3)).rejects.toMatchObject({ code: 'DW-DELTA-0005' })
  })
})
