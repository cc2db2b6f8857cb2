import type { BoundAggregate, BoundExpression, BoundWindow } from '@deltaworks/expression'
import { columnsOf } from '@deltaworks/expression'

const volatileFunctions: ReadonlySet<string> = new Set([
  'rand',
  'random',
  'randn',
  'uuid',
  'shuffle',
  'raise_error',
  'assert_true',
  'monotonically_increasing_id',
])

/** Whether it must be evaluated exactly where it stands: its value differs from call to call, or it raises an error. */
export function isVolatile(e: BoundExpression): boolean {
  switch (e.kind) {
    case 'column':
    case 'literal':
      return false
    case 'cast':
      return isVolatile(e.input)
    case 'call':
      return volatileFunctions.has(e.name) || e.args.some(isVolatile)
    case 'case':
      return (
        e.branches.some(({ when, then }) => isVolatile(when) || isVolatile(then)) ||
        (e.otherwise !== null && isVolatile(e.otherwise))
      )
  }
}

/** Functions that give null as soon as one argument is null. */
const strictFunctions: ReadonlySet<string> = new Set([
  ...['eq', 'ne', 'lt', 'le', 'gt', 'ge', 'like', 'ilike', 'rlike'],
  ...['add', 'subtract', 'multiply', 'divide', 'modulo', 'negate', 'abs', 'round', 'floor', 'ceil'],
  ...[
    'lower',
    'upper',
    'trim',
    'ltrim',
    'rtrim',
    'substring',
    'length',
    'concat',
    'contains',
    'startswith',
    'endswith',
  ],
  ...['year', 'month', 'day', 'quarter', 'week', 'date_trunc', 'date_add', 'date_sub'],
])

/** Whether it is certainly null when all columns for which `isNull` says so are null. */
export function isNullWhen(e: BoundExpression, isNull: (column: number) => boolean): boolean {
  switch (e.kind) {
    case 'column':
      return isNull(e.index)
    case 'literal':
      return e.value === null
    case 'cast':
      return isNullWhen(e.input, isNull)
    case 'call':
      if (e.name === 'not') return isNullWhen(e.args[0]!, isNull)
      if (e.name === 'in') return isNullWhen(e.args[0]!, isNull)
      return strictFunctions.has(e.name) && e.args.some((arg) => isNullWhen(arg, isNull))
    case 'case':
      return false
  }
}

/** Whether a filter by it certainly drops rows in which all columns for which `isNull` says so are null. */
export function rejectsNull(e: BoundExpression, isNull: (column: number) => boolean): boolean {
  if (e.kind === 'literal') return e.value !== true
  if (e.kind === 'call') {
    if (e.name === 'and') return e.args.some((arg) => rejectsNull(arg, isNull))
    if (e.name === 'or') return e.args.every((arg) => rejectsNull(arg, isNull))
    if (e.name === 'is_not_null') return isNullWhen(e.args[0]!, isNull)
  }
  return isNullWhen(e, isNull)
}

export const aggregateColumns = (a: BoundAggregate): number[] => [
  ...a.args.flatMap(columnsOf),
  ...(a.filter === null ? [] : columnsOf(a.filter)),
]

const frameColumns = ({ frame }: BoundWindow): number[] =>
  frame?.range === undefined
    ? []
    : [frame.range.key, frame.range.start, frame.range.end].flatMap((e) => (e === null ? [] : columnsOf(e)))

export const windowColumns = (w: BoundWindow): number[] => [
  ...w.args.flatMap(columnsOf),
  ...(w.filter === null ? [] : columnsOf(w.filter)),
  ...frameColumns(w),
  ...w.partitionBy.flatMap(columnsOf),
  ...w.orderBy.flatMap((k) => columnsOf(k.expression)),
]
