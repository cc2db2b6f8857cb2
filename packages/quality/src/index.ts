export { boundsOf, formatBounds, within } from './bounds.js'
export type { Bounds, DynamicBounds, Limits, Range, ValueSet } from './bounds.js'
export {
  absoluteChange,
  batchNormal,
  detectAnomalies,
  holtWinters,
  judge,
  onlineNormal,
  rateOfChange,
  relativeRateOfChange,
  simpleThreshold,
} from './anomaly-strategy.js'
export type * from './anomaly-strategy.js'
export { analyze, analyzeStates } from './analysis/analyze.js'
export type { AnalysisOptions, AnalysisResult } from './analysis/analyze.js'
export { analyzers } from './analysis/analyzers.js'
export type { Condition, Where } from './analysis/analyzers.js'
export { categoricalDistance, chiSquareDistance, numericalDistance } from './analysis/distance.js'
export { inferredType } from './analysis/definition.js'
export { metricNumber } from './analysis/metric.js'
export type { Bin, Bucket, Distribution, Metric, MetricValue } from './analysis/metric.js'
export type { KllParameters, MetricAnalyzer, NullBehavior } from './analysis/metric-analyzer.js'
export { analyzePartition, FilePartitionStates, MemoryPartitionStates } from './analysis/partition-states.js'
export type { PartitionStates } from './analysis/partition-states.js'
export { mergeStates } from './analysis/merge-states.js'
export { FileStateStore, MemoryStateStore } from './analysis/state-store.js'
export type { StateStore } from './analysis/state-store.js'
export type { State } from './analysis/state.js'
export { Check } from './checks/check.js'
export type { Assertion, CheckLevel } from './checks/check.js'
export { anomalyCheck } from './checks/anomaly-check.js'
export type { AnomalyCheckOptions } from './checks/anomaly-check.js'
export { rowLevelResults } from './checks/row-level-results.js'
export { analyzersOf, checkResultRows, metricRows, verifyChecks } from './checks/verification-suite.js'
export type { CheckResult, ConstraintResult, SuiteResult } from './checks/verification-suite.js'
export { prepareStatements } from './prepare-statements.js'
export { allStatistics, dqdl, parseDqdl, parseRuleset } from './dqdl/parse.js'
export type { Ruleset } from './dqdl/parse.js'
export { LocalFiles } from './file-source.js'
export type { FileEntry, FileSource } from './file-source.js'
export { QualityError, rowsDoNotReconcile } from './errors.js'
export { fromDeequJson, recordsOf, toDeequJson } from './deequ-json.js'
export type { AnalysisRecord } from './deequ-json.js'
export {
  FileMetricsRepository,
  MemoryMetricsRepository,
  metricOfRow,
  metricRow,
  metricsCondition,
  metricsSchema,
  TableMetricsRepository,
} from './metrics-repository.js'
export type { MetricRecord, MetricsQuery, MetricsRepository, MetricsTable } from './metrics-repository.js'
export { profile, profileAggregates, profileOf, profileText } from './profile.js'
export type { ProfileOptions, ProfilePlan } from './profile.js'
export type { AnyFrame, QueryRunner } from './query-runner.js'
export { RuleBuilder } from './rule-builder.js'
export type { ColumnInput } from './rule-builder.js'
export type * from './rule.js'
export { hasOutlierShare, isStable } from './rules/anomalies.js'
export type { OutlierOptions } from './rules/anomalies.js'
export { hasCompleteness, isComplete } from './rules/completeness.js'
export { allOf, anyOf, customSql, noneOf } from './rules/composite.js'
export { referentialIntegrity } from './rules/referential-integrity.js'
export {
  hasMax,
  hasMaxLength,
  hasMean,
  hasMin,
  hasMinLength,
  hasStandardDeviation,
  hasSum,
} from './rules/statistics.js'
export { rulesFor } from './rules/table-rules.js'
export type { ColumnOf, TableRules } from './rules/table-rules.js'
export { hasColumn, hasColumnCount, hasColumns, hasRowCount, isFresh } from './rules/table.js'
export {
  hasDistinctCount,
  hasDistinctness,
  hasUniqueness,
  hasUniqueValueRatio,
  isPrimaryKey,
  isUnique,
} from './rules/uniqueness.js'
export {
  hasDataType,
  isContainedIn,
  isEmail,
  isNonNegative,
  isPositive,
  isWithin,
  matchesPattern,
  satisfies,
} from './rules/values.js'
export { evaluateRows, rowOutcomeColumns } from './evaluate-rows.js'
export { historyOfRules } from './metric-history.js'
export { renderReport } from './report/render.js'
export type { ReportFormat } from './report/render.js'
export { reportStatus, rulesetHash, scoresByLabel } from './report/quality-report.js'
export type { QualityReport, RuleReport, TableReport } from './report/quality-report.js'
export { reconcileRows } from './reconcile-rows.js'
export type { RowCounts } from './reconcile-rows.js'
export { routeRows } from './route-rows.js'
export type { RoutedRows } from './route-rows.js'
export { validateRowSchema } from './row-schema.js'
export type { ColumnDefinition } from './row-schema.js'
export { failedRulesColumn, failureReasonsColumn, flagRows, splitRows } from './split-rows.js'
export type { SplitOptions } from './split-rows.js'
export type { ColumnProfile, SemanticType, TableProfile, TopValue } from './table-profile.js'
export { profileColumns } from './suggestions/column-profile.js'
export type {
  DetailedProfile,
  DetailedProfileOptions,
  DetailedTableProfile,
  NumberProfile,
} from './suggestions/column-profile.js'
export { confidenceInterval } from './suggestions/confidence-interval.js'
export { checkOf, printSuggestions, suggestConstraints } from './suggestions/suggest-constraints.js'
export type { Suggestion, SuggestionOptions, SuggestionResult } from './suggestions/suggest-constraints.js'
export { suggestionRules } from './suggestions/suggestion-rules.js'
export { validateRules } from './validate.js'
export { planVerification } from './verification-plan.js'
export type { VerificationPlan } from './verification-plan.js'
export type { RuleResult, VerificationResult } from './verification.js'
export { verify } from './verify.js'
export type { VerifyOptions } from './verify.js'
