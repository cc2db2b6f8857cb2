import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { Session } from '@deltaworks/engine'
import { col, lit } from '@deltaworks/expression'
import { date, int32, string } from '@deltaworks/schema'
import * as quality from './index.js'
import type { Rule, RuleResult, VerifyOptions } from './index.js'
import { customers, orders, orderRows } from './testing.js'

let session: Session
beforeAll(() => {
  session = Session.create({ threads: 1 })
})
afterAll(() => session.close())

const references = new Map([['customers', customers()]])
const verify = (rules: readonly Rule[], options: VerifyOptions = {}) =>
  quality.verify(session, orders(), rules, { references, ...options })

async function one(rule: Rule, options?: VerifyOptions): Promise<RuleResult> {
  return (await verify([rule], options)).rules[0]!
}

const cases: readonly (readonly [string, Rule, Partial<RuleResult>])[] = [
  [
    'Q-03: completeness',
    quality.isComplete('id'),
    { status: 'failed', metric: 7 / 8, rowsFailed: 1, threshold: '>= 1' },
  ],
  ['Q-03: completeness of most', quality.hasCompleteness('id', 0.8), { status: 'passed', metric: 7 / 8 }],
  [
    'Q-03: completeness where',
    quality.isComplete('id').where(col('customer').eq(lit('bob'))),
    { status: 'passed', metric: 1, rowsFailed: 0 },
  ],
  ['Q-04: uniqueness', quality.isUnique('id'), { status: 'failed', metric: 5 / 7, rowsFailed: 1 }],
  ['Q-04: uniqueness of two columns', quality.isUnique('id', 'email'), { status: 'passed', metric: 1, rowsFailed: 0 }],
  ['Q-04: most are unique', quality.hasUniqueness('id', 0.7), { status: 'passed' }],
  ['Q-04: primary key', quality.isPrimaryKey('id'), { status: 'failed', metric: 5 / 8, rowsFailed: 2 }],
  ['Q-04: distinct values', quality.hasDistinctCount('customer', 4), { status: 'passed', metric: 4 }],
  ['Q-04: distinctness', quality.hasDistinctness('id', 0.9), { status: 'failed', metric: 6 / 7 }],
  ['Q-04: unique value ratio', quality.hasUniqueValueRatio('id', 0.9), { status: 'failed', metric: 5 / 6 }],
  [
    'Q-10: a business rule',
    quality.satisfies('amount_not_zero', col('amount').ne(lit(0))),
    { status: 'failed', metric: 6 / 7, rowsFailed: 1 },
  ],
  ['Q-10: positive', quality.isPositive('amount', 0.8), { status: 'passed', metric: 6 / 7, rowsFailed: 1 }],
  ['Q-10: not negative', quality.isNonNegative('amount'), { status: 'passed', metric: 1 }],
  [
    'Q-10: nulls fail if wanted',
    quality.isNonNegative('amount').nullsFail(),
    { status: 'failed', metric: 7 / 8, rowsFailed: 1 },
  ],
  ['Q-10: nulls pass if wanted', quality.isPositive('amount').nullsPass(), { metric: 7 / 8, rowsFailed: 1 }],
  ['Q-11: contained', quality.isContainedIn('customer', ['ann', 'bob']), { metric: 5 / 7, rowsFailed: 2 }],
  ['Q-11: within', quality.isWithin('quantity', { moreThan: 1, atMost: 8 }), { metric: 6 / 7, rowsFailed: 1 }],
  ['Q-12: pattern', quality.matchesPattern('customer', /^[a-c]/), { metric: 6 / 7, rowsFailed: 1 }],
  ['Q-12: e-mail', quality.isEmail('email', 0.9), { status: 'failed', metric: 5 / 7, rowsFailed: 2 }],
  ['Q-13: data type', quality.hasDataType('customer', int32, 0.5), { status: 'failed', metric: 0, rowsFailed: 7 }],
  [
    'Q-20: referential integrity',
    quality.referentialIntegrity('customer', 'customers', 'name', 0.05),
    { status: 'failed', metric: 6 / 7, rowsFailed: 1 },
  ],
  [
    'Q-20: few orphans are allowed',
    quality.referentialIntegrity(col('customer'), 'customers', col('name'), 0.2),
    { status: 'passed' },
  ],
  ['Q-02: rows', quality.hasRowCount({ atLeast: 8, lessThan: 9 }), { status: 'passed', metric: 8 }],
  ['Q-02: columns', quality.hasColumnCount(6), { status: 'passed', metric: 6 }],
  ['Q-02: a column', quality.hasColumn('ordered', date), { status: 'passed' }],
  ['Q-02: a column that is not there', quality.hasColumn('gone'), { status: 'failed', metric: 0 }],
  ['Q-07: min', quality.hasMin('amount', { atLeast: 0 }), { status: 'passed', metric: 0 }],
  ['Q-07: max', quality.hasMax('amount', { atMost: 1000 }), { status: 'failed', metric: 999_999 }],
  ['Q-07: mean', quality.hasMean('quantity', { atLeast: 4, atMost: 5 }), { status: 'passed', metric: 30 / 7 }],
  ['Q-07: sum', quality.hasSum('quantity', 30), { status: 'passed', metric: 30 }],
  ['Q-09: lengths', quality.hasMaxLength('customer', 3), { status: 'passed', metric: 3 }],
  ['Q-62: outliers by quartiles', quality.hasOutlierShare('amount', 0.01), { status: 'failed', rowsFailed: 2 }],
  ['Q-62: outliers by median', quality.hasOutlierShare('amount', 0.5, { method: 'mad' }), { status: 'passed' }],
  [
    'Q-62: outliers by mean and group',
    quality.hasOutlierShare('amount', 0, { method: 'z_score', groupBy: 'customer' }),
    { status: 'passed', rowsFailed: 0 },
  ],
  [
    'Q-48: and',
    quality.allOf(quality.isComplete('id'), quality.isComplete('email')),
    { status: 'failed', metric: 0, rowsFailed: 2 },
  ],
  [
    'Q-48: or',
    quality.anyOf(quality.isComplete('id'), quality.isComplete('email')),
    { status: 'failed', rowsFailed: 0 },
  ],
]

