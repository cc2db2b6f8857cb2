import { describe, expect, it } from '@jest/globals'
import { lit } from '@deltaworks/expression'
import { int32 } from '@deltaworks/schema'
import * as quality from '../index.js'
import { rulesFor } from './table-rules.js'

type Columns = 'id' | 'email' | 'quantity'
const rules = rulesFor<Columns>()

describe('rules of a table whose columns are known', () => {
  it('Q-23: they are the rules that everyone makes', () => {
    const { isComplete, isUnique, hasOutlierShare, referentialIntegrity, col } = rules
    expect(isComplete('id')).toEqual(quality.isComplete('id'))
    expect(isUnique('id', col('email'))).toEqual(quality.isUnique('id', 'email'))
    expect(hasOutlierShare('quantity', 0.1, { groupBy: 'email' }).id).toBe('outliers:quantity/email')
    expect(referentialIntegrity('id', 'others', 'key', 0.1)).toEqual(
      quality.referentialIntegrity('id', 'others', 'key', 0.1),
    )
    expect(rules.isContainedIn('email', ['a']).constraint.kind).toBe('compliance')
    expect(rules.hasUniqueness(['id', 'email'], 0.5).constraint.kind).toBe('uniqueness')
    expect(rules.hasDataType('id', int32).constraint.kind).toBe('compliance')
    expect(quality.satisfies('more', col('quantity').gt(lit(1))).id).toBe('more')
  })

  it('Q-23: a column that there is not does not compile', () => {
    // Each of these is an error of the compiler, or the directive above it would be one.
    const wrong = (): readonly unknown[] => [
      // @ts-expect-error no such column
      rules.isComplete('emial'),
      // @ts-expect-error no such column
      rules.isUnique('id', 'emial'),
      // @ts-expect-error no such column
      rules.hasUniqueness(['id', 'emial'], 1),
      // @ts-expect-error no such column
      rules.hasMean('quantty', { atLeast: 1 }),
      // @ts-expect-error no such column
      rules.isContainedIn('emial', ['a']),
      // @ts-expect-error no such column
      rules.hasOutlierShare('quantity', 0.1, { groupBy: 'emial' }),
      // @ts-expect-error no such column
      rules.referentialIntegrity('emial', 'others', 'key'),
      // @ts-expect-error no such column
      rules.col('emial'),
    ]
    expect(wrong().length).toBe(8)
  })

  it('Q-12: flags of a pattern are part of it', async () => {
    const { withSession, orders } = await import('../testing.js')
    const share = (pattern: RegExp) =>
      withSession(async (session) => {
        const { rules: found } = await quality.verify(session, orders(), [quality.matchesPattern('customer', pattern)])
        return found[0]!.metric
      })
    expect(await share(/^ANN$/)).toBe(0)
    expect(await share(/^ANN$/i)).toBeGreaterThan(0)
  })
})
