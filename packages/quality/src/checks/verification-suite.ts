import type { Metric } from '../analysis/metric.js'
import type { MetricAnalyzer } from '../analysis/metric-analyzer.js'
import type { AnyFrame, QueryRunner } from '../query-runner.js'
import type { Rule } from '../rule.js'
import type { RuleResult, VerificationResult } from '../verification.js'
import { verify, type VerifyOptions } from '../verify.js'
import type { Check, CheckLevel } from './check.js'

export type CheckStatus = 'Success' | 'Warning' | 'Error'

export interface ConstraintResult {
  readonly rule: Rule
  readonly status: 'Success' | 'Failure'
  readonly metric: number | null
  /** What was found and, if it failed, the hint. */
  readonly message: string
}
export interface CheckResult {
  readonly check: Check
  readonly status: CheckStatus
  readonly constraints: readonly ConstraintResult[]
}
export interface SuiteResult {
  /** The worst of its checks. */
  readonly status: CheckStatus
  readonly checks: readonly CheckResult[]
  readonly verification: VerificationResult
}

/** Evaluates checks: all their constraints together, in as few scans as they need. */
export async function verifyChecks(
  session: QueryRunner,
  table: AnyFrame,
  checks: readonly Check[],
  options: VerifyOptions = {},
): Promise<SuiteResult> {
  const rules = checks.flatMap((check, i) => check.rules.map((rule) => ({ ...rule, id: `${i + 1}.${rule.id}` })))
  const verification = await verify(session, table, rules, options)
  let next = 0
  const results = checks.map((check): CheckResult => {
    const own = verification.rules.slice(next, (next += check.rules.length))
    const constraints = check.rules.map((rule, i) => constraintResult(rule, own[i]!))
    const failed = constraints.some(({ status }) => status === 'Failure')
    return { check, status: failed ? statusOf(check.level) : 'Success', constraints }
  })
  const all = results.map(({ status }) => status)
  const status = all.includes('Error') ? 'Error' : all.includes('Warning') ? 'Warning' : 'Success'
  return { status, checks: results, verification }
}

const statusOf = (level: CheckLevel): CheckStatus => (level === 'error' ? 'Error' : 'Warning')

function constraintResult(rule: Rule, { status, metric, message }: RuleResult): ConstraintResult {
  const passed = status === 'passed'
  const hint = passed || rule.hint === undefined ? '' : ` ${rule.hint}`
  return { rule, status: passed ? 'Success' : 'Failure', metric, message: passed ? '' : `${message}${hint}` }
}

/** A row a constraint, with Deequ's names of columns. */
export interface CheckResultRow {
  readonly check: string
  readonly check_level: 'Error' | 'Warning'
  readonly check_status: CheckStatus
  readonly constraint: string
  readonly constraint_status: 'Success' | 'Failure'
  readonly constraint_message: string
}

export const checkResultRows = ({ checks }: SuiteResult): readonly CheckResultRow[] =>
  checks.flatMap(({ check, status, constraints }) =>
    constraints.map((constraint) => ({
      check: check.description,
      check_level: check.level === 'error' ? 'Error' : 'Warning',
      check_status: status,
      constraint: constraint.rule.description,
      constraint_status: constraint.status,
      constraint_message: constraint.message,
    })),
  )

/** A row a number, with Deequ's names of columns: distributions are flattened, a row a value. */
export interface MetricRow {
  readonly entity: string
  readonly instance: string
  readonly name: string
  readonly value: number
}

export const metricRows = (metrics: readonly Metric[]): readonly MetricRow[] => metrics.flatMap(rowsOf)

function rowsOf({ entity, instance, name, value }: Metric): readonly MetricRow[] {
  const row = (suffix: string, number: number): MetricRow => ({ entity, instance, name: name + suffix, value: number })
  switch (value?.kind) {
    case undefined:
      return []
    case 'number':
      return [row('', value.value)]
    case 'numbers':
      return Object.entries(value.values).map(([key, number]) => row(`-${key}`, number))
    case 'distribution':
      return [
        row('.bins', value.distribution.numberOfBins),
        ...[...value.distribution.values].flatMap(([key, { absolute, ratio }]) => [
          row(`.abs.${key}`, absolute),
          row(`.ratio.${key}`, ratio),
        ]),
      ]
    case 'binned':
      return [
        row('.bins', value.numberOfBins),
        ...(value.missing > 0 ? [row('.nullCount', value.missing)] : []),
        ...value.bins.flatMap(({ absolute, ratio }, i) => [
          row(`.abs.bin${i}`, absolute),
          row(`.ratio.bin${i}`, ratio),
        ]),
      ]
    case 'buckets':
      return [row('.buckets', value.buckets.length), ...value.buckets.map(({ count }, i) => row(`.count.${i}`, count))]
  }
}

/** The analyzers of checks, for `analyze`. */
export const analyzersOf = (checks: readonly Check[]): readonly MetricAnalyzer[] =>
  checks.flatMap(({ rules }) =>
    rules.flatMap(({ constraint }) => (constraint.kind === 'metric' ? [constraint.analyzer] : [])),
  )
