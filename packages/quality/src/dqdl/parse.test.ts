import { describe, expect, it } from '@jest/globals'
import { col, lit } from '@deltaworks/expression'
import * as quality from '../index.js'
import { orders, withSession } from '../testing.js'
import { dqdl, parseDqdl } from './parse.js'

describe('DQDL', () => {
  it('N-12: gives the same data as the builder', () => {
    const [complete, key, references] = parseDqdl(`Rules = [
      IsComplete "id",           # a comment
      IsPrimaryKey "id" "email",
      ReferentialIntegrity "customer" "customers.name" >= 0.95 where "quantity > 1"
    ]`)
    expect(complete!.constraint).toEqual(quality.isComplete('id').constraint)
    expect(key!.constraint).toEqual(quality.isPrimaryKey('id', 'email').constraint)
    const built = quality.referentialIntegrity('customer', 'customers', 'name', 0.05).where(col('quantity').gt(lit(1n)))
    expect(references!.constraint).toEqual(built.constraint)
    expect(references!.filter).toEqual(built.filter)
  })

  // What each rule says of the orders: status and metric.
  it.each([
    ['Q-31', 'RowCount > 7', 'passed', 8],
    ['Q-31', 'RowCount between 8 and 10', 'failed', 8],
    ['Q-31', 'RowCount not in [ 1, 2 ]', 'passed', 8],
    ['Q-31', 'ColumnCount = 6', 'passed', 6],
    ['Q-31', 'ColumnExists "id"', 'passed', 1],
    ['Q-31', 'Completeness "id" > 0.8', 'passed', 7 / 8],
    ['Q-31', 'IsUnique "id"', 'failed', 5 / 7],
    ['Q-31', 'Uniqueness "id" >= 0.7', 'passed', 5 / 7],
    ['Q-31', 'UniqueValueRatio "id" < 0.9', 'passed', 5 / 6],
    ['Q-31', 'DistinctValuesCount "customer" = 4', 'passed', 4],
    ['Q-33', 'Mean "quantity" between 4 and 5', 'passed', 30 / 7],
    ['Q-33', 'Sum "quantity" = 30', 'passed', 30],
    ['Q-33', 'StandardDeviation "quantity" < 3', 'passed', Math.sqrt(276 / 49)],
    ['Q-32', 'ColumnValues "quantity" > 0 with threshold > 0.8', 'passed', 7 / 8],
    ['Q-32', 'ColumnValues "quantity" between 1 and 8', 'failed', 5 / 8],
    ['Q-32', 'ColumnValues "customer" in [ "ann", "bob", NULL ]', 'failed', 6 / 8],
    ['Q-47', 'ColumnValues "customer" not in [ "zoe" ]', 'failed', 7 / 8],
    ['Q-47', 'ColumnValues "customer" != "zoe" with threshold >= 0.8', 'passed', 7 / 8],
    ['Q-47', 'ColumnValues "customer" != NULL', 'failed', 7 / 8],
    ['Q-47', 'ColumnValues "customer" = NULL', 'failed', 1 / 8],
    ['Q-47', 'ColumnValues "customer" not in [ EMPTY, WHITESPACES_ONLY ]', 'passed', 1],
    ['Q-32', 'ColumnValues "customer" matches "[a-c].*"', 'failed', 6 / 8],
    ['Q-32', 'ColumnValues "customer" not matches "z.*" where "customer is not null"', 'failed', 6 / 7],
    ['Q-32', 'ColumnValues "amount" >= 0.01 where "amount is not null and not quantity in (4)"', 'passed', 1],
    ['Q-32', 'ColumnLength "customer" = 3 with threshold > 0.8', 'passed', 7 / 8],
    ['Q-32', 'ColumnDataType "customer" = "Integer" with threshold > 0.5', 'failed', 0],
    ['Q-48', '(IsComplete "id") and (RowCount > 1)', 'failed', 0.5],
    ['Q-48', '((IsComplete "id") or (RowCount > 1)) and (RowCount < 100)', 'passed', 1],
  ])('%s: %s', async (_, text, status, metric) => {
    const result = await withSession((session) => quality.verify(session, orders(), parseDqdl(text)))
    expect(result.rules[0]).toMatchObject({ status, description: text })
    expect(result.rules[0]!.metric).toBeCloseTo(metric, 12)
  })

  it.each([
    ['Rules = [ IsComplet "id" ]', 'DW-QUALITY-0006', 1, 11],
    ['Rules = [ IsComplete "id"', 'DW-QUALITY-0006', 1, 26],
    ['IsComplete "id', 'DW-QUALITY-0006', 1, 12],
    ['RowCount ~ 3', 'DW-QUALITY-0006', 1, 10],
    ['IsComplete "id" with threshold > 0.5', 'DW-QUALITY-0006', 1, 17],
    ['IsComplete "id" where "a >"', 'DW-QUALITY-0006', 1, 27],
    ['(RowCount > 1) and (RowCount > 2) or (RowCount > 3)', 'DW-QUALITY-0006', 1, 35],
    ['RowCount > 1,\nEntropi "id" > 1', 'DW-QUALITY-0006', 2, 1],
    ['constructor "id"', 'DW-QUALITY-0006', 1, 1],
  ])('Q-30: %j is refused with its place', (text, code, line, column) => {
    expect(() => parseDqdl(text)).toThrow(
      expect.objectContaining({ code, details: expect.objectContaining({ line, column }) }),
    )
  })

  it('rules that are alike get ids of their own', () => {
    expect(dqdl`RowCount > 1, RowCount < 9`.map((rule) => rule.id)).toEqual(['row_count', 'row_count#2'])
  })
})
