import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { Session } from '@deltaworks/engine'
import { values } from '@deltaworks/plan'
import { field, float64, int64, schema, string, type Value } from '@deltaworks/schema'
import { Check } from '../checks/check.js'
import { verifyChecks } from '../checks/verification-suite.js'
import { parseDqdl } from '../dqdl/parse.js'
import { noise } from '../testing-datasets.js'
import { verify } from '../verify.js'
import { profileColumns } from './column-profile.js'
import { confidenceInterval } from './confidence-interval.js'
import { checkOf, printSuggestions, suggestConstraints } from './suggest-constraints.js'
import { suggestionRules } from './suggestion-rules.js'

let session: Session
beforeAll(() => {
  session = Session.create({ threads: 1 })
})
afterAll(() => session.close())

const columns = schema([
  field('id', int64),
  field('status', string),
  field('total', string),
  field('name', string),
  field('rating', float64),
  field("odd 'name'", int64),
])
const row = (i: number): readonly Value[] => [
  BigInt(i),
  i % 3 === 0 ? 'DELAYED' : i % 97 === 0 ? "it's odd" : 'IN_TRANSIT',
  String(i % 40),
  noise(i, 1) < 0.1 ? null : `name ${i % 50}`,
  noise(i, 2) * 10 - 1,
  BigInt(i % 4),
]
const rows = Array.from({ length: 600 }, (_, i) => row(i))
const table = values(columns, rows)

const suggested = async (options: Parameters<typeof suggestConstraints>[2] = {}) =>
  (await suggestConstraints(session, table, options)).suggestions

describe('suggestions', () => {
  it('Q-54: what Deequ suggests of such data', async () => {
    const found = (await suggested()).map(({ column, rule }) => `${column} ${rule.replace('Rule', '')}`)
    expect(found).toEqual([
      'id CompleteIfComplete',
      'id NonNegativeNumbers',
      'status CompleteIfComplete',
      'status CategoricalRange',
      'status FractionalCategoricalRange',
      'total CompleteIfComplete',
      'total RetainType',
      'total CategoricalRange',
      'total FractionalCategoricalRange',
      'name RetainCompleteness',
      'name CategoricalRange',
      'name FractionalCategoricalRange',
      'rating CompleteIfComplete',
      "odd 'name' CompleteIfComplete",
      "odd 'name' CategoricalRange",
      "odd 'name' NonNegativeNumbers",
    ])
  })

  it('Q-54 Q-55: the extended rules add keys, lengths and figures', async () => {
    const found = await suggested({ rules: suggestionRules.EXTENDED, columns: ['id', 'name'] })
    expect(found.map(({ rule }) => rule)).toEqual([
      'CompleteIfCompleteRule',
      'NonNegativeNumbersRule',
      'UniqueIfApproximatelyUniqueRule',
      'HasMin',
      'HasMax',
      'HasMean',
      'HasStandardDeviation',
      'RetainCompletenessRule',
      'CategoricalRangeRule',
      'FractionalCategoricalRangeRule',
      'HasMinLength',
      'HasMaxLength',
    ])
  })

  it('Q-57: as TypeScript, DQDL and Deequ, it parses and passes on the data that it is from', async () => {
    const found = await suggested({ rules: suggestionRules.EXTENDED })
    const rules = parseDqdl(printSuggestions(found, 'dqdl'))
    expect(rules.length).toBe(found.length)
    const { rules: results } = await verify(session, table, rules)
    expect(results.filter(({ status }) => status !== 'passed').map(({ message }) => message)).toEqual([])
    const typescript = printSuggestions(found, 'typescript')
    const check = new Function('Check', `return ${typescript}`)(Check) as Check
    expect(check.rules.map(({ id }) => id)).toEqual(checkOf(found).rules.map(({ id }) => id))
    expect((await verifyChecks(session, table, [check])).status).toBe('Success')
    expect(printSuggestions(found, 'deequ')).toContain('.hasDataType("total", ConstrainableDataTypes.Integral)')
  })

  it('Q-56: suggestions are learnt from some rows and tried on the others', async () => {
    const options = { testShare: 0.25, rules: suggestionRules.EXTENDED, seed: 7 }
    const result = await suggestConstraints(session, table, options)
    expect(result.trainRows + result.testRows).toBe(600)
    expect(Math.abs(result.testRows / 600 - 0.25)).toBeLessThan(0.06)
    const verdict = (rule: string, column: string) =>
      result.suggestions.find((of) => of.rule === rule && of.column === column)!.evaluation!.passed
    expect(verdict('CompleteIfCompleteRule', 'status')).toBe(true)
    // Another sample has another mean.
    expect(verdict('HasMean', 'rating')).toBe(false)
    const again = await suggestConstraints(session, values(columns, [...rows].reverse()), options)
    expect(again.testRows).toBe(result.testRows)
    expect((await suggestConstraints(session, table, { ...options, seed: 8 })).testRows).not.toBe(result.testRows)
    await expect(suggestConstraints(session, table, { testShare: 1 })).rejects.toThrow(
      expect.objectContaining({ code: 'DW-QUALITY-0005' }),
    )
  })

  it("Q-56: confidence intervals are Deequ's", () => {
    // The values of its own tests.
    expect(confidenceInterval(0.5, 100, 'wald')).toEqual({ low: 0.4, high: 0.6 })
    expect(confidenceInterval(1, 20, 'wald')).toEqual({ low: 1, high: 1 })
    expect(confidenceInterval(1, 20)).toEqual({ low: 0.83, high: 1 })
    expect(confidenceInterval(0.5, 20)).toEqual({ low: 0.29, high: 0.71 })
    expect(() => confidenceInterval(1.2, 10)).toThrow(expect.objectContaining({ code: 'DW-QUALITY-0005' }))
  })
})

describe('detailed profiles', () => {
  it('Q-49 Q-50 Q-51: types are inferred from texts, and numbers in them are figures', async () => {
    const { columns: profiles, rowCount } = await profileColumns(session, table)
    expect(rowCount).toBe(600)
    const total = profiles.find(({ column }) => column === 'total')!
    expect(total).toMatchObject({
      dataType: 'Integral',
      isInferred: true,
      completeness: 1,
      lengths: { minimum: 1, maximum: 2 },
    })
    expect(total.numbers).toMatchObject({ minimum: 0, maximum: 39, range: 39, mean: 19.5, sum: 11_700, zeros: 15 })
    expect(total.numbers!.approximatePercentiles.length).toBe(100)
    expect(total.histogram!.values.get('7')).toEqual({ absolute: 15, ratio: 0.025 })
    const status = profiles.find(({ column }) => column === 'status')!
    expect(status).toMatchObject({ dataType: 'String', numbers: null })
    expect(profiles.find(({ column }) => column === 'id')!.histogram).toBeNull()
  })

  it('Q-52: options narrow it', async () => {
    const { columns: profiles } = await profileColumns(session, table, {
      columns: ['total', 'status'],
      lowCardinality: 10,
      knownTypes: { total: 'String' },
    })
    expect(profiles.map(({ column }) => column)).toEqual(['status', 'total'])
    expect(profiles[1]).toMatchObject({ dataType: 'String', isInferred: false, numbers: null, histogram: null })
    expect(profiles[0]!.histogram!.numberOfBins).toBe(3)
  })
})
