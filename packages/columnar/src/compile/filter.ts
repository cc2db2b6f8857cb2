import type { BoundExpression } from '@deltaworks/expression'
import type { Schema } from '@deltaworks/schema'
import type { Arena } from '../arena.js'
import type { ColumnarContext } from '../context.js'
import type { RecordBatch } from '../record-batch.js'
import { selectionOfTrue, type SelectionVector } from '../take.js'
import { ConjunctFilter } from './conjunct-filter.js'
import { createEvaluator, type EvaluatorOptions } from './evaluator.js'

export interface FilterEvaluator {
  /** The rows for which the predicate is true. @throws ExpressionError with the row's place and values */
  select(arena: Arena, batch: RecordBatch): SelectionVector
}

export function createFilter(
  context: ColumnarContext,
  predicate: BoundExpression,
  input: Schema,
  options: EvaluatorOptions = {},
): FilterEvaluator {
  const mode = options.mode ?? options.evaluation?.expressions ?? 'auto'
  const byConjunct = mode === 'interpreted' ? null : ConjunctFilter.create(context, predicate, input, options)
  if (byConjunct !== null) return byConjunct
  const evaluator = createEvaluator(context, [predicate], input, options)
  return { select: (arena, batch) => selectionOfTrue(context, arena, evaluator.project(arena, batch)[0]!) }
}
