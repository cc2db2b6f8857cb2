import { formatDate, formatDecimal, formatTimestamp, typeName, type DataType, type Value } from '@deltaworks/schema'
import { formatFloat } from './float-text.js'
import type {
  BoundAggregate,
  BoundExpression,
  BoundSortKey,
  BoundWindow,
  BoundWindowFrame,
  Expression,
  SortKey,
  WindowFrame,
} from './expression.js'

const operators: Readonly<Record<string, { readonly symbol: string; readonly level: number }>> = {
  or: { symbol: 'OR', level: 1 },
  and: { symbol: 'AND', level: 2 },
  eq: { symbol: '=', level: 4 },
  ne: { symbol: '<>', level: 4 },
  lt: { symbol: '<', level: 4 },
  le: { symbol: '<=', level: 4 },
  gt: { symbol: '>', level: 4 },
  ge: { symbol: '>=', level: 4 },
  is_not_distinct_from: { symbol: 'IS NOT DISTINCT FROM', level: 4 },
  like: { symbol: 'LIKE', level: 4 },
  ilike: { symbol: 'ILIKE', level: 4 },
  rlike: { symbol: 'RLIKE', level: 4 },
  add: { symbol: '+', level: 5 },
  subtract: { symbol: '-', level: 5 },
  multiply: { symbol: '*', level: 6 },
  divide: { symbol: '/', level: 6 },
  modulo: { symbol: '%', level: 6 },
}

/** An expression as SQL would have it, with as few brackets as it needs: for explain, errors and column names. */
export const formatExpression = (expression: Expression | BoundExpression): string => format(expression, 0)

function format(e: Expression | BoundExpression, level: number): string {
  switch (e.kind) {
    case 'column':
      return 'qualifier' in e && e.qualifier !== undefined ? `${e.qualifier}.${e.name}` : e.name
    case 'literal':
      return formatLiteral(e.value, e.type)
    case 'alias':
      return `${format(e.input, 0)} AS ${e.name}`
    case 'cast':
      return `${e.lenient ? 'TRY_CAST' : 'CAST'}(${format(e.input, 0)} AS ${typeName(e.type)})`
    case 'case': {
      const branches = e.branches.map((b) => ` WHEN ${format(b.when, 0)} THEN ${format(b.then, 0)}`).join('')
      return `CASE${branches}${e.otherwise === null ? '' : ` ELSE ${format(e.otherwise, 0)}`} END`
    }
    case 'call':
      return formatCall(e.name, e.args, level)
    case 'aggregate':
      return formatAggregate(e)
    case 'window':
      return formatWindow(e)
    case 'subquery':
      return `(subquery ${e.index + 1})`
  }
}

function formatCall(name: string, args: readonly (Expression | BoundExpression)[], level: number): string {
  const operator = operators[name]
  if (operator !== undefined && args.length >= 2 && (args.length === 2 || operator.level <= 2)) {
    // The right side of - and / binds tighter; AND and OR are associative.
    const text = args
      .map((arg, i) => format(arg, operator.level + (i > 0 && operator.level > 2 ? 1 : 0)))
      .join(` ${operator.symbol} `)
    return operator.level < level ? `(${text})` : text
  }
  const [first, ...rest] = args
  const bracketed = (text: string, own: number): string => (own < level ? `(${text})` : text)
  switch (name) {
    case 'not':
      return bracketed(`NOT ${format(first!, 3)}`, 3)
    case 'negate':
      return `-${format(first!, 7)}`
    case 'is_null':
      return bracketed(`${format(first!, 5)} IS NULL`, 4)
    case 'is_not_null':
      return bracketed(`${format(first!, 5)} IS NOT NULL`, 4)
    case 'in':
      return bracketed(`${format(first!, 5)} IN (${rest.map((a) => format(a, 0)).join(', ')})`, 4)
    case 'lambda': {
      const names = rest.map((id) => format({ kind: 'call', name: 'lambda_variable', args: [id] } as Expression, 0))
      return `${names.length === 1 ? names[0]! : `(${names.join(', ')})`} -> ${format(first!, 0)}`
    }
    case 'lambda_variable':
      return first?.kind === 'literal' ? String(first.value).replace(/^\d+:/, '') : '?'
    case 'get_field':
      return `${format(first!, 7)}.${rest[0]?.kind === 'literal' ? String(rest[0].value) : '?'}`
    default:
      return `${name}(${args.map((a) => format(a, 0)).join(', ')})`
  }
}

