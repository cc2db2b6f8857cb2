import {
  boolean,
  float64,
  int32,
  int64,
  list,
  map,
  string,
  struct,
  type DataType,
  type ListType,
  type Value,
} from '@deltaworks/schema'
import { commonType } from '../coercion.js'
import { invalidArgument, wrongArguments } from '../errors.js'
import type { FunctionDefinition } from '../evaluation.js'
import type { BoundExpression } from '../expression.js'
import { expressionKey } from '../serialise.js'
import { comparatorOf } from '../value-order.js'
import { parameters, typesOf } from './argument-rules.js'
import { define } from './define.js'

type List = readonly Value[]

const listOf = (args: readonly BoundExpression[], name: string, at = 0): ListType => {
  const { type } = args[at]!
  if (type.kind === 'list') return type
  if (type.kind === 'null') return list({ kind: 'null' })
  throw wrongArguments(name, typesOf(args), `argument ${at + 1} must be an array`)
}

/** A number of a list's numbers that are not null. */
const ofNumbers = (
  name: string,
  doc: string,
  apply: (values: readonly number[]) => number | null,
  aliases: readonly string[] = [],
) =>
  define(
    `${name}(list) → double`,
    doc,
    [1, 1],
    parameters([list(float64)], float64),
    () => (_, values: readonly (number | null)[]) => {
      const numbers = values.filter((v) => v !== null)
      return numbers.length === 0 ? null : apply(numbers)
    },
    { nullable: 'always', aliases },
  )

/** The n-th power sum of the distances from the mean. */
function moment(values: readonly number[], power: number): number {
  const mean = values.reduce((a, b) => a + b, 0) / values.length
  return values.reduce((sum, v) => sum + (v - mean) ** power, 0)
}

const ordered =
  (nulls: 1 | -1, descending: boolean, compare: (a: Value, b: Value) => number) => (a: Value, b: Value) =>
    a === null || b === null ? (a === b ? 0 : a === null ? nulls : -nulls) : descending ? compare(b, a) : compare(a, b)

