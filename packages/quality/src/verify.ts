import { agg, expr } from '@deltaworks/expression'
import type { DataFrame, LogicalPlan } from '@deltaworks/plan'
import { isDeltaworksError, type DataType, type Value } from '@deltaworks/schema'
import { analyzerOf } from './analyzers/index.js'
import type {
  AggregateRequirement,
  Answers,
  GroupingAnswer,
  OutliersRequirement,
  Requirement,
} from './analyzers/analyzer.js'
import { grouping, orphans } from './analyzers/queries.js'
import { countOutliers, countOutside, momentsOf } from './analyzers/outliers.js'
import { formatBounds } from './bounds.js'
import { unknownReference } from './errors.js'
import type { MetricsRepository } from './metrics-repository.js'
import { profileAggregates, profileOf, sampleOf, topValuesOf, type ProfileOptions } from './profile.js'
import type { AnyFrame, QueryRunner } from './query-runner.js'
import type { Rule } from './rule.js'
import { problemOf } from './validate.js'
import { planVerification, requirementKey, type VerificationPlan } from './verification-plan.js'
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
  const plan = planVerification(sound)
  const profiling = options.profile === true ? {} : options.profile || null
  const run = new VerificationRun(session, frame, references, options.signal)
  const rowCount = await run.aggregates(plan.aggregates, profiling)
  await run.others(plan)
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

class VerificationRun {
  readonly #session: QueryRunner
  readonly #frame: DataFrame
  readonly #references: ReadonlyMap<string, AnyFrame>
  readonly #options: { readonly signal?: AbortSignal }
  readonly #aggregates = new Map<string, { readonly value: Value; readonly type: DataType }>()
  readonly #groupings = new Map<string, GroupingAnswer>()
  readonly #orphans = new Map<string, number>()
  readonly #outliers = new Map<string, { readonly values: number; readonly outliers: number }>()
  /** Queries that failed for a reason of their own; the rules that need them are errors. */
  readonly #failures = new Map<string, Error>()
  scanCount = 0
  profile: VerificationResult['profile'] = null

  constructor(
    session: QueryRunner,
    frame: DataFrame,
    references: ReadonlyMap<string, AnyFrame>,
    signal: AbortSignal | undefined,
  ) {
    this.#session = session
    this.#frame = frame
    this.#references = references
    this.#options = signal === undefined ? {} : { signal }
  }

  /** One scan: the rules' aggregates, the profile's, and the number of rows. @returns the last */
  async aggregates(required: readonly AggregateRequirement[], profiling: ProfileOptions | null): Promise<number> {
    const ofProfile = profiling === null ? null : profileAggregates(this.#frame.schema, profiling)
    const query = this.#frame.agg({
      rows: agg.count(),
      ...Object.fromEntries(required.map(({ expression }, i) => [`rule_${i}`, expr(expression)])),
      ...ofProfile?.aggregates,
    }).plan
    const values = await this.#row(query)
    const { fields } = query.schema
    required.forEach((requirement, i) => {
      this.#aggregates.set(requirementKey(requirement), { value: values[i + 1]!, type: fields[i + 1]!.type })
    })
    const rowCount = Number(values[0])
    if (profiling !== null && ofProfile !== null) {
      const first = 1 + required.length
      const sample = await sampleOf(this.#session, this.#frame, profiling, this.#options)
      const profile = profileOf(ofProfile, values.slice(first), fields.slice(first), rowCount, sample)
      this.profile = await topValuesOf(this.#session, this.#frame, profile, profiling, this.#options)
    }
    return rowCount
  }

  async others(plan: VerificationPlan): Promise<void> {
    for (const requirement of plan.groupings) {
      await this.#attempt(requirement, async () => {
        const [rows, nullRows, groups, singles] = await this.#row(grouping(this.#frame, requirement))
        this.#groupings.set(requirementKey(requirement), {
          rows: Number(rows ?? 0n),
          nullRows: Number(nullRows ?? 0n),
          groups: Number(groups),
          singles: Number(singles),
        })
      })
    }
    for (const requirement of plan.orphans) {
      await this.#attempt(requirement, async () => {
        const { reference } = requirement.constraint
        const table = this.#references.get(reference)
        if (table === undefined) throw unknownReference(reference, reference, [...this.#references.keys()])
        const [count] = await this.#row(orphans(this.#frame, table as DataFrame, requirement))
        this.#orphans.set(requirementKey(requirement), Number(count))
      })
    }
    for (const requirement of plan.outliers) {
      await this.#attempt(requirement, async () => {
        const [values, outliers] = await this.#row(this.#outliersQuery(requirement))
        this.#outliers.set(requirementKey(requirement), { values: Number(values), outliers: Number(outliers) })
      })
    }
  }

  #outliersQuery({ constraint, filter }: OutliersRequirement): LogicalPlan {
    const moments = momentsOf(constraint, filter)?.map((moment) => this.#aggregates.get(requirementKey(moment))!)
    if (moments === undefined) return countOutliers(this.#frame, constraint, filter)
    const values = moments.map(({ value }) => value as number | null)
    return countOutside(this.#frame, constraint, filter, values)
  }

  answers(nowMicros: bigint, history: readonly number[] | null): Answers {
    const ask = <T>(answers: ReadonlyMap<string, T>, requirement: Requirement): T => {
      const key = requirementKey(requirement)
      const failure = this.#failures.get(key)
      if (failure !== undefined) throw failure
      return answers.get(key)!
    }
    return {
      schema: this.#frame.schema,
      nowMicros,
      history,
      aggregate: (expression) => ask(this.#aggregates, { kind: 'aggregate', expression }),
      grouping: (requirement) => ask(this.#groupings, requirement),
      orphans: (requirement) => ask(this.#orphans, requirement),
      outliers: (requirement) => ask(this.#outliers, requirement),
    }
  }

  async #row(query: LogicalPlan): Promise<readonly Value[]> {
    this.scanCount++
    const { rows } = await this.#session.collect(query, this.#options)
    return rows[0]!
  }

  async #attempt(requirement: Requirement, work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      if (!isDeltaworksError(error) || error.fault === 'cancelled' || error.fault === 'internal') throw error
      this.#failures.set(requirementKey(requirement), error)
    }
  }
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
