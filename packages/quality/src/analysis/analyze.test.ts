import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { Session } from '@deltaworks/engine'
import { agg, col } from '@deltaworks/expression'
import { values } from '@deltaworks/plan'
import { decimal, field, float64, int64, schema, string, type Value } from '@deltaworks/schema'
import { analyze, analyzeStates } from './analyze.js'
import { analyzers } from './analyzers.js'
import { metricNumber } from './metric.js'
import type { MetricAnalyzer } from './metric-analyzer.js'
import { FileStateStore, MemoryStateStore } from './state-store.js'

let session: Session
beforeAll(() => {
  session = Session.create({ threads: 1 })
})
afterAll(() => session.close())

const itemsSchema = schema([
  field('item', string),
  field('city', string),
  field('size', string),
  field('x', float64),
  field('y', int64),
  field('price', decimal(12, 2)),
])
const items: readonly (readonly Value[])[] = [
  ['1', 'oslo', 'Ærø', 1, 10n, 150n],
  ['2', 'oslo', '🧀', 2, 8n, 0n],
  ['3', 'bergen', null, 4, 6n, -250n],
  ['4', 'bergen', 'true', 8, 5n, 99_999_999n],
  ['4.5', null, '', 16, 1n, null],
  ['no', 'oslo', 'Ærø', null, null, 1n],
]
const table = values(itemsSchema, items)

const number = async (analyzer: MetricAnalyzer, rows = items): Promise<number | null> => {
  const { metrics } = await analyze(session, values(itemsSchema, rows), [analyzer])
  return metricNumber(metrics[0]!.value)
}

const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length
const central = (values: readonly number[], power: number) => mean(values.map((v) => (v - mean(values)) ** power))
const xs = [1, 2, 4, 8, 16]
const ys = [10, 8, 6, 5, 1]
const entropyOfCities = -(3 / 5) * Math.log(3 / 5) - (2 / 5) * Math.log(2 / 5)
const covariance = mean(xs.map((x, i) => (x - mean(xs)) * (ys[i]! - mean(ys))))

