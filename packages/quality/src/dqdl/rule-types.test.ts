import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { Session } from '@deltaworks/engine'
import { values } from '@deltaworks/plan'
import { date, decimal, field, int32, int64, schema, string, timestamp, type Value } from '@deltaworks/schema'
import type { FileSource } from '../file-source.js'
import { MemoryMetricsRepository } from '../metrics-repository.js'
import { customers, orderRows, orders, ordersSchema } from '../testing.js'
import { validateRules } from '../validate.js'
import { verify, type VerifyOptions } from '../verify.js'
import { fileRuleTypes } from './file-rules.js'
import { parseDqdl, parseRuleset } from './parse.js'
import { ruleTypes } from './rule-types.js'

let session: Session
beforeAll(() => {
  session = Session.create({ threads: 1 })
})
afterAll(() => session.close())

const wideSchema = schema([
  field('id', int64),
  field('code', string),
  field('amount', decimal(12, 2)),
  field('n', int32),
  field('m', int32),
  field('day', date),
  field('at', timestamp),
])
const hour = 3_600_000_000n
const nowMicros = 19_000n * 24n * hour + 12n * hour
const day = 19_000
const wideRows: readonly (readonly Value[])[] = [
  [1n, 'Red', 100n, 0, 2, day, nowMicros - hour],
  [2n, 'red', 200n, 1, 4, day - 1, nowMicros - 30n * hour],
  [3n, 'blue', 300n, 2, 6, day - 2, nowMicros - 3n * hour],
  [4n, '  ', 400n, 3, 8, day - 3, nowMicros - 4n * hour],
  [5n, '', 500n, 4, 10, day - 4, nowMicros - 5n * hour],
  [6n, null, null, null, null, null, null],
]
const table = values(wideSchema, wideRows)
const other = values(wideSchema, wideRows.slice(0, 3))
const references = new Map([
  ['other', other],
  ['customers', customers()],
])
const files: FileSource = {
  list: (path) =>
    Promise.resolve(
      ['a.csv', 'b.csv', 'c.csv'].map((name, i) => ({
        path: `${path ?? 'own'}/${name}`,
        sizeBytes: 1024 * (i + 1),
        changedMicros: nowMicros - BigInt(i) * 24n * hour,
      })),
    ),
  hash: (path, algorithm) => Promise.resolve(path.endsWith('a.csv') || path.endsWith('b.csv') ? `${algorithm}-X` : 'Y'),
}

const one = async (text: string, options: VerifyOptions = {}) => {
  const result = await verify(session, table, parseDqdl(text), { references, nowMicros, files, ...options })
  const [rule] = result.rules
  expect(rule!.description).toBe(text)
  return rule!
}

