import type { LogicalPlan } from '../logical-plan.js'

export interface QueryStatement {
  readonly kind: 'query'
  readonly plan: LogicalPlan
}
export interface ExplainStatement {
  readonly kind: 'explain'
  readonly plan: LogicalPlan
  /** Run the query and tell what each operator did. */
  readonly analyze: boolean
  /** Every step of the optimizer. */
  readonly verbose: boolean
  readonly format: 'text' | 'json'
}
/** A name for a query, which is bound already. */
export interface CreateViewStatement {
  readonly kind: 'create_view'
  readonly name: readonly string[]
  readonly plan: LogicalPlan
  readonly orReplace: boolean
}
/** A table of the rows of a query. */
export interface CreateTableStatement {
  readonly kind: 'create_table'
  readonly name: readonly string[]
  readonly plan: LogicalPlan
  readonly orReplace: boolean
  readonly ifNotExists: boolean
}
export interface DropStatement {
  readonly kind: 'drop'
  readonly names: readonly (readonly string[])[]
  readonly ifExists: boolean
}
/** `SET TIME ZONE 'Europe/Berlin'` is a setting `timezone`. */
export interface SetStatement {
  readonly kind: 'set'
  readonly name: string
  readonly value: string
}
export type Statement =
  QueryStatement | ExplainStatement | CreateViewStatement | CreateTableStatement | DropStatement | SetStatement

export interface ParseSqlOptions {
  /** The session's zone, in which timestamp literals are read. Default UTC. */
  readonly timezone?: string
}
