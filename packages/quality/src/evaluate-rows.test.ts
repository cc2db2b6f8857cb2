import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { Session } from '@deltaworks/engine'
import { values } from '@deltaworks/plan'
import { field, int32, schema, string, type Value } from '@deltaworks/schema'
import { parseDqdl } from './dqdl/parse.js'
import { evaluateRows } from './evaluate-rows.js'
import { prepareStatements } from './prepare-statements.js'
import { reconcileRows } from './reconcile-rows.js'
import { hasRowCount, isComplete, isUnique, satisfies } from './index.js'
import { splitRows } from './split-rows.js'
import { col } from '@deltaworks/expression'

let session: Session
beforeAll(() => {
  session = Session.create({ threads: 1 })
})
afterAll(() => session.close())

const people = schema([field('id', string), field('name', string), field('age', int32)])
const rows: readonly (readonly Value[])[] = [
  ['1', 'Ann', 25],
  ['2', 'Bob', null],
  ['3', null, 30],
  ['3', 'Dan', 17],
]
const table = values(people, rows)
const lists = async (text: string) => {
  const rules = parseDqdl(text)
  const statements = await prepareStatements(rules, table)
  const result = await session.collect(evaluateRows(table, rules, { statements }).plan)
  return result.rows.map((row) => row.slice(3))
}
const verdicts = async (text: string) => (await lists(text)).map((row) => row.at(-1) === 'Passed')

describe('row outcomes', () => {
  it("Q-59: Glue's columns say which rules a row passed, failed and was not asked", async () => {
    expect(await lists('IsComplete "name", IsComplete "age", RowCount > 1, Mean "age" > 1')).toEqual([
      [['IsComplete "name"', 'IsComplete "age"'], [], ['RowCount > 1', 'Mean "age" > 1'], 'Passed'],
      [['IsComplete "name"'], ['IsComplete "age"'], ['RowCount > 1', 'Mean "age" > 1'], 'Failed'],
      [['IsComplete "age"'], ['IsComplete "name"'], ['RowCount > 1', 'Mean "age" > 1'], 'Failed'],
      [['IsComplete "name"', 'IsComplete "age"'], [], ['RowCount > 1', 'Mean "age" > 1'], 'Passed'],
    ])
  })

  it('Q-59: rules without rows leave every row passed', async () => {
    expect(await lists('RowCount > 100')).toEqual(rows.map(() => [[], [], ['RowCount > 100'], 'Passed']))
  })

  it.each([
    ['IsUnique "id"', [true, true, false, false]],
    ['Uniqueness "id" > 0.9', [true, true, false, false]],
    ['IsPrimaryKey "id" "name"', [true, true, false, true]],
    ['Completeness "name" > 0.9', [true, true, false, true]],
    ['ColumnValues "age" >= 18', [true, false, true, false]],
    ['ColumnValues "age" >= 18 where "age is not null"', [true, true, true, false]],
    ['ColumnValues "name" in [ "Ann", "Bob" ]', [true, true, false, false]],
    ['ColumnValues "name" not in [ "Ann" ]', [false, true, true, true]],
    ['ColumnValues "name" matches "[A-D].*"', [true, true, false, true]],
    ['ColumnLength "name" = 3', [true, true, false, true]],
    ['ColumnDataType "name" = "Integer"', [false, false, true, false]],
    ['CustomSql "select id, name from primary where age > 20"', [true, false, true, false]],
    ['(IsComplete "name") and (IsComplete "age")', [true, false, false, true]],
    ['(IsComplete "name") or (IsComplete "age")', [true, true, true, true]],
    ['(IsComplete "age") or ((IsUnique "id") and (IsComplete "name"))', [true, true, true, true]],
    ['not (IsComplete "age")', [false, true, false, false]],
    // One part says nothing of rows: the whole says nothing.
    ['(IsComplete "name") and (RowCount > 1)', [true, true, true, true]],
    ['IsComplete "name" where "age = 30"', [true, true, false, true]],
  ])('Q-59: %s', async (text, expected) => {
    expect(await verdicts(text)).toEqual(expected)
  })
})

describe('routes', () => {
  it('Q-61: rows are quarantined, dropped or kept, and the counts reconcile', async () => {
    const rules = [
      isComplete('name').quarantine(),
      isUnique('id').quarantine(),
      satisfies('adult', col('age').ge(18)).drop(),
      hasRowCount(4).critical(),
    ]
    const split = splitRows(table, rules)
    expect(await reconcileRows(session, table, split)).toEqual({ input: 4, good: 2, quarantined: 2, dropped: 0 })
    const dropped = splitRows(table, [isComplete('name').quarantine(), satisfies('adult', col('age').ge(18)).drop()])
    expect(await reconcileRows(session, table, dropped)).toEqual({ input: 4, good: 2, quarantined: 1, dropped: 1 })
    const { rows: left } = await session.collect(dropped.dropped.plan)
    expect(left).toEqual([['3', 'Dan', 17, 'adult', 'not so: adult']])
  })

  it('Q-60: rows that were lost are noticed', async () => {
    const { good, bad, dropped } = splitRows(table, [isComplete('name').quarantine()])
    await expect(reconcileRows(session, table, { good: good.limit(1), bad, dropped })).rejects.toThrow(
      expect.objectContaining({ code: 'DW-QUALITY-0013' }),
    )
  })
})
