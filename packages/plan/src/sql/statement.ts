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
export type Statement = QueryStatement | ExplainStatement

export interface ParseSqlOptions {
  /** The session's zone, in which timestamp literals are read. Default UTC. */
  readonly timezone?: string
}
