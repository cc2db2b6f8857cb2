import { expr, type Expr, type Expression, type ExpressionHolder, type SortKey } from '@deltaworks/expression'
import type { ColumnInput, Columns, JoinCondition, JoinKeys, NamedExpressions, SortInput } from './row-types.js'

/* What the methods of a frame take for columns, as expressions. */

export const toExpression = (input: ColumnInput): Expression =>
  typeof input === 'string' ? { kind: 'column', name: input } : input.node

export const toSortKey = (input: SortInput): SortKey =>
  typeof input === 'object' && 'expression' in input
    ? input
    : { expression: toExpression(input), descending: false, nullsFirst: true }

export const aliased = (name: string, input: ExpressionHolder): Expression => ({
  kind: 'alias',
  input: input.node.kind === 'alias' ? input.node.input : input.node,
  name,
})

/** An expression itself, or several under their names. */
export const outputsOf = (input: ExpressionHolder | NamedExpressions): readonly Expression[] =>
  isHolder(input) ? [input.node] : Object.entries(input).map(([name, e]) => aliased(name, e))

/** A column may be called `node`. */
const isHolder = (input: ExpressionHolder | NamedExpressions): input is ExpressionHolder => {
  const node: unknown = input['node']
  return typeof node === 'object' && node !== null && 'kind' in node && typeof node.kind === 'string'
}

export const isKeys = <L, R>(on: JoinCondition<L, R>): on is JoinKeys<L, R> => Array.isArray(on)

/** A column that its position tells from others of its name. */
export const columnAt = (name: string, position: number): Expr =>
  expr({ kind: 'column', name, qualifier: `#${position}` })

/** The columns of a frame as members of an object: each is looked for when it is asked for. */
export const columnsBy = <Row>(of: (name: string) => Expr): Columns<Row> =>
  new Proxy({} as Columns<Row>, { get: (_, name) => (typeof name === 'string' ? of(name) : undefined) })
