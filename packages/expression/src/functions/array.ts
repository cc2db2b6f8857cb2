import {
  boolean,
  date,
  float64,
  int32,
  int64,
  interval,
  isFloat,
  isInteger,
  isInterval,
  list,
  map,
  string,
  struct,
  timestamp,
  timestampNtz,
  type DataType,
  type ListType,
  type MapType,
  type StructType,
  type Value,
} from '@deltaworks/schema'
import { commonType, commonTypeOf } from '../coercion.js'
import { invalidArgument, wrongArguments } from '../errors.js'
import type { CallSite, FunctionDefinition, Resolution, ScalarKernel } from '../evaluation.js'
import { intervalMicros } from '../interval-text.js'
import type { BoundExpression } from '../expression.js'
import { expressionKey } from '../serialise.js'
import { comparatorOf } from '../value-order.js'
import { typesOf } from './argument-rules.js'
import { shiftedBy, type IntervalParts } from './interval-arithmetic.js'

type List = readonly Value[]
type Entry = readonly [Value, Value]

function listType(args: readonly BoundExpression[], name: string, at = 0): ListType {
  const { type } = args[at]!
  if (type.kind === 'list') return type
  if (type.kind === 'null') return list({ kind: 'null' })
  throw wrongArguments(name, typesOf(args), `argument ${at + 1} must be an array`)
}

function mapType(args: readonly BoundExpression[], name: string, at = 0): MapType {
  const { type } = args[at]!
  if (type.kind === 'map') return type
  throw wrongArguments(name, typesOf(args), `argument ${at + 1} must be a map`)
}

const define = (
  signature: string,
  doc: string,
  arity: readonly [number, number],
  resolve: FunctionDefinition['resolve'],
  kernel: NonNullable<FunctionDefinition['kernel']>,
  rest: Partial<FunctionDefinition> = {},
): FunctionDefinition => ({ signature, doc, arity, resolve, kernel, ...rest })

/** A function of one list that gives a list of the same type. */
const sameList = (
  name: string,
  doc: string,
  apply: (site: CallSite) => (values: List) => List,
  aliases: readonly string[] = [],
): FunctionDefinition =>
  define(
    `${name}(list) → list`,
    doc,
    [1, 1],
    (args, called) => ({ args: [listType(args, called)], type: listType(args, called) }),
    (site) => {
      const run = apply(site)
      return (_, values: List) => run(values)
    },
    { aliases },
  )

/** A function of two lists of a common type. */
function resolvePair(args: readonly BoundExpression[], name: string): Resolution & { readonly type: ListType } {
  const type = commonType(listType(args, name, 0), listType(args, name, 1))
  if (type?.kind !== 'list') throw wrongArguments(name, typesOf(args), 'the arrays have no common type')
  return { args: [type, type], type }
}

/** A function of a list and a value of its elements' type. */
const withElement = (
  signature: string,
  doc: string,
  type: (of: ListType) => DataType,
  kernel: NonNullable<FunctionDefinition['kernel']>,
  rest: Partial<FunctionDefinition> = {},
): FunctionDefinition =>
  define(
    signature,
    doc,
    [2, 2],
    (args, name) => {
      const element = commonType(listType(args, name).element, args[1]!.type)
      if (element === null) throw wrongArguments(name, typesOf(args), 'the value is of another type than the elements')
      const of = list(element)
      return { args: [of, element], type: type(of) }
    },
    kernel,
    rest,
  )

const elementOf = (site: CallSite, at = 0): DataType => (site.args[at]!.type as ListType).element

const nullsLast =
  (compare: (a: Value, b: Value) => number, nulls: 1 | -1 = 1) =>
  (a: Value, b: Value): number =>
    a === null || b === null ? (a === b ? 0 : a === null ? nulls : -nulls) : compare(a, b)

/** The first of each of the equal values. */
function distinct(values: List, seen = new Set<string>()): Value[] {
  return values.filter((value) => {
    const key = keyOf(value)
    if (seen.has(key)) return false
    seen.add(key)
    return true
  })
}
/** -0.0 and 0.0 are one value. */
const keyOf = (value: Value): string => expressionKey(Object.is(value, -0) ? 0 : value)

