import { randomUUID } from 'node:crypto'
import {
  checkProperties,
  deletionVectorFile,
  encodePath,
  readEverything,
  readNothing,
  readSnapshot,
  removeOf,
  requiredFeatures,
  resolveFile,
  withFeatures,
  type Action,
  type AddFile,
  type DeletionVectorDescriptor,
  type Metadata,
  type ResolvedFile,
  type Snapshot,
} from '@deltaworks/delta-log'
import { joinPath } from '@deltaworks/storage'
import { badSource, tableExists } from '../errors.js'
import { commitIntent, type OperationContext, type OperationResult } from '../operation-context.js'
import type { WriteOptions } from '../write/write-options.js'
import { discard, nothing } from '../write/write-rows.js'

export interface CloneOptions extends WriteOptions {
  /** Shallow: the clone's log names the source's files. Deep: they are copied. Default `shallow`. */
  readonly kind?: 'shallow' | 'deep'
  /** Override the source's properties in the clone. */
  readonly properties?: Readonly<Record<string, string>>
  /** Takes the place of a table that is there; a deep clone then copies only files that it has not copied yet. Default false. */
  readonly replace?: boolean
}

/**
 * Makes a table that is what the source is. Its writes never touch the source; a shallow clone breaks if VACUUM takes the source's
 * files away.
 * @throws DeltaTableError DW-TABLE-0011 if there is a table already, 0021
 */
export async function cloneTable(
  context: OperationContext,
  source: Snapshot,
  options: CloneOptions,
): Promise<OperationResult> {
  const { location, parquet } = context
  const nowMs = options.nowMs ?? Date.now()
  if (location.uri === source.location.uri) throw badSource(source.location.uri, 'a table cannot be a clone of itself')
  const base = await readSnapshot(location, parquet).catch((error: unknown) => {
    if ((error as { details?: { errorKind?: string } }).details?.errorKind === 'not-a-delta-table') return null
    throw error
  })
  if (base !== null && options.replace !== true) throw tableExists(location.uri)
  const deep = options.kind === 'deep'
  const metadata = cloneMetadata(source, base, options, nowMs)
  const copied: string[] = []
  const files: AddFile[] = []
  const known = new Map([...(base?.files.values() ?? [])].map((file) => [file.tags?.[copyTag] ?? file.path, file]))
  for (const file of source.files.values()) {
    files.push(deep ? await copyFile(context, source, file, known, copied) : pointTo(source, file))
  }
  const kept = new Set(files)
  const removed = [...(base?.files.values() ?? [])].filter((file) => !kept.has(file))
  const added = files.filter((file) => base === null || ![...known.values()].includes(file))
  const bytes = (of: readonly AddFile[]): number => of.reduce((sum, file) => sum + file.sizeBytes, 0)
  const metrics = {
    sourceTableSize: bytes([...source.files.values()]),
    sourceNumOfFiles: source.files.size,
    numRemovedFiles: removed.length,
    numCopiedFiles: deep ? added.length : 0,
    removedFilesSize: bytes(removed),
    copiedFilesSize: deep ? bytes(added) : 0,
  }
  const protocol = withFeatures(source.protocol, requiredFeatures(source.schema, metadata.configuration))
  const domains = [...source.domains.values()]
  const actions: readonly Action[] = [
    protocol,
    metadata,
    ...domains,
    ...removed.map((f) => removeOf(f, nowMs)),
    ...added,
  ]
  const written = { ...nothing, otherPaths: copied }
  const report = {
    rowsWritten: 0,
    filesWritten: added.length,
    bytesWritten: deep ? bytes(added) : 0,
    filesRemoved: removed.length,
    committed: true,
    metrics,
  }
  const operation = {
    name: 'CLONE',
    parameters: { source: source.location.uri, sourceVersion: String(source.version), isShallow: String(!deep) },
    metrics,
  }
  const reads = base === null ? readNothing : readEverything
  const result = await commitIntent(context, { base, actions, written, operation, reads, report }, options)
  if (result.kind === 'committed') return { snapshot: result.snapshot, report }
  await discard(location, written)
  throw tableExists(location.uri)
}

function cloneMetadata(source: Snapshot, base: Snapshot | null, options: CloneOptions, nowMs: number): Metadata {
  const properties = options.properties ?? {}
  checkProperties(properties)
  return {
    ...source.metadata,
    id: base?.metadata.id ?? randomUUID(),
    createdTimeMs: base?.metadata.createdTimeMs ?? nowMs,
    configuration: { ...source.metadata.configuration, ...properties },
  }
}

/** The source's file under its absolute path. */
function pointTo(source: Snapshot, file: AddFile): AddFile {
  return {
    ...file,
    path: absolutePath(source, file.path),
    dataChange: true,
    deletionVector: file.deletionVector === null ? null : absoluteVector(source, file, file.deletionVector),
  }
}

/** A URI, percent-encoded as the log wants it. */
function absolutePath(source: Snapshot, path: string): string {
  return uriOf(resolveFile(source.location, path))
}

/** With one slash behind `file:`, as Java writes it: Spark compares such texts with those of the files that it scans. */
export const uriOf = ({ store, path }: ResolvedFile): string =>
  `${store.uri.endsWith('/') ? store.uri : `${store.uri}/`}${encodePath(path)}`.replace(/^file:\/+/, 'file:/')

function absoluteVector(source: Snapshot, file: AddFile, of: DeletionVectorDescriptor): DeletionVectorDescriptor {
  if (of.storageType !== 'u') return of
  return { ...of, storageType: 'p', pathOrInlineDv: uriOf(deletionVectorFile(source.location, file)!) }
}

/** Which file of the source a copy is of, so that the next clone finds it. */
const copyTag = 'deltaworks.clonedFrom'

async function copyFile(
  context: OperationContext,
  source: Snapshot,
  file: AddFile,
  known: ReadonlyMap<string, AddFile>,
  copied: string[],
): Promise<AddFile> {
  const from = resolveFile(source.location, file.path)
  const key = `${from.store.uri}/${from.path}${file.deletionVector === null ? '' : `#${JSON.stringify(file.deletionVector)}`}`
  const before = known.get(key)
  if (before !== undefined) return before
  const { location } = context
  const folders =
    source.partitionColumns.length === 0 ? [] : from.path.split('/').slice(-1 - source.partitionColumns.length, -1)
  const name = `part-${randomUUID()}.c000.parquet`
  const to = joinPath(location.path, ...folders, name)
  copied.push(to)
  await copyObject(context, from, to)
  const path = encodePath([...folders, name].join('/'))
  return {
    ...file,
    path,
    dataChange: true,
    tags: { ...file.tags, [copyTag]: key },
    deletionVector: file.deletionVector === null ? null : await copyVector(context, source, file, copied),
  }
}

async function copyVector(
  context: OperationContext,
  source: Snapshot,
  file: AddFile,
  copied: string[],
): Promise<DeletionVectorDescriptor> {
  const vector = file.deletionVector!
  const from = deletionVectorFile(source.location, file)
  if (from === null) return vector
  const to = joinPath(context.location.path, `deletion_vector_${randomUUID()}.bin`)
  copied.push(to)
  await copyObject(context, from, to)
  return { ...vector, storageType: 'p', pathOrInlineDv: uriOf({ store: context.location.store, path: to }) }
}

async function copyObject({ location }: OperationContext, from: ResolvedFile, to: string): Promise<void> {
  if (from.store.uri === location.store.uri) await location.store.copy(from.path, to)
  else await location.store.put(to, await from.store.get(from.path), 'create')
}