const passing = `
Q-31 RowCount = 6
Q-31 RowCount > 1 where "n is not null"
Q-31 ColumnCount = 7
Q-31 ColumnExists "at"
Q-31 Completeness "code" >= 0.8
Q-31 Completeness of code between 0.8 and 0.9
Q-31 IsComplete "id"
Q-31 IsComplete "code" where "id < 6"
Q-31 Uniqueness "id" = 1.0
Q-31 Uniqueness "n" "m" > 0.8
Q-31 IsUnique "id"
Q-31 UniqueValueRatio "code" = 1
Q-31 DistinctValuesCount "code" in [ 5 ]
Q-31 IsPrimaryKey "id"
Q-31 IsPrimaryKey id code where "code is not null"
Q-33 Mean "n" = 2
Q-33 Mean "n" between 1 and 3
Q-33 Sum "n" not between 11 and 20
Q-33 Sum "amount" = 15.00
Q-33 StandardDeviation "n" <= 1.5
Q-33 Entropy "n" between 1.6 and 1.61
Q-33 Entropy "n" < 1 where "n < 2"
Q-33 ColumnCorrelation "n" "m" > 0.99
Q-33 ColumnCorrelation of n and "m" = 1
Q-34 Variance "n" = 2
Q-34 Skewness "n" = 0
Q-34 Kurtosis "n" < -1.2
Q-34 Range "n" = 4
Q-34 InterquartileRange "n" = 2
Q-34 ZerosCount "n" = 1
Q-34 DuplicateRowCount = 0
Q-34 DuplicateRowCount "id" "code" <= 0
Q-32 ColumnValues "n" in [ 0, 1, 2, 3, 4, NULL ]
Q-32 ColumnValues "n" between -1 and 5 where "n is not null"
Q-32 ColumnValues "n" != 7
Q-32 ColumnValues "n" not in [ 7, 8 ]
Q-32 ColumnValues "n" > 0 with threshold > 0.6
Q-32 ColumnValues "code" in [ "red", "blue" ] with threshold >= 0.3 with ignoreCase = "true"
Q-32 ColumnValues "code" in [ "RED", "blue" ] with ignoreCase = "true" with threshold = 0.5
Q-32 ColumnValues "code" matches "[a-zA-Z ]*" where "code is not null"
Q-32 ColumnValues "code" not matches ".*e" where "id > 3 and code is not null"
Q-32 ColumnValues "day" > "2021-12-31" where "day is not null"
Q-32 ColumnValues "day" between "2022-01-01" and "2022-01-09" where "day is not null"
Q-32 ColumnValues "day" = "2022-01-08" with threshold > 0.1
Q-32 ColumnValues "at" in [ "2022-01-08", "2022-01-07", NULL ]
Q-32 ColumnValues "at" <= now() where "at is not null"
Q-32 ColumnValues "at" > (now() - 2 days) where "at is not null"
Q-32 ColumnValues "at" between (now() - 31 hours) and (now() + 5 minutes) where "at is not null"
Q-32 ColumnValues "at" > "6:59 AM" with threshold > 0.6
Q-32 ColumnValues "at" < "12:00" where "at is not null"
Q-47 ColumnValues "code" = NULL with threshold > 0.1
Q-47 ColumnValues "code" != EMPTY with threshold > 0.8
Q-47 ColumnValues "code" not in [ NULL, EMPTY, WHITESPACES_ONLY ] with threshold = 0.5
Q-47 ColumnValues "code" = WHITESPACES_ONLY with threshold > 0.1
Q-47 ColumnValues "n" <= 4 with threshold between 0.8 and 0.9
Q-47 ColumnValues "n" < 4 with threshold not between 0.7 and 0.9
Q-32 ColumnLength "code" <= 4 with threshold > 0.8
Q-32 ColumnLength "code" in [ 0, 2, 3, 4 ] where "code is not null"
Q-32 ColumnLength "code" not between 4 and 9 where "code is not null"
Q-32 ColumnDataType "n" = "Integer"
Q-32 ColumnDataType "code" != "Date" where "code is not null"
Q-32 ColumnDataType "amount" in [ "Double", "DECIMAL(10, 2)" ]
Q-32 ColumnDataType "code" = "String" with threshold > 0.9
Q-35 ReferentialIntegrity "id" "other.id" = 0.5
Q-35 ReferentialIntegrity "id,code" "other.{id,code}" between 0.5 and 0.7
Q-35 RowCountMatch "other" = 2
Q-35 SchemaMatch "other" = 1.0
Q-35 DatasetMatch "other" "id" >= 0.5
Q-35 DatasetMatch "other" "id" "code->code,n->n" = 0.5
Q-35 AggregateMatch "sum(n)" "sum(other.n)" > 3
Q-35 AggregateMatch "avg(n)" "avg(n)" = 1
Q-36 CustomSql "select count(*) from primary" = 6
Q-36 CustomSql "select max(n) from primary where n < (select max(n) from other)" between 0 and 2
Q-36 CustomSql "select id, code from primary where id < 6" with threshold > 0.8
Q-36 CustomSQL "select min(n) from primary" = 0
Q-37 DataFreshness "at" <= 1 hours
Q-37 DataFreshness "at" between 30 minutes and 2 hours
Q-37 DataFreshness "day" < 1 days
Q-37 DataFreshness "at" > 90 minutes where "id > 2"
Q-37 ColumnNamesMatchPattern "^[a-z]+$"
Q-38 FileSize between 1000 B and 4 KB
Q-38 FileSize >= 2 KB with threshold > 0.6
Q-38 FileSize "landing" > 0 B
Q-38 FileFreshness > (now() - 3 days)
Q-38 FileFreshness > "11:59" with recentFiles = 1
Q-38 FileFreshness > "6:59 AM" with recentFiles = 1 with timeZone = "America/New_York"
Q-38 FileFreshness between "2022-01-06" and "2022-01-09"
Q-38 FileUniqueness > 0.3
Q-38 FileUniqueness = 1 with uriRegex = ".*c.csv"
Q-38 FileMatch in [ "MD5-X", "Y" ] with hashAlgorithm = "MD5"
Q-38 FileMatch "landing" "archive"
Q-48 (IsComplete "id") and (RowCount > 1)
Q-48 (IsComplete "code") OR (RowCount > 1) OR (IsUnique "n")
Q-48 ((IsComplete "code") or (RowCount > 1)) and (RowCount < 100)
Q-48 not (IsComplete "code")
Q-48 (IsComplete "id") and (not (IsComplete "code"))
`
const failing = `
Q-31 RowCount != 6
Q-31 RowCount between 6 and 9
Q-31 ColumnCount < 7
Q-31 ColumnExists "gone"
Q-31 Completeness "code" > 0.9
Q-31 IsComplete "code"
Q-31 Uniqueness "code" < 1
Q-31 IsPrimaryKey "code"
Q-31 UniqueValueRatio "code" < 1
Q-31 DistinctValuesCount "code" > 5
Q-33 Mean "n" > 2
Q-33 Sum "n" = 11
Q-33 StandardDeviation "n" > 1.5
Q-33 Entropy "n" > 2
Q-33 ColumnCorrelation "n" "m" < 0.9
Q-34 Variance "n" > 2
Q-34 Skewness "n" != 0
Q-34 Kurtosis "n" > 0
Q-34 Range "n" < 4
Q-34 InterquartileRange "n" > 2
Q-34 ZerosCount "n" = 0
Q-34 DuplicateRowCount "m" > 0
Q-32 ColumnValues "n" > 0
Q-32 ColumnValues "n" between 0 and 4 where "n is not null"
Q-32 ColumnValues "code" in [ "red", "blue" ] with threshold > 0.4
Q-32 ColumnValues "code" matches "[a-z]"
Q-32 ColumnValues "at" > now()
Q-47 ColumnValues "code" != NULL
Q-32 ColumnLength "code" = 3
Q-32 ColumnDataType "code" = "Integer" with threshold > 0.1
Q-35 ReferentialIntegrity "id" "other.id" > 0.5
Q-35 RowCountMatch "other" = 1
Q-35 SchemaMatch "other" < 1.0
Q-35 DatasetMatch "other" "id" > 0.9
Q-35 DatasetMatch "other" "gone" > 0.9
Q-35 AggregateMatch "sum(n)" "sum(other.n)" = 1
Q-36 CustomSql "select count(*) from primary" > 6
Q-36 CustomSql "select id from primary where n > 2"
Q-36 CustomSQL "select min(n) from primary" > 0
Q-37 DataFreshness "at" < 10 minutes
Q-37 ColumnNamesMatchPattern "^.{2,}$"
Q-38 FileSize > 2 KB
Q-38 FileFreshness > "12:01" with recentFiles = 1
Q-38 FileUniqueness = 1
Q-38 FileMatch in [ "Z" ]
Q-48 (IsComplete "code") and (RowCount > 1)
Q-48 not (IsComplete "id")
`
const cases = (text: string): readonly (readonly [string, string])[] =>
  text
    .trim()
    .split('\n')
    .map((line) => [line.slice(0, 4), line.slice(5)] as const)

