import type { Expr, Expression, SortKey } from '@deltaworks/expression'
import type { DataFrame, LogicalPlan } from '@deltaworks/plan'
import type { DataType, Schema, Value } from '@deltaworks/schema'
import type { KllSketchState } from '../analysis/kll-sketch.js'
import type { FrequenciesState, MomentsState } from '../analysis/state.js'
import type { FileSource } from '../file-source.js'
import type { Constraint, Outliers, ReferentialIntegrity } from '../rule.js'

/** Something that a constraint or an analyzer needs computed; equal requirements are computed once. */
export type Requirement =
  | AggregateRequirement
  | MomentsRequirement
  | GroupingRequirement
  | FrequenciesRequirement
  | SketchRequirement
  | OrphansRequirement
  | OutliersRequirement
  | QueryRequirement

/** An aggregate over the table's rows; all of them share one scan. */
export interface AggregateRequirement {
  readonly kind: 'aggregate'
  readonly expression: Expression
}
/**
 * The first four moments of a column, by sums of powers in the scan that all share. They are taken about a centre near the
 * mean, which the first rows tell: about zero they would cancel.
 */
export interface MomentsRequirement {
  readonly kind: 'moments'
  readonly column: string
  readonly filter: Expression | null
}
/** How many keys there are, and rows of them. */
export interface GroupingRequirement {
  readonly kind: 'grouping'
  /** Also what entropy and duplicates need; those who do not ask do not pay. */
  readonly detail?: boolean
  readonly keys: readonly Expression[]
  readonly filter: Expression | null
  /** Which rows count: those with `any` key not null, or with `every`. */
  readonly scope: 'any' | 'every'
}
/** How often each key occurs, key by key. */
export interface FrequenciesRequirement {
  readonly kind: 'frequencies'
  readonly keys: readonly Expression[]
  readonly filter: Expression | null
}
/** A quantile sketch of a column; all of them share one pass. */
export interface SketchRequirement {
  readonly kind: 'sketch'
  readonly column: string
  readonly filter: Expression | null
  readonly sketchSize: number
  readonly shrinkingFactor: number
}
/** A question of its own, asked after the scan that all share. */
export interface QueryRequirement {
  readonly kind: 'query'
  /** Equal for equal questions. */
  readonly key: string
  run(context: QueryContext): Promise<unknown>
}

/** What a question may use. */
export interface QueryContext {
  readonly frame: DataFrame
  readonly rowCount: number
  readonly nowMicros: bigint
  readonly files: FileSource
  /** @throws QualityError DW-QUALITY-0004 */
  reference(name: string): DataFrame
  aggregate(expression: Expression): { readonly value: Value; readonly type: DataType }
  rows(plan: LogicalPlan): Promise<readonly (readonly Value[])[]>
  row(plan: LogicalPlan): Promise<readonly Value[]>
  /** A statement over `primary` and the references. */
  sql(text: string): Promise<LogicalPlan>
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
  /** Rows of groups of more than one, and the sum of c ln c over the groups' rows: in detail only, else 0. */
  readonly duplicateRows: number
  readonly logSum: number
}

/** What was computed. Asking for what was not required is a bug. */
export interface Answers {
  readonly schema: Schema
  readonly rowCount: number
  readonly nowMicros: bigint
  aggregate(expression: Expression): { readonly value: Value; readonly type: DataType }
  grouping(requirement: GroupingRequirement): GroupingAnswer
  moments(requirement: MomentsRequirement): MomentsState
  frequencies(requirement: FrequenciesRequirement): FrequenciesState
  sketch(requirement: SketchRequirement): KllSketchState
  query(requirement: QueryRequirement): unknown
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
  readonly duplicates: 'later' | 'all'
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
  /** A statement's plan, if statements were prepared; else null: the rule then names no rows. */
  statement(sql: string): LogicalPlan | null
}

/** What one kind of constraint can do; there is one in `analyzers` for each. */
export interface Analyzer<C extends Constraint> {
  requires(constraint: C, filter: Expression | null, schema: Schema): readonly Requirement[]
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
