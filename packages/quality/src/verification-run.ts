import { agg, expr, type Expression } from '@deltaworks/expression'
import type { DataFrame, LogicalPlan } from '@deltaworks/plan'
import { isDeltaworksError, type DataType, type Value } from '@deltaworks/schema'
import type { KllSketchState } from './analysis/kll-sketch.js'
import type { FrequenciesState, MomentsState } from './analysis/state.js'
import type {
  AggregateRequirement,
  Answers,
  GroupingAnswer,
  MomentsRequirement,
  OutliersRequirement,
  QueryContext,
  Requirement,
} from './analyzers/analyzer.js'
import { countOutliers, countOutside, momentsOf } from './analyzers/outliers.js'
import { grouping, orphans } from './analyzers/queries.js'
import { unknownReference } from './errors.js'
import { LocalFiles, type FileSource } from './file-source.js'
import { profileAggregates, profileOf, sampleOf, topValuesOf, type ProfileOptions } from './profile.js'
import type { AnyFrame, QueryRunner } from './query-runner.js'
import type { TableProfile } from './table-profile.js'
import { requirementKey, type VerificationPlan } from './verification-plan.js'

export interface RunOptions {
  readonly references?: ReadonlyMap<string, AnyFrame> | undefined
  readonly signal?: AbortSignal | undefined
  /** The clock, microseconds since the epoch; default now. */
  readonly nowMicros?: bigint | undefined
  /** Where file rules look; default the machine's files. */
  readonly files?: FileSource | undefined
}

/** Computes what a plan requires, and answers questions about it. What only some runs need is loaded when it is needed. */
export class VerificationRun {
  readonly #session: QueryRunner
  readonly #frame: DataFrame
  readonly #references: ReadonlyMap<string, AnyFrame>
  readonly #options: { readonly signal?: AbortSignal }
  readonly #aggregates = new Map<string, { readonly value: Value; readonly type: DataType }>()
  readonly #moments = new Map<string, MomentsState>()
  readonly #groupings = new Map<string, GroupingAnswer>()
  readonly #frequencies = new Map<string, FrequenciesState>()
  readonly #sketches = new Map<string, KllSketchState>()
  readonly #orphans = new Map<string, number>()
  readonly #outliers = new Map<string, { readonly values: number; readonly outliers: number }>()
  readonly #queries = new Map<string, unknown>()
  /** Queries that failed for a reason of their own; the rules that need them are errors. */
  readonly #failures = new Map<string, Error>()
  #rowCount = 0
  scanCount = 0
  profile: TableProfile | null = null

  readonly #nowMicros: bigint
  readonly #files: FileSource | undefined

  constructor(session: QueryRunner, frame: DataFrame, { references, signal, nowMicros, files }: RunOptions) {
    this.#session = session
    this.#frame = frame
    this.#references = references ?? new Map()
    this.#options = signal === undefined ? {} : { signal }
    this.#nowMicros = nowMicros ?? BigInt(Date.now()) * 1000n
    this.#files = files
  }

  /** Everything of the plan, the shared scan first. @returns the number of rows */
  async compute(plan: VerificationPlan, profiling: ProfileOptions | null): Promise<number> {
    await this.#sharedScan(plan.aggregates, plan.moments, profiling)
    await this.#ownQueries(plan)
    return this.#rowCount
  }