describe('DQDL rule types: Q-31 Q-32 Q-33 Q-34 Q-35 Q-36 Q-37 Q-38 Q-47 Q-48', () => {
  it.each(cases(passing))('%s: %s passes', async (_, text) => {
    const { status, message } = await one(text)
    expect([status, message]).toEqual(['passed', message])
  })
  it.each(cases(failing))('%s: %s fails', async (_, text) => {
    const { status } = await one(text)
    expect(status === 'passed' ? text : null).toBeNull()
  })

  it('Q-30: there is a passing and a failing case of each rule type that the language has', () => {
    const ruleTypesOf = Object.entries({ ...ruleTypes, ...fileRuleTypes }).filter(([, type]) => type.rule)
    const without = (text: string) =>
      ruleTypesOf.map(([name]) => name).filter((name) => !new RegExp(`^Q-\\d\\d ${name}\\b`, 'm').test(text))
    expect(ruleTypesOf.length).toBeGreaterThan(30)
    // These need rows, and a history, of their own: the next test, and Q-39.
    expect([without(passing), without(failing)]).toEqual([['DetectAnomalies'], ['IsUnique', 'DetectAnomalies']])
  })

  it('Q-31: IsUnique fails where a row is there twice', async () => {
    const twice = values(wideSchema, [...wideRows, wideRows[0]!])
    const { rules } = await verify(session, twice, parseDqdl('IsUnique "id", IsUnique "id" where "n > 0"'))
    expect(rules.map(({ status }) => status)).toEqual(['failed', 'passed'])
  })

  it('Q-30: a whole document: metadata, sources, variables, labels, rules, analyzers, comments', async () => {
    const ruleset = parseRuleset(`
      # the nightly load
      Metadata = { "Version": "1.0" }
      DataSources = { "Primary": "orders", "AdditionalDataSources": [ "customers" ] }
      colours = [ "Red", "red", "blue" ]
      wanted = "id"
      DefaultLabels = [ "team"="retail", "tier"="gold" ]
      Rules = [
        IsComplete $wanted,   # its key
        ColumnValues "code" in $colours with threshold >= 0.5 labels=["tier"="silver"],
        (RowCount > 3) and (IsUnique "id") ,
        ((RowCount > 3) or (IsUnique "id")) labels = [ "kind" = "size" ]
      ]
      Analyzers = [ RowCount, Completeness "code", Mean of n, ColumnCorrelation of n and m, AllStatistics "n" ]`)
    expect(ruleset).toMatchObject({
      metadata: { Version: '1.0' },
      primarySource: 'orders',
      additionalSources: ['customers'],
      allStatisticsOf: ['n'],
    })
    expect(ruleset.rules.map((rule) => rule.labels)).toEqual([
      { team: 'retail', tier: 'gold' },
      { team: 'retail', tier: 'silver' },
      { team: 'retail', tier: 'gold' },
      { team: 'retail', tier: 'gold', kind: 'size' },
    ])
    expect(ruleset.analyzers.length).toBe(4)
    const { status, rules } = await verify(session, table, ruleset.rules)
    expect(status).toBe('passed')
    expect(rules[1]!.labels).toEqual({ team: 'retail', tier: 'silver' })
  })

  it('Q-39: analyzers alone are kept as metrics, and rules look at them later', async () => {
    const repository = new MemoryMetricsRepository()
    const at = (run: number) => ({
      repository,
      table: 'wide',
      nowMicros: nowMicros + BigInt(run) * hour,
      runId: String(run),
    })
    const { analyzers } = parseRuleset('Analyzers = [ RowCount, Mean "n" ]')
    for (let run = 0; run < 4; run++) {
      const { status } = await verify(session, table, analyzers, at(run))
      expect(status).toBe('passed')
    }
    const anomalies = parseDqdl('DetectAnomalies "RowCount", DetectAnomalies "Mean" "n", DetectAnomalies of Mean of n')
    expect((await verify(session, table, anomalies, at(4))).status).toBe('passed')
    const fewer = await verify(session, values(wideSchema, wideRows.slice(0, 2)), anomalies, at(5))
    expect(fewer.rules.map(({ status }) => status)).toEqual(['failed', 'failed', 'failed'])
    expect(fewer.rules[0]!.message).toContain('expected 6 to 6')
  })

  it('Q-58: bounds are made of earlier metrics, and a first run passes', async () => {
    const repository = new MemoryMetricsRepository()
    const text = [
      'RowCount > 0.5 * avg(last(3))',
      'RowCount between min(last(5)) - 1 and max(last(5)) + 1',
      'RowCount = last()',
      'RowCount >= index(last(2), 0)',
      'Completeness "code" >= (avg(last(10)) - 2 * std(last(10)))',
      'RowCount <= median(last(3)) + abs(0 - 1)',
      '(RowCount > 0.9 * average(last(10))) and (RowCount < sum(last(2)))',
      'RowCount >= percentile(last(4), 0.5)',
    ]
    const rules = parseDqdl(text.join(',\n'))
    const run = async (rows: number, at: number) => {
      const options = { repository, table: 'wide', nowMicros: nowMicros + BigInt(at) * hour }
      const result = await verify(session, values(wideSchema, wideRows.slice(0, rows)), rules, options)
      return result.rules.map(({ status }) => (status === 'passed' ? '+' : '-')).join('')
    }
    expect(await run(4, 1)).toBe('++++++++')
    // One earlier run: 4 rows. sum(last(2)) is 4 as well: 4 < 4 fails.
    expect(await run(4, 2)).toBe('++++++-+')
    expect(await run(5, 3)).toBe('+--+++++')
    // Earlier: 4, 4, 5.
    expect(await run(2, 4)).toBe('----++--')
  })

  it('Q-23: rules are checked against the schema before data', () => {
    const rules = parseDqdl('Mean "code" > 1, Entropy "gone" > 1, IsComplete "id", DatasetMatch "nowhere" "id" > 0.5')
    const errors = validateRules(rules, wideSchema, new Map())
    expect(errors.map(({ code }) => code)).toEqual(['DW-QUALITY-0002', 'DW-QUALITY-0002', 'DW-QUALITY-0004'])
  })

  it('Q-62: the orders of the other tests, in DQDL', async () => {
    const { rules } = await verify(
      session,
      orders(orderRows),
      parseDqdl('ReferentialIntegrity "customer" "customers.name" >= 0.9'),
      {
        references,
      },
    )
    expect(rules[0]!.metric).toBeCloseTo(6 / 7, 12)
    expect(ordersSchema.fields.length).toBe(6)
  })
})
