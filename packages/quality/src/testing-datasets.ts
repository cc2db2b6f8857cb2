import { values, type DataFrame } from '@deltaworks/plan'
import {
  boolean,
  date,
  decimal,
  field,
  float64,
  int32,
  int64,
  schema,
  string,
  timestamp,
  type Schema,
  type Value,
} from '@deltaworks/schema'
import { analyzers } from './analysis/analyzers.js'
import type { MetricAnalyzer } from './analysis/metric-analyzer.js'

/*
 * Data sets and analyzers that Deequ on Spark and we compute the same metrics of: `tools/interop` runs both, and what Deequ
 * said is recorded for the tests that need Node alone.
 */

export interface Dataset {
  readonly name: string
  readonly schema: Schema
  readonly rowCount: number
  readonly row: (i: number) => readonly Value[]
  readonly analyzers: readonly AnalyzerSpec[]
}

/** An analyzer as JSON, which the Scala side reads as well. */
export interface AnalyzerSpec {
  readonly kind: string
  readonly columns?: readonly string[]
  readonly where?: string
  readonly predicate?: string
  readonly pattern?: string
  readonly share?: number
  readonly bins?: number
}

/** Numbers that look random and are the same everywhere (mulberry32 of the place). */
export function noise(i: number, salt: number): number {
  let t = (Math.imul(i + 1, 0x9e3779b1) ^ Math.imul(salt, 0x85ebca6b)) | 0
  t = Math.imul(t ^ (t >>> 15), t | 1)
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
}
const pick = <T>(of: readonly T[], i: number, salt: number): T => of[Math.floor(noise(i, salt) * of.length)]!
const whole = (i: number, salt: number, below: number): number => Math.floor(noise(i, salt) * below)

const on = (kind: string, ...columns: readonly string[]): AnalyzerSpec => ({ kind, columns })
const ofEach = (kinds: readonly string[], columns: readonly string[]): readonly AnalyzerSpec[] =>
  kinds.flatMap((kind) => columns.map((column) => on(kind, column)))

const numeric = [
  'Minimum',
  'Maximum',
  'Mean',
  'Sum',
  'Range',
  'ZerosCount',
  'StandardDeviation',
  'Variance',
  'Skewness',
  'Kurtosis',
  'InterquartileRange',
  'ApproxQuantile',
  'ExactQuantile',
  'KLLSketch',
]
/** Deequ makes no sketches of decimals. */
const ofDecimals = numeric.filter((kind) => kind !== 'KLLSketch')
const anyType = [
  'Completeness',
  'Uniqueness',
  'Distinctness',
  'UniqueValueRatio',
  'CountDistinct',
  'Entropy',
  'ApproxCountDistinct',
  'DuplicateRowCount',
]
const textual = ['MinLength', 'MaxLength', 'DataType', 'Histogram']
const share = (spec: AnalyzerSpec): AnalyzerSpec =>
  spec.kind === 'ApproxQuantile' || spec.kind === 'ExactQuantile' ? { ...spec, share: 0.4 } : spec
const whereEach = (specs: readonly AnalyzerSpec[], where: string): readonly AnalyzerSpec[] =>
  specs.map((spec) => ({ ...spec, where }))

const emails = ['ann@shop.example', 'bob@mail.co', 'no address', 'eve@', null, 'me@10.0.0.1', 'x.y+z@a-b.io']
const cities = ['Oslo', 'Bergen', 'Tromsø', 'Bodø', null]
const scripts = [
  'Ærlig',
  'Ünïcödé',
  'Привет',
  '你好世界',
  'مرحبا',
  'שלום',
  '🧀🧀',
  'e\u0301',
  '',
  ' ',
  'null',
  'NaN',
  null,
]

