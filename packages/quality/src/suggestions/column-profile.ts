import { col } from '@deltaworks/expression'
import type { DataFrame } from '@deltaworks/plan'
import { boolean, float64, isFloat, isNested, isNumeric, type Field } from '@deltaworks/schema'
import { analyze } from '../analysis/analyze.js'
import { analyzers } from '../analysis/analyzers.js'
import { inferredType, type InferredType } from '../analysis/definition.js'
import { metricNumber, type Distribution, type Metric } from '../analysis/metric.js'
import type { MetricAnalyzer } from '../analysis/metric-analyzer.js'
import type { AnyFrame, QueryRunner } from '../query-runner.js'

/** What a column holds, with what Deequ's profiler tells: the basis of suggestions. */
export interface DetailedProfile {
  readonly column: string
  readonly completeness: number
  readonly approximateDistinct: number
  readonly dataType: InferredType
  /** Of text whose values can all be read as this type; else the column's own type. */
  readonly isInferred: boolean
  /** How many texts can be read as what; null for columns of another type. */
  readonly typeCounts: Distribution | null
  /** Of columns with few values. */
  readonly histogram: Distribution | null
  readonly numbers: NumberProfile | null
  readonly lengths: { readonly minimum: number; readonly maximum: number } | null
}
export interface NumberProfile {
  readonly minimum: number
  readonly maximum: number
  readonly range: number
  readonly mean: number
  readonly sum: number
  readonly standardDeviation: number
  readonly variance: number
  readonly skewness: number
  readonly kurtosis: number
  readonly zeros: number
  readonly interquartileRange: number
  /** At 1 %, 2 % … 100 %, about. */
  readonly approximatePercentiles: readonly number[]
}

export interface DetailedProfileOptions {
  readonly columns?: readonly string[]
  /** Columns with at most so many values get a histogram; default 120. */
  readonly lowCardinality?: number
  /** Types that are known and need not be told from the values. */
  readonly knownTypes?: Readonly<Record<string, InferredType>>
}

export interface DetailedTableProfile {
  readonly rowCount: number
  readonly columns: readonly DetailedProfile[]
}

/** Three passes at most: what all columns have; numbers, also those in text; histograms of columns with few values. */
export async function profileColumns(
  session: QueryRunner,
  table: AnyFrame,
  options: DetailedProfileOptions = {},
): Promise<DetailedTableProfile> {
  const frame = table as DataFrame
  const fields = frame.schema.fields.filter(
    ({ name, type }) => !isNested(type) && (options.columns?.includes(name) ?? true),
  )
  const first = await ask(session, frame, fields.flatMap(basics), fields)
  const columns = fields.map((field) => basicProfile(field, first, options))
  const numeric = columns.filter(({ dataType }) => dataType === 'Integral' || dataType === 'Fractional')
  const few = columns.filter(({ approximateDistinct }) => approximateDistinct <= (options.lowCardinality ?? 120))
  // Texts that are numbers are read as such.
  const inText = numeric.filter(({ isInferred }) => isInferred).map(({ column }) => column)
  const read =
    inText.length === 0
      ? frame
      : frame.withColumns(Object.fromEntries(inText.map((name) => [name, col(name).tryCast(float64)])))
  const second = await ask(
    session,
    read,
    numeric.flatMap(({ column }) => numbers(column)),
    fields,
  )
  const third = await ask(
    session,
    frame,
    few.map(({ column }) => analyzers.histogram(column)),
    fields,
  )
  return {
    rowCount: first.rowCount,
    columns: columns.map((profile) => ({
      ...profile,
      numbers: numeric.includes(profile) ? numberProfile(profile.column, second) : null,
      histogram: few.includes(profile) ? third.distribution('Histogram', profile.column) : null,
    })),
  }
}

class Answers {
  readonly rowCount: number
  readonly #metrics: ReadonlyMap<string, Metric>

