import type { DataFrame } from '@deltaworks/plan'
import { isDeltaworksError } from '@deltaworks/schema'
import { analyzerOf } from './analyzers/index.js'
import type { Answers } from './analyzers/analyzer.js'
import { formatBounds } from './bounds.js'
import { pinClock } from './clock.js'
import type { FileSource } from './file-source.js'
import { historyName, leavesOf, needsHistory, resolveBounds, type History } from './metric-history.js'
import { matchesQuery, type MetricRecord, type MetricsRepository } from './metrics-repository.js'
import type { ProfileOptions } from './profile.js'
import type { AnyFrame, QueryRunner } from './query-runner.js'
import type { Rule } from './rule.js'
import { typeDays } from './typed-days.js'
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
  /** Kept with the metrics, to ask for them by. */
  readonly tags?: Readonly<Record<string, string>> | undefined
  /** Where file rules look; default the machine's files. */
  readonly files?: FileSource | undefined
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
  const nowMicros = options.nowMicros ?? BigInt(Date.now()) * 1000n
  const schemas = new Map([...references].map(([name, reference]) => [name, reference.schema]))
  const pinned = rules.map((rule) => typeDays(pinClock(rule, nowMicros), frame.schema))
  const problems = new Map(pinned.map((rule) => [rule, problemOf(rule, frame.schema, schemas)]))
  const sound = pinned.filter((rule) => problems.get(rule) === null)
  const plan = planVerification(sound, frame.schema)
  const profiling = options.profile === true ? {} : options.profile || null
  const run = new VerificationRun(session, frame, { ...options, references, nowMicros })
  const rowCount = await run.compute(plan, profiling)
  const history = await readHistory(options, sound)
  const results = pinned.map((rule): RuleResult => {
    const problem = problems.get(rule)
    if (problem !== null && problem !== undefined) return errorResult(rule, problem.message)
    try {
      return resultOf(rule, run.answers(historyOf(rule, history)), history)
    } catch (error) {
      if (!isDeltaworksError(error)) throw error
      return errorResult(rule, error.message)
    }
  })
  await writeHistory(options, pinned, results, run.answers(null), nowMicros)
  return { ...summarise(results), rowCount, scanCount: run.scanCount, profile: run.profile }
}

interface KnownHistory {
  readonly records: ReadonlyMap<string, readonly MetricRecord[]>
  readonly metrics: History
}

/** Earlier metrics of what a rule observes; null without a repository. */
function historyOf({ constraint, filter }: Rule, history: KnownHistory | null): readonly number[] | null {
  if (history === null) return null
  const records = history.records.get(historyName(constraint, filter) ?? '') ?? []
  const window = constraint.kind === 'history' ? constraint.window : undefined
  return seriesOf(window === undefined ? records : records.filter((record) => matchesQuery(record, window)))
}

/** Several rules of one run may have the same metric: it counts once. */
const seriesOf = (records: readonly MetricRecord[]): readonly number[] => [
  ...new Map(
    records.map(({ timestampMs, tags, metric }) => [`${timestampMs} ${JSON.stringify(tags)}`, metric]),
  ).values(),
]

function resultOf(rule: Rule, answers: Answers, history: KnownHistory | null): RuleResult {
  const { filter } = rule
  const constraint = needsHistory(rule)
    ? resolveBounds(rule.constraint, filter, history?.metrics ?? new Map())
    : rule.constraint
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

const named = ({ id, description, level, action, labels }: Rule) => ({
  rule: id,
  description,
  level,
  action,
  ...(labels !== undefined && { labels }),
})

function thresholdOf({ constraint }: Rule): string {
  switch (constraint.kind) {
    case 'history':
      return 'as before'
    case 'composite':
      return { and: 'all parts', or: 'one part', not: 'not so' }[constraint.operator]
    case 'column_exists':
      return 'exists'
    case 'column_list':
      return constraint.inOrder ? 'in order' : 'all there'
    case 'files':
      return 'all files'
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

async function readHistory({ repository, table }: VerifyOptions, rules: readonly Rule[]): Promise<KnownHistory | null> {
  if (repository === undefined || table === undefined) return null
  const records = new Map<string, MetricRecord[]>()
  if (rules.some(needsHistory)) {
    for (const record of await repository.load({ table })) {
      const found = records.get(record.name)
      if (found === undefined) records.set(record.name, [record])
      else found.push(record)
    }
  }
  return { records, metrics: new Map([...records].map(([name, of]) => [name, seriesOf(of)])) }
}

async function writeHistory(
  { repository, table, runId = '', tags = {} }: VerifyOptions,
  rules: readonly Rule[],
  results: readonly RuleResult[],
  answers: Answers,
  nowMicros: bigint,
): Promise<void> {
  if (repository === undefined || table === undefined) return
  const timestampMs = Number(nowMicros / 1000n)
  const records: MetricRecord[] = []
  rules.forEach(({ constraint, filter }, i) => {
    const { rule, metric, level, status } = results[i]!
    const common = { table, level, passed: status === 'passed', timestampMs, runId, tags }
    if (metric !== null) records.push({ ...common, rule, name: historyName(constraint, filter) ?? rule, metric })
    if (constraint.kind !== 'composite' || status === 'error') return
    leavesOf(constraint).forEach((part, k) => {
      const name = historyName(part, filter)
      const value = analyzerOf(part).outcome(resolveBounds(part, filter, new Map()), filter, answers).metric
      if (name !== null && value !== null) records.push({ ...common, rule: `${rule}/${k + 1}`, name, metric: value })
    })
  })
  await repository.append(records)
}