  /** One scan: the rules' aggregates, the sums of moments, the profile's, and the number of rows. */
  async #sharedScan(
    required: readonly AggregateRequirement[],
    moments: readonly MomentsRequirement[],
    profiling: ProfileOptions | null,
  ): Promise<void> {
    const ofProfile = profiling === null ? null : profileAggregates(this.#frame.schema, profiling)
    const powers =
      moments.length === 0
        ? null
        : await (await import('./analysis/moments.js')).PowerSums.plan(moments, this.#frame, (plan) => this.#row(plan))
    const query = this.#frame.agg({
      rows: agg.count(),
      ...Object.fromEntries(required.map(({ expression }, i) => [`rule_${i}`, expr(expression)])),
      ...powers?.aggregates,
      ...ofProfile?.aggregates,
    }).plan
    const values = await this.#row(query)
    const { fields } = query.schema
    required.forEach((requirement, i) => {
      this.#aggregates.set(requirementKey(requirement), { value: values[i + 1]!, type: fields[i + 1]!.type })
    })
    this.#rowCount = Number(values[0])
    let next = 1 + required.length
    if (powers !== null) {
      const found = await powers.moments(values.slice(next), this.#frame, (plan) => this.#row(plan))
      moments.forEach((requirement, i) => this.#moments.set(requirementKey(requirement), found[i]!))
      next += powers.size
    }
    if (profiling !== null && ofProfile !== null) {
      const sample = await sampleOf(this.#session, this.#frame, profiling, this.#options)
      const profile = profileOf(ofProfile, values.slice(next), fields.slice(next), this.#rowCount, sample)
      this.profile = await topValuesOf(this.#session, this.#frame, profile, profiling, this.#options)
    }
  }

  async #ownQueries(plan: VerificationPlan): Promise<void> {
    for (const requirement of plan.groupings) {
      await this.#attempt(requirement, async () => {
        const [rows, nullRows, groups, singles, duplicateRows, logSum] = await this.#row(
          grouping(this.#frame, requirement),
        )
        this.#groupings.set(requirementKey(requirement), {
          rows: Number(rows ?? 0n),
          nullRows: Number(nullRows ?? 0n),
          groups: Number(groups),
          singles: Number(singles),
          duplicateRows: Number(duplicateRows ?? 0n),
          logSum: Number(logSum ?? 0),
        })
      })
    }
    for (const requirement of plan.orphans) {
      await this.#attempt(requirement, async () => {
        const table = this.#reference(requirement.constraint.reference)
        const [count] = await this.#row(orphans(this.#frame, table, requirement))
        this.#orphans.set(requirementKey(requirement), Number(count))
      })
    }
    for (const requirement of plan.outliers) {
      await this.#attempt(requirement, async () => {
        const [values, outliers] = await this.#row(this.#outliersQuery(requirement))
        this.#outliers.set(requirementKey(requirement), { values: Number(values), outliers: Number(outliers) })
      })
    }
    await this.#rareQueries(plan)
  }

  async #rareQueries({ frequencies, sketches, queries }: VerificationPlan): Promise<void> {
    for (const requirement of frequencies) {
      const { readFrequencies } = await import('./analysis/key-analysis.js')
      await this.#attempt(requirement, async () => {
        this.#frequencies.set(requirementKey(requirement), await readFrequencies(requirement, this.#queryContext()))
      })
    }
    if (sketches.length > 0) {
      const { readSketches } = await import('./analysis/read-sketches.js')
      this.scanCount++
      const found = await readSketches(this.#session, this.#frame, sketches, this.#options)
      sketches.forEach((requirement, i) => this.#sketches.set(requirementKey(requirement), found[i]!))
    }
    for (const requirement of queries) {
      await this.#attempt(requirement, async () => {
        this.#queries.set(requirementKey(requirement), await requirement.run(this.#queryContext()))
      })
    }
  }

  #queryContext(): QueryContext {
    return {
      frame: this.#frame,
      rowCount: this.#rowCount,
      nowMicros: this.#nowMicros,
      files: this.#files ?? new LocalFiles(),
      reference: (name) => this.#reference(name),
      aggregate: (expression) => this.#aggregates.get(requirementKey({ kind: 'aggregate', expression }))!,
      row: (plan) => this.#row(plan),
      rows: async (plan) => {
        this.scanCount++
        return (await this.#session.collect(plan, this.#options)).rows
      },
      sql: async (text) => {
        const { parseStatement } = await import('./analysis/statement.js')
        return parseStatement(text, this.#frame, this.#references)
      },
    }
  }

  #reference(name: string): DataFrame {
    const table = this.#references.get(name)
    if (table === undefined) throw unknownReference(name, name, [...this.#references.keys()])
    return table as DataFrame
  }

  #outliersQuery({ constraint, filter }: OutliersRequirement): LogicalPlan {
    const moments = momentsOf(constraint, filter)?.map((moment) => this.#aggregates.get(requirementKey(moment))!)
    if (moments === undefined) return countOutliers(this.#frame, constraint, filter)
    const values = moments.map(({ value }) => value as number | null)
    return countOutside(this.#frame, constraint, filter, values)
  }

  answers(history: readonly number[] | null): Answers {
    const ask = <T>(answers: ReadonlyMap<string, T>, requirement: Requirement): T => {
      const key = requirementKey(requirement)
      const failure = this.#failures.get(key)
      if (failure !== undefined) throw failure
      return answers.get(key)!
    }
    return {
      schema: this.#frame.schema,
      rowCount: this.#rowCount,
      nowMicros: this.#nowMicros,
      history,
      aggregate: (expression: Expression) => ask(this.#aggregates, { kind: 'aggregate', expression }),
      moments: (requirement) => ask(this.#moments, requirement),
      grouping: (requirement) => ask(this.#groupings, requirement),
      frequencies: (requirement) => ask(this.#frequencies, requirement),
      sketch: (requirement) => ask(this.#sketches, requirement),
      orphans: (requirement) => ask(this.#orphans, requirement),
      outliers: (requirement) => ask(this.#outliers, requirement),
      query: (requirement) => ask(this.#queries, requirement),
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
