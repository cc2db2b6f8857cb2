import { utcContext, type BoundExpression, type EvaluationContext, type ExpressionMode } from '@deltaworks/expression'
import type { Schema } from '@deltaworks/schema'
import type { Arena } from '../arena.js'
import type { Column } from '../column.js'
import type { ColumnarContext } from '../context.js'
import { constantColumn } from '../copy.js'
import type { RecordBatch } from '../record-batch.js'
import { BitmapLogic, isBitmapLogic } from './bitmap-logic.js'
import { EncodedGroup } from './encoded-group.js'
import { InterpretedExpression } from './interpreted.js'

export interface EvaluatorOptions {
  /**
   * Default: the query's. `auto` interprets what is too small to be worth compiling. All modes give the same values and errors: what has no
   * exact compiled form is interpreted in `compiled` mode, too.
   */
  readonly mode?: ExpressionMode
  /** The query's clock and zone; default UTC, the epoch. */
  readonly evaluation?: EvaluationContext
}

/** Expressions over batches of one schema. Columns that are read as they are are passed on, not copied. */
export interface Evaluator {
  /** One column an expression, in the arena (or of the batch). @throws ExpressionError with the row's place and values */
  project(arena: Arena, batch: RecordBatch): Column[]
}

export function createEvaluator(
  context: ColumnarContext,
  expressions: readonly BoundExpression[],
  input: Schema,
  options: EvaluatorOptions = {},
): Evaluator {
  const evaluation = options.evaluation ?? utcContext
  const computed = expressions.filter((e) => e.kind !== 'column' && e.kind !== 'literal')
  const compute = computeAll(context, computed, input, evaluation, options.mode ?? evaluation.expressions ?? 'auto')
  return {
    project(arena, batch) {
      const columns = compute(arena, batch)
      let next = 0
      return expressions.map((e) => {
        if (e.kind === 'column') return batch.columns[e.index]!
        if (e.kind === 'literal') return constantColumn(arena, e.type, e.value, batch.rowCount)
        return columns[next++]!
      })
    },
  }
}

function computeAll(
  context: ColumnarContext,
  expressions: readonly BoundExpression[],
  input: Schema,
  evaluation: EvaluationContext,
  mode: ExpressionMode,
): (arena: Arena, batch: RecordBatch) => Column[] {
  if (expressions.length === 0) return () => []
  if (mode === 'interpreted') {
    const interpreted = expressions.map((e) => new InterpretedExpression(context, e, evaluation))
    return (arena, batch) => interpreted.map((e) => e.column(arena, batch))
  }
  const isLogic = expressions.map(isBitmapLogic)
  const logic = new BitmapLogic(
    context,
    expressions.filter((_, i) => isLogic[i]!),
  )
  const others = expressions.filter((_, i) => !isLogic[i]!)
  const group = others.length === 0 ? null : new EncodedGroup(context, others, input, evaluation, mode === 'auto')
  return (arena, batch) => {
    const combined = logic.project(arena, batch).values()
    const computed = group?.project(arena, batch).values()
    return isLogic.map((is) => (is ? combined : computed!).next().value!)
  }
}
