import { typeName, type DataType } from '@deltaworks/schema'
import { atMost, boundsOf, exactly, formatBounds, type Limits } from '../bounds.js'
import { expressionOf, makeRule, type ColumnInput, type RuleBuilder } from '../rule-builder.js'
import { labelOf } from './label.js'

export function hasRowCount(limits: Limits): RuleBuilder {
  const bounds = boundsOf(limits)
  return makeRule({
    id: 'row_count',
    description: `the number of rows is ${formatBounds(bounds)}`,
    constraint: { kind: 'row_count', bounds },
  })
}

export const hasColumnCount = (count: number): RuleBuilder =>
  makeRule({
    id: 'column_count',
    description: `the table has ${count} columns`,
    constraint: { kind: 'column_count', bounds: exactly(count) },
  })

export const hasColumn = (column: string, type: DataType | null = null): RuleBuilder =>
  makeRule({
    id: `column:${column}`,
    description: `there is a column ${column}${type === null ? '' : ` of type ${typeName(type)}`}`,
    constraint: { kind: 'column_exists', column, type },
  })

/** The table has these columns. @param options `inOrder`: in this order, from the first; `others`: and maybe more */
export function hasColumns(
  columns: readonly string[],
  { inOrder = false, others = false }: { readonly inOrder?: boolean; readonly others?: boolean } = {},
): RuleBuilder {
  const more = others ? ', and maybe more' : ''
  return makeRule({
    id: 'columns',
    description: `the columns are ${columns.join(', ')}${inOrder ? ', in this order' : ''}${more}`,
    constraint: { kind: 'column_list', columns, inOrder, others },
  })
}

/** The newest value of a date or timestamp column is at most so many hours before the verification's clock. */
export function isFresh(column: ColumnInput, maxAgeHours: number): RuleBuilder {
  const input = expressionOf(column)
  return makeRule({
    id: `fresh:${labelOf(input)}`,
    description: `the newest ${labelOf(input)} is at most ${maxAgeHours} hours old`,
    constraint: { kind: 'freshness', input, bounds: atMost(maxAgeHours) },
  })
}
