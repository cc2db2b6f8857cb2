import type { Arena, Column, SelectionVector } from '@deltaworks/columnar'
import type { BoundExpression } from '@deltaworks/expression'
import type { Schema, Value } from '@deltaworks/schema'
import type { ObjectStore } from '@deltaworks/storage'
import type { FooterCache } from './parquet/footer-cache.js'

/**
 * What a scan makes itself instead of reading it from the file. `file_path` string, as `FileScan.path`; `line` int64, the
 * 1-based physical line where the row starts (CSV, JSON; items of an array that share one count on from it); `row_index` int64, 0-based in the file; `byte_offset` int64 of the
 * row's start; `raw_record` string, the row's text if it is malformed, else null; `corrupt_reason` string, why it is
 * malformed, else null.
 */
export type VirtualColumn = 'file_path' | 'line' | 'row_index' | 'byte_offset' | 'raw_record' | 'corrupt_reason'

/** Which rows whoever scans has a use for, told by some columns: the keys of a join, say. */
export interface RowSelector {
  /** Positions in the schema of what is scanned. */
  readonly columns: readonly number[]
  /**
   * Numbers of the rows that are wanted, ascending; null: all of them, or it is not worth finding out.
   * @param columns those of `RowSelector.columns`, `rowCount` rows
   */
  choose(arena: Arena, columns: readonly Column[], rowCount: number): SelectionVector | null
}

/** One file, or a part of it, and how its rows become rows of `schema`. */
export interface FileScan {
  readonly store: ObjectStore
  readonly path: string
  readonly sizeBytes: number
  /** Columns wanted: logical names and types in output order, constants and virtual columns among them. */
  readonly schema: Schema
  /** Columns with one value in the whole file (partition values), by logical name. */
  readonly constants: Readonly<Record<string, Value>>
  /** Logical name → name in the file, where they differ; members of structs by dotted logical path. */
  readonly physicalNames: Readonly<Record<string, string>> | null
  /** Logical name (dotted path of a member) → Parquet field id. */
  readonly fieldIds: Readonly<Record<string, number>> | null
  /** Logical name → what the scan puts there. */
  readonly virtualColumns: Readonly<Record<string, VirtualColumn>>
  /** Parquet: row groups [first, end); null: all. */
  readonly rowGroups: { readonly first: number; readonly end: number } | null
  /** CSV, JSON lines: rows that start in [start, end); null: the whole file. */
  readonly byteRange: { readonly start: number; readonly end: number } | null
  /** Ascending row indexes of the file that are left out (a deletion vector). */
  readonly deletedRows: Uint32Array | null
  /** Conjuncts over `schema`, for pruning only: what they do not match may still come out. */
  readonly filters: readonly BoundExpression[]
  /** Parquet: rows that one of these does not choose may be left out. */
  readonly selectors?: readonly RowSelector[]
  /** 32 bytes that get the SHA-256 of the file's content, if the scan has all of it in memory at once. */
  readonly digest?: Uint8Array | undefined
  /** Rows a batch at most; default `targetBatchRows`. */
  readonly batchRows?: number
  /** Parquet: footers that other scans of parts of the same files have read. */
  readonly footers?: FooterCache
}

/** Counters that a scan adds to. */
export interface ScanMetrics {
  /** Read from the store, footers included. */
  bytesRead: number
  filesRead: number
  rowGroupsTotal: number
  /** Row groups left out, by whatever means; and by each of them. */
  rowGroupsPruned: number
  rowGroupsPrunedByStatistics: number
  rowGroupsPrunedByBloomFilter: number
  rowGroupsPrunedByDictionary: number
  rowGroupsPrunedByPageIndex: number
  /** Pages of columns with an offset index in row groups that were read in part; and those of them that were not read. */
  pagesTotal: number
  pagesPruned: number
  /** Rows left out by bounds of pages. */
  rowsPrunedByPageIndex: number
  /** Rows left out because the columns that filters look at, decoded first, did not match. */
  rowsPrunedLate: number
  /** Rows that came out. */
  rowsScanned: number
  /** Rows left out because `deletedRows` names them. */
  rowsDeleted: number
  malformedRows: number
}

export const scanMetrics = (): ScanMetrics => ({
  bytesRead: 0,
  filesRead: 0,
  rowGroupsTotal: 0,
  rowGroupsPruned: 0,
  rowGroupsPrunedByStatistics: 0,
  rowGroupsPrunedByBloomFilter: 0,
  rowGroupsPrunedByDictionary: 0,
  rowGroupsPrunedByPageIndex: 0,
  pagesTotal: 0,
  pagesPruned: 0,
  rowsPrunedByPageIndex: 0,
  rowsPrunedLate: 0,
  rowsScanned: 0,
  rowsDeleted: 0,
  malformedRows: 0,
})

/** A scan of a whole file without pruning, renaming or additions; override what differs. */
export const fileScan = (
  required: Pick<FileScan, 'store' | 'path' | 'sizeBytes' | 'schema'> & Partial<FileScan>,
): FileScan => ({
  constants: {},
  physicalNames: null,
  fieldIds: null,
  virtualColumns: {},
  rowGroups: null,
  byteRange: null,
  deletedRows: null,
  filters: [],
  ...required,
})
