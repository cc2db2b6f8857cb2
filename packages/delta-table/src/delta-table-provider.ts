import { columnsOf, createPruningPredicate, type BoundExpression } from '@deltaworks/expression'
import {
  factsOf,
  fileKey,
  missingDataFile,
  readDeletedRows,
  resolveFile,
  type AddFile,
  type FileFacts,
  type Snapshot,
} from '@deltaworks/delta-log'
import type { FileSplit, ScanPlan, ScanRequest, TableProvider, TableStatistics, VirtualColumn } from '@deltaworks/plan'
import { field, int64, string, type Json, type Schema, type Value } from '@deltaworks/schema'
import { derivedFilters } from './derived-filters.js'
import { columnRanges } from './column-ranges.js'
import { FileStatisticsSource, partitionValuesOf, rowCountOf, visibleRowCount } from './file-statistics-source.js'

/** Columns that a scan can add behind those of the table, to tell where a row is. */
export const filePathColumn = '__file_path'
export const rowIndexColumn = '__row_index'
const originColumns = ['__base_row_id', '__default_row_commit_version'] as const
const places: Readonly<Record<string, VirtualColumn>> = { [filePathColumn]: 'file_path', [rowIndexColumn]: 'row_index' }

export interface ProviderOptions {
  /** Only these files; default all of the snapshot. */
  readonly files?: readonly AddFile[]
  /** Adds `__file_path` and `__row_index`. */
  readonly withPlaces?: boolean
  /** With places: adds the first row id and the row commit version of the row's file behind them. */
  readonly withOrigins?: boolean
  /** Rows to leave out of a file, ascending, instead of those of its deletion vector. */
  readonly deletedRows?: ReadonlyMap<AddFile, Uint32Array>
  readonly name?: string
}

/** A snapshot as the engine scans it: files that can hold matching rows, with everything that is special about them as data. */
export class DeltaTableProvider implements TableProvider {
  readonly name: string
  readonly schema: Schema
  readonly snapshot: Snapshot
  readonly #width: number
  /** null: all of the snapshot, of which none is made before it is needed. */
  readonly #subset: readonly AddFile[] | null
  readonly #deletedRows: ReadonlyMap<AddFile, Uint32Array>
  #statistics: TableStatistics | null = null

  constructor(snapshot: Snapshot, options: ProviderOptions = {}) {
    this.snapshot = snapshot
    this.name = options.name ?? snapshot.metadata.name ?? snapshot.location.uri
    this.#deletedRows = options.deletedRows ?? new Map()
    this.#subset = options.files ?? null
    this.#width = snapshot.schema.fields.length
    this.schema =
      options.withPlaces === true
        ? {
            fields: [
              ...snapshot.schema.fields,
              field(filePathColumn, string, false),
              field(rowIndexColumn, int64, false),
              ...(options.withOrigins === true ? originColumns.map((column) => field(column, int64)) : []),
            ],
          }
        : snapshot.schema
  }

  get files(): readonly AddFile[] {
    return this.#subset ?? [...this.snapshot.files.values()]
  }

  get fileCount(): number {
    return this.#subset?.length ?? this.snapshot.files.size
  }

