import { MemoryStore } from '@deltaworks/storage'
import type { Action } from './actions/action.js'
import { protocol } from './actions/protocol.js'
import { commitPath, formatActions } from './commit-file.js'
import { readSnapshot } from './snapshot.js'
import { locationIn } from './table-location.js'
import { noParquet, testFile, testMetadata } from './testing.js'

let tables = 0
async function logOf(versions: readonly number[]) {
  const location = locationIn(new MemoryStore(`segment-${tables++}`), 't')
  for (const version of versions) {
    await location.store.put(
      commitPath(location, version),
      formatActions(version === 0 ? [protocol(1, 2), testMetadata()] : []),
      'create',
    )
  }
  return location
}

describe('log segments', () => {
  it('D-20: versions that are not there', async () => {
    const location = await logOf([0, 1, 2])
    expect((await readSnapshot(location, noParquet, { version: 1 })).version).toBe(1)
    await expect(readSnapshot(location, noParquet, { version: 3 })).rejects.toMatchObject({
      code: 'DW-DELTA-0005',
      details: { earliest: 0, latest: 2, errorKind: 'version-not-available' },
    })
  })

  it('D-01: a gap is an error that names the missing version', async () => {
    await expect(readSnapshot(await logOf([0, 1, 3]), noParquet)).rejects.toMatchObject({
      code: 'DW-DELTA-0002',
      details: { version: 2 },
    })
    await expect(readSnapshot(await logOf([1, 2]), noParquet)).rejects.toMatchObject({ code: 'DW-DELTA-0002' })
  })

  it('D-01: no log, an empty log, and one without metadata or protocol', async () => {
    await expect(readSnapshot(await logOf([]), noParquet)).rejects.toMatchObject({ code: 'DW-DELTA-0001' })
    const location = await logOf([])
    await location.store.put(commitPath(location, 0), formatActions([protocol(1, 2)]), 'create')
    await expect(readSnapshot(location, noParquet)).rejects.toMatchObject({ code: 'DW-DELTA-0003' })
    const other = await logOf([])
    await other.store.put(commitPath(other, 0), formatActions([testMetadata()]), 'create')
    await expect(readSnapshot(other, noParquet)).rejects.toMatchObject({ code: 'DW-DELTA-0004' })
  })

  it('D-01: unknown actions and fields are tolerated, broken lines are not', async () => {
    const location = await logOf([0])
    await location.store.put(
      commitPath(location, 1),
      Buffer.from('{"future":{"a":1}}\n\n{"add":{"path":"a","extra":1}}\n'),
      'create',
    )
    expect((await readSnapshot(location, noParquet)).files.size).toBe(1)
    await location.store.put(commitPath(location, 2), Buffer.from('{"add":'), 'create')
    await expect(readSnapshot(location, noParquet)).rejects.toMatchObject({
      code: 'DW-DELTA-0011',
      message: expect.stringContaining('Line 1 of t/_delta_log/00000000000000000002.json'),
    })
  })

  it('D-06: an unknown reader feature is refused by name', async () => {
    const location = await logOf([])
    await location.store.put(
      commitPath(location, 0),
      formatActions([protocol(3, 7, ['fromTheFuture'], ['fromTheFuture']), testMetadata()]),
      'create',
    )
    await expect(readSnapshot(location, noParquet)).rejects.toMatchObject({
      code: 'DW-DELTA-0007',
      message: expect.stringContaining('"fromTheFuture"'),
    })
  })
})

describe('a listing beside writers', () => {
  const log = async () => {
    const store = new MemoryStore(`listing-${tables++}`)
    const location = locationIn(store, 't')
    const put = (version: number, actions: readonly Action[]) =>
      store.put(commitPath(location, version), formatActions(actions), 'create')
    await put(0, [protocol(1, 2), testMetadata()])
    for (let version = 1; version < 4; version++) await put(version, [testFile(`f${version}`)])
    return { store, location }
  }
  /** The next listing misses a version, as one that passed its place before it was there. */
  const hideOnce = (store: MemoryStore, version: number, times: number): void => {
    const list = store.list.bind(store)
    let left = times
    store.list = async (...args) => {
      const found = await list(...args)
      return left-- > 0 ? found.filter(({ path }) => !path.endsWith(`${version}.json`)) : found
    }
  }

  it('D-02: that misses a version which was there before another does not stop a reader', async () => {
    const { store, location } = await log()
    const first = await readSnapshot(location, noParquet, { version: 1 })
    hideOnce(store, 2, 1)
    expect((await readSnapshot(location, noParquet)).version).toBe(3)
    hideOnce(store, 2, 1)
    expect((await readSnapshot(location, noParquet, { previous: first })).version).toBe(3)
    // However often it happens: a busy table is listed slower than it grows.
    hideOnce(store, 2, 100)
    expect((await readSnapshot(location, noParquet)).files.size).toBe(3)
    expect((await readSnapshot(location, noParquet, { previous: first })).version).toBe(3)
  })

  it('D-01: a version that is really missing is told', async () => {
    const { store, location } = await log()
    await store.delete([commitPath(location, 2)])
    await expect(readSnapshot(location, noParquet)).rejects.toMatchObject({ details: { errorKind: 'log-gap' } })
  })
})