const shop: Dataset = {
  name: 'shop',
  schema: schema([
    field('id', int64),
    field('customer', string),
    field('email', string),
    field('city', string),
    field('quantity', int32),
    field('amount', decimal(12, 2)),
    field('paid', boolean),
    field('day', date),
  ]),
  rowCount: 3000,
  row: (i) => [
    BigInt(i - (i % 500 === 7 ? 1 : 0)),
    `customer ${whole(i, 1, 400)}`,
    pick(emails, i, 2),
    pick(cities, i, 3),
    noise(i, 4) < 0.05 ? null : whole(i, 4, 12),
    noise(i, 5) < 0.03 ? null : BigInt(whole(i, 5, 2_000_000) - 100_000),
    noise(i, 6) < 0.9,
    19_000 + whole(i, 7, 365),
  ],
  analyzers: [
    { kind: 'Size' },
    { kind: 'Size', where: 'quantity > 5' },
    { kind: 'ColumnCount' },
    ...ofEach(anyType, ['id', 'customer', 'email', 'city', 'quantity', 'amount', 'paid', 'day']),
    ...ofEach(numeric, ['quantity']).map(share),
    ...ofEach(ofDecimals, ['amount']).map(share),
    ...ofEach(textual, ['customer', 'email', 'city']),
    ...whereEach(ofEach(['Completeness', 'Mean', 'Maximum', 'StandardDeviation'], ['quantity']), "city = 'Oslo'"),
    on('Uniqueness', 'customer', 'day'),
    on('CountDistinct', 'city', 'paid'),
    on('MutualInformation', 'city', 'quantity'),
    on('MutualInformation', 'email', 'city'),
    on('Correlation', 'quantity', 'id'),
    on('RatioOfSums', 'quantity', 'id'),
    { kind: 'Compliance', predicate: 'quantity >= 3 and amount > 100' },
    { kind: 'Compliance', predicate: "city = 'Oslo'", where: 'quantity < 6' },
    { kind: 'PatternMatch', columns: ['email'], pattern: '^[a-z.+]+@[a-z-]+\\.[a-z]+$' },
    { kind: 'PatternMatch', columns: ['customer'], pattern: '\\d{3}' },
    { kind: 'HistogramBinned', columns: ['quantity'], bins: 4 },
  ],
}

const texts: Dataset = {
  name: 'texts',
  schema: schema([field('a', string), field('b', string), field('number', string), field('none', string)]),
  rowCount: 1500,
  row: (i) => [
    pick(scripts, i, 11),
    `${pick(scripts, i, 12) ?? ''}${whole(i, 13, 30)}`,
    pick(['1', '-2', '+3', '4.5', '1e3', '1.5E-2', 'true', 'false', 'TRUE', '.5', '1.', '- 1', ' 1', 'x', null], i, 14),
    null,
  ],
  analyzers: [
    { kind: 'Size' },
    ...ofEach([...anyType, ...textual], ['a', 'b', 'number']),
    ...ofEach(['Completeness', 'DataType', 'CountDistinct'], ['none']),
    on('MutualInformation', 'a', 'number'),
    on('DuplicateRowCount', 'a', 'b'),
    { kind: 'PatternMatch', columns: ['b'], pattern: '[0-9]+' },
    { kind: 'Compliance', predicate: "length(a) > 3 and a like '%e%'" },
  ],
}

const extremes: Dataset = {
  name: 'extremes',
  schema: schema([
    field('i', int64),
    field('n', int32),
    field('d', float64),
    field('p', decimal(18, 4)),
    field('far', float64),
    field('one', int32),
  ]),
  rowCount: 1200,
  row: (i) => [
    noise(i, 21) < 0.1
      ? null
      : pick([0n, -1n, 1n, 4_503_599_627_370_496n, -4_503_599_627_370_496n, 1_000_000_007n], i, 21),
    noise(i, 22) < 0.1 ? null : pick([0, -2_147_483_648, 2_147_483_647, 1, -1, 17], i, 22),
    noise(i, 23) < 0.1 ? null : pick([0, 1e-9, -1e-9, 1e9, -1e9, 0.1, 1 / 3], i, 23),
    noise(i, 24) < 0.1 ? null : BigInt(whole(i, 24, 2_000_000_000)) * 10_000n + 1n,
    1e8 + noise(i, 25),
    7,
  ],
  analyzers: [
    ...ofEach(anyType, ['i', 'n', 'p', 'one']),
    ...ofEach(numeric, ['i', 'n', 'd', 'far', 'one']).map(share),
    ...ofEach(ofDecimals, ['p']).map(share),
    on('Correlation', 'n', 'far'),
    on('Correlation', 'd', 'p'),
    on('RatioOfSums', 'n', 'one'),
    { kind: 'HistogramBinned', columns: ['far'], bins: 10 },
  ],
}

