import type { Expr, Expression, SortKey } from '@deltaworks/expression'
import type { DataFrame } from '@deltaworks/plan'
import type { DataType, Schema, Value } from '@deltaworks/schema'
import type { Constraint, Outliers, ReferentialIntegrity } from '../rule.js'

/** Something that a constraint needs computed; plain data, and equal requirements are computed once. */
export type Requirement = AggregateRequirement | GroupingRequirement | OrphansRequirement | OutliersRequirement

/** An aggregate over the table's rows; all of them share one scan. */
export interface AggregateRequirement {
  readonly kind: 'aggregate'
  readonly expression: Expression
}
/** How often each key occurs. */
export interface GroupingRequirement {
  readonly kind: 'grouping'
  readonly keys: readonly Expression[]
  readonly filter: Expression | null
  /** Which rows count: those with `any` key not null, or with `every`. */
  readonly scope: 'any' | 'every'
}
export interface OrphansRequirement {
  readonly kind: 'orphans'
  readonly constraint: ReferentialIntegrity
  readonly filter: Expression | null
}
export interface OutliersRequirement {
  readonly kind: 'outliers'
  readonly constraint: Outliers
  readonly filter: Expression | null
}

export interface GroupingAnswer {
  /** Rows in scope, and those out of it because of nulls. */
  readonly rows: number
  readonly nullRows: number
  readonly groups: number
  /** Groups of one row. */
  readonly singles: number
}

/** What was computed. Asking for what was not required is a bug. */
export interface Answers {
  readonly schema: Schema
  readonly nowMicros: bigint
  aggregate(expression: Expression): { readonly value: Value; readonly type: DataType }
  grouping(requirement: GroupingRequirement): GroupingAnswer
  orphans(requirement: OrphansRequirement): number
  outliers(requirement: OutliersRequirement): { readonly values: number; readonly outliers: number }
  /** Earlier metrics of the rule that is being judged, oldest first; null without a repository. */
  readonly history: readonly number[] | null
}

export interface Outcome {
  readonly passed: boolean
  /** Null if no row was asked about. */
  readonly metric: number | null
  readonly rowsFailed: number | null
  /** What was found, after "… : ". */
  readonly found: string
}

/** Which rows fail, and what they are told. */
export interface RowVerdict {
  /** True on rows that fail; false or null on the others. */
  readonly failing: Expr
  /** Text, evaluated only on rows that fail. */
  readonly reason: Expr
}

/**
 * Rows with what verdicts need beside them: an analyzer may add columns (a window, a join); every row stays, once.
 */
export interface RowAnnotator {
  /** The order in which rows came, if it is known: decides which duplicate is the first. */
  readonly rowOrder: readonly SortKey[]
  /** Adds a column. @returns it, by a name of its own */
  column(expression: Expr): Expr
  /** Left join with a frame that has each key at most once. @returns its `payload` column, null where nothing matched */
  lookup(
    keys: readonly Expr[],
    frame: DataFrame,
    frameKeys: readonly string[],
    payload: readonly string[],
  ): readonly Expr[]
  /** The table's rows as they are given. */
  readonly input: DataFrame
  reference(name: string): DataFrame
}

/** What one kind of constraint can do; there is one in `analyzers` for each. */
export interface Analyzer<C extends Constraint> {
  requires(constraint: C, filter: Expression | null): readonly Requirement[]
  outcome(constraint: C, filter: Expression | null, answers: Answers): Outcome
  /** Null: this constraint does not name rows. */
  verdict(constraint: C, filter: Expression | null, rows: RowAnnotator): RowVerdict | null
  /** Expressions over the table's columns that must bind. */
  expressions(constraint: C): readonly Expression[]
  /** What else is wrong with the constraint on such a table, or null. */
  problem?(constraint: C, schema: Schema, typeOf: (expression: Expression) => DataType): string | null
}

/** How an analyzer of constraints within constraints finds those of its parts. */
export type AnalyzerOf = <C extends Constraint>(constraint: C) => Analyzer<C>
