import { Expr, toExpression } from './expr.js'
import type { Operand, ValueOf } from './expression-holder.js'
import type { CommonValue, With } from './expression-values.js'
import type { Expression } from './expression.js'

type Branches = readonly { readonly when: Expression; readonly then: Expression }[]
type Alternative<V> = Operand<With<'common', V>>

declare const branchType: unique symbol

/** Branches that may be followed by others; null where no condition is true. `V`: the common type of their values. */
export class CaseBuilder<V = unknown> extends Expr<V | null> {
  declare readonly [branchType]: V
  readonly #branches: Branches

  constructor(branches: Branches) {
    super({ kind: 'case', branches, otherwise: null })
    this.#branches = branches
  }
  when<B, const O extends Alternative<B>>(
    this: CaseBuilder<B>,
    condition: Operand<boolean>,
    then: O,
  ): CaseBuilder<CommonValue<B, ValueOf<O>>> {
    return new CaseBuilder([...this.#branches, { when: toExpression(condition), then: toExpression(then) }])
  }
  otherwise<B, const O extends Alternative<B>>(this: CaseBuilder<B>, value: O): Expr<CommonValue<B, ValueOf<O>>> {
    return new Expr({ kind: 'case', branches: this.#branches, otherwise: toExpression(value) })
  }
}

/** `when(a, x).when(b, y).otherwise(z)`; null where no condition is true and there is no otherwise. */
export const when = <const O extends Operand>(condition: Operand<boolean>, then: O): CaseBuilder<ValueOf<O>> =>
  new CaseBuilder([{ when: toExpression(condition), then: toExpression(then) }])