const cases: readonly (readonly [string, MetricAnalyzer, number | null])[] = [
  ['Q-02: size', analyzers.size(), 6],
  ['Q-21: size where', analyzers.size({ where: "city = 'oslo' and x is not null" }), 2],
  ['Q-02: column count', analyzers.columnCount(), 6],
  ['Q-02: column exists', analyzers.columnExists('item'), 1],
  ['Q-02: column does not exist', analyzers.columnExists('nope'), 0],
  ['Q-03: completeness', analyzers.completeness('city'), 5 / 6],
  ['Q-21: completeness where', analyzers.completeness('city', { where: 'x > 4' }), 1 / 2],
  ['Q-03: of no rows there is none', analyzers.completeness('city', { where: 'x > 100' }), null],
  ['Q-04: uniqueness', analyzers.uniqueness('city'), 0],
  ['Q-04: uniqueness of two', analyzers.uniqueness(['city', 'size']), 4 / 6],
  ['Q-04: distinctness', analyzers.distinctness('city'), 2 / 5],
  ['Q-04: unique value ratio', analyzers.uniqueValueRatio('size'), 3 / 4],
  ['Q-04: distinct values', analyzers.countDistinct(['city', 'size']), 5],
  ['Q-05: duplicate rows of columns', analyzers.duplicateRowCount(['city', 'size']), 2],
  ['Q-05: duplicate rows', analyzers.duplicateRowCount(), 0],
  ['Q-06: approximate distinct', analyzers.approxCountDistinct('city'), 2],
  ['Q-07: minimum', analyzers.minimum('price'), -2.5],
  ['Q-07: maximum', analyzers.maximum('price'), 999_999.99],
  ['Q-07: mean', analyzers.mean('x'), 31 / 5],
  ['Q-07: sum is exact', analyzers.sum('price'), 999_999],
  ['Q-07: range', analyzers.range('price'), 1_000_002.49],
  ['Q-07: zeros', analyzers.zerosCount('price'), 1],
  ['Q-08: standard deviation', analyzers.standardDeviation('x'), Math.sqrt(central(xs, 2))],
  ['Q-08: variance', analyzers.variance('x'), central(xs, 2)],
  ['Q-08: skewness', analyzers.skewness('x'), central(xs, 3) / central(xs, 2) ** 1.5],
  ['Q-08: kurtosis', analyzers.kurtosis('x'), central(xs, 4) / central(xs, 2) ** 2 - 3],
  ['Q-09: shortest', analyzers.minLength('size'), 0],
  ['Q-09: longest, in code points', analyzers.maxLength('size', { where: "size <> 'true'" }), 3],
  ['Q-09: a missing text is empty', analyzers.minLength('city', { nulls: 'empty_string' }), 0],
  ['Q-09: a missing text fails', analyzers.maxLength('city', { nulls: 'fail' }), Number.MAX_VALUE],
  ['Q-09: a missing text fails the minimum', analyzers.minLength('city', { nulls: 'fail' }), -Number.MAX_VALUE],
  ['Q-10: compliance counts nulls as failing', analyzers.compliance('x', 'x >= 2 and y > 1'), 3 / 6],
  ['Q-12: pattern', analyzers.patternMatch('item', /^\d+$/), 4 / 6],
  ['Q-12: an empty match is none', analyzers.patternMatch('item', /x*/), 0],
  ['Q-14: exact quantile', analyzers.exactQuantile('x', 0.375), 3],
  ['Q-14: interquartile range', analyzers.interquartileRange('x'), 6],
  ['Q-14: approximate quantile', analyzers.approxQuantile('x', 0.5), 4],
  ['Q-17: entropy', analyzers.entropy('city'), entropyOfCities],
  ['Q-17: a column tells all of itself', analyzers.mutualInformation('city', 'city'), entropyOfCities],
  ['Q-17: correlation', analyzers.correlation('x', 'y'), covariance / Math.sqrt(central(xs, 2) * central(ys, 2))],
  ['Q-19: ratio of sums', analyzers.ratioOfSums('x', 'y'), 31 / 30],
  ['Q-19: custom SQL', analyzers.customSql("select sum(x) from primary where city = 'oslo'"), 3],
]