const extreme = (name: string, doc: string, sign: 1 | -1): FunctionDefinition =>
  define(
    `${name}(list) → element`,
    doc,
    [1, 1],
    (args, called) => ({ args: [listType(args, called)], type: listType(args, called).element }),
    (site) => {
      const compare = comparatorOf(elementOf(site))
      return (_, values: List) => {
        let best: Value = null
        for (const v of values) if (v !== null && (best === null || sign * compare(v, best) > 0)) best = v
        return best
      }
    },
    { nullable: 'always', aliases: [name.replace('array', 'list')] },
  )

const bits = (name: string, doc: string, fold: (a: bigint, b: bigint) => bigint): FunctionDefinition =>
  define(
    `${name}(list) → element`,
    doc,
    [1, 1],
    (args, called) => {
      const { element } = listType(args, called)
      if (!isInteger(element)) throw wrongArguments(called, typesOf(args), 'the elements must be whole numbers')
      return { args: [list(element)], type: element }
    },
    ({ type }) =>
      (_, values: List) => {
        const numbers = values.filter((v) => v !== null).map((v) => BigInt(v as number))
        if (numbers.length === 0) return null
        const result = numbers.reduce(fold)
        return type.kind === 'int64' ? result : Number(result)
      },
    { nullable: 'always' },
  )

const percentile = define(
  'array_percentile(sorted list, fraction) → element',
  'Of an ordered array the first element at or after the fraction (0 to 1); null of an empty one.',
  [2, 2],
  (args, name) => ({ args: [listType(args, name), float64], type: listType(args, name).element }),
  () => (_, values: List, fraction: number) => {
    if (!(fraction >= 0 && fraction <= 1)) throw invalidArgument('percentile', fraction, 'it must be from 0 to 1')
    return values[Math.max(0, Math.ceil(fraction * values.length) - 1)] ?? null
  },
  { nullable: 'always' },
)

/** Rows of sort keys and a value: the values in the order of the keys. `order` has two letters a key: a or d, f or l (nulls). */
const orderBy = define(
  'array_order_by(list of structs, order) → list of first members',
  'The first members of structs, ordered by the other members: a or d (descending) and f or l (nulls first, last) for each.',
  [2, 2],
  (args, name) => {
    const type = listType(args, name)
    if (type.element.kind !== 'struct') throw wrongArguments(name, typesOf(args), 'it takes an array of structs')
    return { args: [type, string], type: list(type.element.fields[0]!.type) }
  },
  (site) => {
    const { fields } = elementOf(site) as StructType
    const compare = fields.map((f) => comparatorOf(f.type))
    return (_, rows: readonly List[], order: string) => {
      const before = (x: List, y: List): number => {
        for (let i = 1; i < fields.length; i++) {
          const [a, b] = [x[i]!, y[i]!]
          const nullsFirst = order[2 * i - 1] === 'f'
          if (a === null && b === null) continue
          if (a === null || b === null) return (a === null) === nullsFirst ? -1 : 1
          const by = compare[i]!(a, b)
          if (by !== 0) return order[2 * i - 2] === 'd' ? -by : by
        }
        return 0
      }
      return [...rows].sort(before).map((row) => row[0]!)
    }
  },
)

const sequence = define(
  'sequence(first, last[, step]) → list',
  'The whole numbers (or days, of dates; or moments an interval apart) from first to last; down if last is less.',
  [2, 3],
  (args) => {
    if (args[2] !== undefined && isInterval(args[2].type)) {
      const of = args[0]!.type.kind === 'date' && args[1]!.type.kind === 'date' ? timestampNtz : timestamp
      return { args: [of, of, interval], type: list(of, false) }
    }
    if (args[0]!.type.kind === 'date')
      return { args: [date, date, int32].slice(0, args.length), type: list(date, false) }
    const type = args.some((a) => a.type.kind === 'int64') ? int64 : int32
    return { args: args.map(() => type), type: list(type, false) }
  },
  (site) => {
    const { type } = site
    if (site.args[2] !== undefined && isInterval(site.args[2].type)) return momentSequence((type as ListType).element)
    const wide = (type as ListType).element.kind === 'int64'
    return (_, first: number | bigint, last: number | bigint, given?: number | bigint) => {
      const [from, to] = [BigInt(first), BigInt(last)]
      const step = given === undefined ? (from <= to ? 1n : -1n) : BigInt(given)
      if (step === 0n) throw invalidArgument('sequence', 0, 'the step must not be 0')
      const count = (to - from) / step + 1n
      if ((to - from) * step < 0n) return []
      if (count > maxElements)
        throw invalidArgument('sequence', String(count), `it would have more than ${maxElements} elements`)
      return Array.from({ length: Number(count) }, (_v, i) => {
        const value = from + step * BigInt(i)
        return wide ? value : Number(value)
      })
    }
  },
)
const maxElements = 10_000_000n

