import { MemoryStore, type ObjectMeta, type ObjectStore } from '@deltaworks/storage'
import { protocol } from './actions/protocol.js'
import { commitPath, formatActions } from './commit-file.js'
import { commitTimestamps } from './commit-timestamp.js'
import { readSnapshot } from './snapshot.js'
import { locationIn } from './table-location.js'
import { noParquet, testMetadata } from './testing.js'

/** A log whose files have these times. */
async function logWithTimes(name: string, times: readonly number[]) {
  const memory = new MemoryStore(name)
  const plain = locationIn(memory, 't')
  for (const version of times.keys()) {
    const actions = version === 0 ? [protocol(1, 2), testMetadata()] : []
    await memory.put(commitPath(plain, version), formatActions(actions), 'create')
  }
  const dated = async (...args: Parameters<ObjectStore['list']>): Promise<ObjectMeta[]> =>
    (await memory.list(...args)).map((o) => ({ ...o, modifiedMs: times[Number(o.path.slice(-25, -5))]! }))
  return locationIn(
    Object.assign(Object.create(memory) as ObjectStore, {
      list: dated,
      get: memory.get.bind(memory),
      put: memory.put.bind(memory),
    }),
    't',
  )
}

describe('time travel', () => {
  it('D-21: the version at a time, to the millisecond', async () => {
    const location = await logWithTimes('times', [1000, 2000, 3000])
    const at = async (timestampMs: number): Promise<number> =>
      (await readSnapshot(location, noParquet, { timestampMs })).version
    expect([await at(1000), await at(1999), await at(2000), await at(2001), await at(9999)]).toEqual([0, 0, 1, 1, 2])
    await expect(at(999)).rejects.toMatchObject({
      code: 'DW-DELTA-0006',
      message: expect.stringContaining('1970-01-01T00:00:01.000Z'),
    })
  })

  it('D-21: a clock that went back is moved up by a millisecond', async () => {
    const location = await logWithTimes('skew', [1000, 900, 900, 5000])
    expect((await commitTimestamps(location, {})).map((c) => c.timestampMs)).toEqual([1000, 1001, 1002, 5000])
    expect((await readSnapshot(location, noParquet, { timestampMs: 1001 })).version).toBe(1)
  })
})

describe('in-commit timestamps', () => {
  const configuration = {
    'delta.enableInCommitTimestamps': 'true',
    'delta.inCommitTimestampEnablementVersion': '2',
    'delta.inCommitTimestampEnablementTimestamp': '5000',
  }

  it('D-22: from their enablement on they alone count, whatever the files’ times are', async () => {
    // The log was copied: its files are younger than everything in it.
    const location = await logWithTimes('copied', [90_000, 90_000, 90_000, 90_000])
    const stamp = (version: number, inCommitTimestamp: number): Promise<unknown> =>
      location.store.put(
        commitPath(location, version),
        Buffer.from(JSON.stringify({ commitInfo: { timestamp: 1, inCommitTimestamp, operation: 'WRITE' } })),
        'overwrite',
      )
    await location.store.put(commitPath(location, 1), formatActions([testMetadata({ configuration })]), 'overwrite')
    await stamp(2, 5000)
    await stamp(3, 6000)
    expect((await commitTimestamps(location, configuration)).map((c) => c.timestampMs)).toEqual([
      90_000, 90_001, 5000, 6000,
    ])
    const at = async (timestampMs: number): Promise<number> =>
      (await readSnapshot(location, noParquet, { timestampMs })).version
    expect([await at(5000), await at(5999), await at(6000), await at(100_000)]).toEqual([2, 2, 3, 3])
  })
})
