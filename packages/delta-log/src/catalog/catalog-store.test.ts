import { joinPath, MemoryStore, type ObjectStore } from '@deltaworks/storage'
import { commitInfoFromJson } from '../actions/commit-info.js'
import { protocol } from '../actions/protocol.js'
import { commitPath, formatActions } from '../commit-file.js'
import { versionDigits } from '../log-file.js'
import { writeCheckpoint } from '../checkpoint-write.js'
import { cleanLog } from '../clean-log.js'
import { readSnapshot, type Snapshot } from '../snapshot.js'
import { logFolder, type TableLocation } from '../table-location.js'
import { testFile, testMetadata } from '../testing.js'
import { commitTo, testLocation, testNowMs, testParquet } from '../testing-log.js'
import type { CommitCatalog, RatifiedCommit } from './commit-catalog.js'
import { managedLocation } from './managed-table.js'
import { StoreCatalog } from './store-catalog.js'

const managedProtocol = protocol(3, 7, ['catalogManaged'], ['catalogManaged', 'inCommitTimestamp'])
const configuration = { 'delta.enableInCommitTimestamps': 'true' }
const pathsOf = ({ files }: Snapshot): string[] => [...files.keys()].sort()

const commitText = (version: number): Uint8Array =>
  formatActions([
    commitInfoFromJson({ timestamp: testNowMs + version, inCommitTimestamp: testNowMs + version, operation: 'WRITE' }),
    ...(version === 0 ? [managedProtocol, testMetadata({ configuration })] : []),
    testFile(`f${version}`),
  ])

/** The example of PROTOCOL.md, "Reading Catalog-managed Tables", and a published file that nobody ratified. */
async function example(): Promise<{ readonly plain: TableLocation; readonly catalog: CommitCatalog }> {
  const plain = testLocation()
  const { store } = plain
  for (let version = 0; version <= 7; version++)
    await store.put(commitPath(plain, version), commitText(version), 'create')
  const stage = (name: string, content: Uint8Array) =>
    store.put(joinPath(logFolder(plain), '_staged_commits', name), content, 'create')
  await stage(`${versionDigits(7)}.a.json`, commitText(7))
  await stage(`${versionDigits(8)}.b.json`, commitText(8))
  await stage(`${versionDigits(8)}.rejected.json`, formatActions([testFile('rejected')]))
  await stage(`${versionDigits(10)}.c.json`, formatActions([testFile('proposed')]))
  await store.put(commitPath(plain, 10), formatActions([testFile('rogue')]), 'create')
  const commits: readonly RatifiedCommit[] = [
    { version: 7, file: `${versionDigits(7)}.a.json` },
    { version: 8, file: `${versionDigits(8)}.b.json` },
    { version: 9, content: commitText(9) },
  ]
  const catalog: CommitCatalog = {
    ratified: () => Promise.resolve({ latestVersion: 9, commits }),
    propose: () => Promise.resolve('taken'),
    published: () => Promise.resolve(),
  }
  return { plain, catalog }
}

/** A new table of a `StoreCatalog`. */
async function managed(allowed: ConstructorParameters<typeof StoreCatalog>[2] = []) {
  const plain = testLocation()
  const records: ObjectStore = new MemoryStore(`catalog of ${plain.uri}`)
  const connect = (): TableLocation => managedLocation(plain, new StoreCatalog(records, 'records', allowed))
  const location = connect()
  const first = await commitTo(location, null, [managedProtocol, testMetadata({ configuration })])
  return { plain, records, connect, location, first }
}

