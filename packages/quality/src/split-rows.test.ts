import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { Session } from '@deltaworks/engine'
import { col, lit } from '@deltaworks/expression'
import type { DataFrame } from '@deltaworks/plan'
import type { Value } from '@deltaworks/schema'
import fc from 'fast-check'
import * as quality from './index.js'
import type { Rule } from './index.js'
import { customers, orders } from './testing.js'

let session: Session
beforeAll(() => {
  session = Session.create({ threads: 1 })
})
afterAll(() => session.close())

const references = new Map([['customers', customers()]])
const rowsOf = async (frame: DataFrame): Promise<readonly (readonly Value[])[]> => (await session.collect(frame)).rows
const keyOf = (row: readonly Value[]) =>
  JSON.stringify(row, (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value))

const rules = [
  quality.isComplete('id').quarantine(),
  quality.isUnique('id').keeping(col('quantity').asc()).quarantine(),
  quality.isEmail('email').quarantine(),
  quality.satisfies('amount_not_zero', col('amount').ne(lit(0))).quarantine(),
  quality.referentialIntegrity('customer', 'customers', 'name').quarantine(),
  quality.hasOutlierShare('amount', 0.01).quarantine(),
  quality.isComplete('quantity'),
]

describe('splitRows', () => {
  it('Q-60: bad rows say which rules failed and why', async () => {
    const { good, bad } = quality.splitRows(orders(), rules, { references })
    expect((await rowsOf(good)).map((row) => row[0])).toEqual([1n, 2n, 5n])
    const failures = (await rowsOf(bad)).map((row) => [row[0], row[6]])
    expect(failures).toEqual([
      [2n, 'unique:id, email:email'],
      [3n, 'amount_not_zero, outliers:amount'],
      [null, 'complete:id'],
      [6n, 'email:email, references:customers:customer'],
      [7n, 'outliers:amount'],
    ])
    const [first] = await rowsOf(bad)
    expect(first![7]).toBe('id repeats that of another row; email "bob at shop" is not a valid e-mail address')
    expect(good.schema.fields).toEqual(orders().schema.fields)
  })

  it('Q-21: rows that a filter leaves out never fail', async () => {
    const filtered = [
      quality
        .isUnique('id')
        .where(col('quantity').gt(lit(2)))
        .quarantine(),
      quality.isEmail('email').where(col('id').isNull()).quarantine(),
    ]
    const { bad } = quality.splitRows(orders(), filtered, { references })
    expect(await rowsOf(bad)).toEqual([])
  })

  it('Q-61: rules whose action is not quarantine take nothing out; flags mark', async () => {
    const flagged = [quality.isComplete('id').flag(), quality.isComplete('email')]
    expect(await rowsOf(quality.splitRows(orders(), flagged).bad)).toEqual([])
    const marks = (await rowsOf(quality.flagRows(orders(), flagged))).map((row) => row.slice(6))
    expect(marks.filter(([rule]) => rule !== null)).toEqual([['complete:id', 'id is missing']])
    expect(marks).toHaveLength(8)
  })

  it('N-04: a composite with a rule across tables names its rows', async () => {
    const composite = quality
      .anyOf(quality.referentialIntegrity('customer', 'customers', 'name'), quality.isEmail('email'))
      .named('known')
      .quarantine()
    const { bad } = quality.splitRows(orders(), [composite], { references })
    expect((await rowsOf(bad)).map((row) => [row[0], row[6]])).toEqual([[6n, 'known']])
  })

  it('a reference that was not handed in is named', () => {
    expect(() => quality.splitRows(orders(), rules)).toThrow(expect.objectContaining({ code: 'DW-QUALITY-0004' }))
  })

  it('Q-60: good and bad together are the input, for any rows and any rules', async () => {
    const nullable = <T extends Value>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { freq: 4 })
    const row = fc.tuple(
      nullable(fc.bigInt(0n, 6n)),
      nullable(fc.constantFrom('ann', 'bob', 'zoe', '')),
      nullable(fc.constantFrom('a@b.example', 'no', '@', '')),
      nullable(fc.bigInt(-500n, 500n)),
      nullable(fc.integer({ min: 0, max: 5 })),
      nullable(fc.integer({ min: 0, max: 20_000 })),
    )
    const pool: readonly Rule[] = [
      ...rules.map((rule) => rule.quarantine()),
      quality.isPrimaryKey('id', 'customer').quarantine(),
      quality
        .isUnique('customer')
        .where(col('amount').gt(lit(0)))
        .quarantine(),
      quality.hasOutlierShare('amount', 0, { method: 'z_score', factor: 1, groupBy: 'customer' }).quarantine(),
      quality.isNonNegative('amount').nullsFail().quarantine(),
      quality.allOf(quality.isComplete('email'), quality.isPositive('quantity')).quarantine(),
    ]
    await fc.assert(
      fc.asyncProperty(fc.array(row, { maxLength: 20 }), fc.subarray([...pool]), async (rows, chosen) => {
        const input = orders(rows)
        const { good, bad } = quality.splitRows(input, chosen, { references })
        const [kept, refused] = [await rowsOf(good), await rowsOf(bad)]
        const all = [...kept, ...refused.map((r) => r.slice(0, 6))].map(keyOf).sort()
        expect(all).toEqual(rows.map(keyOf).sort())
        expect(refused.every((r) => (r[6] as string).length > 0 && (r[7] as string).length > 0)).toBe(true)
        // What is refused is what the rules counted, and what is kept passes the rules that look at one row.
        const counted = await quality.verify(session, input, chosen, { references })
        for (const result of counted.rules) {
          const named = refused.filter((r) => (r[6] as string).split(', ').includes(result.rule)).length
          expect([result.rule, named]).toEqual([result.rule, result.rowsFailed])
        }
      }),
      { numRuns: 40 },
    )
  })
})
