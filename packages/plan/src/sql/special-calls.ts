import { isScalarFunction, type Call, type Expression, type WindowCall } from '@deltaworks/expression'
import { int32, int64, string } from '@deltaworks/schema'
import type { FuncCall } from 'libpg-query'
import { namesOf, type Node } from './syntax-tree.js'

/*
 * Calls that are more than their arguments' values: units that are written as names, members named by an alias, DECODE.
 */

export interface CallConversion {
  convert(node: Node): Expression
  unsupported(what: string): Error
}

type SpecialCall = (f: FuncCall, to: CallConversion) => Expression | null

const call = (name: string, ...args: readonly Expression[]): Call => ({ kind: 'call', name, args })
const text = (value: string): Expression => ({ kind: 'literal', value, type: string })

/** The word that an argument is, if it is nothing but one. */
const wordOf = (node: Node | undefined): string | null =>
  node !== undefined && 'ColumnRef' in node && node.ColumnRef.fields?.length === 1
    ? (namesOf(node.ColumnRef.fields)[0] ?? null)
    : null

/** A unit of time as a word or a text. */
const unitOf = (node: Node, to: CallConversion): Expression => {
  const word = wordOf(node)
  return word === null ? to.convert(node) : text(word)
}

const hasUnitFirst =
  (name: string): SpecialCall =>
  (f, to) => {
    const [unit, ...rest] = f.args ?? []
    return unit === undefined || wordOf(unit) === null
      ? null
      : call(name, text(wordOf(unit)!), ...rest.map((arg) => to.convert(arg)))
  }

/** dateadd(unit, count, moment), date_add('day', 1, moment), date_sub(…) */
const added =
  (negated: boolean): SpecialCall =>
  (f, to) => {
    const [unit, count, moment, ...more] = f.args ?? []
    if (unit === undefined || count === undefined) return null
    if (moment === undefined || more.length > 0) {
      // date_add(date, interval '1 month')
      return isInterval(count) ? call(negated ? 'subtract' : 'add', to.convert(unit), to.convert(count)) : null
    }
    const times = to.convert(count)
    return call('timestamp_add', unitOf(unit, to), negated ? call('negate', times) : times, to.convert(moment))
  }

const isInterval = (node: Node): boolean =>
  'TypeCast' in node && namesOf(node.TypeCast.typeName?.names).at(-1) === 'interval'

/** Redshift's and DuckDB's datediff(unit, start, end) counts the boundaries of units that lie between. */
const datediff: SpecialCall = (f, to) => {
  const [unit, start, end] = f.args ?? []
  if (unit === undefined || start === undefined || end === undefined) return null
  const of = unitOf(unit, to)
  if (of.kind !== 'literal' || typeof of.value !== 'string') throw to.unsupported('A unit that is no literal')
  const begin = (node: Node): Expression => call('date_trunc', of, to.convert(node))
  return call('timestamp_diff', of, begin(start), begin(end))
}

/** decode(a, b, then, …[, otherwise]): nulls are equal to each other. */
const decode: SpecialCall = (f, to) => {
  const args = (f.args ?? []).map((arg) => to.convert(arg))
  if (args.length < 3) return null
  const [subject, ...rest] = args as [Expression, ...Expression[]]
  const pairs = Math.floor(rest.length / 2)
  const branches = Array.from({ length: pairs }, (_, i) => ({
    when: call('is_not_distinct_from', subject, rest[2 * i]!),
    then: rest[2 * i + 1]!,
  }))
  return { kind: 'case', branches, otherwise: rest.length % 2 === 1 ? rest[rest.length - 1]! : null }
}

