import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { Session } from '@deltaworks/engine'
import { values } from '@deltaworks/plan'
import { field, float64, int64, schema, string, type Value } from '@deltaworks/schema'
import { analyze } from '../analysis/analyze.js'
import { Check } from './check.js'
import { rowLevelResults } from './row-level-results.js'
import { analyzersOf, checkResultRows, metricRows, verifyChecks, type SuiteResult } from './verification-suite.js'

let session: Session
beforeAll(() => {
  session = Session.create({ threads: 1 })
})
afterAll(() => session.close())

// The five products of Deequ's first example, restated.
const productSchema = schema([
  field('id', int64),
  field('name', string),
  field('description', string),
  field('priority', string),
  field('views', int64),
  field('price', float64),
])
const rows: readonly (readonly Value[])[] = [
  [1n, 'Lamp', 'bright, see http://lamps.example', 'high', 0n, 5],
  [2n, 'Chair', null, 'low', 0n, 7],
  [3n, null, 'soft', 'high', 5n, 9],
  [4n, 'Desk', 'ask desk@shop.example', 'low', 10n, null],
  [5n, 'Pen', null, 'high', 12n, 11],
]
const table = values(productSchema, rows)
const run = (...checks: readonly Check[]): Promise<SuiteResult> => verifyChecks(session, table, checks)
const one = async (check: Check) => (await run(check)).checks[0]!.constraints.map(({ status }) => status)

const begin = new Check('error', 'products')

