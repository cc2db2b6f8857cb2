import { float64, int32, string } from '@deltaworks/schema'
import { wrongArguments } from './errors.js'
import type { AggregateCall, Expression, SortKey } from './expression.js'
import type { RegisteredFunction } from './function-registry.js'
import { rewriteExpression } from './rewrite.js'

/*
 * Aggregates that are expressions over other aggregates: they need no state of their own, so they spill, merge and run over
 * windows as those do.
 */

/** A call of an aggregate as it is written: with DISTINCT, FILTER and ORDER BY. */
export interface DerivedCall {
  readonly name: string
  readonly args: readonly Expression[]
  readonly distinct: boolean
  readonly filter: Expression | null
  /** ORDER BY in the brackets, or WITHIN GROUP. */
  readonly orderBy: readonly SortKey[]
}

interface DerivedAggregate {
  readonly signature: string
  readonly doc: string
  readonly aliases?: readonly string[]
  readonly arity: readonly [number, number]
  expand(of: DerivedCall): Expression
}

const call = (name: string, ...args: readonly Expression[]): Expression => ({ kind: 'call', name, args })
const integer = (value: number): Expression => ({ kind: 'literal', value, type: int32 })
const text = (value: string): Expression => ({ kind: 'literal', value, type: string })
const double = (input: Expression): Expression => ({ kind: 'cast', input, type: float64, lenient: false })
const both = (a: Expression | null, b: Expression): Expression => (a === null ? b : call('and', a, b))
const choose = (when: Expression, then: Expression, otherwise: Expression | null = null): Expression => ({
  kind: 'case',
  branches: [{ when, then }],
  otherwise,
})

const base = (of: DerivedCall, name: string, args: readonly Expression[], filter = of.filter): AggregateCall => ({
  kind: 'aggregate',
  name,
  args,
  distinct: of.distinct,
  filter,
})

/** Aggregates over the pairs (y, x) in which neither is null, as doubles. */
function regression(signature: string, doc: string, result: (pairs: Pairs) => Expression): DerivedAggregate {
  return {
    signature: `${signature}(y, x) → double`,
    doc,
    arity: [2, 2],
    expand: (of) => {
      const [y, x] = of.args.map(double) as [Expression, Expression]
      const filter = both(of.filter, call('and', call('is_not_null', of.args[0]!), call('is_not_null', of.args[1]!)))
      const over = (name: string, ...args: readonly Expression[]): Expression => base(of, name, args, filter)
      return result({
        count: double(over('count')),
        meanX: over('avg', x),
        meanY: over('avg', y),
        varianceX: over('var_pop', x),
        varianceY: over('var_pop', y),
        covariance: over('covar_pop', y, x),
        correlation: over('corr', y, x),
      })
    },
  }
}
interface Pairs {
  readonly count: Expression
  readonly meanX: Expression
  readonly meanY: Expression
  readonly varianceX: Expression
  readonly varianceY: Expression
  readonly covariance: Expression
  readonly correlation: Expression
}
const zero: Expression = { kind: 'literal', value: 0, type: float64 }
const one: Expression = { kind: 'literal', value: 1, type: float64 }
const slope = ({ covariance, varianceX }: Pairs): Expression =>
  call('divide', covariance, call('nullif', varianceX, zero))

/** The value of the row whose key is least or greatest: the extreme of (key, value), which also decides between equal keys. */
const byKey = (name: string, extreme: 'min' | 'max', aliases: readonly string[]): DerivedAggregate => ({
  signature: `${name}(value, key) → type of value`,
  doc: `The value of the row with the ${extreme === 'min' ? 'least' : 'greatest'} key; of several the ${extreme === 'min' ? 'least' : 'greatest'}.`,
  aliases,
  arity: [2, 2],
  expand: (of) => {
    const [value, key] = of.args as [Expression, Expression]
    const pair = call('named_struct', text('key'), key, text('value'), value)
    const found = base(of, extreme, [pair], both(of.filter, call('is_not_null', key)))
    return call('get_field', found, text('value'))
  },
})

