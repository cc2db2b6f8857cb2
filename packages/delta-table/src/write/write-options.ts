import type { TableProvider } from '@deltaworks/plan'
import type { Schema } from '@deltaworks/schema'

/** How far an application has come. */
export interface ApplicationVersion {
  readonly appId: string
  readonly version: number
}

/** What every write can say. */
export interface WriteOptions {
  /** `txn` actions of the commit: how far applications have come. A function is asked again when the rows are written. */
  readonly appTransactions?: readonly ApplicationVersion[] | (() => readonly ApplicationVersion[])
  /** Free text, kept in the commit and shown by history. A function is asked when the rows are written. */
  readonly userMetadata?: string | (() => string)
  /** Shown by history beside what the operation itself says. */
  readonly operationParameters?: Readonly<Record<string, string>>
  /** The clock of this write; default the system's. */
  readonly nowMs?: number
  readonly signal?: AbortSignal
  /** Size that data files are closed at; default the table's property, else 128 MiB. */
  readonly targetFileBytes?: number
  /** Attempts to run the operation again after a conflict; default 10. */
  readonly maxRetries?: number
  /**
   * Sees the rows that this write adds, read from the files that were written, before the commit names them. If it throws,
   * the files are deleted and nothing is committed (write, audit, publish).
   */
  readonly audit?: (rows: TableProvider) => Promise<void>
}

export const applicationVersions = ({ appTransactions = [] }: WriteOptions): readonly ApplicationVersion[] =>
  typeof appTransactions === 'function' ? appTransactions() : appTransactions

/** What a table that does not exist yet is made of. */
export interface TableDefinitionOptions {
  /** Default: the rows' schema. */
  readonly schema?: Schema
  readonly partitionBy?: readonly string[]
  /** Columns (dotted paths) that OPTIMIZE clusters the rows by; not with `partitionBy`. */
  readonly clusterBy?: readonly string[]
  readonly name?: string
  readonly description?: string | undefined
  /** Table properties (`delta.…` and others). */
  readonly properties?: Readonly<Record<string, string>>
}

export interface AppendOptions extends WriteOptions {
  /** Adds columns that the rows have and the table has not. */
  readonly mergeSchema?: boolean
  /**
   * If all `appTransactions` are in the table already, with these versions or later ones, the write is a repetition: nothing
   * is written.
   */
  readonly skipIfCommitted?: boolean
}

export const defaultTargetFileBytes = 128 * 1024 * 1024
