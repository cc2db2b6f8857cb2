import {
  cleanLog,
  compactLog,
  listLog,
  managedLocation,
  missingDataFile,
  notADeltaTable,
  readHistory,
  readSnapshot,
  tableLocation,
  writeCheckpoint,
  type CheckpointOptions,
  type CheckpointResult,
  type CommitCatalog,
  type HistoryEntry,
  type LogCleanUp,
  type Snapshot,
  type TableLocation,
} from '@deltaworks/delta-log'
import type { LogicalPlan, TableProvider } from '@deltaworks/plan'
import { objectNotFoundCode } from '@deltaworks/storage'
import type { Field, Schema } from '@deltaworks/schema'
import { changesOf, type ChangesRange } from './changes.js'
import { DeltaTableProvider } from './delta-table-provider.js'
import { operationContext, type OperationContext, type OperationResult } from './operation-context.js'
import { alterClustering } from './operations/alter/cluster-by.js'
import { addConstraint, dropConstraint, type DropConstraintOptions } from './operations/alter/constraints.js'
import { addColumns, alterColumn, dropColumns, placedTogether, renameColumn } from './operations/alter/columns.js'
import type { AddColumnOptions, ColumnChange, PlacedColumn } from './operations/alter/columns.js'
import { dropFeature, type DropFeatureOptions } from './operations/alter/drop-feature.js'
import { syncIdentity } from './operations/alter/sync-identity.js'
import { cloneTable, type CloneOptions } from './operations/clone.js'
import { convertToDelta, type ConvertOptions } from './operations/convert.js'
import { checkTable, repairTable, type FsckOptions, type FsckResult } from './operations/fsck.js'
import { generateManifest, keepsManifests, type ManifestResult } from './operations/manifest.js'
import { nextBatch, type StreamBatch, type StreamOffset, type StreamSourceOptions } from './streaming/stream-source.js'
import { setDomainMetadata } from './operations/alter/domain-metadata.js'
import { setProperties, unsetProperties } from './operations/alter/properties.js'
import { appendRows } from './operations/append.js'
import { compactAfterWrite } from './operations/auto-compact.js'
import { createTable, type CreateOptions } from './operations/create.js'
import { deleteRows } from './operations/delete.js'
import type { MergeOptions } from './operations/merge/merge-options.js'
import { mergeRows } from './operations/merge/merge.js'
import {
  optimizeTable,
  planOptimize,
  purgeTable,
  type OptimizeOptions,
  type PurgeOptions,
} from './operations/optimize.js'
import { estimateOptimize, scannedBytes, type OptimizeEstimate } from './operations/optimize-estimate.js'
import { overwriteRows, type OverwriteOptions } from './operations/overwrite.js'
import { replaceTable } from './operations/replace.js'
import { restoreTable, type RestoreTarget } from './operations/restore.js'
import { updateRows, type Assignments } from './operations/update.js'
import { checkRetention, vacuumTable, type VacuumOptions, type VacuumResult } from './operations/vacuum/vacuum.js'
import type { Condition } from './predicates.js'
import { rowsWithIds } from './tracked-rows.js'
import { tableDetail, type TableDetail } from './table-detail.js'
import type { Rows, TableSession } from './table-session.js'
import { emptyReport, type WriteReport } from './write-report.js'
import type { AppendOptions, WriteOptions } from './write/write-options.js'

export interface OpenOptions {
  readonly version?: number
  /** The last version committed at or before this time. */
  readonly timestampMs?: number
  /** The catalog that manages the table, if one does. */
  readonly catalog?: CommitCatalog
}

/** Where a new table goes. */
export interface PlaceOptions {
  /** The catalog that is to manage the table: its protocol then has the feature `catalogManaged`. */
  readonly catalog?: CommitCatalog
}

/** What the protocol asks of a table that a catalog manages. */
const managedProperties = { 'delta.feature.catalogManaged': 'supported', 'delta.enableInCommitTimestamps': 'true' }

const definedFor = <T extends CreateOptions & PlaceOptions>(options: T): T =>
  options.catalog === undefined ? options : { ...options, properties: { ...managedProperties, ...options.properties } }

