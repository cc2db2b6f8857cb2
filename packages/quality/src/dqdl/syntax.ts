import type { Position } from '../errors.js'

/*
 * A DQDL document as it is written.
 */

export interface DqdlDocument {
  readonly metadata: Readonly<Record<string, string | readonly string[]>>
  readonly primarySource: string | null
  readonly additionalSources: readonly string[]
  readonly defaultLabels: Labels
  readonly rules: readonly RuleNode[]
  readonly analyzers: readonly SimpleRuleNode[]
}

export type Labels = Readonly<Record<string, string>>
export type RuleNode = SimpleRuleNode | CompositeRuleNode

export interface CompositeRuleNode {
  readonly kind: 'composite'
  /** `not` has one part. */
  readonly operator: 'and' | 'or' | 'not'
  readonly parts: readonly RuleNode[]
  readonly labels: Labels
  readonly position: Position
  /** As it stands, on one line. */
  readonly text: string
}

export interface SimpleRuleNode {
  readonly kind: 'rule'
  readonly type: string
  readonly parameters: readonly Parameter[]
  readonly condition: ConditionNode | null
  readonly where: { readonly text: string; readonly position: Position } | null
  readonly labels: Labels
  readonly tags: readonly Tag[]
  readonly position: Position
  readonly text: string
}

export interface Parameter {
  readonly text: string
  readonly position: Position
}

/** `with name condition` */
export interface Tag {
  readonly name: string
  readonly condition: ConditionNode
  readonly position: Position
}

export type Comparison = '=' | '!=' | '>' | '>=' | '<' | '<='
export interface ConditionNode {
  readonly operator: Comparison | 'between' | 'in' | 'matches'
  /** `not between`, `not in`, `not matches`. */
  readonly negated: boolean
  readonly operands: readonly Operand[]
  readonly position: Position
}

export type Operand = { readonly position: Position } & (
  | { readonly kind: 'number'; readonly number: NumberNode }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'keyword'; readonly keyword: 'NULL' | 'EMPTY' | 'WHITESPACES_ONLY' }
  | { readonly kind: 'now'; readonly offsetMicros: bigint }
  | { readonly kind: 'duration'; readonly hours: number; readonly text: string }
  | { readonly kind: 'size'; readonly bytes: number; readonly text: string }
)

/** A number, or what makes one of earlier metrics: `0.9 * avg(last(10))`. */
export type NumberNode =
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'call'; readonly name: HistoryFunction; readonly args: readonly NumberNode[] }
  | {
      readonly kind: 'binary'
      readonly operator: '+' | '-' | '*' | '/'
      readonly left: NumberNode
      readonly right: NumberNode
    }

export type HistoryFunction =
  'last' | 'avg' | 'median' | 'min' | 'max' | 'sum' | 'std' | 'index' | 'percentile' | 'abs' | 'exp' | 'sqrt' | 'log10'