const passing: readonly (readonly [string, (check: Check) => Check])[] = [
  ['Q-02: hasSize', (c) => c.hasSize(5)],
  ['Q-02: hasSize by code', (c) => c.hasSize((size) => size % 5 === 0)],
  ['Q-02: hasColumnCount', (c) => c.hasColumnCount(6)],
  ['Q-02: hasColumn', (c) => c.hasColumn('price')],
  ['Q-03: isComplete', (c) => c.isComplete('id')],
  ['Q-03: hasCompleteness', (c) => c.hasCompleteness('description', { atLeast: 0.5 })],
  ['Q-03: isComplete where', (c) => c.isComplete('name').where('views <> 5')],
  ['Q-03: areComplete', (c) => c.areComplete(['id', 'priority'])],
  ['Q-03: haveCompleteness', (c) => c.haveCompleteness(['name', 'price'], 0.6)],
  ['Q-03: areAnyComplete', (c) => c.areAnyComplete(['name', 'description'])],
  ['Q-03: haveAnyCompleteness', (c) => c.haveAnyCompleteness(['description', 'price'], { moreThan: 0.9 })],
  ['Q-04: isUnique', (c) => c.isUnique('id')],
  ['Q-04: areUnique', (c) => c.areUnique(['priority', 'price'])],
  ['Q-04: isPrimaryKey', (c) => c.isPrimaryKey('id', 'name')],
  ['Q-04: hasUniqueness', (c) => c.hasUniqueness('priority', 0)],
  ['Q-04: hasDistinctness', (c) => c.hasDistinctness(['priority'], 2 / 5)],
  ['Q-04: hasUniqueValueRatio', (c) => c.hasUniqueValueRatio('views', 3 / 4)],
  ['Q-04: hasNumberOfDistinctValues', (c) => c.hasNumberOfDistinctValues('description', 4)],
  ['Q-05: hasDuplicateRowCount', (c) => c.hasDuplicateRowCount(['views'], 2)],
  ['Q-06: hasApproxCountDistinct', (c) => c.hasApproxCountDistinct('priority', 2)],
  ['Q-07: hasMin', (c) => c.hasMin('price', 5)],
  ['Q-07: hasMax', (c) => c.hasMax('price', 11)],
  ['Q-07: hasMean', (c) => c.hasMean('price', 8)],
  ['Q-07: hasSum', (c) => c.hasSum('views', 27)],
  ['Q-07: hasRange', (c) => c.hasRange('price', 6)],
  ['Q-07: hasZerosCount', (c) => c.hasZerosCount('views', 2)],
  ['Q-08: hasStandardDeviation', (c) => c.hasStandardDeviation('price', Math.sqrt(5))],
  ['Q-08: hasVariance', (c) => c.hasVariance('price', 5)],
  ['Q-08: hasSkewness', (c) => c.hasSkewness('price', 0)],
  ['Q-08: hasKurtosis', (c) => c.hasKurtosis('price', { atMost: -1.3 })],
  ['Q-09: hasMinLength', (c) => c.hasMinLength('name', 3)],
  ['Q-09: hasMaxLength', (c) => c.hasMaxLength('name', 5)],
  ['Q-09: hasMinLength, missing is empty', (c) => c.hasMinLength('name', 0, { nulls: 'empty_string' })],
  ['Q-10: satisfies', (c) => c.satisfies('views * 2 >= 0', 'views')],
  ['Q-10: isNonNegative', (c) => c.isNonNegative('views')],
  ['Q-10: isPositive', (c) => c.isPositive('price')],
  ['Q-10: isLessThan', (c) => c.isLessThan('id', 'price', 0.8)],
  ['Q-10: isLessThanOrEqualTo', (c) => c.isLessThanOrEqualTo('id', 'id')],
  ['Q-10: isGreaterThan', (c) => c.isGreaterThan('price', 'id').where('price is not null')],
  ['Q-10: isGreaterThanOrEqualTo', (c) => c.isGreaterThanOrEqualTo('id', 'id')],
  ['Q-11: isContainedIn', (c) => c.isContainedIn('priority', ['high', 'low'])],
  ['Q-11: a missing value is contained', (c) => c.isContainedIn('name', ['Lamp', 'Chair', 'Desk', 'Pen'])],
  ['Q-11: isContainedIn an interval', (c) => c.isContainedInInterval('price', 5, 11)],
  ['Q-12: hasPattern', (c) => c.hasPattern('name', /^[A-Z]/, 0.8)],
  ['Q-12: containsURL', (c) => c.containsURL('description', { atLeast: 0.2 })],
  ['Q-12: containsEmail', (c) => c.containsEmail('description', 0.2)],
  ['Q-13: hasDataType', (c) => c.hasDataType('name', 'String')],
  ['Q-13: hasDataType, missing', (c) => c.hasDataType('name', 'Null', 0.2)],
  ['Q-13: hasDataType, numbers', (c) => c.hasDataType('views', 'Numeric')],
  ['Q-14: hasApproxQuantile', (c) => c.hasApproxQuantile('views', 0.5, 5)],
  ['Q-14: hasExactQuantile', (c) => c.hasExactQuantile('price', 0.5, 8)],
  ['Q-14: hasInterquartileRange', (c) => c.hasInterquartileRange('price', 3)],
  ['Q-15: kllSketchSatisfies', (c) => c.kllSketchSatisfies('views', ({ buckets }) => buckets.length === 100)],
  ['Q-16: hasHistogramValues', (c) => c.hasHistogramValues('priority', (d) => d.values.get('high')?.absolute === 3)],
  ['Q-16: hasHistogramBinnedValues', (c) => c.hasHistogramBinnedValues('price', (b) => b.missing === 1)],
  ['Q-16: hasHistogramBinnedBins', (c) => c.hasHistogramBinnedBins('price', 4, { bins: 4 })],
  ['Q-17: hasEntropy', (c) => c.hasEntropy('priority', { atMost: Math.log(2) })],
  ['Q-17: hasMutualInformation', (c) => c.hasMutualInformation('priority', 'id', { atLeast: 0.67, atMost: 0.68 })],
  ['Q-17: hasCorrelation', (c) => c.hasCorrelation('id', 'id', { atLeast: 0.999 })],
  ['Q-19: hasRatioOfSums', (c) => c.hasRatioOfSums('views', 'views', 1)],
  ['Q-19: customSql', (c) => c.customSql('select max(views) from primary', 12)],
]

