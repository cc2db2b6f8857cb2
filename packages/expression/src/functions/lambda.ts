import {
  boolean,
  int32,
  list,
  map,
  string,
  type DataType,
  type ListType,
  type MapType,
  type Value,
} from '@deltaworks/schema'
import { invalidArgument, wrongArguments } from '../errors.js'
import type { CallSite, Evaluate, EvaluationContext, FunctionDefinition, Resolution } from '../evaluation.js'
import type { BoundExpression } from '../expression.js'
import { comparatorOf } from '../value-order.js'
import { implicitlyCastable, typesOf } from './argument-rules.js'

/*
 * Functions that take functions. A lambda is a call of `lambda` (its body, then the ids of its parameters); in the body a
 * parameter is `lambda_variable`, whose value the function around puts into the evaluation context.
 */

type List = readonly Value[]
type Entry = readonly [Value, Value]
/** A lambda's body for values of its parameters. */
type Body = (...values: readonly Value[]) => Value

function idsOf(argument: BoundExpression): readonly string[] {
  if (argument.kind !== 'call' || argument.name !== 'lambda') return []
  return argument.args.slice(1).map((id) => String(id.kind === 'literal' ? id.value : ''))
}

/** The body of the lambda at `place`, for one row: its variables are set and read in one context of its own. */
function prepared(site: CallSite, args: readonly Evaluate[], place: number) {
  const ids = idsOf(site.args[place]!)
  const evaluate = args[place]!
  return (row: List, context: EvaluationContext): Body => {
    const variables: Record<string, Value> = { ...context.variables }
    const inner: EvaluationContext = { ...context, variables }
    return (...values) => {
      ids.forEach((id, i) => (variables[id] = values[i] ?? null))
      return evaluate(row, inner)
    }
  }
}

const listAt = (args: readonly BoundExpression[], name: string, at = 0): ListType => {
  const type = args[at]?.type
  if (type?.kind === 'list') return type
  if (type?.kind === 'null') return list({ kind: 'null' })
  throw wrongArguments(name, typesOf(args), `argument ${at + 1} must be an array`)
}
const mapAt = (args: readonly BoundExpression[], name: string, at = 0): MapType => {
  const type = args[at]?.type
  if (type?.kind === 'map') return type
  throw wrongArguments(name, typesOf(args), `argument ${at + 1} must be a map`)
}
const counted = (types: readonly DataType[], count: number, name: string): readonly DataType[] => {
  if (count > 0 && count <= types.length) return types.slice(0, count)
  throw wrongArguments(name, [], `its lambda takes at most ${types.length} parameter(s), but has ${count}`)
}

/** Of a list and a lambda over its elements and, if it has a second parameter, their places from 0. */
const overList = (
  signature: string,
  doc: string,
  aliases: readonly string[],
  result: (list: ListType, body: DataType) => DataType,
  apply: (values: List, body: Body) => Value,
  condition: boolean,
): FunctionDefinition => ({
  signature,
  doc,
  aliases,
  arity: [2, 2],
  nullable: 'always',
  parameters: (args, _, count, name) => counted([listAt(args, name).element, int32], count, name),
  resolve: (args, name) => {
    const body = args[1]!.type
    if (condition && body.kind !== 'boolean' && body.kind !== 'null') {
      throw wrongArguments(name, typesOf(args), 'the lambda must give a boolean')
    }
    const of = listAt(args, name)
    return { args: [of, body], type: result(of, body) }
  },
  lazy: (site, args) => {
    const body = prepared(site, args, 1)
    return (row, context) => {
      const values = args[0]!(row, context)
      return values === null ? null : apply(values as List, body(row, context))
    }
  },
})

/** True if one is, else null if one is unknown, else false. */
function some(values: List, body: Body): Value {
  let result: Value = false
  for (let i = 0; i < values.length; i++) {
    const value = body(values[i]!, i)
    if (value === true) return true
    if (value === null) result = null
  }
  return result
}

function every(values: List, body: Body): Value {
  let result: Value = true
  for (let i = 0; i < values.length; i++) {
    const value = body(values[i]!, i)
    if (value === false) return false
    if (value === null) result = null
  }
  return result
}

