import { agg, col, expr, fn, lit, type Expr, type Expression } from '@deltaworks/expression'
import type { DataFrame } from '@deltaworks/plan'
import { float64, type Schema } from '@deltaworks/schema'
import type {
  Answers,
  FrequenciesRequirement,
  GroupingRequirement,
  QueryContext,
  QueryRequirement,
  Requirement,
} from '../analyzers/analyzer.js'
import { invalidRule } from '../errors.js'
import { toText } from '../plain-text.js'
import { numberValue, type MetricValue } from './metric.js'
import type { KeyAnalyzer } from './metric-analyzer.js'
import type { FrequenciesState, FrequencySummary, State } from './state.js'

/** `state`: the frequencies themselves, which can be kept and added to; else only what they amount to. */
export type Purpose = 'metric' | 'state'

export function keyRequirements(analyzer: KeyAnalyzer, schema: Schema, purpose: Purpose): readonly Requirement[] {
  if (purpose === 'state') return [frequenciesRequirement(analyzer, schema)]
  const grouping = groupingRequirement(analyzer, schema)
  return analyzer.kind === 'MutualInformation' ? [grouping, mutualInformationRequirement(analyzer)] : [grouping]
}

const keysOf = ({ columns }: KeyAnalyzer, schema: Schema) =>
  (columns.length === 0 ? schema.fields.map((field) => field.name) : columns).map((name) => col(name).node)

const frequenciesRequirement = (analyzer: KeyAnalyzer, schema: Schema): FrequenciesRequirement => ({
  kind: 'frequencies',
  keys: keysOf(analyzer, schema),
  filter: analyzer.where,
})

function groupingRequirement(analyzer: KeyAnalyzer, schema: Schema): GroupingRequirement {
  const keys = keysOf(analyzer, schema)
  return {
    kind: 'grouping',
    keys,
    filter: analyzer.where,
    // Of one column both mean the same, and rules share a grouping.
    scope: keys.length === 1 ? 'every' : 'any',
    detail:
      analyzer.kind === 'Entropy' || analyzer.kind === 'DuplicateRowCount' || analyzer.kind === 'MutualInformation',
  }
}

export function keyState(analyzer: KeyAnalyzer, answers: Answers, purpose: Purpose): State | null {
  if (purpose === 'state') return answers.frequencies(frequenciesRequirement(analyzer, answers.schema))
  const { rows, groups, singles, duplicateRows, logSum } = answers.grouping(
    groupingRequirement(analyzer, answers.schema),
  )
  if (analyzer.kind !== 'MutualInformation')
    return { kind: 'frequency_summary', rows, groups, singles, duplicateRows, logSum }
  const { pairs, first, second, unpaired } = answers.query(mutualInformationRequirement(analyzer)) as MarginalSums
  const sums = { pairs, joint: logSum - unpaired, first, second }
  return rows === 0 ? null : { kind: 'final', value: informationOf(sums, rows) }
}

export function keyMetric(analyzer: KeyAnalyzer, state: State): MetricValue | null {
  if (state.kind === 'final') return numberValue(state.value)
  if (state.kind === 'frequencies' && analyzer.kind === 'MutualInformation')
    return state.rows === 0 ? null : numberValue(informationOf(pairSums(state), state.rows))
  const summary = state.kind === 'frequencies' ? summarise(state) : state
  if (summary.kind !== 'frequency_summary') return null
  const { rows, groups, singles, duplicateRows, logSum } = summary
  const ofRows = (value: number): MetricValue | null => (rows === 0 ? null : numberValue(value))
  switch (analyzer.kind) {
    case 'Uniqueness':
      return ofRows(singles / rows)
    case 'Distinctness':
      return ofRows(groups / rows)
    case 'UniqueValueRatio':
      return ofRows(singles / groups)
    case 'CountDistinct':
      return numberValue(groups)
    case 'DuplicateRowCount':
      return numberValue(duplicateRows)
    case 'Entropy':
      return ofRows(Math.log(rows) - logSum / rows)
    case 'MutualInformation':
      return null
  }
}

function summarise({ rows, counts }: FrequenciesState): FrequencySummary {
  let [singles, duplicateRows, logSum] = [0, 0, 0]
  for (const [, count] of counts) {
    if (count === 1) singles++
    else duplicateRows += count
    logSum += count * Math.log(count)
  }
  return { kind: 'frequency_summary', rows, groups: counts.length, singles, duplicateRows, logSum }
}