describe('rules', () => {
  it.each(cases)('%s', async (_, rule, expected) => {
    expect(await one(rule)).toMatchObject(expected)
  })

  it('Q-37: freshness is by the pinned clock', async () => {
    const nowMicros = 12_008n * 86_400_000_000n
    expect(await one(quality.isFresh('ordered', 24), { nowMicros })).toMatchObject({ status: 'passed', metric: 24 })
    expect(await one(quality.isFresh('ordered', 23), { nowMicros })).toMatchObject({ status: 'failed' })
  })

  it('Q-22: one scan for all rules that can share it, and one a distinct grouping', async () => {
    const rules = cases.map(([, rule], i) => new quality.RuleBuilder(rule).named(`r${i}`))
    const plan = quality.planVerification(rules)
    expect(plan.groupings.length).toBe(3)
    expect(plan.orphans.length).toBe(1)
    const result = await verify(rules)
    expect(result.scanCount).toBe(plan.scanCount)
    expect(result.rules.map((rule) => rule.status)).toEqual(
      await Promise.all(cases.map(async ([, rule]) => (await one(rule)).status)),
    )
  })

  it('Q-01: a critical failure fails the whole, another one only warns', async () => {
    expect((await verify([quality.isComplete('id').critical()])).status).toBe('failed')
    expect((await verify([quality.isComplete('id')])).status).toBe('warnings')
    expect((await verify([quality.isComplete('quantity').where(col('id').eq(lit(1)))])).status).toBe('passed')
  })

  it('Q-65 M-022: the score is the share of rules that passed', async () => {
    const result = await verify([quality.isComplete('id'), quality.hasRowCount(8)])
    expect(result).toMatchObject({ score: 0.5, rowCount: orderRows.length })
  })

  it('a rule that cannot be evaluated is an error and stops no other', async () => {
    const result = await verify([
      quality.isComplete('nmae').critical(),
      quality.customSql('select gone from primary', 1),
      quality.hasRowCount(8),
    ])
    expect(result.rules.map((rule) => rule.status)).toEqual(['error', 'error', 'passed'])
    expect(result.status).toBe('failed')
  })

  it('Q-62: equal values are no outliers, however their mean is rounded', async () => {
    const equal = orders(Array.from({ length: 7 }, (_, i) => [BigInt(i), 'a', null, 10n, 1, 0]))
    const alike = ['iqr', 'z_score', 'mad'] as const
    const rules = alike.flatMap((method) => [
      quality.hasOutlierShare('amount', 0, { method }).named(method),
      quality.hasOutlierShare('amount', 0, { method, groupBy: 'customer' }).named(`${method} by group`),
    ])
    const result = await quality.verify(session, equal, rules)
    expect(result.rules.map((rule) => rule.rowsFailed)).toEqual([0, 0, 0, 0, 0, 0])
  })

  it('on no rows nothing is missing and nothing repeats', async () => {
    const result = await quality.verify(session, orders([]), [
      quality.isComplete('id'),
      quality.isUnique('id'),
      quality.isEmail('email'),
    ])
    expect(result.rules.map(({ status, metric }) => [status, metric])).toEqual([
      ['passed', null],
      ['passed', null],
      ['passed', null],
    ])
  })
})

