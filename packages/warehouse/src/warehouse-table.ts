import type { Heap, RecordBatch } from '@deltaworks/columnar'
import type { Schema, Value } from '@deltaworks/schema'

/** A table of the lake, at one version, as it is to be in a warehouse. */
export interface WarehouseTable {
  readonly name: string
  readonly schema: Schema
  /** Which table it is (the Delta table's id and location): a load of another one is never taken for this one. */
  readonly identity: string
  readonly deltaVersion: number
  readonly source: TableSource
  /** What the lake counts; null: only loaded, not reconciled. */
  readonly expected: TableTotals | null
  readonly primaryKey: readonly string[]
  readonly foreignKeys: readonly ForeignKey[]
  readonly comment: string | null
  /** Other names under which it is published (views). */
  readonly aliases: readonly string[]
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
  /** Columns with one value in the whole file that are not in it (partition values), by logical name. */
  readonly constants: Readonly<Record<string, Value>>
}

export interface Batches {
  readonly kind: 'batches'
  readonly heap: Heap
  /** Each batch is read before the next one is asked for. */
  readonly batches: () => AsyncIterable<RecordBatch>
}

/** Totals of a table, for both sides of a reconciliation. */
export interface TableTotals {
  readonly rowCount: number
  readonly columns: Readonly<Record<string, ColumnTotals>>
}

/**
 * Null (or absent): not compared. Values are of the column's type; sums of integers are bigints, of decimals the unscaled
 * bigint at the column's scale, of floats numbers.
 */
export interface ColumnTotals {
  readonly nullCount?: number | null
  readonly sum?: Value
  readonly min?: Value
  readonly max?: Value
}