describe('analyze', () => {
  it.each(cases)('%s', async (_, analyzer, expected) => {
    const found = await number(analyzer)
    if (expected === null) expect(found).toBeNull()
    else expect(found).toBeCloseTo(expected, 9)
  })

  it('Q-22: all of them share a scan, but for groupings, sketches and statements', async () => {
    const all = cases.map(([, analyzer]) => analyzer)
    const { metrics, scanCount } = await analyze(session, table, all)
    metrics.forEach(({ value }, i) => {
      const expected = cases[i]![2]
      if (expected === null) expect(value).toBeNull()
      else expect(metricNumber(value)).toBeCloseTo(expected, 9)
    })
    // A sample for the moments' centre and the scan; city, size, both, all, city with itself; its two marginals; a sketch; SQL.
    expect(scanCount).toBe(2 + 5 + 2 + 1 + 1)
  })

  it('Q-13: data types as Deequ infers them', async () => {
    const { metrics } = await analyze(session, table, [analyzers.dataType('item'), analyzers.dataType('size')])
    const counts = metrics.map(({ value }) =>
      value?.kind === 'distribution'
        ? [...value.distribution.values].map(([type, { absolute }]) => `${type} ${absolute}`).join(', ')
        : null,
    )
    expect(counts).toEqual([
      'Unknown 0, Fractional 1, Integral 4, Boolean 0, String 1',
      'Unknown 1, Fractional 0, Integral 0, Boolean 1, String 4',
    ])
  })

  it('Q-16: a histogram has the most frequent values in detail, and a name for missing ones', async () => {
    const { metrics } = await analyze(session, table, [
      analyzers.histogram('city'),
      analyzers.histogram('city', { maxDetailBins: 1 }),
      analyzers.histogram('x', { bin: col('x').gt(3) }),
      analyzers.histogramBinned('x', { bins: 3 }),
      analyzers.histogramBinned('x', { bins: [2, 4, 8], includeOverflow: true }),
    ])
    const [cities, top, binned, three, overflow] = metrics.map(({ value }) => value)
    expect(cities).toEqual({
      kind: 'distribution',
      distribution: {
        numberOfBins: 3,
        values: new Map([
          ['oslo', { absolute: 3, ratio: 0.5 }],
          ['bergen', { absolute: 2, ratio: 2 / 6 }],
          ['NullValue', { absolute: 1, ratio: 1 / 6 }],
        ]),
      },
    })
    expect(top).toMatchObject({ distribution: { numberOfBins: 3, values: { size: 1 } } })
    expect(binned?.kind === 'distribution' && binned.distribution.values.get('true')?.absolute).toBe(3)
    expect(three).toMatchObject({
      bins: [{ low: 1, high: 6, absolute: 3 }, { absolute: 1 }, { absolute: 1 }],
      missing: 1,
    })
    expect(overflow?.kind === 'binned' && overflow.bins.map((bin) => bin.absolute)).toEqual([1, 1, 2, 1])
  })

  it('Q-15: a sketch counts by buckets of equal width', async () => {
    const { metrics } = await analyze(session, table, [analyzers.kllSketch('x', { numberOfBuckets: 3 })])
    const { value } = metrics[0]!
    expect(value?.kind === 'buckets' && value.buckets).toEqual([
      { low: 1, high: 6, count: 3 },
      { low: 6, high: 11, count: 1 },
      { low: 11, high: 16, count: 1 },
    ])
  })

  it('Q-19: an aggregate of its own, by a key', async () => {
    const custom = analyzers.customAggregator('x by city', col('city'), agg.sum(col('y')))
    const { metrics } = await analyze(session, table, [custom])
    expect(metrics[0]!.value).toEqual({ kind: 'numbers', values: { bergen: 11 / 30, null: 1 / 30, oslo: 18 / 30 } })
  })

  it('Q-02: what does not fit the table has a problem, and stops no other', async () => {
    const { metrics } = await analyze(session, table, [
      analyzers.mean('city'),
      analyzers.minLength('x'),
      analyzers.completeness('nope'),
      analyzers.customSql('select x from primary'),
      analyzers.size(),
    ])
    expect(metrics.map(({ value, problem }) => value ?? problem)).toEqual([
      'city is a string, and its Mean needs a number',
      'x is a double, and its MinLength needs text',
      'there is no column "nope"',
      expect.stringContaining('must give one number'),
      { kind: 'number', value: 6 },
    ])
  })

  it('Q-20: other tables', async () => {
    const other = values(itemsSchema, [...items.slice(0, 4), ['5', 'oslo', null, 1, 1n, 1n]])
    const all = [
      analyzers.rowCountMatch('other'),
      analyzers.schemaMatch('other'),
      analyzers.datasetMatch('other', { item: 'item' }),
      analyzers.datasetMatch('other', { item: 'item' }, { city: 'city' }),
      analyzers.datasetMatch('other', { city: 'city' }),
      analyzers.aggregateMatch(
        { aggregate: 'sum', reference: null, column: 'x' },
        { aggregate: 'sum', reference: 'other', column: 'x' },
      ),
      analyzers.rowCountMatch('gone'),
    ]
    const { metrics } = await analyze(session, table, all, { references: new Map([['other', other]]) })
    expect(metrics.map(({ value }) => metricNumber(value))).toEqual([6 / 5, 1, 4 / 6, 4 / 6, null, 31 / 16, null])
    expect(metrics[4]!.problem).toContain('city is not unique')
    expect(metrics[6]!.problem).toContain('"gone"')
  })
})

