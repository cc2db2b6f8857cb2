import type { BoundExpression } from '@deltaworks/expression'
import type { Json, Schema, Value } from '@deltaworks/schema'

/**
 * A table as the engine sees it: a schema, and for a predicate the splits that may hold its rows. The engine knows no Delta:
 * partition values, column mapping and deletion vectors reach it as the plain data of a `ScanSplit`.
 */
export interface TableProvider {
  /** What explain and errors call it. */
  readonly name: string
  readonly schema: Schema
  readonly statistics: TableStatistics
  /** May keep a split without matching rows, never drops one with. Runs on the driver; reads no data. */
  scan(request: ScanRequest): Promise<ScanPlan> | ScanPlan
  /** Identity for plan serialisation and lineage: what one needs to open the same table again. */
  describe(): Json
}

export interface TableStatistics {
  /** Exact unless `approximate`; null if not known without reading. */
  readonly rowCount: number | null
  readonly sizeBytes: number | null
  readonly approximate: boolean
  /** What is known of columns, by name: for guesses, and with `exact` for results. */
  readonly columns?: Readonly<Record<string, ColumnRange>>
}

/** The values of a column. Null bounds: not known, or no value at all. */
export interface ColumnRange {
  readonly min: Value
  readonly max: Value
  /** Null: not known. */
  readonly nullCount: number | null
  /** Whether the bounds are values that are there (bounds of texts may be cut). */
  readonly exact: boolean
}

export interface ScanRequest {
  /** Positions in the table's schema that will be read, in output order. */
  readonly projection: readonly number[]
  /** Conjuncts over the table's schema. */
  readonly filters: readonly BoundExpression[]
  readonly fetch: number | null
}

export interface ScanPlan {
  readonly splits: readonly ScanSplit[]
  /** For metrics: what was there, and what pruning left out. */
  readonly filesTotal: number
  readonly filesPruned: number
}

/** One unit of scanning: plain data, fit for `postMessage`. */
export type ScanSplit = FileSplit | SegmentSplit | RowsSplit

export interface FileSplit {
  readonly kind: 'file'
  /** URI of the store (`ObjectStore.uri`), from which a worker opens its own. */
  readonly store: string
  readonly path: string
  readonly format: FileFormat
  readonly sizeBytes: number
  /** Parquet: row groups [first, end) to read; null: all. */
  readonly rowGroups: { readonly first: number; readonly end: number } | null
  /** CSV, JSON lines: rows that start in [start, end); null: the whole file. */
  readonly byteRange: { readonly start: number; readonly end: number } | null
  readonly rowCount: number | null
  /** Columns of the table that are not in the file but have one value in it (partition values). By logical name. */
  readonly constants: Readonly<Record<string, Value>>
  /** Logical name → name in the file, where they differ (column mapping by name). */
  readonly physicalNames: Readonly<Record<string, string>> | null
  /** Logical name → Parquet field id (column mapping by id). */
  readonly fieldIds: Readonly<Record<string, number>> | null
  /** Ascending row indexes of the file that do not exist any more (deletion vector). */
  readonly deletedRows: Uint32Array | null
  /** Columns that the scan makes itself, by logical name. */
  readonly virtualColumns: Readonly<Record<string, VirtualColumn>>
  /** Where the scan puts what it has read, as a hash. */
  readonly digestSlot?: DigestSlot | undefined
}

/** Shared memory for the SHA-256 (32 bytes) of a file's content. It stays zero where a scan never has the whole file in memory. */
export interface DigestSlot {
  readonly memory: SharedArrayBuffer
  /** Which of the hashes in it. */
  readonly index: number
}

/** `file_path` string, as in `FileSplit.path`; `line` int64, 1-based physical line where the row starts (CSV, JSON);
 * `row_index` int64, 0-based in the file; `byte_offset` int64 of the row's start; `raw_record` string, the row's text if it is
 * malformed, else null; `corrupt_reason` string, why it is malformed, else null. */
export type VirtualColumn = 'file_path' | 'line' | 'row_index' | 'byte_offset' | 'raw_record' | 'corrupt_reason'

/** `options` are those of the format's reader (`CsvReadOptions` of formats, say) as JSON. */
export interface FileFormat {
  readonly kind: 'parquet' | 'csv' | 'json' | 'arrow' | 'avro'
  readonly options: Json
}

/** Rows in memory: a segment of columnar (`writeSegment`), and which of its batches. */
export interface SegmentSplit {
  readonly kind: 'segment'
  readonly segment: SharedArrayBuffer
  readonly rowCount: number
}

/** A few rows as plain values (`memoryTable`); the reader turns them into batches (`batchFromRows`). */
export interface RowsSplit {
  readonly kind: 'rows'
  /** In the order of the table's schema. */
  readonly rows: readonly (readonly Value[])[]
  readonly rowCount: number
}
