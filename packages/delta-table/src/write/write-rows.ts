import {
  addFile,
  advanceSnapshot,
  columnMapping,
  encodePath,
  fieldIdsOf,
  formatPartitionValue,
  formatStatistics,
  indexedColumnCount,
  indexedColumns,
  materializesPartitions,
  parquetPageVersion,
  physicalName,
  randomPrefixLength,
  type AddFile,
  type ColumnMappingMode,
  type LeafStatistics,
  type Metadata,
  type Protocol,
  type TableLocation,
} from '@deltaworks/delta-log'
import type { LogicalPlan } from '@deltaworks/plan'
import { joinPath } from '@deltaworks/storage'
import type { DataType, Field, Schema } from '@deltaworks/schema'
import { DeltaTableProvider } from '../delta-table-provider.js'
import { nullInRequired } from '../errors.js'
import { filterOf, scanOf } from '../plan-nodes.js'
import { runOptions } from '../run-options.js'
import type { FileSink, RunOptions, TableSession, WrittenFile } from '../table-session.js'
import { withoutVoids } from './void-columns.js'
import { breaksAny, tableRules, violation } from './table-rules.js'

export interface WriteTarget {
  readonly session: TableSession
  readonly location: TableLocation
  readonly protocol: Protocol
  readonly metadata: Metadata
  readonly schema: Schema
}

export interface WriteRowsOptions extends RunOptions {
  readonly targetFileBytes: number
  readonly nowMs: number
  readonly dataChange?: boolean
  readonly tags?: Readonly<Record<string, string>>
  /** Who put the rows in order, for clustered tables. */
  readonly clusteringProvider?: string
}

/** Files that are in the store but in no commit yet. */
export interface WrittenRows {
  readonly adds: readonly AddFile[]
  readonly rowCount: number
  readonly sizeBytes: number
  /** Store paths of further files, deletion vectors. */
  readonly otherPaths: readonly string[]
}

export const nothing: WrittenRows = { adds: [], rowCount: 0, sizeBytes: 0, otherPaths: [] }

/**
 * Writes rows (with exactly the table's columns) as data files. Columns that must not be null are checked from what the
 * writers measured, which costs no pass over the rows.
 * @throws DeltaTableError DW-TABLE-0004, 0016, 0017, having deleted the files
 */
export async function writeRows(
  target: WriteTarget,
  plan: LogicalPlan,
  options: WriteRowsOptions,
): Promise<WrittenRows> {
  const { session, location } = target
  const sink = sinkOf(target, options, location.path)
  const result = await session.writeFiles(
    withoutVoids(plan),
    sink,
    options.signal === undefined ? {} : { signal: options.signal },
  )
  const adds = result.files.map((file) => toAdd(file, target, options))
  const sizeBytes = adds.reduce((sum, file) => sum + file.sizeBytes, 0)
  const written = { adds, rowCount: result.rowCount, sizeBytes, otherPaths: [] }
  const nulls = findNull(result.files, target)
  if (nulls !== null) {
    await discard(location, written)
    throw nulls
  }
  if (options.dataChange !== false) await discardOnFailure(location, written, () => checkRows(target, adds, options))
  return written
}

/** Where and how files of a table are written. */
export function sinkOf(
  { location, protocol, metadata, schema }: WriteTarget,
  { targetFileBytes }: WriteRowsOptions,
  directory: string,
): FileSink {
  const mapping = columnMapping(metadata, schema)
  const prefixLength = randomPrefixLength(metadata.configuration)
  return {
    store: location.store.uri,
    directory,
    partitionBy: [...metadata.partitionColumns],
    compression: compressionOf(metadata),
    targetFileBytes,
    variants: 'binary',
    pageVersion: parquetPageVersion(metadata.configuration),
    ...(gathersPartitions(metadata) && { gathersPartitions: true }),
    ...(prefixLength !== null && { randomPrefixLength: prefixLength }),
    ...(materializesPartitions(protocol, metadata) && { keepsPartitionColumns: true }),
    ...(mapping.physicalNames !== null && { physicalNames: mapping.physicalNames }),
    ...(mapping.mode !== 'none' && { fieldIds: fieldIdsOf(schema) }),
  }
}

/**
 * Looks for a row that breaks a rule of the table in the files that were written: what is checked is what is stored, and only the
 * columns that rules name are read.
 */
async function checkRows(target: WriteTarget, adds: readonly AddFile[], options: RunOptions): Promise<void> {
  const { session, location, metadata, schema } = target
  const { checks } = await tableRules(location.uri, metadata, schema)
  if (checks.length === 0 || adds.length === 0) return
  const written = advanceSnapshot(location, null, [[target.protocol, metadata]], 0)
  const broken = filterOf(scanOf(new DeltaTableProvider(written, { files: adds })), breaksAny(checks))
  const one: LogicalPlan = { kind: 'limit', input: broken, skip: 0, fetch: 1, schema: broken.schema }
  const { rows } = await session.collect(one, runOptions(options))
  if (rows[0] !== undefined) throw violation(location.uri, checks, schema, rows[0])
}

/** Deletes files that no commit names: best effort, VACUUM finds what stays. */
export async function discard(location: TableLocation, written: WrittenRows): Promise<void> {
  const data = written.adds.map((file) => joinPath(location.path, decodeURIComponent(file.path)))
  const paths = [...data, ...written.otherPaths]
  if (paths.length === 0) return
  await location.store.delete(paths).catch(() => undefined)
}