const placeOf = (uri: string, { catalog }: PlaceOptions): TableLocation =>
  catalog === undefined ? tableLocation(uri) : managedLocation(tableLocation(uri), catalog)

/**
 * A Delta table at one version. Verbs that change the table return it at the version that they made (the same table if there
 * was nothing to do); this one stays what it is.
 */
export class DeltaTable {
  readonly #context: OperationContext
  readonly snapshot: Snapshot
  /** What the verb did that returned this table. */
  readonly lastWrite: WriteReport

  private constructor(context: OperationContext, snapshot: Snapshot, lastWrite: WriteReport = emptyReport) {
    this.#context = context
    this.snapshot = snapshot
    this.lastWrite = lastWrite
  }

  /** @throws DeltaError DW-DELTA-0001 … 0009 */
  static async open(session: TableSession, uri: string, options: OpenOptions = {}): Promise<DeltaTable> {
    const context = operationContext(session, placeOf(uri, options))
    return new DeltaTable(context, await readSnapshot(context.location, context.parquet, options))
  }

  /** The table at its latest version, or null if there is none at this place. */
  static async openIfExists(session: TableSession, uri: string): Promise<DeltaTable | null> {
    try {
      return await DeltaTable.open(session, uri)
    } catch (error) {
      if ((error as { code?: string }).code === notADeltaTable('').code) return null
      throw error
    }
  }

  static async exists(uri: string): Promise<boolean> {
    const location = tableLocation(uri)
    const listing = await listLog(location)
    return listing.commits.length > 0 || listing.checkpoints.length > 0
  }

  /** Makes an empty table. @throws DeltaTableError DW-TABLE-0011 */
  static async create(
    session: TableSession,
    uri: string,
    options: CreateOptions & PlaceOptions & { readonly schema: Schema },
  ): Promise<DeltaTable> {
    const context = operationContext(session, placeOf(uri, options))
    const { snapshot, report } = await createTable(context, null, definedFor(options))
    return new DeltaTable(context, snapshot, report)
  }

  /** Makes a table with its first rows, in one commit. @throws DeltaTableError DW-TABLE-0011 */
  static async createWith(
    session: TableSession,
    uri: string,
    rows: Rows,
    options: CreateOptions & PlaceOptions = {},
  ): Promise<DeltaTable> {
    const context = operationContext(session, placeOf(uri, options))
    const { snapshot, report } = await createTable(context, rows, definedFor(options))
    return new DeltaTable(context, snapshot, report)
  }

  /** The rows take the place of the table's, or make the table. */
  static async createOrOverwrite(
    session: TableSession,
    uri: string,
    rows: Rows,
    options: CreateOptions & OverwriteOptions = {},
  ): Promise<DeltaTable> {
    const table = await DeltaTable.openIfExists(session, uri)
    return table === null ? DeltaTable.createWith(session, uri, rows, options) : table.overwrite(rows, options)
  }

  /**
   * CONVERT TO DELTA: gives a folder of Parquet files a log; no file is written again.
   * @throws DeltaTableError DW-TABLE-0011, 0021
   */
  static async convert(session: TableSession, uri: string, options: ConvertOptions = {}): Promise<DeltaTable> {
    const context = operationContext(session, tableLocation(uri))
    const { snapshot, report } = await convertToDelta(context, options)
    return new DeltaTable(context, snapshot, report)
  }