  constructor(metrics: readonly Metric[], rowCount: number) {
    this.rowCount = rowCount
    this.#metrics = new Map(metrics.map((metric) => [`${metric.analyzer.kind} ${metric.instance}`, metric]))
  }
  number(kind: MetricAnalyzer['kind'], column: string): number | null {
    return metricNumber(this.#metrics.get(`${kind} ${column}`)?.value ?? null)
  }
  numbers(kind: MetricAnalyzer['kind'], column: string): readonly number[] {
    const value = this.#metrics.get(`${kind} ${column}`)?.value
    return value?.kind === 'numbers' ? Object.values(value.values) : []
  }
  distribution(kind: MetricAnalyzer['kind'], column: string): Distribution | null {
    const value = this.#metrics.get(`${kind} ${column}`)?.value
    return value?.kind === 'distribution' ? value.distribution : null
  }
}

async function ask(
  session: QueryRunner,
  frame: DataFrame,
  all: readonly MetricAnalyzer[],
  fields: readonly Field[],
): Promise<Answers> {
  if (all.length === 0) return new Answers([], 0)
  const used = fields.map(({ name }) => name)
  const { metrics, rowCount } = await analyze(session, frame.select(...used), all)
  return new Answers(metrics, rowCount)
}

function basics({ name, type }: Field): readonly MetricAnalyzer[] {
  const common = [analyzers.completeness(name), analyzers.approxCountDistinct(name)]
  return type.kind === 'string'
    ? [...common, analyzers.dataType(name), analyzers.minLength(name), analyzers.maxLength(name)]
    : common
}

function basicProfile(
  { name, type }: Field,
  answers: Answers,
  { knownTypes = {} }: DetailedProfileOptions,
): DetailedProfile {
  const typeCounts = answers.distribution('DataType', name)
  const known = knownTypes[name]
  const own: InferredType = isNumeric(type)
    ? isFloat(type) || (type.kind === 'decimal' && type.scale > 0)
      ? 'Fractional'
      : 'Integral'
    : type.kind === boolean.kind
      ? 'Boolean'
      : 'String'
  const dataType = known ?? (typeCounts === null ? own : inferredType(typeCounts))
  const minimum = answers.number('MinLength', name)
  return {
    column: name,
    completeness: answers.number('Completeness', name) ?? 1,
    approximateDistinct: answers.number('ApproxCountDistinct', name) ?? 0,
    dataType,
    isInferred: known === undefined && typeCounts !== null,
    typeCounts,
    histogram: null,
    numbers: null,
    lengths: minimum === null ? null : { minimum, maximum: answers.number('MaxLength', name)! },
  }
}

const shares = Array.from({ length: 100 }, (_, i) => (i + 1) / 100)

const numbers = (column: string): readonly MetricAnalyzer[] => [
  analyzers.minimum(column),
  analyzers.maximum(column),
  analyzers.mean(column),
  analyzers.sum(column),
  analyzers.standardDeviation(column),
  analyzers.skewness(column),
  analyzers.kurtosis(column),
  analyzers.zerosCount(column),
  analyzers.interquartileRange(column),
  analyzers.approxQuantiles(column, shares),
]

function numberProfile(column: string, answers: Answers): NumberProfile | null {
  const number = (kind: MetricAnalyzer['kind']): number => answers.number(kind, column) ?? 0
  const minimum = answers.number('Minimum', column)
  if (minimum === null) return null
  const [maximum, standardDeviation] = [number('Maximum'), number('StandardDeviation')]
  return {
    minimum,
    maximum,
    range: maximum - minimum,
    mean: number('Mean'),
    sum: number('Sum'),
    standardDeviation,
    variance: standardDeviation ** 2,
    skewness: number('Skewness'),
    kurtosis: number('Kurtosis'),
    zeros: number('ZerosCount'),
    interquartileRange: number('InterquartileRange'),
    approximatePercentiles: answers.numbers('ApproxQuantiles', column),
  }
}
