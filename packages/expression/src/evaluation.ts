import type { DataType, Value } from '@deltaworks/schema'
import type { BoundExpression } from './expression.js'

/** What an expression may ask of the world; fixed for a query, so a query sees one clock. */
export interface EvaluationContext {
  /** IANA name or offset (`+02:00`) in which a `timestamp` is shown and taken apart. */
  readonly timezone: string
  /** Microseconds since the epoch. */
  readonly nowMicros: bigint
  /** How columns of expressions are computed: the values are the same. Default `auto`: what is too small to be worth compiling is not. */
  readonly expressions?: ExpressionMode
  /** Inside of a lambda: its parameters' values by their ids. */
  readonly variables?: Readonly<Record<string, Value>>
}

export type ExpressionMode = 'auto' | 'compiled' | 'interpreted'

export const utcContext: EvaluationContext = { timezone: 'UTC', nowMicros: 0n }

export type Evaluate = (row: readonly Value[], context: EvaluationContext) => Value

/** A function's implementation for one call site. Null arguments never reach it unless it says `nulls: 'own'`. */
export type ScalarKernel = (context: EvaluationContext, ...args: never[]) => Value

export interface CallSite {
  readonly name: string
  readonly args: readonly BoundExpression[]
  readonly type: DataType
}

export interface Resolution {
  /** The types that the arguments are converted to, one each. */
  readonly args: readonly DataType[]
  readonly type: DataType
  /** Overrides `FunctionDefinition.nullable` for this call. */
  readonly nullable?: boolean
}

/** One entry of the function registry: everything that binding, interpreting and documenting it needs. */
export interface FunctionDefinition {
  /** For the documentation: `substring(text, start[, length]) → string`. */
  readonly signature: string
  readonly doc: string
  readonly aliases?: readonly string[]
  /** Least and greatest number of arguments. */
  readonly arity: readonly [number, number]
  /** `propagate` (default): a null argument makes a null result. `own`: the kernel sees nulls. */
  readonly nulls?: 'propagate' | 'own'
  /** Whether the result may be null; default `propagate`: if an argument may be. */
  readonly nullable?: 'propagate' | 'always' | 'never'
  /** Depends on the evaluation context (clock, zone): not folded without one. */
  readonly contextual?: boolean
  /** May give another value for the same arguments: never folded, never merged into another node. */
  readonly volatile?: boolean
  /**
   * Of a function that takes lambdas: the types of the parameters of the one at `place`, where the arguments before it are bound
   * already (lambdas as their bodies). @throws ExpressionError DW-EXPRESSION-0003
   */
  parameters?(args: readonly BoundExpression[], place: number, count: number, name: string): readonly DataType[]
  /** @throws ExpressionError DW-EXPRESSION-0003 */
  resolve(args: readonly BoundExpression[], name: string): Resolution
  kernel?(site: CallSite): ScalarKernel
  /** Instead of `kernel`, for functions that do not evaluate all of their arguments. */
  lazy?(site: CallSite, args: readonly Evaluate[]): Evaluate
}