const mergeable = cases
  .map(([, analyzer]) => analyzer)
  .filter(
    ({ kind }) => !['ColumnCount', 'ColumnExists', 'ExactQuantile', 'InterquartileRange', 'CustomSql'].includes(kind),
  )

describe('states', () => {
  it('Q-24: the metric of two parts is that of their states', async () => {
    const [first, second] = [new MemoryStateStore(), new MemoryStateStore()]
    await analyze(session, values(itemsSchema, items.slice(0, 2)), mergeable, { saveStatesTo: first })
    const added = await analyze(session, values(itemsSchema, items.slice(2)), mergeable, {
      saveStatesTo: second,
      aggregateWith: first,
    })
    const whole = await analyze(session, table, mergeable)
    const merged = await analyzeStates([first, second], mergeable)
    whole.metrics.forEach(({ value, analyzer }, i) => {
      for (const found of [added.metrics[i]!, merged[i]!]) {
        const expected = metricNumber(value)
        if (expected === null) expect([analyzer, metricNumber(found.value)]).toEqual([analyzer, null])
        else expect(metricNumber(found.value)).toBeCloseTo(expected, 9)
      }
    })
  })

  it('Q-24: an exact quantile does not add up, and says so', async () => {
    const store = new MemoryStateStore()
    const quantile = [analyzers.exactQuantile('x', 0.5)]
    await analyze(session, table, quantile, { saveStatesTo: store })
    const { metrics } = await analyze(session, table, quantile, { aggregateWith: store })
    expect(metrics[0]!.problem).toContain('do not add up')
  })

  it('Q-24: states survive in files', async () => {
    const { mkdtemp, rm } = await import('node:fs/promises')
    const { tmpdir } = await import('node:os')
    const { join } = await import('node:path')
    const folder = await mkdtemp(join(tmpdir(), 'deltaworks-states-'))
    try {
      await analyze(session, table, mergeable, { saveStatesTo: new FileStateStore(join(folder, 'all')) })
      const metrics = await analyzeStates([new FileStateStore(join(folder, 'all'))], mergeable)
      const whole = await analyze(session, table, mergeable)
      whole.metrics.forEach(({ value }, i) => {
        const found = metricNumber(metrics[i]!.value)
        if (value === null) expect(found).toBeNull()
        else expect(found).toBeCloseTo(metricNumber(value)!, 9)
      })
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  it('Q-06, Q-14: sketches of many values are within their error, merged or not', async () => {
    const rows = Array.from({ length: 60_000 }, (_, i): Value[] => [
      String(i % 20_000),
      null,
      null,
      (i * 7919) % 60_000,
      1n,
      1n,
    ])
    const parts = [rows.slice(0, 25_000), rows.slice(25_000)]
    const stores = parts.map(() => new MemoryStateStore())
    const of = [analyzers.approxCountDistinct('item'), analyzers.approxQuantile('x', 0.9), analyzers.kllSketch('x')]
    for (const [i, part] of parts.entries()) {
      await analyze(session, values(itemsSchema, part), of, { saveStatesTo: stores[i]! })
    }
    const [distinct, quantile, sketch] = await analyzeStates(stores, of)
    expect(Math.abs(metricNumber(distinct!.value)! / 20_000 - 1)).toBeLessThan(0.1)
    expect(Math.abs(metricNumber(quantile!.value)! / 60_000 - 0.9)).toBeLessThan(0.01)
    const counts = sketch!.value?.kind === 'buckets' ? sketch!.value.buckets.map((bucket) => bucket.count) : []
    expect(counts.reduce((a, b) => a + b, 0)).toBe(60_000)
    expect(Math.max(...counts.map((count) => Math.abs(count - 600)))).toBeLessThan(60_000 * 0.005)
  })
})