/** Does what comes after a write; if that fails, what was written goes. */
export async function discardOnFailure<T>(
  location: TableLocation,
  written: WrittenRows,
  next: () => Promise<T>,
): Promise<T> {
  try {
    return await next()
  } catch (error) {
    await discard(location, written)
    throw error
  }
}

function toAdd(file: WrittenFile, target: WriteTarget, options: WriteRowsOptions): AddFile {
  const { metadata, schema, location } = target
  const { mode } = columnMapping(metadata, schema)
  const partitionValues = partitionValuesIn(file, target, mode)
  return addFile({
    path: encodePath(relativePath(location.path, file.path)),
    partitionValues,
    sizeBytes: file.sizeBytes,
    modificationTimeMs: options.nowMs,
    dataChange: options.dataChange ?? true,
    stats: formatStatistics(file.rowCount, indexedLeaves(file, target)),
    tags: options.tags ?? null,
    clusteringProvider: options.clusteringProvider ?? null,
  })
}

export function partitionValuesIn(
  file: WrittenFile,
  { metadata, schema }: WriteTarget,
  mode: ColumnMappingMode,
): Record<string, string | null> {
  const partitionValues: Record<string, string | null> = {}
  for (const name of metadata.partitionColumns) {
    const field = schema.fields.find((f) => f.name === name)!
    partitionValues[physicalName(field, mode)] = formatPartitionValue(field.type, file.partitionValues[name] ?? null)
  }
  return partitionValues
}

export const relativePath = (table: string, path: string): string =>
  table !== '' && path.startsWith(`${table}/`) ? path.slice(table.length + 1) : path

interface SchemaLeaf {
  readonly path: readonly string[]
  readonly physicalPath: readonly string[]
  readonly type: DataType
}

/** Leaf columns in schema order; lists and maps count as one, and have null counts alone. */
function leavesOf(schema: Schema, metadata: Metadata): readonly SchemaLeaf[] {
  const { mode } = columnMapping(metadata, schema)
  const leaves: SchemaLeaf[] = []
  const visit = (field: Field, path: readonly string[], physicalPath: readonly string[]): void => {
    const logical = [...path, field.name]
    const physical = [...physicalPath, physicalName(field, mode)]
    if (field.type.kind === 'struct') for (const member of field.type.fields) visit(member, logical, physical)
    else leaves.push({ path: logical, physicalPath: physical, type: field.type })
  }
  for (const field of schema.fields) {
    if (!metadata.partitionColumns.includes(field.name) && field.type.kind !== 'null') visit(field, [], [])
  }
  return leaves
}

/** The columns that get statistics: the first 32 leaves, or what the table's properties say. */
function indexedLeaves(file: WrittenFile, target: WriteTarget): readonly LeafStatistics[] {
  const { configuration } = target.metadata
  const named = indexedColumns(configuration)
  const count = indexedColumnCount(configuration)
  const all = leavesOf(target.schema, target.metadata)
  const chosen =
    named !== null
      ? all.filter((leaf) => named.some((name) => isWithin(leaf.path, name)))
      : all.slice(0, count < 0 ? all.length : count)
  const measured = new Map(file.statistics.map((column) => [column.path.join('\n'), column]))
  const result: LeafStatistics[] = []
  for (const leaf of chosen) {
    // Of a variant, which has no order, only the nulls count; its value is null where it is.
    const isVariant = leaf.type.kind === 'variant'
    const within = isVariant ? ['value'] : []
    const key = (path: readonly string[]): string => [...path, ...within].join('\n')
    const column = measured.get(key(leaf.path)) ?? measured.get(key(leaf.physicalPath))
    if (column === undefined) continue
    const { nullCount } = column
    const [min, max] = isVariant ? [null, null] : [column.min, column.max]
    result.push({ path: leaf.physicalPath, type: leaf.type, min, max, nullCount })
  }
  return result
}

const isWithin = (path: readonly string[], name: string): boolean => {
  const dotted = path.join('.')
  return dotted === name || dotted.startsWith(`${name}.`)
}

function findNull(files: readonly WrittenFile[], target: WriteTarget): Error | null {
  const { location, metadata, schema } = target
  for (const field of schema.fields) {
    if (field.nullable) continue
    let count = 0
    for (const file of files) {
      if (metadata.partitionColumns.includes(field.name)) {
        if ((file.partitionValues[field.name] ?? null) === null) count += file.rowCount
      } else {
        const column = file.statistics.find((c) => c.path.length === 1 && c.path[0] === field.name)
        count += column?.nullCount ?? 0
      }
    }
    if (count > 0) return nullInRequired(location.uri, field.name, count)
  }
  return null
}

const codecs = ['snappy', 'none', 'zstd', 'gzip'] as const

function compressionOf(metadata: Metadata): (typeof codecs)[number] {
  const wanted = metadata.configuration['delta.parquet.compression.codec']?.toLowerCase()
  return codecs.find((codec) => codec === wanted || (codec === 'none' && wanted === 'uncompressed')) ?? 'snappy'
}

/** `delta.autoOptimize.optimizeWrite` */
const gathersPartitions = ({ configuration }: Metadata): boolean =>
  configuration['delta.autoOptimize.optimizeWrite']?.toLowerCase() === 'true'
