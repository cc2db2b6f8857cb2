import { agg, col, expr, fn, lit, when, type Expr } from '@deltaworks/expression'
import type { DataFrame } from '@deltaworks/plan'
import { float64, int32, string, type Value } from '@deltaworks/schema'
import type { Answers, QueryContext, QueryRequirement, Requirement, SketchRequirement } from '../analyzers/analyzer.js'
import { aggregate, asNumber, filtered } from '../analyzers/counting.js'
import { toText } from '../plain-text.js'
import { quantileOf, rankedItems, rankIn, sizeForError, type KllSketchState } from './kll-sketch.js'
import { numberValue, type Bin, type Bucket, type Distribution, type MetricValue } from './metric.js'
import type {
  HistogramAnalyzer,
  HistogramBinnedAnalyzer,
  KllParameters,
  MetricAnalyzer,
  ApproximateQuantile,
} from './metric-analyzer.js'
import type { State } from './state.js'

/** Analyzers of how values are distributed. */
export type DistributionAnalyzer =
  HistogramAnalyzer | HistogramBinnedAnalyzer | Extract<MetricAnalyzer, { kind: 'KLLSketch' }> | ApproximateQuantile

export function distributionRequirements(analyzer: DistributionAnalyzer): readonly Requirement[] {
  switch (analyzer.kind) {
    case 'Histogram':
      return [histogramRequirement(analyzer)]
    case 'HistogramBinned':
      return [
        ...(typeof analyzer.bins === 'number' ? extremesOf(analyzer).map(aggregate) : []),
        binnedRequirement(analyzer),
      ]
    case 'KLLSketch':
    case 'ApproxQuantile':
    case 'ApproxQuantiles':
      return [sketchRequirement(analyzer)]
  }
}

export function distributionState(analyzer: DistributionAnalyzer, answers: Answers): State | null {
  switch (analyzer.kind) {
    case 'Histogram':
    case 'HistogramBinned':
      return null
    case 'KLLSketch':
    case 'ApproxQuantile':
    case 'ApproxQuantiles': {
      const sketch = answers.sketch(sketchRequirement(analyzer))
      return sketch.count === 0 ? null : { kind: 'sketch', sketch }
    }
  }
}

/** Of histograms, which have no state but their own metric. */
export function histogramMetric(
  analyzer: HistogramAnalyzer | HistogramBinnedAnalyzer,
  answers: Answers,
): MetricValue | null {
  return analyzer.kind === 'Histogram'
    ? { kind: 'distribution', distribution: answers.query(histogramRequirement(analyzer)) as Distribution }
    : (answers.query(binnedRequirement(analyzer)) as MetricValue | null)
}

export function sketchMetric(
  analyzer: DistributionAnalyzer,
  { sketch }: { readonly sketch: KllSketchState },
): MetricValue {
  const ranked = rankedItems(sketch)
  switch (analyzer.kind) {
    case 'ApproxQuantile':
      return numberValue(quantileOf(ranked, analyzer.shares[0]!))
    case 'ApproxQuantiles':
      return {
        kind: 'numbers',
        values: Object.fromEntries(analyzer.shares.map((share) => [String(share), quantileOf(ranked, share)])),
      }
    case 'KLLSketch':
      return {
        kind: 'buckets',
        buckets: bucketsOf(sketch, analyzer.parameters.numberOfBuckets),
        parameters: [sketch.shrinkingFactor, sketch.sketchSize],
        data: sketch.levels,
      }
    case 'Histogram':
    case 'HistogramBinned':
      throw new TypeError('a histogram has no sketch')
  }
}

/** Buckets of equal width from the least to the greatest value; the last one includes its upper end. */
export function bucketsOf(sketch: KllSketchState, numberOfBuckets: number): readonly Bucket[] {
  const ranked = rankedItems(sketch)
  const { minimum, maximum } = sketch
  const edge = (i: number) => minimum + ((maximum - minimum) * i) / numberOfBuckets
  return Array.from({ length: numberOfBuckets }, (_, i): Bucket => {
    const [low, high] = [edge(i), edge(i + 1)]
    const last = i === numberOfBuckets - 1
    return { low, high, count: rankIn(ranked, high, last) - rankIn(ranked, low, false) }
  })
}

function sketchRequirement(
  analyzer: Exclude<DistributionAnalyzer, HistogramAnalyzer | HistogramBinnedAnalyzer>,
): SketchRequirement {
  const size: Pick<KllParameters, 'sketchSize' | 'shrinkingFactor'> =
    analyzer.kind === 'KLLSketch'
      ? { sketchSize: analyzer.parameters.sketchSize, shrinkingFactor: analyzer.parameters.shrinkingFactor }
      : { sketchSize: sizeForError(analyzer.relativeError), shrinkingFactor: 0.64 }
  const filter = analyzer.kind === 'KLLSketch' ? null : analyzer.where
  return { kind: 'sketch', column: analyzer.column, filter, ...size }
}

