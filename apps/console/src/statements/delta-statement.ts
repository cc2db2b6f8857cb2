import type { DataType, Field } from '@deltaworks/schema'
import type { TableName } from './token-reader.js'

/* What Spark's statements about Delta tables say. Expressions, predicates and queries are SQL texts. */

export type TimeTravel = { readonly version: number } | { readonly timestamp: string } | null

export interface TableSpecification {
  readonly columns: readonly Field[] | null
  readonly constraints: readonly { readonly name: string; readonly expression: string }[]
  /** Names; columns that are declared there are among `columns` too. */
  readonly partitionBy: readonly string[]
  readonly clusterBy: readonly string[] | null
  readonly properties: Readonly<Record<string, string>>
  readonly comment: string | null
  readonly location: string | null
}

export interface CreateTable {
  readonly kind: 'create'
  readonly table: TableName
  readonly mode: 'create' | 'if-not-exists' | 'replace' | 'create-or-replace'
  readonly specification: TableSpecification
  readonly query: string | null
}
export interface CloneTable {
  readonly kind: 'clone'
  readonly table: TableName
  readonly mode: 'create' | 'if-not-exists' | 'create-or-replace'
  readonly deep: boolean
  readonly source: TableName
  readonly at: TimeTravel
  readonly properties: Readonly<Record<string, string>>
  readonly location: string | null
}
export interface InsertInto {
  readonly kind: 'insert'
  readonly table: TableName
  readonly overwrite: boolean
  readonly columns: readonly string[] | null
  readonly byName: boolean
  readonly mergeSchema: boolean
  readonly replaceWhere: string | null
  /** Columns in which the rows that are replaced equal a new one. */
  readonly replaceUsing: readonly string[] | null
  /** Static partition values of INSERT … PARTITION (a = 1): SQL literals by column; null: dynamic. */
  readonly partition: readonly (readonly [column: string, value: string | null])[]
  readonly source: string
}
export interface UpdateTable {
  readonly kind: 'update'
  readonly table: TableName
  readonly alias: string | null
  readonly set: readonly (readonly [column: string, value: string])[]
  readonly where: string | null
}
export interface DeleteFrom {
  readonly kind: 'delete'
  readonly table: TableName
  readonly alias: string | null
  readonly where: string | null
}
export interface MergeClause {
  readonly on: 'matched' | 'not-matched' | 'not-matched-by-source'
  readonly condition: string | null
  readonly action:
    | { readonly kind: 'delete' }
    | { readonly kind: 'update'; readonly set: readonly (readonly [column: string, value: string])[] | null }
    | { readonly kind: 'insert'; readonly values: readonly (readonly [column: string, value: string])[] | null }
}
export interface MergeInto {
  readonly kind: 'merge'
  readonly table: TableName
  readonly alias: string | null
  readonly source: TableName | { readonly query: string }
  readonly sourceAlias: string | null
  readonly mergeSchema: boolean
  readonly condition: string
  readonly clauses: readonly MergeClause[]
}

export type Alteration =
  | { readonly kind: 'set-properties'; readonly properties: Readonly<Record<string, string>> }
  | { readonly kind: 'unset-properties'; readonly keys: readonly string[]; readonly ifExists: boolean }
  | { readonly kind: 'add-columns'; readonly columns: readonly AddedColumn[] }
  | { readonly kind: 'rename-column'; readonly from: string; readonly to: string }
  | { readonly kind: 'drop-columns'; readonly columns: readonly string[] }
  | { readonly kind: 'alter-column'; readonly column: string; readonly change: ColumnAlteration }
  | { readonly kind: 'sync-identity'; readonly column: string }
  | { readonly kind: 'add-constraint'; readonly name: string; readonly expression: string }
  | { readonly kind: 'drop-constraint'; readonly name: string; readonly ifExists: boolean }
  | { readonly kind: 'cluster-by'; readonly columns: readonly string[] }
  | { readonly kind: 'drop-feature'; readonly name: string; readonly truncateHistory: boolean }

export interface AddedColumn {
  /** Dotted path of the struct that gets it; null: the table. */
  readonly into: string | null
  readonly field: Field
  readonly first: boolean
  readonly after: string | null
}
export interface ColumnAlteration {
  readonly type?: DataType
  readonly nullable?: boolean
  readonly comment?: string
  readonly default?: string | null
  readonly first?: boolean
  readonly after?: string
}

export type DeltaStatement =
  | CreateTable
  | CloneTable
  | InsertInto
  | UpdateTable
  | DeleteFrom
  | MergeInto
  | { readonly kind: 'truncate'; readonly table: TableName }
  | { readonly kind: 'alter'; readonly table: TableName; readonly alteration: Alteration }
  | {
      readonly kind: 'optimize'
      readonly table: TableName
      readonly full: boolean
      readonly where: string | null
      readonly zorderBy: readonly string[]
    }
  | {
      readonly kind: 'vacuum'
      readonly table: TableName
      readonly mode: 'full' | 'lite'
      readonly retainHours: number | null
      readonly dryRun: boolean
    }
  | { readonly kind: 'restore'; readonly table: TableName; readonly at: NonNullable<TimeTravel> }
  | {
      readonly kind: 'convert'
      readonly path: string
      readonly partitionBy: readonly Field[]
      readonly statistics: boolean
    }
  | { readonly kind: 'reorg'; readonly table: TableName; readonly where: string | null }
  | { readonly kind: 'generate'; readonly table: TableName }
  | { readonly kind: 'fsck'; readonly table: TableName; readonly dryRun: boolean }
  | { readonly kind: 'describe-history'; readonly table: TableName; readonly limit: number | null }
  | { readonly kind: 'describe-detail'; readonly table: TableName }
  | { readonly kind: 'describe'; readonly table: TableName }
  | { readonly kind: 'show-properties'; readonly table: TableName; readonly key: string | null }
  | { readonly kind: 'show-columns'; readonly table: TableName }
  | { readonly kind: 'show-partitions'; readonly table: TableName }
