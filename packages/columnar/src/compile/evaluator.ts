import { utcContext, type BoundExpression, type EvaluationContext } from '@deltaworks/expression'
import type { Schema } from '@deltaworks/schema'
import type { Arena } from '../arena.js'
import type { Column } from '../column.js'
import type { ColumnarContext } from '../context.js'
import { constantColumn } from '../copy.js'
import type { RecordBatch } from '../record-batch.js'
import { selectionOfTrue, type SelectionVector } from '../take.js'
import { InterpretedExpression } from './interpreted.js'

export interface EvaluatorOptions {
  /** `auto` interprets what is too small to be worth compiling. */
  readonly mode?: 'auto' | 'compiled' | 'interpreted'
  /** The query's clock and zone; default UTC, the epoch. */
  readonly evaluation?: EvaluationContext
}

/** Expressions over batches of one schema. Columns that are read as they are are passed on, not copied. */
export interface Evaluator {
  /** One column an expression, in the arena (or of the batch). @throws ExpressionError with the row's place and values */
  project(arena: Arena, batch: RecordBatch): Column[]
}

export interface FilterEvaluator {
  /** The rows for which the predicate is true. @throws ExpressionError with the row's place and values */
  select(arena: Arena, batch: RecordBatch): SelectionVector
}

type Step = (arena: Arena, batch: RecordBatch) => Column

export function createEvaluator(
  context: ColumnarContext,
  expressions: readonly BoundExpression[],
  _input: Schema,
  options: EvaluatorOptions = {},
): Evaluator {
  const evaluation = options.evaluation ?? utcContext
  const steps = expressions.map((expression): Step => {
    if (expression.kind === 'column') return (_, batch) => batch.columns[expression.index]!
    if (expression.kind === 'literal') {
      return (arena, batch) => constantColumn(arena, expression.type, expression.value, batch.rowCount)
    }
    const interpreted = new InterpretedExpression(context, expression, evaluation)
    return (arena, batch) => interpreted.column(arena, batch)
  })
  return { project: (arena, batch) => steps.map((step) => step(arena, batch)) }
}

export function createFilter(
  context: ColumnarContext,
  predicate: BoundExpression,
  input: Schema,
  options: EvaluatorOptions = {},
): FilterEvaluator {
  const evaluator = createEvaluator(context, [predicate], input, options)
  return { select: (arena, batch) => selectionOfTrue(context, arena, evaluator.project(arena, batch)[0]!) }
}