  /** Makes a table at another place that is what this version is, with the same files (shallow) or copies of them (deep). */
  async cloneTo(uri: string, options: CloneOptions = {}): Promise<DeltaTable> {
    const context = operationContext(this.#context.session, tableLocation(uri))
    const { snapshot, report } = await cloneTable(context, this.snapshot, options)
    return new DeltaTable(context, snapshot, report)
  }

  get location(): TableLocation {
    return this.snapshot.location
  }
  get uri(): string {
    return this.snapshot.location.uri
  }
  get version(): number {
    return this.snapshot.version
  }
  get schema(): Schema {
    return this.snapshot.schema
  }
  get partitionColumns(): readonly string[] {
    return this.snapshot.partitionColumns
  }
  /** When the version was committed. */
  get timestampMs(): number {
    return this.snapshot.timestampMs
  }
  /** How far applications have come with their writes. */
  get appTransactions(): ReadonlyMap<string, number> {
    return new Map([...this.snapshot.appTransactions].map(([appId, { version }]) => [appId, version]))
  }

  /** The table as the engine scans it. */
  provider(options: { readonly name?: string } = {}): TableProvider {
    return new DeltaTableProvider(this.snapshot, options)
  }

  /**
   * The rows with `_row_id` and `_row_commit_version` behind the table's columns: which row it is, whatever file it is in, and the
   * version that last changed it. Null without row tracking.
   */
  rowsWithIds(): LogicalPlan {
    return rowsWithIds(this.snapshot)
  }

  /** The table at its latest version; reads only commits that are new. */
  async refresh(): Promise<DeltaTable> {
    const snapshot = await readSnapshot(this.location, this.#context.parquet, { previous: this.snapshot })
    return snapshot === this.snapshot ? this : new DeltaTable(this.#context, snapshot)
  }

  async at(options: OpenOptions): Promise<DeltaTable> {
    return new DeltaTable(this.#context, await readSnapshot(this.location, this.#context.parquet, options))
  }

  append(rows: Rows, options: AppendOptions = {}): Promise<DeltaTable> {
    return this.#afterWrite(options.nowMs, appendRows(this.#context, this.snapshot, rows, options))
  }

  /** Replaces all rows, those that satisfy `replaceWhere` or match a new row, or the partitions that the rows touch. */
  overwrite(rows: Rows, options: OverwriteOptions = {}): Promise<DeltaTable> {
    return this.#afterWrite(options.nowMs, overwriteRows(this.#context, this.snapshot, rows, options))
  }

  /** REPLACE TABLE: another definition and other rows (null: none) in one commit; id and history stay. */
  replace(rows: Rows | null, options: CreateOptions = {}): Promise<DeltaTable> {
    return this.#after(replaceTable(this.#context, this.snapshot, rows, options))
  }

  merge(options: MergeOptions): Promise<DeltaTable> {
    return this.#afterWrite(options.nowMs, mergeRows(this.#context, this.snapshot, options))
  }

  /** @param condition null: all rows */
  delete(condition: Condition | null, options: WriteOptions = {}): Promise<DeltaTable> {
    return this.#afterWrite(options.nowMs, deleteRows(this.#context, this.snapshot, condition, options))
  }

  /** @param condition null: all rows */
  update(set: Assignments, condition: Condition | null, options: WriteOptions = {}): Promise<DeltaTable> {
    return this.#afterWrite(options.nowMs, updateRows(this.#context, this.snapshot, set, condition, options))
  }

  /** Packs small files; with `zorderBy`, clusters rows. */
  optimize(options: OptimizeOptions = {}): Promise<DeltaTable> {
    return this.#after(optimizeTable(this.#context, this.snapshot, options))
  }

  /** What `optimize` would do with the same options, and what queries for one value of each filter column would save. */
  estimateOptimize(options: OptimizeOptions = {}, filterColumns: readonly string[] = []): OptimizeEstimate {
    return estimateOptimize(this.snapshot, planOptimize(this.uri, this.snapshot, options), filterColumns)
  }

  /** Bytes of the files that a query for one value of a column opens, on average over the columns; null: not known. */
  scannedBytes(columns: readonly string[]): number | null {
    return scannedBytes(this.snapshot, columns)
  }

  /** Bytes of files that a run of `optimize({ zorderBy })` has not put in the order of these columns. */
  unorderedBytes(zorderBy: readonly string[]): number {
    const wanted = JSON.stringify(zorderBy)
    let bytes = 0
    for (const { tags, sizeBytes } of this.snapshot.files.values()) {
      if (tags?.['ZCUBE_ZORDER_BY'] !== wanted) bytes += sizeBytes
    }
    return bytes
  }

  /** Commits that a reader has to read behind the last checkpoint. */
  async commitsSinceCheckpoint(): Promise<number> {
    const { checkpoints } = await listLog(this.location)
    return this.version - (checkpoints.findLast(({ version }) => version <= this.version)?.version ?? -1)
  }

  /**
   * A plan for the rows that were inserted, updated (before and after) and deleted in a range of versions, with
   * `_change_type`, `_commit_version` and `_commit_timestamp` behind the table's columns.
   * @throws DeltaTableError DW-TABLE-0014, 0015
   */
  changes(range: ChangesRange): Promise<LogicalPlan> {
    return changesOf(this.#context, this.snapshot, range)
  }

  /** Writes files with deletion vectors again, without the deleted rows. */
  purge(options: PurgeOptions = {}): Promise<DeltaTable> {
    return this.#after(purgeTable(this.#context, this.snapshot, options))
  }

  /**
   * A CHECK constraint, as SQL over the table's columns; rows that are there must satisfy it.
   * @throws DeltaTableError DW-TABLE-0016, 0017, 0020
   */
  addConstraint(name: string, expression: string, options: WriteOptions = {}): Promise<DeltaTable> {
    return this.#after(addConstraint(this.#context, this.snapshot, name, expression, options))
  }

  /** @throws DeltaTableError DW-TABLE-0020 */
  dropConstraint(name: string, options: DropConstraintOptions = {}): Promise<DeltaTable> {
    return this.#after(dropConstraint(this.#context, this.snapshot, name, options))
  }

  /** Sets table properties; the protocol is raised where one needs it. `delta.feature.NAME` = `supported` adds a feature. */
  setProperties(properties: Readonly<Record<string, string>>, options: WriteOptions = {}): Promise<DeltaTable> {
    return this.#after(setProperties(this.#context, this.snapshot, properties, options))
  }

  unsetProperties(keys: readonly string[], options: WriteOptions & { ifExists?: boolean } = {}): Promise<DeltaTable> {
    return this.#after(unsetProperties(this.#context, this.snapshot, keys, options))
  }

  /** Adds nullable columns, null in the rows that are there. */
  addColumns(columns: readonly Field[], options: AddColumnOptions = {}): Promise<DeltaTable> {
    return this.addPlacedColumns(placedTogether(columns, options), options)
  }

  /** As `addColumns`, each column at a place of its own. */
  addPlacedColumns(columns: readonly PlacedColumn[], options: WriteOptions = {}): Promise<DeltaTable> {
    return this.#after(addColumns(this.#context, this.snapshot, columns, options))
  }

  /** Gives a column (dotted path) another name; needs column mapping, and writes no file again. */
  renameColumn(from: string, to: string, options: WriteOptions = {}): Promise<DeltaTable> {
    return this.#after(renameColumn(this.#context, this.snapshot, from, to, options))
  }

  /** Takes columns (dotted paths) away; needs column mapping, and writes no file again. */
  dropColumns(columns: readonly string[], options: WriteOptions = {}): Promise<DeltaTable> {
    return this.#after(dropColumns(this.#context, this.snapshot, columns, options))
  }

  /** Changes type (widening), nullability, comment, default or place of a column (dotted path). */
  alterColumn(column: string, change: ColumnChange, options: WriteOptions = {}): Promise<DeltaTable> {
    return this.#after(alterColumn(this.#context, this.snapshot, column, change, options))
  }

  /** Configuration of the domains of metadata that others keep in the table. */
  get domainMetadata(): ReadonlyMap<string, string> {
    return new Map([...this.snapshot.domains.values()].map(({ domain, configuration }) => [domain, configuration]))
  }

  /** @param configuration null removes it */
  setDomainMetadata(domain: string, configuration: string | null, options: WriteOptions = {}): Promise<DeltaTable> {
    return this.#after(setDomainMetadata(this.#context, this.snapshot, domain, configuration, options))
  }

  /** Columns (dotted paths) by which OPTIMIZE clusters the rows; none ends it. */
  clusterBy(columns: readonly string[], options: WriteOptions = {}): Promise<DeltaTable> {
    return this.#after(alterClustering(this.#context, this.snapshot, columns, options))
  }

  /** Moves the mark of an identity column behind all values that are there. */
  syncIdentity(column: string, options: WriteOptions = {}): Promise<DeltaTable> {
    return this.#after(syncIdentity(this.#context, this.snapshot, column, options))
  }

  /** Takes a feature out of the protocol, and before that what uses it. @throws DeltaTableError DW-TABLE-0020 */
  dropFeature(name: string, options: DropFeatureOptions = {}): Promise<DeltaTable> {
    return this.#after(dropFeature(this.#context, this.snapshot, name, options))
  }

  /** GENERATE symlink_format_manifest, for readers that know Parquet but no Delta. */
  generateManifest(): Promise<ManifestResult> {
    return generateManifest(this.snapshot)
  }

  /** Looks whether every file of the version is there and is what the log says. Changes nothing. */
  check(options: FsckOptions = {}): Promise<FsckResult> {
    return checkTable(this.snapshot, options)
  }

  /** Takes files out of the table that cannot be read any more (FSCK REPAIR TABLE). */
  repair(options: WriteOptions & FsckOptions = {}): Promise<DeltaTable> {
    return this.#after(repairTable(this.#context, this.snapshot, options))
  }

  /** Writes the compaction of commits `first` to `last` into the log. @returns its path */
  compactLog(first: number, last: number): Promise<string> {
    return compactLog(this.location, first, last)
  }

  /** Deletes what is beyond the log's retention, as every checkpoint does. */
  cleanLog(nowMs: number = Date.now()): Promise<LogCleanUp> {
    return cleanLog(this.snapshot, this.#context.parquet, nowMs)
  }

  /**
   * The rows that are new behind an offset, as one micro-batch; null: none are. The same offset gives the same batch.
   * @param offset null: the stream begins, where `options.from` says
   * @param until the offset that the batch ends at, if that has been decided already
   * @throws DeltaTableError DW-TABLE-0022
   */
  nextBatch(
    offset: StreamOffset | null,
    options: StreamSourceOptions = {},
    until: StreamOffset | null = null,
  ): Promise<StreamBatch | null> {
    return nextBatch(this.#context, this.snapshot, offset, options, until)
  }

  restore(target: RestoreTarget, options: WriteOptions = {}): Promise<DeltaTable> {
    return this.#after(restoreTable(this.#context, this.snapshot, target, options))
  }

  /** What `vacuum` says of a retention before it does anything. @throws DeltaTableError DW-TABLE-0009 */
  checkRetention(retentionMs: number): void {
    checkRetention(this.uri, this.snapshot, retentionMs)
  }

  /** Deletes files that no version within the retention needs. The table itself does not change. */
  async vacuum(options: VacuumOptions = {}): Promise<VacuumResult> {
    const latest = await this.refresh()
    return vacuumTable(this.#context, latest.snapshot, options)
  }

  /** The commits, newest first. */
  history(limit?: number): Promise<readonly HistoryEntry[]> {
    return readHistory(this.location, limit)
  }

  detail(): TableDetail {
    return tableDetail(this.snapshot)
  }

  /** An error of reading this table's rows in the table's words: a data file that is named by the log but not there. */
  explainReadError(error: unknown): unknown {
    const { code, details } = error as { readonly code?: unknown; readonly details?: { readonly path?: unknown } }
    if (code !== objectNotFoundCode || typeof details?.path !== 'string') return error
    return missingDataFile(this.uri, details.path, error)
  }

  checkpoint(nowMs: number = Date.now(), options: CheckpointOptions = {}): Promise<CheckpointResult> {
    return writeCheckpoint(this.snapshot, this.#context.parquet, nowMs, options)
  }

  /** As `#after`; where the table asks for it, small files are packed then. */
  async #afterWrite(nowMs: number | undefined, operation: Promise<OperationResult | null>): Promise<DeltaTable> {
    const written = await operation
    if (written === null) return this.#after(operation)
    const compacted = await compactAfterWrite(this.#context, written.snapshot, nowMs)
    return this.#after(Promise.resolve(compacted === null ? written : { ...compacted, report: written.report }))
  }

  async #after(operation: Promise<OperationResult | null>): Promise<DeltaTable> {
    const result = await operation
    if (result !== null && keepsManifests(result.snapshot)) await generateManifest(result.snapshot)
    return result === null
      ? new DeltaTable(this.#context, this.snapshot)
      : new DeltaTable(this.#context, result.snapshot, result.report)
  }
}
