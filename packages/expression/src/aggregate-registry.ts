import {
  asDecimal,
  averageType,
  boolean,
  float64,
  int64,
  isFloat,
  isInteger,
  isNumeric,
  list,
  string,
  sumType,
  type DataType,
} from '@deltaworks/schema'
import { unknownFunction, wrongArguments } from './errors.js'
import type { Resolution } from './evaluation.js'
import type { BoundExpression } from './expression.js'
import type { RegisteredFunction } from './function-registry.js'
import { typesOf } from './functions/argument-rules.js'

export interface AggregateDefinition {
  readonly signature: string
  readonly doc: string
  readonly aliases?: readonly string[]
  readonly arity: readonly [number, number]
  /** Whether the result is null for a group without (non-null) values; `count` gives 0. */
  readonly nullable: boolean
  /** Whether partial results can be merged in a state of fixed size; otherwise all values of a group are kept. */
  readonly twoPhase: boolean
  /** Whether DISTINCT changes the result. */
  readonly distinctMatters: boolean
  resolve(args: readonly BoundExpression[], name: string): Resolution
}

const define = (
  signature: string,
  doc: string,
  resolve: AggregateDefinition['resolve'],
  rest: Partial<AggregateDefinition> = {},
): AggregateDefinition => ({
  signature,
  doc,
  arity: [1, 1],
  nullable: true,
  twoPhase: true,
  distinctMatters: true,
  resolve,
  ...rest,
})

const same = (args: readonly BoundExpression[]): Resolution => ({ args: typesOf(args), type: args[0]!.type })
const doubles = (args: readonly BoundExpression[]): Resolution => ({ args: args.map(() => float64), type: float64 })
const booleans = (args: readonly BoundExpression[]): Resolution => ({ args: args.map(() => boolean), type: boolean })
const counts = (args: readonly BoundExpression[]): Resolution => ({ args: typesOf(args), type: int64 })

function numberOf(args: readonly BoundExpression[], name: string): DataType {
  const { type } = args[0]!
  if (type.kind === 'string' || type.kind === 'null') return float64
  if (!isNumeric(type)) throw wrongArguments(name, typesOf(args), 'it takes numbers')
  return type
}

/** sum: bigint of integers, double of floats, decimal(p+10,s) of decimals. */
function resolveSum(args: readonly BoundExpression[], name: string): Resolution {
  const type = numberOf(args, name)
  if (isInteger(type)) return { args: [int64], type: int64 }
  if (isFloat(type)) return { args: [float64], type: float64 }
  return { args: [type], type: sumType(asDecimal(type)!) }
}

/** avg: decimal(p+4,s+4) of decimals, double of everything else. */
function resolveAverage(args: readonly BoundExpression[], name: string): Resolution {
  const type = numberOf(args, name)
  return type.kind === 'decimal' ? { args: [type], type: averageType(type) } : { args: [float64], type: float64 }
}

const firstOrLast = (name: string, which: string, aliases: readonly string[]): AggregateDefinition =>
  define(
    `${name}(a[, ignoreNulls]) → type of a`,
    `The ${which} value of the group in the order of its rows; without nulls if the second argument is true.`,
    (args) => ({ args: args.length === 2 ? [args[0]!.type, boolean] : [args[0]!.type], type: args[0]!.type }),
    { aliases, arity: [1, 2], distinctMatters: false },
  )