const skewed: Dataset = {
  name: 'skewed',
  schema: schema([field('key', int32), field('kind', string), field('size', float64), field('at', timestamp)]),
  rowCount: 2500,
  row: (i) => [
    Math.floor(50 / (whole(i, 31, 50) + 1)),
    pick(['a', 'a', 'a', 'a', 'b', 'b', 'c', null], i, 32),
    Math.exp(noise(i, 33) * 8),
    1_700_000_000_000_000n + BigInt(whole(i, 34, 1_000_000)) * 1_000_000n,
  ],
  analyzers: [
    ...ofEach(anyType, ['key', 'kind', 'at']),
    ...ofEach(numeric, ['key', 'size']).map(share),
    on('MutualInformation', 'key', 'kind'),
    on('Histogram', 'kind'),
    on('Histogram', 'key'),
    on('Correlation', 'key', 'size'),
    { kind: 'HistogramBinned', columns: ['size'], bins: 5 },
    ...whereEach(
      [...ofEach(['Mean', 'Skewness', 'Kurtosis', 'Sum'], ['size']), on('Entropy', 'kind')],
      "kind = 'a' or key > 3",
    ),
  ],
}

/** @param rowCount recorded values are of 20 000 */
export const largeDataset = (rowCount = 20_000): Dataset => ({
  name: `large-${rowCount}`,
  schema: schema([
    field('id', int64),
    field('text', string),
    field('amount', decimal(12, 2)),
    field('x', float64),
    field('group', int32),
  ]),
  rowCount,
  row: (i) => [
    BigInt(i),
    noise(i, 41) < 0.02 ? null : `${pick(scripts, i, 42) ?? 'none'} ${whole(i, 43, 5000)}`,
    noise(i, 44) < 0.01 ? null : BigInt(whole(i, 45, 1_000_000_000)),
    Math.sqrt(-2 * Math.log(noise(i, 46) + 1e-12)) * Math.cos(2 * Math.PI * noise(i, 47)),
    whole(i, 48, 100),
  ],
  analyzers: [
    { kind: 'Size' },
    ...ofEach(anyType, ['id', 'text', 'group']),
    ...ofEach(numeric, ['x', 'group']).map(share),
    ...ofEach(ofDecimals, ['amount']).map(share),
    ...ofEach(['MinLength', 'MaxLength', 'DataType'], ['text']),
    on('MutualInformation', 'group', 'text'),
    on('Correlation', 'x', 'amount'),
    { kind: 'Compliance', predicate: 'x > 0 and amount < 1000000' },
    { kind: 'PatternMatch', columns: ['text'], pattern: ' 1\\d*$' },
  ],
})

export const datasets: readonly Dataset[] = [shop, texts, extremes, skewed, largeDataset()]

export const frameOf = ({ schema, rowCount, row }: Dataset): DataFrame =>
  values(
    schema,
    Array.from({ length: rowCount }, (_, i) => row(i)),
  )

