import type { DataType, Value } from '@deltaworks/schema'

/**
 * The unbound tree: names are not resolved, types not known. SQL, the DataFrame API, DQDL and definitions all produce it.
 * Every operator and function is a `call` by its registry name (`add`, `eq`, `and`, `like`, `concat_ws` …), so that support
 * is one table (`functions/`). Plain, immutable, serialisable (`expressionToJson`).
 */
export type Expression =
  ColumnReference | Literal | Call | Cast | Case | AggregateCall | WindowCall | SubqueryReference | Alias

export interface ColumnReference {
  readonly kind: 'column'
  readonly name: string
  /** Table name or alias, where the source says one. */
  readonly qualifier?: string
}
export interface Literal {
  readonly kind: 'literal'
  readonly value: Value
  readonly type: DataType
}
export interface Call {
  readonly kind: 'call'
  /** Canonical lower-case name in the function registry. */
  readonly name: string
  readonly args: readonly Expression[]
}
export interface Cast {
  readonly kind: 'cast'
  readonly input: Expression
  readonly type: DataType
  /** try_cast: a value that does not fit gives null instead of an error. */
  readonly lenient: boolean
}
export interface Case {
  readonly kind: 'case'
  readonly branches: readonly { readonly when: Expression; readonly then: Expression }[]
  readonly otherwise: Expression | null
}
export interface AggregateCall {
  readonly kind: 'aggregate'
  readonly name: string
  /** Empty for count(*). */
  readonly args: readonly Expression[]
  readonly distinct: boolean
  readonly filter: Expression | null
}
export interface WindowCall {
  readonly kind: 'window'
  /** row_number, rank, dense_rank, ntile, lag, lead, first_value, last_value, or an aggregate's name. */
  readonly name: string
  readonly args: readonly Expression[]
  readonly partitionBy: readonly Expression[]
  readonly orderBy: readonly SortKey[]
  readonly frame: WindowFrame | null
  /** Of an aggregate: only the rows of the frame in which it is true. */
  readonly filter?: Expression | null
  /** Of an aggregate: each value of the frame once. */
  readonly distinct?: boolean
}
/** A subquery by its place in the list that the plan node keeps beside the expression. */
export interface SubqueryReference {
  readonly kind: 'subquery'
  readonly index: number
}
export interface Alias {
  readonly kind: 'alias'
  readonly input: Expression
  readonly name: string
}

export interface SortKey {
  readonly expression: Expression
  readonly descending: boolean
  readonly nullsFirst: boolean
}

/**
 * Bounds relative to the current row, negative ones before it; null is unbounded. They count rows, groups of peers, or (RANGE)
 * how far the one order key may be from the current row's.
 */
export interface WindowFrame {
  readonly mode: 'rows' | 'range' | 'groups'
  readonly start: number | null
  readonly end: number | null
  /** Rows of the frame that are left out; default none. */
  readonly exclude?: 'current row' | 'group' | 'ties'
  /** RANGE by an interval or another type: the key at the bound, computed from the current row; `start`, `end` tell the side. */
  readonly startKey?: Expression
  readonly endKey?: Expression
}

/**
 * The bound tree: columns by position, every node typed, coercions explicit as casts. The interpreter and the compiler
 * take only this.
 */
export type BoundExpression = BoundColumn | BoundLiteral | BoundCall | BoundCast | BoundCase

export interface BoundColumn {
  readonly kind: 'column'
  readonly index: number
  readonly name: string
  readonly type: DataType
  readonly nullable: boolean
}
export interface BoundLiteral {
  readonly kind: 'literal'
  readonly value: Value
  readonly type: DataType
  readonly nullable: boolean
}
export interface BoundCall {
  readonly kind: 'call'
  readonly name: string
  readonly args: readonly BoundExpression[]
  readonly type: DataType
  readonly nullable: boolean
}
export interface BoundCast {
  readonly kind: 'cast'
  readonly input: BoundExpression
  readonly type: DataType
  readonly lenient: boolean
  readonly nullable: boolean
}
export interface BoundCase {
  readonly kind: 'case'
  readonly branches: readonly { readonly when: BoundExpression; readonly then: BoundExpression }[]
  readonly otherwise: BoundExpression | null
  readonly type: DataType
  readonly nullable: boolean
}

export interface BoundSortKey {
  readonly expression: BoundExpression
  readonly descending: boolean
  readonly nullsFirst: boolean
}

/** An aggregate with its bound arguments and result type. */
export interface BoundAggregate {
  readonly name: string
  readonly args: readonly BoundExpression[]
  readonly distinct: boolean
  readonly filter: BoundExpression | null
  readonly type: DataType
  readonly nullable: boolean
}

export interface BoundWindow {
  readonly name: string
  readonly args: readonly BoundExpression[]
  readonly partitionBy: readonly BoundExpression[]
  readonly orderBy: readonly BoundSortKey[]
  readonly frame: BoundWindowFrame | null
  readonly filter: BoundExpression | null
  readonly distinct?: boolean
  readonly type: DataType
  readonly nullable: boolean
}

export interface BoundWindowFrame {
  readonly mode: WindowFrame['mode']
  readonly start: number | null
  readonly end: number | null
  readonly exclude?: 'current row' | 'group' | 'ties'
  /** RANGE with offsets: the order key, and the keys at the bounds (null: as `start` and `end` say), all of one type. */
  readonly range?: {
    readonly key: BoundExpression
    readonly start: BoundExpression | null
    readonly end: BoundExpression | null
  }
}
