export type * from './expression.js'
export { col, expr, Expr, isExpr, toExpression, toSortKey } from './expr.js'
export type { Comparable, Condition, SortInput, WindowSpecification } from './expr.js'
export { lit } from './lit.js'
export { when } from './case-builder.js'
export type { CaseBuilder } from './case-builder.js'
export { fn, grouping, lambda } from './function-builders.js'
export type {
  DateFunction,
  DatePart,
  NumberFunction,
  TextFunction,
  TextMeasure,
  TextTest,
} from './function-builders.js'
export { agg } from './aggregate-builders.js'
export { win } from './window-builders.js'
export type { ExpressionHolder, LiteralValue, NameOf, NotNull, NullOf, Operand, ValueOf } from './expression-holder.js'
export type { CommonValue, MeanKinds, NumericValue, Rules, SumKinds, With } from './expression-values.js'
export { bind, bindCall, bindPredicate, boundColumn, boundLiteral, castTo } from './bind.js'
export type { BindOptions } from './bind.js'
export { bindAggregate, bindSortKey, bindWindow } from './bind-aggregate.js'
export { rewriteExpression } from './rewrite.js'
export { derivedAggregate, derivedAggregates, derivedRegistry, isDerivedAggregate } from './derived-aggregates.js'
export type { DerivedCall } from './derived-aggregates.js'
export { scopeOf } from './scope.js'
export type { Scope } from './scope.js'
export { canCast, decimalToNumber, textOf } from './cast.js'
export { commonType, commonTypeOf } from './coercion.js'
export { utcContext } from './evaluation.js'
export type { Evaluate, EvaluationContext, ExpressionMode } from './evaluation.js'
export { evaluatorOf, interpret } from './interpret.js'
export { interpretAggregate } from './interpret-aggregate.js'
export { isSimpleFilter } from './simple-filter.js'
export { simplify } from './simplify.js'
export { createPruningPredicate, PruningPredicate } from './pruning-predicate.js'
export type { ColumnBounds, ColumnStatisticsSource } from './pruning-predicate.js'
export { parsePattern } from './functions/datetime-pattern.js'
export type { PatternToken } from './functions/datetime-pattern.js'
export { matchesEmpty, parseRegularExpression } from './regular-expression.js'
export type { CodePoints, RegularExpression } from './regular-expression.js'
export { functionRegistry, isScalarFunction, scalarFunction } from './function-registry.js'
export type { RegisteredFunction, ScalarFunctionName } from './function-registry.js'
export { aggregateFunction, aggregateRegistry, isAggregateFunction } from './aggregate-registry.js'
export type { AggregateDefinition, AggregateFunctionName } from './aggregate-registry.js'
export { isWindowFunction, windowFunction, windowRegistry } from './window-registry.js'
export type { WindowDefinition, WindowFunctionName } from './window-registry.js'
export {
  childrenOf,
  columnsOf,
  conjunction,
  conjuncts,
  remapColumns,
  someNode,
  substituteColumns,
  transform,
  withChildren,
} from './traverse.js'
export {
  formatAggregate,
  formatExpression,
  formatLiteral,
  formatSortKey,
  formatWindow,
  outputName,
} from './format-expression.js'
export { expressionFromJson, expressionKey, expressionsEqual, expressionToJson } from './serialise.js'
export { comparatorOf, compareStrings, valuesCompare } from './value-order.js'
export { atRow, ExpressionError, invalidArgument, overflow } from './errors.js'
export { fixedOffsetMicros, instantFromLocal, localFromInstant, requireTimezone } from './zone.js'
export { formatInterval, intervalValue, microsPer, parseInterval } from './interval-text.js'
export type { Interval } from './interval-text.js'
export { rankAmong } from './rank-among.js'
