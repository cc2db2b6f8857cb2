export { boundsOf, formatBounds, within } from './bounds.js'
export type { Bounds, Limits, Range, ValueSet } from './bounds.js'
export { absoluteChange, judge, onlineNormal, relativeRateOfChange } from './anomaly-strategy.js'
export type {
  AbsoluteChange,
  AnomalyStrategy,
  AnomalyVerdict,
  OnlineNormal,
  RelativeRateOfChange,
} from './anomaly-strategy.js'
export { dqdl, parseDqdl } from './dqdl/parse.js'
export { QualityError } from './errors.js'
export { MemoryMetricsRepository, TableMetricsRepository } from './metrics-repository.js'
export type { MetricRecord, MetricsQuery, MetricsRepository, MetricsTable } from './metrics-repository.js'
export { profile } from './profile.js'
export type { ProfileOptions } from './profile.js'
export type { AnyFrame, QueryRunner } from './query-runner.js'
export { RuleBuilder } from './rule-builder.js'
export type { ColumnInput } from './rule-builder.js'
export type * from './rule.js'
export { hasOutlierShare, isStable } from './rules/anomalies.js'
export type { OutlierOptions } from './rules/anomalies.js'
export { hasCompleteness, isComplete } from './rules/completeness.js'
export { allOf, anyOf, customSql } from './rules/composite.js'
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
export { hasColumn, hasColumnCount, hasRowCount, isFresh } from './rules/table.js'
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
export { failedRulesColumn, failureReasonsColumn, flagRows, splitRows } from './split-rows.js'
export type { SplitOptions } from './split-rows.js'
export type { ColumnProfile, SemanticType, TableProfile, TopValue } from './table-profile.js'
export { validateRules } from './validate.js'
export { planVerification } from './verification-plan.js'
export type { VerificationPlan } from './verification-plan.js'
export type { RuleResult, VerificationResult } from './verification.js'
export { verify } from './verify.js'
export type { VerifyOptions } from './verify.js'