const failing: readonly (readonly [string, (check: Check) => Check])[] = [
  ['Q-02: hasSize', (c) => c.hasSize({ lessThan: 5 })],
  ['Q-02: hasColumn', (c) => c.hasColumn('nope')],
  ['Q-03: isComplete', (c) => c.isComplete('name')],
  ['Q-03: a column that is not there', (c) => c.isComplete('nope')],
  ['Q-03: areAnyComplete', (c) => c.areAnyComplete(['description'])],
  ['Q-04: isUnique', (c) => c.isUnique('priority')],
  ['Q-09: missing fails', (c) => c.hasMaxLength('name', { atMost: 5 }, { nulls: 'fail' })],
  ['Q-10: isPositive', (c) => c.isPositive('views')],
  ['Q-11: an open interval', (c) => c.isContainedInInterval('price', 5, 11, { includeLow: false })],
  ['Q-12: containsCreditCardNumber', (c) => c.containsCreditCardNumber('name')],
  ['Q-12: containsSocialSecurityNumber', (c) => c.containsSocialSecurityNumber('name')],
  ['Q-13: hasDataType', (c) => c.hasDataType('name', 'Integral')],
  ['Q-16: hasHistogramValues', (c) => c.hasHistogramValues('priority', (d) => d.numberOfBins === 3)],
]

