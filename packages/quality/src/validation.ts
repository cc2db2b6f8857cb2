/*
 * What a validation of existing tables needs beside a run: an entry of its own, so that a run loads none of it.
 */
export { parseDqdl } from './dqdl/parse.js'
export { historyOfRules } from './metric-history.js'
export { prepareStatements } from './prepare-statements.js'
export { reconcileRows } from './reconcile-rows.js'
export { renderReport } from './report/render.js'
export type { ReportFormat } from './report/render.js'
export { reportStatus, rulesetHash } from './report/quality-report.js'
export type { QualityReport, RuleReport, TableReport } from './report/quality-report.js'
export {
  metricOfRow,
  metricRow,
  metricsCondition,
  metricsSchema,
  TableMetricsRepository,
} from './metrics-repository.js'