const aggregate: FunctionDefinition = {
  signature: 'aggregate(list, start, (accumulator, element) -> …[, accumulator -> …]) → type of the last lambda',
  doc: 'The elements folded from the left into an accumulator, which the last lambda may turn into the result.',
  aliases: ['reduce', 'list_reduce', 'array_reduce'],
  arity: [2, 4],
  nullable: 'always',
  parameters: (args, place, count, name) => {
    const { element } = listAt(args, name)
    // list_reduce(list, lambda): the first element starts.
    if (place === 1) return counted([element, element, int32], count, name)
    const merged = place === 3 ? args[2]!.type : args[1]!.type
    return counted(place === 3 ? [merged] : [merged, element, int32], count, name)
  },
  resolve: (args, name) => {
    const of = listAt(args, name)
    if (isLambda(args[1]!)) {
      if (args.length !== 2) throw wrongArguments(name, typesOf(args), 'the start stands before the lambda')
      return { args: [of, of.element], type: of.element }
    }
    const merge = args[2]
    if (merge === undefined || !isLambda(merge)) throw wrongArguments(name, typesOf(args), 'it needs a lambda')
    const start = args[1]!.type
    if (!implicitlyCastable(merge.type, start)) {
      throw wrongArguments(name, typesOf(args), 'the lambda gives another type than the start has: cast the start')
    }
    const finish = args[3]?.type
    return { args: [of, start, start, ...(finish === undefined ? [] : [finish])], type: finish ?? start }
  },
  lazy: (site, args) => {
    const startsWithFirst = lambdaInside(site.args[1]!) !== null
    const merge = preparedCast(site, args, startsWithFirst ? 1 : 2)
    const finish = args.length === 4 ? prepared(site, args, 3) : null
    return (row, context) => {
      const values = args[0]!(row, context) as List | null
      if (values === null) return null
      const body = merge(row, context)
      if (startsWithFirst && values.length === 0) {
        throw invalidArgument(site.name, '[]', 'an empty array needs a start')
      }
      let accumulator = startsWithFirst ? values[0]! : args[1]!(row, context)
      for (let i = startsWithFirst ? 1 : 0; i < values.length; i++) accumulator = body(accumulator, values[i]!, i)
      return finish === null ? accumulator : finish(row, context)(accumulator)
    }
  },
}

const isLambda = (e: BoundExpression): boolean => e.kind === 'call' && e.name === 'lambda'
/** The lambda under a cast of its result. */
const lambdaInside = (e: BoundExpression): BoundExpression | null =>
  e.kind === 'cast' ? lambdaInside(e.input) : isLambda(e) ? e : null

/** As `prepared`; the lambda's result may be cast. */
function preparedCast(site: CallSite, args: readonly Evaluate[], place: number) {
  const lambda = lambdaInside(site.args[place]!)
  if (lambda === null) return prepared(site, args, place)
  return prepared({ ...site, args: site.args.with(place, lambda) }, args, place)
}

const zipWith: FunctionDefinition = {
  signature: 'zip_with(a, b, (x, y) -> …) → array',
  doc: 'What the lambda gives for the elements side by side; the shorter array is followed by nulls.',
  arity: [3, 3],
  nullable: 'always',
  parameters: (args, _, count, name) =>
    counted([listAt(args, name, 0).element, listAt(args, name, 1).element], count, name),
  resolve: (args, name) => ({
    args: [listAt(args, name, 0), listAt(args, name, 1), args[2]!.type],
    type: list(args[2]!.type),
  }),
  lazy: (site, args) => {
    const body = prepared(site, args, 2)
    return (row, context) => {
      const [a, b] = [args[0]!(row, context) as List | null, args[1]!(row, context) as List | null]
      if (a === null || b === null) return null
      const each = body(row, context)
      return Array.from({ length: Math.max(a.length, b.length) }, (_, i) => each(a[i] ?? null, b[i] ?? null))
    }
  },
}

/** Of a map and a lambda over its keys and values. */
const overMap = (
  signature: string,
  doc: string,
  result: (map: MapType, body: DataType) => DataType,
  apply: (entries: readonly Entry[], body: Body, site: CallSite) => Value,
): FunctionDefinition => ({
  signature,
  doc,
  arity: [2, 2],
  nullable: 'always',
  parameters: (args, _, count, name) => counted([mapAt(args, name).key, mapAt(args, name).value], count, name),
  resolve: (args, name): Resolution => ({
    args: [mapAt(args, name), args[1]!.type],
    type: result(mapAt(args, name), args[1]!.type),
  }),
  lazy: (site, args) => {
    const body = prepared(site, args, 1)
    return (row, context) => {
      const entries = args[0]!(row, context)
      return entries === null ? null : apply(entries as unknown as readonly Entry[], body(row, context), site)
    }
  },
})