/** struct(a, b), struct_pack(x := a): members are called as their columns or names. */
const struct: SpecialCall = (f, to) => {
  const args = f.args ?? []
  const names = args.map((arg, i) => {
    if ('NamedArgExpr' in arg) return arg.NamedArgExpr.name ?? ''
    return 'ColumnRef' in arg ? (namesOf(arg.ColumnRef.fields).at(-1) ?? '') : `col${i + 1}`
  })
  if (args.length === 0) return null
  return call(
    'named_struct',
    ...args.flatMap((arg, i) => [text(names[i]!), to.convert('NamedArgExpr' in arg ? arg.NamedArgExpr.arg! : arg)]),
  )
}

const intervalParts = ['years', 'months', 'weeks', 'days', 'hours', 'mins', 'secs']
const intervalNames: Readonly<Record<string, string>> = { minutes: 'mins', seconds: 'secs' }

/** make_interval(days => 3) */
const makeInterval: SpecialCall = (f, to) => {
  const zero: Expression = { kind: 'literal', value: 0, type: int32 }
  const parts: Expression[] = intervalParts.map(() => zero)
  for (const [i, arg] of (f.args ?? []).entries()) {
    const named = 'NamedArgExpr' in arg
    const name = named ? (arg.NamedArgExpr.name ?? '') : intervalParts[i]
    const place = intervalParts.indexOf(intervalNames[name ?? ''] ?? (/s$/.test(name ?? '') ? name! : `${name ?? ''}s`))
    if (place < 0) throw to.unsupported(`The part ${name ?? ''} of an interval`)
    parts[place] = to.convert(named ? arg.NamedArgExpr.arg! : arg)
  }
  return call('make_interval', ...parts)
}

/** monotonically_increasing_id(): the rows counted from 0. */
const rowId: SpecialCall = (f) => {
  if ((f.args ?? []).length > 0) return null
  const number: WindowCall = { kind: 'window', name: 'row_number', args: [], partitionBy: [], orderBy: [], frame: null }
  const one: Expression = { kind: 'literal', value: 1, type: int32 }
  return { kind: 'cast', input: call('subtract', number, one), type: int64, lenient: false }
}

/** list_sort(list, 'DESC'), array_sort(list, (a, b) -> …) */
const arraySort: SpecialCall = (f, to) => {
  const [list, how, ...more] = (f.args ?? []).map((arg) => to.convert(arg))
  if (list === undefined || how === undefined || more.length > 0) return null
  if (how.kind === 'call' && how.name === 'lambda') return call('array_sort_by', list, how)
  const isDescending = how.kind === 'literal' && /^desc$/i.test(String(how.value))
  return call(isDescending ? 'array_reverse_sort' : 'array_sort', list)
}

/** list_aggregate(list, 'sum'), by the name of an aggregate */
const listAggregate: SpecialCall = (f, to) => {
  const [list, name] = (f.args ?? []).map((arg) => to.convert(arg))
  if (list === undefined || name?.kind !== 'literal') throw to.unsupported('An aggregate that is no literal')
  const of = String(name.value).toLowerCase()
  if (of === 'string_agg') return call('array_join', list, text(','))
  if (!isScalarFunction(`array_${of}`)) throw to.unsupported(`The aggregate ${of} of a list`)
  return call(`array_${of}`, list)
}

export const specialCalls: Readonly<Record<string, SpecialCall>> = {
  datediff,
  date_diff: datediff,
  dateadd: added(false),
  date_add: added(false),
  date_sub: added(true),
  timestampadd: added(false),
  timestamp_add: hasUnitFirst('timestamp_add'),
  timestampdiff: hasUnitFirst('timestamp_diff'),
  timestamp_diff: hasUnitFirst('timestamp_diff'),
  date_trunc: hasUnitFirst('date_trunc'),
  date_part: hasUnitFirst('date_part'),
  decode,
  array_sort: arraySort,
  list_sort: arraySort,
  list_aggregate: listAggregate,
  list_aggr: listAggregate,
  array_aggregate: listAggregate,
  struct,
  struct_pack: struct,
  make_interval: makeInterval,
  monotonically_increasing_id: rowId,
}