describe('catalog-managed tables', () => {
  it('D-52: staged and inline commits are read, what is not ratified is not', async () => {
    const { plain, catalog } = await example()
    const location = managedLocation(plain, catalog)
    const latest = await readSnapshot(location, testParquet)
    expect(latest.version).toBe(9)
    expect(pathsOf(latest)).toEqual(Array.from({ length: 10 }, (_, i) => `f${i}`))
    expect(latest.timestampMs).toBe(testNowMs + 9)
    const older = await readSnapshot(location, testParquet, { version: 6 })
    expect(pathsOf(await readSnapshot(location, testParquet, { previous: older }))).toEqual(pathsOf(latest))
    expect((await readSnapshot(location, testParquet, { timestampMs: testNowMs + 8 })).version).toBe(8)
    await expect(readSnapshot(location, testParquet, { version: 10 })).rejects.toMatchObject({ code: 'DW-DELTA-0005' })
    await expect(location.store.get(commitPath(location, 10))).rejects.toMatchObject({ code: 'DW-STORAGE-0001' })
  })

  it('D-52: by its path alone the table is neither read nor made', async () => {
    const { plain, connect } = await managed()
    await expect(readSnapshot(plain, testParquet)).rejects.toMatchObject({ code: 'DW-DELTA-0009' })
    const actions = [managedProtocol, testMetadata({ configuration })]
    await expect(commitTo(testLocation(), null, actions)).rejects.toMatchObject({ code: 'DW-DELTA-0009' })
    const undated = commitTo(connect(), null, [managedProtocol, testMetadata()])
    await expect(undated).rejects.toThrow(/delta.enableInCommitTimestamps/)
  })

  it('D-52: writers that race through their catalog lose nothing, and commits are published in order', async () => {
    const { plain, connect, first } = await managed()
    const writer = async (name: string): Promise<void> => {
      const location = connect()
      let snapshot: Snapshot = await readSnapshot(location, testParquet)
      for (let i = 0; i < 5; i++) snapshot = await commitTo(location, snapshot, [testFile(`${name}${i}`)])
    }
    await Promise.all(['a', 'b', 'c'].map(writer))
    const latest = await readSnapshot(connect(), testParquet)
    expect(latest.version).toBe(first.version + 15)
    expect(latest.files.size).toBe(15)
    const published = (await plain.store.list(logFolder(plain), { recursive: false })).filter(({ path }) =>
      /\/\d{20}\.json$/.test(path),
    )
    expect(published).toHaveLength(16)
  })

  it('D-52: a writer that dies between its steps leaves the old version, or the new one', async () => {
    for (const step of ['stage', 'ratify', 'publish'] as const) {
      const { plain, records, connect, first } = await managed()
      const dies = (): Promise<never> => Promise.reject(new Error('killed'))
      const dying = (inner: ObjectStore, isStep: (path: string) => boolean): ObjectStore =>
        new Proxy(inner, {
          get(of, key) {
            if (key === 'put')
              return (path: string, ...rest: [Uint8Array, 'create']) => (isStep(path) ? dies() : of.put(path, ...rest))
            const member: unknown = Reflect.get(of, key, of)
            return typeof member === 'function' ? (member.bind(of) as unknown) : member
          },
        })
      const isStaging = (path: string): boolean => step === 'stage' && path.includes('_staged_commits')
      const isPublishing = (path: string): boolean => step === 'publish' && /_delta_log\/\d{20}\.json$/.test(path)
      const store = dying(plain.store, (path) => isStaging(path) || isPublishing(path))
      const catalog = new StoreCatalog(
        dying(records, () => step === 'ratify'),
        'records',
      )
      const location = managedLocation({ ...plain, store }, catalog)
      const base = await readSnapshot(location, testParquet)
      const written = await commitTo(location, base, [testFile('new')]).then(
        () => true,
        () => false,
      )
      expect(written).toBe(step === 'publish')
      const after = await readSnapshot(connect(), testParquet)
      expect(pathsOf(after)).toEqual(written ? ['new'] : [])
      // The next writer publishes what was left.
      const next = await commitTo(connect(), after, [testFile('next')])
      expect(next.version).toBe(first.version + (written ? 2 : 1))
      expect(await plain.store.exists(commitPath(plain, next.version))).toBe(true)
      expect(await plain.store.exists(commitPath(plain, next.version - 1))).toBe(true)
    }
  })

  it('D-52: checkpoints stand for published versions alone; the log is cleaned if the catalog allows it', async () => {
    const { plain, catalog } = await example()
    const snapshot = await readSnapshot(managedLocation(plain, catalog), testParquet)
    // It publishes them first, in order.
    await writeCheckpoint(snapshot, testParquet, testNowMs)
    expect(await plain.store.exists(commitPath(plain, 9))).toBe(true)
    await expect(cleanLog(snapshot, testParquet, testNowMs)).rejects.toMatchObject({ code: 'DW-DELTA-0023' })
    const free = await managed(['log clean-up'])
    await expect(cleanLog(free.first, testParquet, testNowMs)).resolves.toMatchObject({ paths: [] })
  })
})
