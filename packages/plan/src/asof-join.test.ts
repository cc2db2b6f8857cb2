import { describe, expect, it } from '@jest/globals'
import { field, int32, schema, string } from '@deltaworks/schema'
import { interpretPlan } from './interpret-plan.js'
import { memoryTable } from './memory-table.js'
import { parseQuery } from './sql/sql.js'

const trades = memoryTable(
  schema([field('id', int32, false), field('symbol', string), field('at', int32)]),
  [
    [1, 'a', 5],
    [2, 'a', 3],
    [3, 'b', 5],
    [4, 'a', null],
    [5, null, 5],
    [6, 'a', 1],
  ],
  { name: 'trades' },
)
const quotes = memoryTable(
  schema([field('symbol', string), field('at', int32), field('price', int32)]),
  [
    ['a', 3, 30],
    ['a', 3, 31],
    ['a', 4, null],
    ['a', 9, 90],
    ['b', 6, 60],
    [null, 1, 10],
    ['a', null, 99],
  ],
  { name: 'quotes' },
)

const rows = async (text: string) => {
  const plan = await parseQuery(text, { table: ([name]) => (name === 'trades' ? trades : quotes) })
  return interpretPlan(plan)
}

describe('as-of joins', () => {
  it('E-17: take the nearest row before, or at the same moment; of several the greatest by its columns', async () => {
    expect(
      await rows(
        'select t.id, q.at, q.price from trades t asof join quotes q on t.symbol = q.symbol and t.at >= q.at order by 1',
      ),
    ).toEqual([
      [1, 4, null],
      [2, 3, 31],
    ])
  })

  it('E-17: > leaves rows of the same moment out, and LEFT keeps rows without a match', async () => {
    expect(
      await rows(
        'select t.id, q.price from trades t asof left join quotes q on q.at < t.at and q.symbol = t.symbol order by 1',
      ),
    ).toEqual([
      [1, null],
      [2, null],
      [3, null],
      [4, null],
      [5, null],
      [6, null],
    ])
  })

  it('E-17: <= takes the nearest row after', async () => {
    expect(
      await rows(
        'select t.id, q.at, q.price from trades t asof join quotes q on t.symbol = q.symbol and t.at <= q.at order by 1',
      ),
    ).toEqual([
      [1, 9, 90],
      [2, 3, 31],
      [3, 6, 60],
      [6, 3, 31],
    ])
  })

  it.each([
    ['t.symbol = q.symbol', /needs one of/],
    ['t.at >= q.at and t.id <= q.price', /one of >=/],
    ['t.at >= q.at and t.id = 1', /a left with a right/],
    ['t.at >= q.at or t.id = q.price', /a left with a right|equalities/],
  ])('E-17: on %s is refused', async (condition, message) => {
    await expect(rows(`select 1 from trades t asof join quotes q on ${condition}`)).rejects.toThrow(message)
  })
})
