export type * from './logical-plan.js'
export type * from './table-provider.js'
export { DataFrame, GroupedData } from './data-frame.js'
export { scan, values } from './frame-source.js'
export { requireColumn } from './require-column.js'
export type { ExplainFormat } from './data-frame.js'
export type { AnyRow, ColumnInput, Columns, JoinCondition, RowOf, SortInput } from './row-types.js'
export { memoryTable, segmentTable } from './memory-table.js'
export type { MemorySegment } from './memory-table.js'
export {
  aggregateNode,
  columnOf,
  columnsNamed,
  distinctNode,
  filterNode,
  inputsOf,
  joinNode,
  joinSchema,
  limitNode,
  projectionNode,
  recursiveNode,
  scanNode,
  sortNode,
  stepOver,
  transformUp,
  unionNode,
  unnestNode,
  valuesNode,
  windowNode,
  withInputs,
} from './plan-node.js'
export type { Named } from './plan-node.js'
export {
  aggregateOf,
  bindCondition,
  castTo,
  filterOf,
  joinOn,
  joinPairs,
  projectionOf,
  sortOf,
  windowOf,
} from './plan-builder.js'
export { unionByNameOf, unionOf } from './set-operations.js'
export type { JoinPair } from './plan-builder.js'
export { PlanScope } from './plan-scope.js'
export { describeNode, explainPlan, planToJson } from './explain.js'
export { isVolatile } from './optimizer/expression-facts.js'
export { planHash } from './plan-hash.js'
export { optimize, optimizerRules, optimizeWithTrace } from './optimizer/optimize.js'
export type { OptimizeOptions, OptimizerStep } from './optimizer/optimize.js'
export type { OptimizerRule } from './optimizer/optimizer-rule.js'
export { estimateRows, tableRows } from './optimizer/estimate-rows.js'
export { parseExpression, parseQuery, parseSql, sqlStatements } from './sql/sql.js'
export type {
  CreateTableStatement,
  CreateViewStatement,
  DropStatement,
  ExplainStatement,
  ParseSqlOptions,
  QueryStatement,
  SetStatement,
  Statement,
} from './sql/statement.js'
export { asofJoin } from './asof-join.js'
export type { Catalog, CatalogEntry } from './sql/catalog.js'
export { PlanError } from './errors.js'
