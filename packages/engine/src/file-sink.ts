import type { ParquetCompression } from '@deltaworks/formats'
import type { Value } from '@deltaworks/schema'
import type { QueryMetrics } from './metrics.js'

/** Where a query's rows are written as Parquet files. Plain data: it is posted to workers. */
export interface FileSink {
  /** `ObjectStore.uri` */
  readonly store: string
  /** Folder in the store under which files are put; '' is the store's root. */
  readonly directory: string
  /** Columns whose values name folders (`name=value/`) instead of being stored in the files. */
  readonly partitionBy: readonly string[]
  /** The files hold the partition columns too, behind the others. Default false. */
  readonly keepsPartitionColumns?: boolean
  /** Rows of a partition are brought together before they are written: fewer files, for one exchange. Default false. */
  readonly gathersPartitions?: boolean
  readonly compression: ParquetCompression
  /** A file is ended when it is about this large. */
  readonly targetFileBytes: number
  readonly physicalNames?: Readonly<Record<string, string>>
  /** How variants are stored; default `text`. */
  readonly variants?: 'text' | 'binary'
  readonly fieldIds?: Readonly<Record<string, number>>
  /** Files stand in folders of so many random letters and digits, and in none of their partitions. */
  readonly randomPrefixLength?: number
  /** Of values that are not in a dictionary; default `auto`. */
  readonly encoding?: 'auto' | 'plain'
  /** Version of the data pages; default 1. */
  readonly pageVersion?: 1 | 2
}

export interface WrittenFile {
  /** In the store, with the sink's directory. Folder names are escaped as Hive does; not URL-encoded. */
  readonly path: string
  readonly sizeBytes: number
  readonly rowCount: number
  readonly partitionValues: Readonly<Record<string, Value>>
  /** One a leaf column, exact, logical values; a bound is null if it is not known. */
  readonly statistics: readonly {
    readonly path: readonly string[]
    readonly min: Value
    readonly max: Value
    readonly nullCount: number
  }[]
  /** Which output of a split it belongs to. */
  readonly output?: number
}

export interface WriteResult {
  readonly files: readonly WrittenFile[]
  readonly rowCount: number
  readonly metrics: QueryMetrics
}