/** All values as a list, sorted by the given keys, without nulls. */
function sortedList(of: DerivedCall, value: Expression): Expression {
  if (of.orderBy.length === 0) return base(of, 'collect_list', [value])
  const isNotNull = call('is_not_null', value)
  const members = of.orderBy.flatMap((key, i) => [text(`key${i}`), key.expression])
  const row = call('named_struct', text('value'), value, ...members)
  const order = of.orderBy.map((key) => `${key.descending ? 'd' : 'a'}${key.nullsFirst ? 'f' : 'l'}`).join('')
  const rows = base({ ...of, distinct: false }, 'collect_list', [row], both(of.filter, isNotNull))
  const sorted = call('array_order_by', rows, text(order))
  return of.distinct ? call('array_distinct', sorted) : sorted
}

const folded = (
  name: string,
  doc: string,
  fold: string,
  type = 'type of a',
  aliases: readonly string[] = [],
): DerivedAggregate => ({
  signature: `${name}(a) → ${type}`,
  doc,
  aliases,
  arity: [1, 1],
  expand: (of) => call(fold, base(of, 'collect_list', of.args)),
})

const ofOrdered = (
  signature: string,
  doc: string,
  arity: readonly [number, number],
  aliases: readonly string[],
  result: (list: Expression, args: readonly Expression[], of: DerivedCall) => Expression,
): DerivedAggregate => ({
  signature,
  doc,
  aliases,
  arity,
  expand: (of) => {
    const [first, ...rest] = of.orderBy.length > 0 ? [of.orderBy[0]!.expression, ...of.args] : of.args
    return result(sortedList(of, first!), rest, of)
  },
})

export const derivedAggregates: Readonly<Record<string, DerivedAggregate>> = {
  regr_count: {
    signature: 'regr_count(y, x) → bigint',
    doc: 'The pairs in which neither is null.',
    arity: [2, 2],
    expand: (of) => base(of, 'count', of.args),
  },
  regr_avgx: regression('regr_avgx', 'The mean of x over the pairs without nulls.', (p) => p.meanX),
  regr_avgy: regression('regr_avgy', 'The mean of y over the pairs without nulls.', (p) => p.meanY),
  regr_sxx: regression('regr_sxx', 'The sum of squares of x about its mean.', (p) =>
    call('multiply', p.count, p.varianceX),
  ),
  regr_syy: regression('regr_syy', 'The sum of squares of y about its mean.', (p) =>
    call('multiply', p.count, p.varianceY),
  ),
  regr_sxy: regression('regr_sxy', 'The sum of products of x and y about their means.', (p) =>
    call('multiply', p.count, p.covariance),
  ),
  regr_slope: regression(
    'regr_slope',
    'The slope of the least-squares line of y over x; null if x is constant.',
    slope,
  ),
  regr_intercept: regression('regr_intercept', 'Where the least-squares line of y over x meets x = 0.', (p) =>
    call('subtract', p.meanY, call('multiply', slope(p), p.meanX)),
  ),
  regr_r2: regression('regr_r2', 'The square of the correlation; 1 if only y is constant, null if x is.', (p) => ({
    kind: 'case',
    branches: [
      { when: call('eq', p.varianceX, zero), then: { kind: 'literal', value: null, type: float64 } },
      { when: call('eq', p.varianceY, zero), then: one },
    ],
    otherwise: call('multiply', p.correlation, p.correlation),
  })),
  arg_max: byKey('arg_max', 'max', ['max_by']),
  arg_min: byKey('arg_min', 'min', ['min_by']),
  bit_and: folded('bit_and', 'The bits that are set in all values.', 'array_bit_and'),
  bit_or: folded('bit_or', 'The bits that are set in some value.', 'array_bit_or'),
  bit_xor: folded('bit_xor', 'The bits that are set in an odd number of values.', 'array_bit_xor'),
  product: folded('product', 'The product of the values.', 'array_product', 'double'),
  geomean: folded('geomean', 'The geometric mean.', 'array_geomean', 'double', ['geometric_mean']),
  skewness: folded('skewness', 'The skewness (of the population).', 'array_skewness', 'double'),
  kurtosis: folded('kurtosis', 'The excess kurtosis (of the population).', 'array_kurtosis', 'double'),
  entropy: folded('entropy', 'The entropy of the values in bits.', 'array_entropy', 'double'),
  histogram: folded('histogram', 'How often each value is there, as a map.', 'array_histogram', 'map'),
  mode: ofOrdered(
    'mode(a), mode() WITHIN GROUP (ORDER BY a) → type of a',
    'The most frequent value; of several the least (the first in the order that is given).',
    [0, 1],
    [],
    (values, _, of) => call('array_mode', of.orderBy.length === 0 ? call('array_sort', values) : values),
  ),
  percentile_disc: {
    signature: 'percentile_disc(fraction) WITHIN GROUP (ORDER BY a), percentile_disc(a, fraction) → type of a',
    doc: 'The first value, in the given order, at or after the fraction (0 to 1) of the values.',
    aliases: ['quantile_disc', 'quantile'],
    arity: [1, 2],
    expand: (of) => {
      const [value, fraction] = of.args
      if (fraction !== undefined) {
        return call('array_percentile', call('array_sort', base(of, 'collect_list', [value!])), fraction)
      }
      if (of.orderBy.length !== 1) throw wrongArguments('percentile_disc', [], 'it needs WITHIN GROUP (ORDER BY a)')
      return call('array_percentile', sortedList(of, of.orderBy[0]!.expression), of.args[0]!)
    },
  },
  approx_percentile: {
    signature: 'approx_percentile(a, fraction[, accuracy]) → type of a',
    doc: 'The value at a fraction (0 to 1) of the ordered values: here the exact one, whatever the accuracy.',
    aliases: ['percentile_approx', 'approx_quantile'],
    arity: [2, 3],
    expand: (of) => call('array_percentile', call('array_sort', base(of, 'collect_list', [of.args[0]!])), of.args[1]!),
  },
}