/** A value as a SQL literal. */
export function formatLiteral(value: Value, type: DataType): string {
  if (value === null) return 'NULL'
  switch (type.kind) {
    case 'string':
    case 'variant':
      return `'${String(value).replaceAll("'", "''")}'`
    case 'binary':
      return `X'${Buffer.from(value as Uint8Array)
        .toString('hex')
        .toUpperCase()}'`
    case 'date':
      return `DATE '${formatDate(value as number)}'`
    case 'timestamp':
    case 'timestamp_ntz':
      return `TIMESTAMP '${formatTimestamp(value as bigint)}'`
    case 'decimal':
      return formatDecimal(value as bigint, type.scale)
    case 'float32':
    case 'float64':
      return formatFloat(value as number, type.kind === 'float32')
    case 'list':
      return `array(${(value as readonly Value[]).map((v) => formatLiteral(v, type.element)).join(', ')})`
    case 'struct':
      return `struct(${(value as readonly Value[]).map((v, i) => formatLiteral(v, type.fields[i]!.type)).join(', ')})`
    default:
      return String(value)
  }
}

export function formatAggregate(of: BoundAggregate | Extract<Expression, { kind: 'aggregate' }>): string {
  const args = of.args.length === 0 ? '*' : of.args.map((a) => format(a, 0)).join(', ')
  const filter = of.filter === null ? '' : ` FILTER (WHERE ${format(of.filter, 0)})`
  return `${of.name}(${of.distinct ? 'DISTINCT ' : ''}${args})${filter}`
}

export const formatSortKey = (key: SortKey | BoundSortKey): string =>
  `${format(key.expression, 0)}${key.descending ? ' DESC' : ''}${key.nullsFirst === key.descending ? ` NULLS ${key.nullsFirst ? 'FIRST' : 'LAST'}` : ''}`

export function formatWindow(of: BoundWindow | Extract<Expression, { kind: 'window' }>): string {
  const parts: string[] = []
  if (of.partitionBy.length > 0) parts.push(`PARTITION BY ${of.partitionBy.map((e) => format(e, 0)).join(', ')}`)
  if (of.orderBy.length > 0) parts.push(`ORDER BY ${of.orderBy.map(formatSortKey).join(', ')}`)
  if (of.frame !== null) parts.push(formatFrame(of.frame))
  const filter = of.filter === undefined || of.filter === null ? '' : ` FILTER (WHERE ${format(of.filter, 0)})`
  const distinct = of.distinct === true ? 'DISTINCT ' : ''
  return `${of.name}(${distinct}${of.args.map((a) => format(a, 0)).join(', ')})${filter} OVER (${parts.join(' ')})`
}

function formatFrame({ mode, start, end, exclude }: WindowFrame | BoundWindowFrame): string {
  const bound = (offset: number | null, side: 'PRECEDING' | 'FOLLOWING'): string => {
    if (offset === null) return `UNBOUNDED ${side}`
    if (offset === 0) return 'CURRENT ROW'
    return offset < 0 ? `${-offset} PRECEDING` : `${offset} FOLLOWING`
  }
  return `${mode.toUpperCase()} BETWEEN ${bound(start, 'PRECEDING')} AND ${bound(end, 'FOLLOWING')}${exclude === undefined ? '' : ` EXCLUDE ${exclude.toUpperCase()}`}`
}

/** The name of a result column: the alias, the column's name, or the expression's text. */
export const outputName = (expression: Expression): string =>
  expression.kind === 'alias' || expression.kind === 'column' ? expression.name : formatExpression(expression)