export const arrayStatistics = {
  array_avg: ofNumbers(
    'array_avg',
    'The mean of the elements that are not null.',
    (v) => v.reduce((a, b) => a + b, 0) / v.length,
    ['list_avg', 'list_mean'],
  ),
  array_product: ofNumbers(
    'array_product',
    'The product of the elements that are not null.',
    (v) => v.reduce((a, b) => a * b, 1),
    ['list_product'],
  ),
  array_skewness: ofNumbers(
    'array_skewness',
    'The skewness of the elements (of the population); null if all are equal.',
    (v) => {
      const [m2, m3] = [moment(v, 2), moment(v, 3)]
      return m2 === 0 ? null : (Math.sqrt(v.length) * m3) / m2 ** 1.5
    },
  ),
  array_kurtosis: ofNumbers(
    'array_kurtosis',
    'The excess kurtosis of the elements (of the population); null if all are equal.',
    (v) => {
      const [m2, m4] = [moment(v, 2), moment(v, 4)]
      return m2 === 0 ? null : (v.length * m4) / (m2 * m2) - 3
    },
  ),
  array_geomean: ofNumbers('array_geomean', 'The geometric mean of the elements.', (v) =>
    Math.exp(v.reduce((a, b) => a + Math.log(b), 0) / v.length),
  ),
  array_entropy: define(
    'array_entropy(list) → double',
    'The entropy of the elements in bits.',
    [1, 1],
    (args, name) => ({ args: [listOf(args, name)], type: float64 }),
    () => (_, values: List) => {
      const counts = new Map<string, number>()
      for (const v of values) counts.set(expressionKey(v), (counts.get(expressionKey(v)) ?? 0) + 1)
      return [...counts.values()].reduce((sum, n) => sum - (n / values.length) * Math.log2(n / values.length), 0)
    },
  ),
  array_histogram: define(
    'array_histogram(list) → map',
    'How often each element that is not null is there, in ascending order.',
    [1, 1],
    (args, name) => ({ args: [listOf(args, name)], type: map(listOf(args, name).element, int64, false) }),
    (site) => {
      const compare = comparatorOf((site.args[0]!.type as ListType).element)
      return (_, values: List) => {
        const sorted = values.filter((v) => v !== null).sort(compare)
        const entries: [Value, bigint][] = []
        for (const v of sorted) {
          const last = entries[entries.length - 1]
          if (last !== undefined && compare(last[0], v) === 0) last[1]++
          else entries.push([v, 1n])
        }
        return entries
      }
    },
    { aliases: ['list_histogram'] },
  ),
  array_count: define(
    'array_count(list) → bigint',
    'How many elements are not null.',
    [1, 1],
    (args, name) => ({ args: [listOf(args, name)], type: int64 }),
    () => (_, values: List) => BigInt(values.filter((v) => v !== null).length),
    { aliases: ['list_count'] },
  ),
  array_unique_count: define(
    'array_unique_count(list) → bigint',
    'How many different elements are not null.',
    [1, 1],
    (args, name) => ({ args: [listOf(args, name)], type: int64 }),
    () => (_, values: List) => BigInt(new Set(values.filter((v) => v !== null).map((v) => expressionKey(v))).size),
    { aliases: ['list_unique', 'array_unique'] },
  ),
  array_slice: define(
    'array_slice(list, first, last[, step]) → list',
    'The elements from the first to the last place (1 is the first element, -1 the last), or every step-th of them.',
    [3, 4],
    (args, name) => ({
      args: [listOf(args, name), int32, int32, int32].slice(0, args.length),
      type: listOf(args, name),
    }),
    () =>
      (_, values: List, first: number, last: number, step = 1) => {
        const place = (at: number): number => (at < 0 ? values.length + at : at - 1)
        if (step < 1) throw invalidArgument('array_slice', step, 'the step must be at least 1')
        return values.slice(Math.max(0, place(first)), Math.max(0, place(last) + 1)).filter((_v, i) => i % step === 0)
      },
    { aliases: ['list_slice'] },
  ),
  array_reverse_sort: define(
    'array_reverse_sort(list) → list',
    'In descending order, nulls last.',
    [1, 1],
    (args, name) => ({ args: [listOf(args, name)], type: listOf(args, name) }),
    (site) => {
      const compare = ordered(1, true, comparatorOf((site.args[0]!.type as ListType).element))
      return (_, values: List) => [...values].sort(compare)
    },
    { aliases: ['list_reverse_sort'] },
  ),
  array_insert: define(
    'array_insert(list, place, value) → list',
    'With the value at a place (1 is the first, -1 after the last), and nulls before it where the array is shorter.',
    [3, 3],
    (args, name) => {
      const element = commonType(listOf(args, name).element, args[2]!.type)
      if (element === null) throw wrongArguments(name, typesOf(args), 'the value is of another type than the elements')
      return { args: [list(element), int32, element], type: list(element) }
    },
    () => (_, values: List | null, place: number | null, value: Value) => {
      if (values === null || place === null) return null
      if (place === 0)
        throw invalidArgument('array_insert', 0, 'places are counted from 1 (or from -1, after the last)')
      if (place > 0) {
        const before = Array.from({ length: place - 1 }, (_v, i) => values[i] ?? null)
        return [...before, value, ...values.slice(place - 1)]
      }
      const at = values.length + place + 1
      if (at >= 0) return [...values.slice(0, at), value, ...values.slice(at)]
      return [value, ...Array.from({ length: -at }, () => null), ...values]
    },
    { nulls: 'own', nullable: 'always' },
  ),
  array_has_all: define(
    'array_has_all(list, part) → boolean',
    'Whether all elements of the part are in the array. SQL: list @> part.',
    [2, 2],
    (args, name) => {
      const type = commonType(listOf(args, name), listOf(args, name, 1))
      if (type === null) throw wrongArguments(name, typesOf(args), 'the arrays have no common type')
      return { args: [type, type], type: boolean }
    },
    (site) => {
      const compare = comparatorOf((site.args[0]!.type as ListType).element)
      return (_, values: List, part: List) =>
        part.every((wanted) =>
          values.some((v) => (v === null || wanted === null ? v === wanted : compare(v, wanted) === 0)),
        )
    },
    { aliases: ['list_has_all'] },
  ),
  arrays_zip: define(
    'arrays_zip(a, b, …) → list of structs',
    'The elements side by side, as structs; shorter arrays are followed by nulls.',
    [1, Infinity],
    (args, name) => {
      const elements = args.map((_, i) => listOf(args, name, i).element)
      const fields = elements.map((type, i) => ({ name: String(i), type, nullable: true }))
      return { args: args.map((_, i) => listOf(args, name, i)), type: list(struct(fields), false) }
    },
    () =>
      (_, ...lists: List[]) =>
        Array.from({ length: Math.max(...lists.map((l) => l.length)) }, (_v, i) => lists.map((l) => l[i] ?? null)),
    { aliases: ['list_zip'] },
  ),
  map_from_entries: define(
    'map_from_entries(list of structs) → map',
    'A map of structs of key and value; a null key or one given twice is an error.',
    [1, 1],
    (args, name) => {
      const { element } = listOf(args, name)
      if (element.kind !== 'struct' || element.fields.length !== 2)
        throw wrongArguments(name, typesOf(args), 'the elements must be structs of two members')
      return { args: [listOf(args, name)], type: map(element.fields[0]!.type, element.fields[1]!.type) }
    },
    (site) => {
      const { key } = site.type as { readonly key: DataType }
      const compare = comparatorOf(key)
      return (_, entries: readonly (readonly [Value, Value] | null)[]) => {
        const result: (readonly [Value, Value])[] = []
        for (const entry of entries) {
          if (entry === null) return null
          if (entry[0] === null) throw invalidArgument('map_from_entries', 'null', 'a key cannot be null')
          if (result.some(([k]) => compare(k, entry[0]) === 0))
            throw invalidArgument('map_from_entries', String(entry[0]), 'the key is there twice')
          result.push(entry)
        }
        return result
      }
    },
    { nullable: 'always' },
  ),
  string_to_array: define(
    'string_to_array(text, separator[, null text]) → array<string>',
    'The parts between separators (a null one: the characters); parts equal to the null text are null.',
    [2, 3],
    parameters([string], list(string)),
    () => (_, text: string | null, separator: string | null, missing?: string | null) => {
      if (text === null) return null
      const parts =
        text === '' ? [] : separator === null ? Array.from(text) : separator === '' ? [text] : text.split(separator)
      return missing === undefined || missing === null ? parts : parts.map((part) => (part === missing ? null : part))
    },
    { nulls: 'own', aliases: ['string_split', 'str_split', 'split_to_array'] },
  ),
  range: define(
    'range([first, ]end[, step]) → array<bigint>',
    'The whole numbers from first (0) to before end.',
    [1, 3],
    parameters([int64], list(int64, false)),
    () =>
      (_, first: bigint, end?: bigint, step = 1n) => {
        if (step === 0n) throw invalidArgument('range', 0, 'the step must not be 0')
        const [from, to] = end === undefined ? [0n, first] : [first, end]
        const values: bigint[] = []
        for (let v = from; step > 0n ? v < to : v > to; v += step) values.push(v)
        return values
      },
  ),
} satisfies Record<string, FunctionDefinition>