/** Over pairs without nulls: their number c, and the sums of c ln c, c ln (rows of x), c ln (rows of y). */
interface PairSums {
  readonly pairs: number
  readonly joint: number
  readonly first: number
  readonly second: number
}

/** The same, by the values of each column; `unpaired`: the part of the sum of c ln c that is of values beside a null. */
interface MarginalSums {
  readonly pairs: number
  readonly first: number
  readonly second: number
  readonly unpaired: number
}

const informationOf = ({ pairs, joint, first, second }: PairSums, rows: number): number =>
  (joint - first - second + pairs * Math.log(rows)) / rows

function pairSums({ counts }: FrequenciesState): PairSums {
  const firsts = new Map<string, number>()
  const seconds = new Map<string, number>()
  const pairs = counts.map(([key, count]) => {
    const [x, y] = (JSON.parse(key) as unknown[]).map((value) => JSON.stringify(value)) as [string, string]
    firsts.set(x, (firsts.get(x) ?? 0) + count)
    seconds.set(y, (seconds.get(y) ?? 0) + count)
    return [x, y, count] as const
  })
  const sums = { pairs: 0, joint: 0, first: 0, second: 0 }
  for (const [x, y, count] of pairs) {
    if (x === 'null' || y === 'null') continue
    sums.pairs += count
    sums.joint += count * Math.log(count)
    sums.first += count * Math.log(firsts.get(x)!)
    sums.second += count * Math.log(seconds.get(y)!)
  }
  return sums
}

const mutualInformationRequirement = (analyzer: KeyAnalyzer): QueryRequirement => ({
  kind: 'query',
  key: `mutual information ${toText([analyzer.columns, analyzer.where])}`,
  async run(context): Promise<MarginalSums> {
    const [x, y] = analyzer.columns as [string, string]
    const read = async (of: string, other: string): Promise<readonly number[]> =>
      (await context.row(marginalQuery(context.frame, of, other, analyzer.where))).map((value) => Number(value ?? 0))
    const [first, second] = [await read(x, y), await read(y, x)]
    return { pairs: first[0]!, first: first[1]!, second: second[1]!, unpaired: first[2]! + second[2]! }
  },
})

/**
 * Of the values of one column: the rows that have the other one too (p), and the sums of p ln (all rows of the value) and of
 * r ln r, r being the rows without the other one. The pairs themselves are of the grouping that all analyzers of both share.
 */
function marginalQuery(frame: DataFrame, of: string, other: string, where: Expression | null) {
  const rows = where === null ? frame : frame.filter(expr(where))
  const [total, paired] = [col('total'), col('paired')]
  const alone = total.sub(paired)
  const logged = (n: Expr, count: Expr): Expr => agg.sum(n.cast(float64).mul(ln(count)))
  return rows
    .select(col(of).as('value'), col(other).as('other'))
    .filter(col('value').isNotNull())
    .groupBy(col('value'))
    .agg({ total: agg.count(), paired: agg.count(col('other')) })
    .agg({ pairs: agg.sum(paired), weighted: logged(paired, total), alone: logged(alone, fn.greatest(alone, lit(1))) })
    .plan
}

const ln = (count: Expr): Expr => fn.ln(count.cast(float64))

/** Frequencies that are kept are few enough to be held: a key column of a large table is not kept. */
const maximumGroups = 2_000_000

/** Reads how often each key occurs. @throws QualityError DW-QUALITY-0005 if there are too many keys to keep */
export async function readFrequencies(
  { keys, filter }: FrequenciesRequirement,
  context: QueryContext,
): Promise<FrequenciesState> {
  const names = keys.map((_, i) => `key_${i}`)
  const rows = filter === null ? context.frame : context.frame.filter(expr(filter))
  const known = names.map((name) => col(name).isNotNull()).reduce((a, b) => a.or(b))
  const query = rows
    .groupBy(...keys.map((key, i) => expr(key).as(names[i]!)))
    .agg({ occurrences: agg.count() })
    .filter(known)
    .limit(maximumGroups + 1)
  const found = await context.rows(query.plan)
  if (found.length > maximumGroups)
    throw invalidRule(`it has more than ${maximumGroups} distinct keys, whose counts are not kept as a state`)
  let total = 0
  const counts = found.map((row): readonly [string, number] => {
    const count = Number(row.at(-1))
    total += count
    return [toText(row.slice(0, -1)), count]
  })
  return { kind: 'frequencies', rows: total, counts }
}
