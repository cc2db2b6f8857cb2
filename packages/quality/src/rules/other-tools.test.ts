import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { Session } from '@deltaworks/engine'
import { agg, col, lit } from '@deltaworks/expression'
import { values, type DataFrame } from '@deltaworks/plan'
import { field, int32, schema, string, timestamp } from '@deltaworks/schema'
import { categoricalDistance } from '../analysis/distance.js'
import { Check } from '../checks/check.js'
import {
  customSql,
  hasColumns,
  hasDistinctCount,
  hasMean,
  hasOutlierShare,
  isFresh,
  isUnique,
  parseDqdl,
  satisfies,
} from '../index.js'
import type { Rule } from '../rule.js'
import { verify } from '../verify.js'

/* What people ask with Great Expectations and Soda, asked here: docs/quality-tools.md has the list. */

const hour = 3_600_000_000n
const now = 1_000n * hour
const columns = schema([
  field('region', string),
  field('a', int32),
  field('b', int32),
  field('total', int32),
  field('at', timestamp),
])
const table = values(columns, [
  ['n', 1, 2, 3, now - hour],
  ['n', 2, 2, 4, now - 2n * hour],
  ['s', 3, 4, 7, now - 3n * hour],
  ['s', 5, 5, 11, now - 30n * hour],
])
const other = values(columns, [
  ['n', 1, 2, 3, now],
  ['s', 1, 2, 3, now],
])

let session: Session
beforeAll(() => {
  session = Session.create({ threads: 1 })
})
afterAll(() => session.close())

const said = async (rule: Rule, frame: DataFrame = table) => {
  const references = new Map([['other', other]])
  const { rules } = await verify(session, frame, [rule], { references, nowMicros: now })
  return [rules[0]!.status, rules[0]!.metric]
}

describe('Q-62: checks that other tools have', () => {
  it('columns, also in their order', async () => {
    const names = columns.fields.map(({ name }) => name)
    expect(await said(hasColumns(names, { inOrder: true }))).toEqual(['passed', 1])
    expect(await said(hasColumns([...names].reverse()))).toEqual(['passed', 1])
    expect(await said(hasColumns([...names].reverse(), { inOrder: true }))).toEqual(['failed', 0])
    expect(await said(hasColumns(['REGION', 'a'], { inOrder: true, others: true }))).toEqual(['passed', 1])
    expect(await said(hasColumns(['region', 'a']))).toEqual(['failed', 0])
    const { rules } = await verify(session, table, [hasColumns([...names, 'c'])])
    expect(rules[0]!.message).toContain('c missing')
  })

  it('sums over columns, failed rows of a statement, freshness, keys of several columns', async () => {
    const sum = satisfies('sum', col('a').add(col('b')).eq(col('total')))
    expect(await said(sum)).toEqual(['failed', 0.75])
    expect(await said(customSql('select * from primary where a + b = total'))).toEqual(['failed', 0.75])
    expect(await said(customSql('select count(*) from primary where a + b <> total', 1))).toEqual(['passed', 1])
    expect(await said(isFresh('at', 2))).toEqual(['passed', 1])
    expect(await said(isUnique('a', 'b'))).toEqual(['passed', 1])
  })

  it('rows of another table, and a distribution compared with one that is known', async () => {
    expect(await said(parseDqdl('RowCountMatch "other" = 2')[0]!)).toEqual(['passed', 2])
    const known = { n: 0.5, s: 0.5 }
    const near = (limit: number) =>
      new Check('error', 'd').hasHistogramValues('region', ({ values: found }) => {
        const counts = new Map([...found].map(([key, { absolute }]) => [key, absolute]))
        const wanted = new Map(Object.entries(known).map(([key, share]) => [key, share * 4]))
        return categoricalDistance(counts, wanted, { correctForLowNumberOfSamples: true }) <= limit
      }).rules[0]!
    expect((await said(near(0.01)))[0]).toBe('passed')
    expect((await said(near(0.01), table.filter(col('a').gt(lit(1))) as DataFrame))[0]).toBe('failed')
  })

  it('group by: a rule a group, over the grouped table, or by group', async () => {
    const means = table.groupBy('region').agg({ mean: agg.avg(col('a')) }) as DataFrame
    expect(await said(hasMean('a', { atMost: 2 }).where(col('region').eq(lit('n'))))).toEqual(['passed', 1.5])
    expect(await said(satisfies('mean_by_region', col('mean').lt(lit(2))), means)).toEqual(['failed', 0.5])
    expect((await said(hasOutlierShare('a', 0.1, { groupBy: 'region' })))[0]).toBe('passed')
    expect(await said(hasDistinctCount('region', 2))).toEqual(['passed', 2])
  })
})