/** Deequ's name of a missing value. */
export const nullValue = 'NullValue'

const histogramRequirement = (analyzer: HistogramAnalyzer): QueryRequirement => ({
  kind: 'query',
  key: `histogram ${toText(analyzer)}`,
  run: (context) => readHistogram(analyzer, context),
})

async function readHistogram(analyzer: HistogramAnalyzer, context: QueryContext): Promise<Distribution> {
  const rows = analyzer.where === null ? context.frame : context.frame.filter(expr(analyzer.where))
  const value = fn.coalesce(
    (analyzer.bin === null ? col(analyzer.column) : expr(analyzer.bin)).cast(string),
    lit(nullValue),
  )
  const counted = rows
    .groupBy(value.as('value'))
    .agg({ n: analyzer.sumOf === null ? agg.count() : agg.sum(col(analyzer.sumOf).cast({ kind: 'int64' })) })
  const [totals, top] = [
    await context.row(counted.agg({ groups: agg.count(), rows: agg.sum(col('n')) }).plan),
    await context.rows(counted.orderBy(col('n').desc(), col('value').asc()).limit(analyzer.maxDetailBins).plan),
  ]
  // The ratio is of all rows, as Deequ has it, and not of those that the condition leaves.
  const all = analyzer.where === null ? Number(totals[1] ?? 0) : context.rowCount
  return {
    numberOfBins: Number(totals[0]),
    values: new Map(
      top.map(([name, count]) => [name as string, { absolute: Number(count), ratio: Number(count) / all }]),
    ),
  }
}

const extremesOf = ({ column, where }: HistogramBinnedAnalyzer): readonly Expr[] => [
  filtered(agg.min(col(column)), where),
  filtered(agg.max(col(column)), where),
]

const binnedRequirement = (analyzer: HistogramBinnedAnalyzer): QueryRequirement => ({
  kind: 'query',
  key: `binned ${toText(analyzer)}`,
  run: (context) => readBins(analyzer, context),
})

/** Where bins begin and end; null: there are no values. */
function edgesOf(analyzer: HistogramBinnedAnalyzer, context: QueryContext): readonly number[] | null {
  const { bins, includeOverflow } = analyzer
  if (typeof bins !== 'number') {
    if (!includeOverflow) return bins
    return [...(bins[0] === -Infinity ? [] : [-Infinity]), ...bins, ...(bins.at(-1) === Infinity ? [] : [Infinity])]
  }
  const [low, high] = extremesOf(analyzer).map((of) => {
    const { value, type } = context.aggregate(of.node)
    return asNumber(value, type)
  })
  if (low === null || low === undefined || high === null || high === undefined) return null
  const inner = includeOverflow ? Math.max(1, bins - 2) : bins
  const edges =
    low === high ? [low, high] : Array.from({ length: inner + 1 }, (_, i) => low + ((high - low) * i) / inner)
  return includeOverflow ? [-Infinity, ...edges, Infinity] : edges
}

async function readBins(analyzer: HistogramBinnedAnalyzer, context: QueryContext): Promise<MetricValue | null> {
  const edges = edgesOf(analyzer, context)
  if (edges === null) return null
  const rows: DataFrame = analyzer.where === null ? context.frame : context.frame.filter(expr(analyzer.where))
  const value = col(analyzer.column).cast(float64)
  const found = await context.rows(rows.groupBy(binOf(value, edges).as('bin')).agg({ n: agg.count() }).plan)
  const counts = new Map(found.map(([bin, n]: readonly Value[]) => [bin === null ? null : Number(bin), Number(n)]))
  const total = context.rowCount
  const bins = edges.slice(1).map((high, i): Bin => {
    const absolute = counts.get(i) ?? 0
    return { low: edges[i]!, high, absolute, ratio: total === 0 ? 0 : absolute / total }
  })
  return { kind: 'binned', bins, numberOfBins: bins.length, missing: counts.get(-2) ?? 0 }
}

/** The number of a value's bin; -1: outside of all, -2: missing. The last bin with finite ends includes its upper one. */
function binOf(value: Expr, edges: readonly number[]): Expr {
  const number = (of: number): Expr => lit(of, float64)
  const lastFinite = edges.at(-1) === Infinity && edges.length > 2 ? edges.length - 3 : edges.length - 2
  let cases = when(value.isNull(), -2).when(value.lt(number(edges[0]!)), -1)
  for (let i = 0; i < edges.length - 1; i++) {
    const inside = i === lastFinite ? value.le(number(edges[i + 1]!)) : value.lt(number(edges[i + 1]!))
    cases = cases.when(edges[i + 1] === Infinity ? lit(true) : inside, lit(i, int32))
  }
  return cases.otherwise(-1)
}