/** @throws TypeError for a kind that specs do not have */
export function analyzerOf(spec: AnalyzerSpec): MetricAnalyzer {
  const [first = '', second = ''] = spec.columns ?? []
  const where = { where: spec.where }
  switch (spec.kind) {
    case 'Size':
      return analyzers.size(where)
    case 'ColumnCount':
      return analyzers.columnCount()
    case 'Uniqueness':
      return analyzers.uniqueness(spec.columns!, where)
    case 'Distinctness':
      return analyzers.distinctness(spec.columns!, where)
    case 'UniqueValueRatio':
      return analyzers.uniqueValueRatio(spec.columns!, where)
    case 'CountDistinct':
      return analyzers.countDistinct(spec.columns!, where)
    case 'DuplicateRowCount':
      return analyzers.duplicateRowCount(spec.columns, where)
    case 'Entropy':
      return analyzers.entropy(first, where)
    case 'MutualInformation':
      return analyzers.mutualInformation(first, second, where)
    case 'Correlation':
      return analyzers.correlation(first, second, where)
    case 'RatioOfSums':
      return analyzers.ratioOfSums(first, second, where)
    case 'Compliance':
      return analyzers.compliance('rule', spec.predicate!, where)
    case 'PatternMatch':
      return analyzers.patternMatch(first, spec.pattern!, where)
    case 'ApproxQuantile':
      return analyzers.approxQuantile(first, spec.share!, where)
    case 'ExactQuantile':
      return analyzers.exactQuantile(first, spec.share!, where)
    case 'KLLSketch':
      return analyzers.kllSketch(first)
    case 'Histogram':
      return analyzers.histogram(first, where)
    case 'HistogramBinned':
      return analyzers.histogramBinned(first, { ...where, bins: spec.bins! })
    default: {
      const name = (spec.kind[0]!.toLowerCase() + spec.kind.slice(1)) as 'completeness'
      const make = analyzers[name] as ((column: string, options: typeof where) => MetricAnalyzer) | undefined
      if (make === undefined) throw new TypeError(`there is no analyzer ${spec.kind}`)
      return make(first, where)
    }
  }
}

/** What Deequ said of one analyzer: names and values of its metric, flattened. */
export interface RecordedMetric {
  readonly dataset: string
  readonly index: number
  readonly kind: string
  readonly problem?: string
  readonly numbers: readonly (readonly [string, number | string])[]
}

/** How far metrics of a kind may be apart: relative, of exact ones by the rounding of doubles alone. */
function toleranceOf(kind: string): number {
  switch (kind) {
    case 'ApproxCountDistinct':
      // Deequ's relative deviation is 5 %, ours 2 %.
      return 0.15
    case 'Skewness':
    case 'Kurtosis':
      return 1e-7
    case 'Correlation':
      // Of numbers about 10^8 apart by less than one, their digits allow no more.
      return 1e-8
    default:
      return 1e-9
  }
}

/**
 * What differs between our metric and Deequ's; null: nothing. Sketches agree if ranks differ by no more than both their errors.
 */
export function differenceOf(
  { kind, columns }: AnalyzerSpec,
  problem: string | null,
  ours: readonly { readonly name: string; readonly value: number }[],
  theirs: RecordedMetric,
  rowCount: number,
): string | null {
  // Deequ reads the wrong column where this one shares a scan (RatioOfSums.fromAggregationResult ignores its offset).
  if (kind === 'RatioOfSums' && theirs.problem?.includes('ClassCastException') === true) return null
  if ((problem !== null || ours.length === 0) !== theirs.numbers.every(([, value]) => value === 'NaN'))
    return `ours ${problem ?? 'is a value'}, theirs ${theirs.problem ?? 'is a value'}`
  if (problem !== null) return null
  if (kind === 'ApproxQuantile') return null
  if (kind === 'KLLSketch') {
    const counts = ours.filter(({ name }) => name.startsWith('KLL.count.')).map(({ value }) => value)
    let [a, b] = [0, 0]
    for (const [i, [, count]] of theirs.numbers.entries()) {
      a += counts[i] ?? NaN
      b += Number(count)
      if (!(Math.abs(a - b) <= 0.02 * rowCount)) return `up to bucket ${i} ours are ${a}, theirs ${b}`
    }
    return null
  }
  const mine = new Map(ours.map(({ name, value }) => [name, value]))
  for (const [name, value] of theirs.numbers) {
    const own = mine.get(name)
    if (own === undefined) return `${columns?.join(',') ?? ''} ${name} is missing`
    const expected = Number(value)
    const slack = Math.max(toleranceOf(kind) * Math.max(1, Math.abs(expected)), kind === 'ApproxCountDistinct' ? 1 : 0)
    if (!(Math.abs(own - expected) <= slack)) return `${name}: ours ${own}, theirs ${expected}`
  }
  return null
}