/** What ORDER BY in the brackets of a plain aggregate means; of most it means nothing. */
function ordered(of: DerivedCall): Expression {
  const [value, ...rest] = of.args
  switch (of.name) {
    case 'collect_list':
    case 'collect_set':
      return sortedList({ ...of, distinct: of.distinct || of.name === 'collect_set' }, value!)
    case 'first':
    case 'last':
    case 'any_value':
      return call(
        'element_at',
        call('slice', sortedList(of, value!), integer(of.name === 'last' ? -1 : 1), integer(1)),
        integer(1),
      )
    case 'string_agg': {
      const list = sortedList(of, { kind: 'cast', input: value!, type: string, lenient: false })
      const separator = rest[0] ?? text('')
      return choose(call('gt', call('size', list), integer(0)), call('array_join', list, separator))
    }
    default:
      return { kind: 'aggregate', name: of.name, args: of.args, distinct: of.distinct, filter: of.filter }
  }
}

const byName = new Map<string, string>()
for (const [name, { aliases = [] }] of Object.entries(derivedAggregates)) {
  byName.set(name, name)
  for (const alias of aliases) byName.set(alias, name)
}

export const isDerivedAggregate = (name: string): boolean => byName.has(name.toLowerCase())

/**
 * The call as an expression over plain aggregates.
 * @param of its name is canonical if it is a plain aggregate's
 * @throws ExpressionError DW-EXPRESSION-0003
 */
export function derivedAggregate(of: DerivedCall): Expression {
  const name = byName.get(of.name.toLowerCase())
  if (name === undefined) return ordered(of)
  const definition = derivedAggregates[name]!
  const [least, most] = definition.arity
  if (of.args.length < least || of.args.length > most) throw wrongArguments(name, [], `it is ${definition.signature}`)
  return definition.expand(of)
}

/** The expression with each aggregate in it over a window. */
export const overWindow = (expression: Expression, window: (of: AggregateCall) => Expression): Expression =>
  rewriteExpression(expression, (node) => (node.kind === 'aggregate' ? window(node) : null))

/** The expression with each aggregate in it over the rows of which the condition is true. */
export const filteredAggregates = (expression: Expression, filter: Expression): Expression =>
  rewriteExpression(expression, (node) =>
    node.kind === 'aggregate' ? { ...node, filter: both(node.filter, filter) } : null,
  )

export const derivedRegistry: readonly RegisteredFunction[] = Object.entries(derivedAggregates).map(
  ([name, { signature, doc, aliases = [] }]) => ({
    name,
    kind: 'aggregate',
    family: 'aggregate',
    aliases,
    signature,
    doc,
  }),
)