  get statistics(): TableStatistics {
    if (this.#statistics === null) {
      let rowCount: number | null = 0
      let sizeBytes = 0
      const count = (facts: FileFacts): void => {
        const rows = visibleRowCount(facts)
        rowCount = rowCount === null || rows === null ? null : rowCount + rows
        sizeBytes += facts.sizeBytes
      }
      this.#forEachFacts(count)
      const columns = columnRanges(this.snapshot, this.fileCount, (use) => this.#forEachFacts(use))
      this.#statistics = { rowCount, sizeBytes, approximate: false, columns }
    }
    return this.#statistics
  }

  #forEachFacts(use: (facts: FileFacts) => void): void {
    if (this.#subset === null) this.snapshot.files.forEachFacts(use)
    else for (const file of this.#subset) use(factsOf(file))
  }

  async scan(request: ScanRequest): Promise<ScanPlan> {
    const kept = this.prune(request.filters)
    const splits: FileSplit[] = []
    // What the filters alone name is read as well.
    const needed = [...new Set([...request.projection, ...request.filters.flatMap((filter) => columnsOf(filter))])]
    for (const file of kept) {
      if (kept.length <= maxFilesLookedFor) await this.#requirePresent(file)
      const given = this.#deletedRows.get(file)
      const deletedRows = given ?? (file.deletionVector === null ? null : await this.#readDeletedRows(file))
      splits.push(this.#split(file, needed, deletedRows))
    }
    return { splits, filesTotal: this.fileCount, filesPruned: this.fileCount - kept.length }
  }

  /** Files that may hold a row that satisfies all filters (over positions of `schema`). */
  prune(filters: readonly BoundExpression[]): readonly AddFile[] {
    if (filters.length === 0) return this.files
    const predicate = createPruningPredicate([...filters, ...derivedFilters(this.snapshot, filters)])
    const source = new FileStatisticsSource(this.snapshot)
    const mayMatch = (facts: FileFacts): boolean => predicate.mayMatch(source.at(facts))
    return this.#subset === null
      ? this.snapshot.files.select(mayMatch)
      : this.#subset.filter((file) => mayMatch(factsOf(file)))
  }

  describe(): Json {
    const { location, version } = this.snapshot
    return {
      format: 'delta',
      uri: location.uri,
      version,
      ...(this.#subset !== null && { files: this.#subset.map((file) => file.path) }),
    }
  }

  #split(file: AddFile, needed: readonly number[], deletedRows: Uint32Array | null): FileSplit {
    const { location, columnMapping } = this.snapshot
    const resolved = resolveFile(location, file.path)
    const values = this.snapshot.partitionColumns.length === 0 ? null : partitionValuesOf(this.snapshot, file)
    const constants: Record<string, Value> = {}
    const virtualColumns: Record<string, VirtualColumn> = {}
    for (const index of needed) {
      const { name, type } = this.schema.fields[index]!
      if (values !== null && name in values) constants[name] = values[name]!
      // A void column is in no file.
      else if (type.kind === 'null') constants[name] = null
      else if (index < this.#width) continue
      else if (name === originColumns[0]) constants[name] = bigintOf(file.baseRowId)
      else if (name === originColumns[1]) constants[name] = bigintOf(file.defaultRowCommitVersion)
      else virtualColumns[name] = places[name]!
    }
    return {
      kind: 'file',
      store: resolved.store.uri,
      path: resolved.path,
      format: parquet,
      sizeBytes: file.sizeBytes,
      rowGroups: null,
      byteRange: null,
      rowCount: rowCountOf(file),
      constants,
      physicalNames: columnMapping.physicalNames,
      fieldIds: columnMapping.fieldIds,
      deletedRows,
      virtualColumns,
    }
  }

  /** Where asking costs next to nothing, a file that is gone is told before anything is read, as the table's fault. */
  async #requirePresent(file: AddFile): Promise<void> {
    const { store, path } = resolveFile(this.snapshot.location, file.path)
    if (store.uri.startsWith('file:') && !(await store.exists(path))) {
      throw missingDataFile(this.snapshot.location.uri, file.path)
    }
  }

  async #readDeletedRows(file: AddFile): Promise<Uint32Array | null> {
    let rows = deleted.get(file)
    if (rows === undefined) {
      rows = readDeletedRows(this.snapshot.location, file)
      deleted.set(file, rows)
      rows.catch(() => deleted.delete(file))
    }
    return rows
  }
}

/** Of more files the reading says what is missing. */
const maxFilesLookedFor = 1024

const bigintOf = (value: number | null): bigint | null => (value === null ? null : BigInt(value))

const parquet = { kind: 'parquet', options: null } as const
const deleted = new WeakMap<AddFile, Promise<Uint32Array | null>>()

/** The file of the snapshot that a value of `__file_path` means. */
export function filesByPath(snapshot: Snapshot, files: Iterable<AddFile>): ReadonlyMap<string, AddFile> {
  const result = new Map<string, AddFile>()
  for (const file of files) result.set(resolveFile(snapshot.location, file.path).path, file)
  return result
}

export const keysOf = (files: Iterable<AddFile>): ReadonlySet<string> =>
  new Set([...files].map((file) => fileKey(file)))
