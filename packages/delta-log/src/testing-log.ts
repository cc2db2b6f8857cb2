import { createContext, unlimited } from '@deltaworks/columnar'
import { MemoryStore } from '@deltaworks/storage'
import { protocol as protocolOf, type Protocol } from './actions/protocol.js'
import { commit, type CommitRequest } from './commit.js'
import { readNothing } from './conflict.js'
import { logParquet } from './log-parquet.js'
import type { Metadata } from './actions/metadata.js'
import type { Snapshot } from './snapshot.js'
import { locationIn, type TableLocation } from './table-location.js'
import { testFile, testMetadata } from './testing.js'

/* Logs with commits, for tests of this package. */

const context = createContext()
export const testParquet = logParquet(() => context, unlimited)
export const testNowMs = 1_700_000_000_000

let tables = 0
export const testLocation = (): TableLocation => locationIn(new MemoryStore(`log-${tables++}`), 't')

export async function commitTo(
  location: TableLocation,
  base: Snapshot | null,
  actions: CommitRequest['actions'],
  nowMs = testNowMs,
): Promise<Snapshot> {
  const result = await commit({
    location,
    base,
    actions,
    operation: { name: 'WRITE', parameters: {}, metrics: {} },
    reads: readNothing,
    isolation: 'Serializable',
    nowMs: () => nowMs,
    parquet: testParquet,
  })
  if (result.kind !== 'committed') throw new Error('conflict')
  return result.snapshot
}

export interface LogOptions {
  readonly metadata?: Partial<Metadata>
  readonly protocol?: Protocol
  readonly stats?: (version: number) => string
  readonly partitionValues?: (version: number) => Readonly<Record<string, string | null>>
}

/** Versions 0 to `last`: a table, then one file a version, named `f<version>`. */
export async function logOf(last: number, options: LogOptions = {}): Promise<Snapshot> {
  const location = testLocation()
  const first = [options.protocol ?? protocolOf(1, 2), testMetadata(options.metadata)]
  let snapshot = await commitTo(location, null, first)
  for (let version = 1; version <= last; version++) {
    const file = testFile(`f${version}`, {
      stats: options.stats?.(version) ?? `{"numRecords":${version}}`,
      partitionValues: options.partitionValues?.(version) ?? {},
    })
    const txn = { kind: 'txn', appId: 'app', version, lastUpdatedMs: 5 } as const
    snapshot = await commitTo(location, snapshot, [txn, file])
  }
  return snapshot
}

export const logNames = async ({ location }: { readonly location: TableLocation }): Promise<readonly string[]> =>
  (await location.store.list('t/_delta_log')).map((object) => object.path.slice('t/_delta_log/'.length))

/** What a snapshot says, as plain data: what is in a checkpoint changes nothing, so that does not count. */
export const contentOf = (snapshot: Snapshot) => ({
  version: snapshot.version,
  protocol: snapshot.protocol,
  metadata: snapshot.metadata,
  files: [...snapshot.files].map(([key, file]) => [key, { ...file, dataChange: false }]).sort(),
  tombstones: [...snapshot.tombstones.keys()].sort(),
  appTransactions: [...snapshot.appTransactions],
  domains: [...snapshot.domains].sort(),
})
