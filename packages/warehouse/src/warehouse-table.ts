import type { Heap, RecordBatch } from '@deltaworks/columnar'
import type { Schema, Value } from '@deltaworks/schema'
import type { ParquetSink, StagedFile } from './stage-area.js'
import type { TableLayout } from './table-layout.js'
import type { TableProbe } from './table-probe.js'

/** A table of the lake, at one version, as it is to be in a warehouse. */
export interface WarehouseTable {
  readonly name: string
  readonly schema: Schema
  /** Which table it is (the Delta table's id and location): a load of another one is never taken for this one. */
  readonly identity: string
  readonly deltaVersion: number
  readonly source: TableSource
  /** What the lake counts; null: only loaded, not reconciled (unless there is a `lake` to ask). */
  readonly expected: TableTotals | null
  readonly primaryKey: readonly string[]
  readonly foreignKeys: readonly ForeignKey[]
  readonly comment: string | null
  /** Other names under which it is published (views). */
  readonly aliases: readonly string[]
  readonly layout?: TableLayout
  /** Columns by which the lake keeps the rows apart: a mismatch is told by these first. */
  readonly partitionBy?: readonly string[]
  /** What is known of columns' values, by name: lengths of VARCHAR and encodings are chosen by it. */
  readonly profile?: TableProfile
  /** Finds the profile out; asked only for versions that are not loaded yet. */
  readonly findProfile?: () => Promise<TableProfile>
  /** Asks the lake: totals where `expected` is null, and where the difference is when a total differs. */
  readonly lake?: TableProbe
  /** The rows themselves, for warehouses that cannot read `source` where it is. Absent: `source` is batches. */
  readonly rows?: () => Batches
  /** What has changed since a version; null: it cannot be told, and the table is loaded whole. */
  readonly changes?: (sinceVersion: number) => Promise<TableChanges | null>
}

/** Net changes between two versions, by primary key: no key is in both parts, none twice in one. */
export interface TableChanges {
  /** Rows that are new or have other values. */
  readonly upserts: Batches
  /** Primary keys (those columns only) of rows that are gone; null: none. */
  readonly deletes: Batches | null
  /** Whether `upserts` are all new rows, so that nothing need be deleted first. */
  readonly insertsOnly: boolean
}

/** By column. */
export type TableProfile = Readonly<Record<string, ColumnProfile>>

/** Facts of a column's values at this version. */
export interface ColumnProfile {
  /** Longest value, bytes of UTF-8. */
  readonly maxBytes?: number
  /** About how many different values there are. */
  readonly distinct?: number
  readonly rowCount?: number
}

/** Informational: recorded as comments, and the order of loading. */
export interface ForeignKey {
  readonly columns: readonly string[]
  readonly table: string
  readonly references: readonly string[]
}

/** Where rows come from: Parquet files that the warehouse can read itself, or batches of ours. */
export type TableSource = ParquetFiles | Batches

/** Only for files without deleted rows; a table with deletion vectors comes as `batches`. */
export interface ParquetFiles {
  readonly kind: 'parquet'
  readonly files: readonly ParquetSource[]
  /** Logical name → name in the files, where they differ. */
  readonly physicalNames: Readonly<Record<string, string>> | null
}
export interface ParquetSource {
  /** An absolute path, or a file: URI. */
  readonly location: string
  readonly sizeBytes: number
  /** Columns with one value in the whole file that are not in it (partition values), by logical name. */
  readonly constants: Readonly<Record<string, Value>>
}

export interface Batches {
  readonly kind: 'batches'
  readonly heap: Heap
  /** Each batch is read before the next one is asked for. */
  readonly batches: () => AsyncIterable<RecordBatch>
  /** Writes all rows as Parquet files, on many threads. Absent: a warehouse that needs files makes them of `batches`. */
  readonly writeFiles?: (sink: ParquetSink) => Promise<readonly StagedFile[]>
}

/** Totals of a table, for both sides of a reconciliation. */
export interface TableTotals {
  readonly rowCount: number
  /** Of whole rows, whatever their order; null or absent: not compared. */
  readonly rowChecksum?: bigint | null
  readonly columns: Readonly<Record<string, ColumnTotals>>
}

/**
 * Null (or absent): not compared. Values are of the column's type; sums of integers are bigints, of decimals the unscaled
 * bigint at the column's scale, of floats numbers. The checksum does not depend on the order of rows (`checksum.ts`).
 */
export interface ColumnTotals {
  readonly nullCount?: number | null
  readonly sum?: Value
  readonly min?: Value
  readonly max?: Value
  readonly checksum?: bigint | null
}