export const aggregates = {
  count: define('count(*) or count(a, …) → bigint', 'The rows; with arguments, those in which none is null.', counts, {
    arity: [0, Infinity],
    nullable: false,
  }),
  count_if: define(
    'count_if(condition) → bigint',
    'The rows in which the condition is true.',
    (args) => ({ args: args.map(() => boolean), type: int64 }),
    { nullable: false, aliases: ['countif'] },
  ),
  sum: define(
    'sum(a) → bigint, double or decimal(p+10,s)',
    'The sum of the values that are not null; an error on overflow.',
    resolveSum,
  ),
  avg: define(
    'avg(a) → double, decimal(p+4,s+4) for decimals',
    'The mean of the values that are not null.',
    resolveAverage,
    { aliases: ['mean'] },
  ),
  min: define('min(a) → type of a', 'The least value.', same, { distinctMatters: false }),
  max: define('max(a) → type of a', 'The greatest value.', same, { distinctMatters: false }),
  stddev: define('stddev(a) → double', 'Sample standard deviation; null for fewer than two values.', doubles, {
    aliases: ['stddev_samp', 'std'],
  }),
  stddev_pop: define('stddev_pop(a) → double', 'Population standard deviation.', doubles),
  variance: define('variance(a) → double', 'Sample variance; null for fewer than two values.', doubles, {
    aliases: ['var_samp'],
  }),
  var_pop: define('var_pop(a) → double', 'Population variance.', doubles),
  corr: define('corr(a, b) → double', "Pearson's correlation of the pairs without nulls.", doubles, { arity: [2, 2] }),
  covar_samp: define('covar_samp(a, b) → double', 'Sample covariance.', doubles, { arity: [2, 2] }),
  covar_pop: define('covar_pop(a, b) → double', 'Population covariance.', doubles, { arity: [2, 2] }),
  first: firstOrLast('first', 'first', ['first_value']),
  last: firstOrLast('last', 'last', ['last_value']),
  any_value: define('any_value(a) → type of a', 'Some value of the group: the first that is not null.', same, {
    distinctMatters: false,
  }),
  bool_and: define('bool_and(a) → boolean', 'Whether all values are true.', booleans, {
    aliases: ['every'],
    distinctMatters: false,
  }),
  bool_or: define('bool_or(a) → boolean', 'Whether one value is true.', booleans, {
    aliases: ['some', 'any'],
    distinctMatters: false,
  }),
  approx_count_distinct: define(
    'approx_count_distinct(a) → bigint',
    'About how many distinct values there are (within 2 %).',
    counts,
    {
      nullable: false,
      distinctMatters: false,
    },
  ),
  median: define('median(a) → double', 'The middle value (the mean of the two middle ones).', doubles, {
    twoPhase: false,
  }),
  percentile: define(
    'percentile(a, fraction) → double',
    'The value at a fraction (0 to 1) of the ordered values, interpolated.',
    doubles,
    {
      arity: [2, 2],
      twoPhase: false,
      aliases: ['percentile_cont', 'quantile_cont'],
    },
  ),
  collect_list: define(
    'collect_list(a) → array',
    'All values that are not null, in the order of the rows.',
    (args) => ({ args: typesOf(args), type: list(args[0]!.type, false) }),
    { aliases: ['array_agg', 'list_agg'], nullable: false, twoPhase: false },
  ),
  collect_set: define(
    'collect_set(a) → array',
    'The distinct values that are not null, in the order of their first rows.',
    (args) => ({ args: typesOf(args), type: list(args[0]!.type, false) }),
    { nullable: false, twoPhase: false, distinctMatters: false },
  ),
  string_agg: define(
    'string_agg(a, separator) → string',
    'The texts that are not null with the separator between them, in the order of the rows.',
    (args) => ({ args: args.map(() => string), type: string }),
    { aliases: ['listagg', 'group_concat'], arity: [1, 2], twoPhase: false },
  ),
} satisfies Record<string, AggregateDefinition>

export type AggregateFunctionName = keyof typeof aggregates

const byName = new Map<string, { readonly name: string; readonly definition: AggregateDefinition }>()
for (const [name, definition] of Object.entries<AggregateDefinition>(aggregates)) {
  byName.set(name, { name, definition })
  for (const alias of definition.aliases ?? []) byName.set(alias, { name, definition })
}

export const aggregateRegistry: readonly (RegisteredFunction & { readonly twoPhase: boolean })[] =
  Object.entries<AggregateDefinition>(aggregates).map(([name, { signature, doc, aliases = [], twoPhase }]) => ({
    name,
    kind: 'aggregate',
    family: 'aggregate',
    aliases,
    signature,
    doc,
    twoPhase,
  }))

export const isAggregateFunction = (name: string): boolean => byName.has(name.toLowerCase())

/** By canonical name or alias. @throws ExpressionError DW-EXPRESSION-0002 */
export function aggregateFunction(name: string): { readonly name: string; readonly definition: AggregateDefinition } {
  const found = byName.get(name.toLowerCase())
  if (found === undefined) throw unknownFunction(name, [...byName.keys()])
  return found
}