describe('history', () => {
  it('Q-46: a metric out of line with earlier runs fails', async () => {
    const repository = new quality.MemoryMetricsRepository()
    const rule = quality.isStable(
      quality.hasRowCount({ atLeast: 0 }),
      quality.relativeRateOfChange({ minimum: 0.5, maximum: 2 }),
    )
    const at = (rows: number, i: number) =>
      quality.verify(session, orders(orderRows.slice(0, rows)), [rule], {
        repository,
        table: 'orders',
        nowMicros: BigInt(i) * 1_000_000n,
      })
    expect((await at(4, 1)).status).toBe('passed')
    expect((await at(8, 2)).status).toBe('passed')
    expect((await at(3, 3)).status).toBe('warnings')
    expect(await repository.load({ table: 'orders' })).toHaveLength(3)
  })
})

describe('profile', () => {
  it('Q-49: counts, bounds, means, lengths and what values look like', async () => {
    const result = await quality.profile(session, orders(), { topValues: 2 })
    expect(result.rowCount).toBe(8)
    const [id, customer, email, amount, , ordered] = result.columns
    expect(id).toMatchObject({ nullCount: 1, min: '1', max: '7', approximateDistinct: 6 })
    expect(customer).toMatchObject({
      minLength: 3,
      maxLength: 3,
      topValues: [
        { value: 'ann', count: 3 },
        { value: 'bob', count: 2 },
      ],
    })
    expect(email).toMatchObject({ completeness: 7 / 8, semanticType: null })
    expect(amount).toMatchObject({ min: '0.00', max: '999999.00' })
    expect(amount!.mean).toBeCloseTo(142_864.43, 2)
    expect(ordered).toMatchObject({ min: '2002-11-09', max: '2002-11-16', mean: null })
  })

  it('Q-22: a profile with the rules is the same, in the same scan', async () => {
    const result = await verify([quality.isComplete('id')], { profile: true })
    expect(result.scanCount).toBe(1)
    expect(result.profile).toEqual(await quality.profile(session, orders()))
  })
})

describe('validation', () => {
  const { schema } = orders()
  it('Q-23: unknown columns, types that do not fit and double ids are told before data is read', () => {
    const rules = [
      quality.isComplete('custmer'),
      quality.hasMean('customer', 1),
      quality.isComplete('id'),
      quality.isComplete('id'),
      quality.satisfies('odd', col('quantity').add(lit(1))),
      quality.referentialIntegrity('customer', 'custmers', 'name'),
      quality.hasOutlierShare('customer', 0.1),
      quality.isFresh('customer', 1),
    ]
    const errors = quality.validateRules(rules, schema, new Map([['customers', customers().schema]]))
    expect(errors.map((error) => error.code)).toEqual([
      'DW-QUALITY-0001',
      'DW-QUALITY-0002',
      'DW-QUALITY-0003',
      'DW-QUALITY-0002',
      'DW-QUALITY-0004',
      'DW-QUALITY-0002',
      'DW-QUALITY-0002',
    ])
    expect(errors[0]!.message).toContain('did you mean "customer"?')
    expect(errors[4]!.message).toContain('did you mean "customers"?')
  })
  it('rules that fit have no problems', () => {
    expect(quality.validateRules([quality.isEmail('email'), quality.hasDataType('customer', string)], schema)).toEqual(
      [],
    )
  })
})