describe('Check: Q-02 Q-03 Q-04 Q-05 Q-07 Q-08 Q-09 Q-10 Q-11 Q-17', () => {
  it.each(passing)('%s passes', async (_, add) => {
    expect(await one(add(begin))).toEqual(['Success'])
  })
  it.each(failing)('%s fails', async (_, add) => {
    expect(await one(add(begin))).toEqual(['Failure'])
  })

  it('Q-01: a suite is as bad as its worst check, and rows are named as in Deequ', async () => {
    const sound = new Check('error', 'integrity').hasSize(5).isComplete('id')
    const warned = new Check('warning', 'distribution')
      .containsURL('description', { atLeast: 0.5 })
      .hasApproxQuantile('views', 0.5, { atMost: 10 })
    expect((await run(sound)).status).toBe('Success')
    const result = await run(sound, warned)
    expect(result.status).toBe('Warning')
    expect(result.checks.map(({ status }) => status)).toEqual(['Success', 'Warning'])
    expect(checkResultRows(result)[2]).toEqual({
      check: 'distribution',
      check_level: 'Warning',
      check_status: 'Warning',
      constraint: 'PatternMatch of description >= 0.5',
      constraint_status: 'Failure',
      constraint_message: 'PatternMatch of description >= 0.5: it is 0.2',
    })
    const broken = new Check('error', 'names').isComplete('name', { hint: 'Ask the suppliers.' })
    const failed = await run(sound, warned, broken)
    expect(failed.status).toBe('Error')
    expect(failed.checks[2]!.constraints[0]!.message).toContain('Ask the suppliers.')
  })

  it("Q-27: metrics as rows, with Deequ's names", async () => {
    const checks = [
      begin
        .hasSize(5)
        .isComplete('name')
        .hasHistogramValues('priority', () => true)
        .hasPattern('name', 'x'),
    ]
    const { metrics } = await analyze(session, table, analyzersOf(checks))
    expect(metricRows(metrics)).toEqual([
      { entity: 'Dataset', instance: '*', name: 'Size', value: 5 },
      { entity: 'Column', instance: 'name', name: 'Completeness', value: 0.8 },
      { entity: 'Column', instance: 'priority', name: 'Histogram.bins', value: 2 },
      { entity: 'Column', instance: 'priority', name: 'Histogram.abs.high', value: 3 },
      { entity: 'Column', instance: 'priority', name: 'Histogram.ratio.high', value: 0.6 },
      { entity: 'Column', instance: 'priority', name: 'Histogram.abs.low', value: 2 },
      { entity: 'Column', instance: 'priority', name: 'Histogram.ratio.low', value: 0.4 },
      { entity: 'Column', instance: 'name', name: 'PatternMatch', value: 0 },
    ])
  })

  it('Q-22: a suite shares its scans', async () => {
    const all = passing.reduce((check, [, add]) => add(check), begin)
    const { verification } = await run(all)
    expect(verification.rules.filter(({ status }) => status !== 'passed')).toEqual([])
    // The scan and its sample; 6 keys; 1 pass for sketches; 2 histograms of two queries; binned ones, pairs, SQL.
    expect(verification.scanCount).toBeLessThanOrEqual(20)
  })

  it('Q-12: what the built-in patterns take and refuse', async () => {
    const texts = (values: readonly string[]) => values.map((text): Value[] => [0n, text, null, null, 0n, 0])
    const share = async (check: (of: Check) => Check, values: readonly string[]) => {
      const result = await verifyChecks(session, valuesOf(texts(values)), [check(begin)])
      return result.checks[0]!.constraints[0]!.metric
    }
    const cases: readonly (readonly [(of: Check) => Check, readonly string[], readonly string[]])[] = [
      [
        (c) => c.containsEmail('name'),
        ['a@b.co', "o'neil+x@mail.shop.example", '"odd;name"@x.org', 'me@[10.0.0.1]', 'to: me@b.io, soon'],
        ['a@b', 'b.co', '@x.org', 'a b@', 'me@[300.1.1.1]'],
      ],
      [
        (c) => c.containsURL('name'),
        ['http://x.io', 'https://a.b/c?d=é', 'ftp://h.de/1', 'see https://x.y now'],
        ['http://', 'x.io', 'http:///a', 'mailto:a@b.co', 'http://.x'],
      ],
      [
        (c) => c.containsCreditCardNumber('name'),
        [
          '4111 1111 1111 1111',
          '4111-1111-1111-1111',
          '5500000000000004',
          '378282246310005',
          '3782 822463 10005',
          '6011111111111117',
        ],
        ['4111 1111 1111 111', '4111-1111 1111-1111', '1234567812345678', '37828224631000', 'x4111111111111111y'],
      ],
      [
        (c) => c.containsSocialSecurityNumber('name'),
        ['111-05-1130', '219 09 9998', '078051121', 'ssn 856-45-6789'],
        [
          '000-05-1120',
          '666-12-1234',
          '912-12-1234',
          '078-05-1120',
          '219099999',
          '123-00-1234',
          '123-45-0000',
          '111-05 1130',
        ],
      ],
    ]
    for (const [check, taken, refused] of cases) {
      for (const text of taken) expect([text, await share(check, [text])]).toEqual([text, 1])
      for (const text of refused) expect([text, await share(check, [text])]).toEqual([text, 0])
    }
  })

  it('Q-25: a column a check tells which rows do all that it asks', async () => {
    const checks = [
      new Check('error', 'complete').isComplete('name').isComplete('price'),
      new Check('error', 'unique').isUnique('views'),
      new Check('warning', 'filtered').isComplete('description').where("priority = 'low'"),
      new Check('warning', 'price and name')
        .hasMin('price', { atLeast: 7 })
        .hasMaxLength('name', { atMost: 4 }, { nulls: 'fail' }),
      new Check('warning', 'whole table').hasSize(5),
    ]
    const names = ['complete', 'unique', 'filtered', 'price and name']
    const verdicts = async (filteredRow: 'null' | 'true') => {
      const frame = rowLevelResults(table, checks, { filteredRow })
      expect(frame.schema.fields.map(({ name }) => name)).toEqual([
        ...productSchema.fields.map((f) => f.name),
        ...names,
      ])
      const { rows } = await session.collect(frame.orderBy('id').plan)
      return rows.map((row) => row.slice(6))
    }
    expect(await verdicts('null')).toEqual([
      [true, false, null, false],
      [true, false, false, false],
      [false, true, null, false],
      [false, true, true, null],
      [true, true, null, true],
    ])
    expect((await verdicts('true')).map((row) => row[2])).toEqual([true, false, true, true, true])
  })
})

const valuesOf = (of: readonly (readonly Value[])[]) => values(productSchema, of)