/** Moments an interval apart. */
const momentSequence =
  (type: DataType): ScalarKernel =>
  (context, first: bigint, last: bigint, step: IntervalParts) => {
    const by = intervalMicros(step as unknown as Value)
    if (by === 0n) throw invalidArgument('sequence', 0, 'the step must not be 0')
    const values: Value[] = []
    for (let i = 0; ; i++) {
      const next = shiftedBy(first, [step[0] * i, step[1] * i, step[2] * BigInt(i)], 1, type, context) as bigint
      if (by > 0n ? next > last : next < last) return values
      if (BigInt(i) > maxElements)
        throw invalidArgument('sequence', i, `it would have more than ${maxElements} elements`)
      values.push(next)
    }
  }

const mapOf = define(
  'map(key, value, …) → map',
  'A map of the keys to the values; a null key or one given twice is an error.',
  [0, Infinity],
  (args, name) => {
    const [keys, values] = [0, 1].map((side) => commonTypeOf(typesOf(args.filter((_, i) => i % 2 === side))))
    if (args.length % 2 !== 0 || keys === null || values === null) {
      throw wrongArguments(name, typesOf(args), 'it takes keys and values in turn, each of a common type')
    }
    return { args: args.map((_, i) => (i % 2 === 0 ? keys! : values!)), type: map(keys!, values!) }
  },
  () =>
    (_, ...args: Value[]) =>
      checkedMap(
        'map',
        Array.from({ length: args.length / 2 }, (_v, i): Entry => [args[2 * i]!, args[2 * i + 1]!]),
      ),
  { nulls: 'own', nullable: 'never' },
)

function checkedMap(name: string, entries: readonly Entry[]): readonly Entry[] {
  const seen = new Set<string>()
  for (const [key] of entries) {
    if (key === null) throw invalidArgument(name, 'null', 'a key must not be null')
    if (seen.has(keyOf(key))) throw invalidArgument(name, key, 'the key is there twice')
    seen.add(keyOf(key))
  }
  return entries
}

const ofMap = (
  signature: string,
  doc: string,
  type: (of: MapType) => DataType,
  apply: (entry: Entry) => Value,
): FunctionDefinition =>
  define(
    signature,
    doc,
    [1, 1],
    (args, name) => ({ args: [mapType(args, name)], type: type(mapType(args, name)) }),
    () => (_, entries: readonly Entry[]) => entries.map(apply),
  )

const entryStruct = ({ key, value, valueNullable }: MapType): StructType =>
  struct([
    { name: 'key', type: key, nullable: false },
    { name: 'value', type: value, nullable: valueNullable },
  ])

