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
    Object.assign(Object.create(memory) as ObjectStore, { list: dated, get: memory.get.bind(memory) }),
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
