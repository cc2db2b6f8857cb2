import { conjuncts, isSimpleFilter, type BoundExpression } from '@deltaworks/expression'
import { boolean, type Schema } from '@deltaworks/schema'
import type { Arena } from '../arena.js'
import { fixedColumn } from '../column.js'
import type { ColumnarContext } from '../context.js'
import type { RecordBatch } from '../record-batch.js'
import { selectionOfTrue, type SelectionVector } from '../take.js'
import { columnComparison, keepComparison, type ColumnComparison } from './column-comparison.js'
import { createEvaluator, type Evaluator, type EvaluatorOptions } from './evaluator.js'

/**
 * A predicate of conditions that cannot fail: each takes the bits of its rows out of one bitmap, comparisons of integers sixteen
 * rows at a time, conditions on a dictionary's entries once an entry. Once no bit is left, the others are not asked.
 */
export class ConjunctFilter {
  readonly #context: ColumnarContext
  readonly #comparisons: readonly ColumnComparison[]
  /** Conditions that are no such comparisons, each a column of its own. */
  readonly #others: Evaluator | null

  private constructor(context: ColumnarContext, comparisons: readonly ColumnComparison[], others: Evaluator | null) {
    this.#context = context
    this.#comparisons = comparisons
    this.#others = others
  }

  /** @returns null if it is better evaluated as one expression: something in it may fail, or it is one condition that is no such comparison */
  static create(
    context: ColumnarContext,
    predicate: BoundExpression,
    input: Schema,
    options: EvaluatorOptions,
  ): ConjunctFilter | null {
    const parts = conjuncts(predicate)
    if (!parts.every(isSimpleFilter)) return null
    const compared = parts.map(columnComparison)
    const others = parts.filter((_, i) => compared[i] === null)
    if (others.length === parts.length && parts.length === 1) return null
    return new ConjunctFilter(
      context,
      compared.filter((comparison) => comparison !== null),
      others.length === 0 ? null : createEvaluator(context, others, input, options),
    )
  }

  /** The rows for which all conditions are true. */
  select(arena: Arena, batch: RecordBatch): SelectionVector {
    const { heap, kernels } = this.#context
    const { rowCount } = batch
    const bytes = (rowCount + 7) >> 3
    const bits = arena.allocate(bytes)
    heap.fill(bits, 0xff, bytes)
    for (const comparison of this.#comparisons) keepComparison(this.#context, arena, batch, comparison, bits)
    if (this.#others !== null && kernels['bitsCount']!(bits, 0, 0, 0, rowCount) > 0) {
      for (const { values, validity } of this.#others.project(arena, batch)) {
        kernels['bitsCombine']!(0, bits, values, bytes, bits)
        if (validity !== 0) kernels['bitsCombine']!(0, bits, validity, bytes, bits)
      }
    }
    return selectionOfTrue(this.#context, arena, fixedColumn(boolean, rowCount, bits))
  }
}