export const arrayFunctions = {
  array_sort: sameList(
    'array_sort',
    'In ascending order, nulls last.',
    (site) => {
      const compare = nullsLast(comparatorOf(elementOf(site)))
      return (values) => [...values].sort(compare)
    },
    ['list_sort'],
  ),
  sort_array: define(
    'sort_array(list[, ascending]) → list',
    'In ascending order with nulls first, or in descending order with nulls last.',
    [1, 2],
    (args, name) => ({ args: [listType(args, name), boolean].slice(0, args.length), type: listType(args, name) }),
    (site) => {
      const compare = nullsLast(comparatorOf(elementOf(site)), -1)
      return (_, values: List, ascending = true) =>
        [...values].sort((a, b) => (ascending ? compare(a, b) : compare(b, a)))
    },
  ),
  array_order_by: orderBy,
  array_distinct: sameList(
    'array_distinct',
    'Each different element once, where it is first.',
    () => (v) => distinct(v),
    ['list_distinct'],
  ),
  array_reverse: sameList('array_reverse', 'Back to front.', () => (values) => [...values].reverse(), ['list_reverse']),
  array_compact: sameList('array_compact', 'Without nulls.', () => (values) => values.filter((v) => v !== null)),
  array_min: extreme('array_min', 'The least element that is not null.', -1),
  array_max: extreme('array_max', 'The greatest element that is not null.', 1),
  array_sum: define(
    'array_sum(list) → bigint or double',
    'The sum of the elements that are not null; null if there are none.',
    [1, 1],
    (args, name) => {
      const type = isFloat(listType(args, name).element) ? float64 : int64
      return { args: [list(type)], type }
    },
    ({ type }) =>
      (_, values: List) => {
        const known = values.filter((v) => v !== null)
        if (known.length === 0) return null
        if (type.kind === 'float64') return (known as number[]).reduce((a, b) => a + b, 0)
        const sum = (known as bigint[]).reduce((a, b) => a + b, 0n)
        if (BigInt.asIntN(64, sum) !== sum) throw invalidArgument('array_sum', sum, 'the sum is no bigint')
        return sum
      },
    { nullable: 'always', aliases: ['list_sum'] },
  ),
  array_bit_and: bits('array_bit_and', 'The bits that are set in all elements.', (a, b) => a & b),
  array_bit_or: bits('array_bit_or', 'The bits that are set in some element.', (a, b) => a | b),
  array_bit_xor: bits('array_bit_xor', 'The bits that are set in an odd number of elements.', (a, b) => a ^ b),
  array_mode: define(
    'array_mode(list) → element',
    'The most frequent element; of several the first.',
    [1, 1],
    (args, name) => ({ args: [listType(args, name)], type: listType(args, name).element }),
    () => (_, values: List) => {
      const counts = new Map<string, { readonly value: Value; count: number }>()
      for (const value of values) {
        const entry = counts.get(keyOf(value)) ?? { value, count: 0 }
        entry.count++
        counts.set(keyOf(value), entry)
      }
      let best: { readonly value: Value; readonly count: number } | null = null
      for (const entry of counts.values()) if (best === null || entry.count > best.count) best = entry
      return best?.value ?? null
    },
    { nullable: 'always' },
  ),
  array_percentile: percentile,
  array_append: withElement(
    'array_append(list, value) → list',
    'With the value at the end.',
    (of) => of,
    () => (_, values: List | null, v: Value) => (values === null ? null : [...values, v]),
    { nulls: 'own', aliases: ['list_append'] },
  ),
  array_prepend: withElement(
    'array_prepend(list, value) → list',
    'With the value at the beginning.',
    (of) => of,
    () => (_, values: List | null, v: Value) => (values === null ? null : [v, ...values]),
    { nulls: 'own', aliases: ['list_prepend'] },
  ),
  array_remove: withElement(
    'array_remove(list, value) → list',
    'Without the elements that equal the value.',
    (of) => of,
    (site) => {
      const compare = comparatorOf(elementOf(site))
      return (_, values: List, wanted: Value) => values.filter((v) => v === null || compare(v, wanted) !== 0)
    },
  ),
  array_position: withElement(
    'array_position(list, value) → bigint',
    'Where the value is first, from 1; 0 if it is not there.',
    () => int64,
    (site) => {
      const compare = comparatorOf(elementOf(site))
      return (_, values: List, wanted: Value) =>
        BigInt(values.findIndex((v) => v !== null && compare(v, wanted) === 0) + 1)
    },
    { aliases: ['list_position', 'list_indexof', 'array_indexof'] },
  ),
  array_concat: define(
    'array_concat(a, b) → list',
    'The elements of both arrays.',
    [2, 2],
    resolvePair,
    () => (_, a: List, b: List) => [...a, ...b],
    { aliases: ['list_concat', 'array_cat'] },
  ),
  array_union: define(
    'array_union(a, b) → list',
    'Each element that is in one of them, once.',
    [2, 2],
    resolvePair,
    () => (_, a: List, b: List) => distinct([...a, ...b]),
  ),
  array_intersect: define(
    'array_intersect(a, b) → list',
    'Each element that is in both, once.',
    [2, 2],
    resolvePair,
    () => (_, a: List, b: List) => {
      const others = new Set(b.map(keyOf))
      return distinct(a).filter((v) => others.has(keyOf(v)))
    },
    { aliases: ['list_intersect'] },
  ),
  array_except: define(
    'array_except(a, b) → list',
    'Each element of a that is not in b, once.',
    [2, 2],
    resolvePair,
    () => (_, a: List, b: List) => distinct(a, new Set(b.map(keyOf))),
  ),
  arrays_overlap: define(
    'arrays_overlap(a, b) → boolean',
    'Whether they have an element in common; null if they have none, but both elements and one of them a null.',
    [2, 2],
    (args, name) => ({ args: resolvePair(args, name).args, type: boolean }),
    () => (_, a: List, b: List) => {
      const others = new Set(b.filter((v) => v !== null).map(keyOf))
      if (a.some((v) => v !== null && others.has(keyOf(v)))) return true
      return a.length > 0 && b.length > 0 && (a.includes(null) || b.includes(null)) ? null : false
    },
    { nullable: 'always', aliases: ['list_has_any', 'array_has_any'] },
  ),
  slice: define(
    'slice(list, start, length) → list',
    'So many elements from start on (1 is the first, -1 the last).',
    [3, 3],
    (args, name) => ({ args: [listType(args, name), int32, int32], type: listType(args, name) }),
    () => (_, values: List, start: number, length: number) => {
      if (start === 0) throw invalidArgument('slice', 0, 'elements are counted from 1 (or from -1, the last)')
      if (length < 0) throw invalidArgument('slice', length, 'the length must not be negative')
      const from = start > 0 ? start - 1 : values.length + start
      return from < 0 ? [] : values.slice(from, from + length)
    },
  ),
  flatten: define(
    'flatten(list of lists) → list',
    'The elements of the inner arrays; null if one of these is null.',
    [1, 1],
    (args, name) => {
      const type = listType(args, name)
      if (type.element.kind !== 'list') throw wrongArguments(name, typesOf(args), 'it takes an array of arrays')
      return { args: [type], type: type.element }
    },
    () => (_, lists: readonly (List | null)[]) => (lists.includes(null) ? null : lists.flatMap((values) => values!)),
    { nullable: 'always' },
  ),
  sequence,
  array_repeat: define(
    'array_repeat(value, count) → list',
    'The value so many times.',
    [2, 2],
    (args) => ({ args: [args[0]!.type, int32], type: list(args[0]!.type) }),
    () => (_, value: Value, count: number | null) => {
      if (count === null) return null
      if (count > maxElements)
        throw invalidArgument('array_repeat', count, `it would have more than ${maxElements} elements`)
      return new Array<Value>(Math.max(0, count)).fill(value)
    },
    { nulls: 'own' },
  ),
  map: mapOf,
  map_from_arrays: define(
    'map_from_arrays(keys, values) → map',
    'A map of the keys to the values at the same places.',
    [2, 2],
    (args, name) => {
      const [keys, values] = [listType(args, name, 0), listType(args, name, 1)]
      return { args: [keys, values], type: map(keys.element, values.element) }
    },
    () => (_, keys: List, values: List) => {
      if (keys.length !== values.length)
        throw invalidArgument('map_from_arrays', keys.length, `there are ${values.length} values`)
      return checkedMap(
        'map_from_arrays',
        keys.map((key, i): Entry => [key, values[i]!]),
      )
    },
  ),
  map_keys: ofMap(
    'map_keys(map) → list',
    'The keys.',
    (of) => list(of.key, false),
    ([key]) => key,
  ),
  map_values: ofMap(
    'map_values(map) → list',
    'The values.',
    (of) => list(of.value, of.valueNullable),
    ([, value]) => value,
  ),
  map_entries: ofMap(
    'map_entries(map) → list of structs',
    'The entries as structs of key and value.',
    (of) => list(entryStruct(of), false),
    (e) => e,
  ),
  map_contains_key: define(
    'map_contains_key(map, key) → boolean',
    'Whether the key is in the map.',
    [2, 2],
    (args, name) => ({ args: [mapType(args, name), mapType(args, name).key], type: boolean }),
    (site) => {
      const compare = comparatorOf((site.args[0]!.type as MapType).key)
      return (_, entries: readonly Entry[], key: Value) => entries.some(([known]) => compare(known, key) === 0)
    },
  ),
  map_concat: define(
    'map_concat(a, b) → map',
    'The entries of both maps; a key that is in both is an error.',
    [2, 2],
    (args, name) => ({ args: [mapType(args, name), mapType(args, name)], type: mapType(args, name) }),
    () => (_, a: readonly Entry[], b: readonly Entry[]) => checkedMap('map_concat', [...a, ...b]),
  ),
  struct: define(
    'struct(a, b, …) → struct',
    'A struct of the values; its members are col1, col2, ….',
    [1, Infinity],
    (args) => ({
      args: typesOf(args),
      type: struct(
        args.map((a, i) => ({
          name: a.kind === 'column' ? a.name : `col${i + 1}`,
          type: a.type,
          nullable: a.nullable,
        })),
      ),
    }),
    () =>
      (_, ...values: Value[]) =>
        values,
    { nulls: 'own', nullable: 'never', aliases: ['row'] },
  ),
} satisfies Record<string, FunctionDefinition>
