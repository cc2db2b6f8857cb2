import type { DataFrame } from '@deltaworks/plan'
import { isDeltaworksError } from '@deltaworks/schema'
import { analyzerOf } from './analyzers/index.js'
import type { Answers } from './analyzers/analyzer.js'
import { formatBounds } from './bounds.js'
import type { MetricsRepository } from './metrics-repository.js'
import type { ProfileOptions } from './profile.js'
import type { AnyFrame, QueryRunner } from './query-runner.js'
import type { Rule } from './rule.js'
import { problemOf } from './validate.js'
import { planVerification } from './verification-plan.js'
import { VerificationRun } from './verification-run.js'
import type { RuleResult, VerificationResult } from './verification.js'

export interface VerifyOptions {
  /** Tables that referential rules name. */
  readonly references?: ReadonlyMap<string, AnyFrame> | undefined
  readonly signal?: AbortSignal | undefined
  /** The clock, microseconds since the epoch; default now. */
  readonly nowMicros?: bigint | undefined
  /** Where metrics are kept; then `table` is needed too. */
  readonly repository?: MetricsRepository | undefined
  readonly table?: string | undefined
  readonly runId?: string | undefined
  /** Also profile the table, in the same scan. */
  readonly profile?: boolean | ProfileOptions | undefined
}

/**
 * Evaluates rules on a table. A rule that cannot be evaluated is an `error` in the result and stops no other; what ends
 * the whole verification is the table itself failing to be read.
 */
export async function verify(
  session: QueryRunner,
  table: AnyFrame,
  rules: readonly Rule[],
  options: VerifyOptions = {},
): Promise<VerificationResult> {
  const frame = table as DataFrame
  const references = options.references ?? new Map<string, AnyFrame>()
  const schemas = new Map([...references].map(([name, reference]) => [name, reference.schema]))
  const problems = new Map(rules.map((rule) => [rule, problemOf(rule, frame.schema, schemas)]))
  const sound = rules.filter((rule) => problems.get(rule) === null)
  const plan = planVerification(sound, frame.schema)
  const profiling = options.profile === true ? {} : options.profile || null
  const run = new VerificationRun(session, frame, { references, signal: options.signal })
  const rowCount = await run.compute(plan, profiling)
  const nowMicros = options.nowMicros ?? BigInt(Date.now()) * 1000n
  const history = await readHistory(options, sound)
  const results = rules.map((rule): RuleResult => {
    const problem = problems.get(rule)
    if (problem !== null && problem !== undefined) return errorResult(rule, problem.message)
    try {
      return resultOf(rule, run.answers(nowMicros, history === null ? null : (history.get(rule.id) ?? [])))
    } catch (error) {
      if (!isDeltaworksError(error)) throw error
      return errorResult(rule, error.message)
    }
  })
  await writeHistory(options, results, nowMicros)
  return { ...summarise(results), rowCount, scanCount: run.scanCount, profile: run.profile }
}

function resultOf(rule: Rule, answers: Answers): RuleResult {
  const { constraint, filter } = rule
  const outcome = analyzerOf(constraint).outcome(constraint, filter, answers)
  return {
    ...named(rule),
    status: outcome.passed ? 'passed' : 'failed',
    metric: outcome.metric,
    threshold: thresholdOf(rule),
    rowsFailed: outcome.rowsFailed,
    message: `${rule.description}: ${outcome.found}`,
  }
}

const errorResult = (rule: Rule, message: string): RuleResult => ({
  ...named(rule),
  status: 'error',
  metric: null,
  threshold: thresholdOf(rule),
  rowsFailed: null,
  message,
})

const named = ({ id, description, level, action }: Rule) => ({ rule: id, description, level, action })

function thresholdOf({ constraint }: Rule): string {
  switch (constraint.kind) {
    case 'history':
      return 'as before'
    case 'composite':
      return constraint.operator === 'and' ? 'all parts' : 'one part'
    case 'column_exists':
      return 'exists'
    case 'metric':
      return constraint.test === null ? formatBounds(constraint.bounds) : 'by code'
    default:
      return formatBounds(constraint.bounds)
  }
}

function summarise(rules: readonly RuleResult[]): Pick<VerificationResult, 'rules' | 'status' | 'score'> {
  const bad = rules.filter((rule) => rule.status !== 'passed')
  const status = bad.some((rule) => rule.level === 'critical') ? 'failed' : bad.length > 0 ? 'warnings' : 'passed'
  return { rules, status, score: rules.length === 0 ? 1 : (rules.length - bad.length) / rules.length }
}

async function readHistory(
  { repository, table }: VerifyOptions,
  rules: readonly Rule[],
): Promise<ReadonlyMap<string, readonly number[]> | null> {
  if (repository === undefined || table === undefined) return null
  if (!rules.some((rule) => rule.constraint.kind === 'history')) return new Map()
  const history = new Map<string, number[]>()
  for (const { rule, metric } of await repository.load({ table })) {
    const series = history.get(rule)
    if (series === undefined) history.set(rule, [metric])
    else series.push(metric)
  }
  return history
}

async function writeHistory(
  { repository, table, runId = '' }: VerifyOptions,
  results: readonly RuleResult[],
  nowMicros: bigint,
): Promise<void> {
  if (repository === undefined || table === undefined) return
  const timestampMs = Number(nowMicros / 1000n)
  await repository.append(
    results
      .filter((result) => result.metric !== null)
      .map(({ rule, metric, level, status }) => ({
        table,
        rule,
        metric: metric!,
        level,
        passed: status === 'passed',
        timestampMs,
        runId,
      })),
  )
}