function withKeys(entries: readonly Entry[], type: MapType, name: string): Value {
  const compare = comparatorOf(type.key)
  entries.forEach(([key], i) => {
    if (key === null) throw invalidArgument(name, 'null', 'a key cannot be null')
    if (entries.slice(0, i).some(([other]) => compare(other, key) === 0)) {
      throw invalidArgument(name, String(key), 'the key would be there twice')
    }
  })
  return entries as unknown as Value
}

export const lambdaFunctions = {
  lambda: {
    signature: '(x[, y …]) -> body',
    doc: 'A function of its parameters, as an argument. SQL: x -> body, (x, y) -> body, lambda x: body.',
    arity: [1, Infinity],
    nulls: 'own',
    contextual: true,
    volatile: true,
    resolve: (args) => ({ args: typesOf(args), type: args[0]!.type }),
    lazy: (_, [body]) => body!,
  },
  lambda_variable: {
    signature: 'x',
    doc: 'A parameter of the lambda around.',
    arity: [1, 1],
    nullable: 'always',
    contextual: true,
    volatile: true,
    resolve: () => ({ args: [string], type: { kind: 'null' } }),
    kernel: (site) => {
      const [id] = site.args
      const name = String(id?.kind === 'literal' ? id.value : '')
      return (context) => context.variables?.[name] ?? null
    },
  },
  transform: overList(
    'transform(list, x -> …) → array',
    'What the lambda gives for each element; a second parameter is the place from 0.',
    ['list_transform', 'array_transform', 'list_apply', 'array_apply'],
    (_, body) => list(body),
    (values, body) => values.map((value, i) => body(value, i)),
    false,
  ),
  filter: overList(
    'filter(list, x -> condition) → array',
    'The elements for which the condition is true.',
    ['list_filter', 'array_filter'],
    (of) => of,
    (values, body) => values.filter((value, i) => body(value, i) === true),
    true,
  ),
  exists: overList(
    'exists(list, x -> condition) → boolean',
    'Whether the condition is true for an element; null if for none, and unknown for one.',
    ['any_match'],
    () => boolean,
    some,
    true,
  ),
  forall: overList(
    'forall(list, x -> condition) → boolean',
    'Whether the condition is true for all elements; null if it is false for none, and unknown for one.',
    ['all_match'],
    () => boolean,
    every,
    true,
  ),
  aggregate,
  array_sort_by: {
    signature: 'array_sort_by(list, (a, b) -> order) → array',
    doc: 'In the order that the lambda tells: a number below 0 if a comes first, above 0 if b does. SQL: array_sort(list, (a, b) -> …).',
    arity: [2, 2],
    nullable: 'always',
    parameters: (args, _, count, name) =>
      counted([listAt(args, name).element, listAt(args, name).element], count, name),
    resolve: (args, name) => ({ args: [listAt(args, name), args[1]!.type], type: listAt(args, name) }),
    lazy: (site, args) => {
      const body = prepared(site, args, 1)
      return (row, context) => {
        const values = args[0]!(row, context)
        if (values === null) return null
        const compare = body(row, context)
        return [...(values as List)].sort((a, b) => Number(compare(a, b) ?? 0))
      }
    },
  },
  zip_with: zipWith,
  map_filter: overMap(
    'map_filter(map, (k, v) -> condition) → map',
    'The entries for which the condition is true.',
    (of) => of,
    (entries, body) => entries.filter(([k, v]) => body(k, v) === true) as unknown as Value,
  ),
  transform_values: overMap(
    'transform_values(map, (k, v) -> …) → map',
    'The same keys with what the lambda gives as values.',
    (of, body) => map(of.key, body),
    (entries, body) => entries.map(([k, v]) => [k, body(k, v)]),
  ),
  transform_keys: overMap(
    'transform_keys(map, (k, v) -> …) → map',
    'The same values under the keys that the lambda gives; an error if one is null or given twice.',
    (of, body) => map(body, of.value, of.valueNullable),
    (entries, body, site) =>
      withKeys(
        entries.map(([k, v]) => [body(k, v), v] as const),
        site.type as MapType,
        site.name,
      ),
  ),
} satisfies Record<string, FunctionDefinition>
