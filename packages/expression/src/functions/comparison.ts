import { boolean, isNested, type Value } from '@deltaworks/schema'
import { commonOperandType, commonType } from '../coercion.js'
import { incompatibleTypes, wrongArguments } from '../errors.js'
import type { CallSite, Evaluate, FunctionDefinition } from '../evaluation.js'
import { comparatorOf } from '../value-order.js'
import { typesOf } from './argument-rules.js'

const comparison = (signature: string, doc: string, test: (order: number) => boolean): FunctionDefinition => ({
  signature,
  doc,
  arity: [2, 2],
  resolve: (args, name) => {
    const type = commonOperandType(args[0]!, args[1]!)
    if (type === null) throw incompatibleTypes(`The comparison ${name}`, args[0]!.type, args[1]!.type)
    if (type.kind === 'map') throw wrongArguments(name, typesOf(args), 'maps cannot be compared')
    return { args: [type, type], type: boolean }
  },
  kernel: (site) => {
    const compare = comparatorOf(site.args[0]!.type)
    return (_, a: Value, b: Value) => test(compare(a, b))
  },
})

const isNotDistinctFrom: FunctionDefinition = {
  signature: 'is_not_distinct_from(a, b) → boolean',
  doc: 'Equality in which null equals null; never null. SQL: a IS NOT DISTINCT FROM b, a <=> b.',
  aliases: ['eq_null_safe', 'equal_null'],
  arity: [2, 2],
  nulls: 'own',
  nullable: 'never',
  resolve: (args, name) => comparisonFunctions.eq.resolve(args, name),
  kernel: (site) => {
    const compare = comparatorOf(site.args[0]!.type)
    return (_, a: Value, b: Value) => (a === null || b === null ? a === b : compare(a, b) === 0)
  },
}

const isNull = (name: string, wanted: boolean): FunctionDefinition => ({
  signature: `${name}(a) → boolean`,
  doc: wanted ? 'Whether a is null.' : 'Whether a is not null.',
  aliases: [name.replaceAll('_', '')],
  arity: [1, 1],
  nulls: 'own',
  nullable: 'never',
  resolve: (args) => ({ args: typesOf(args), type: boolean }),
  kernel: () => (_, a: Value) => (a === null) === wanted,
})

/** `in(needle, a, b, …)`: true if equal to one, else null if one is null, else false. */
function inKernel(site: CallSite, args: readonly Evaluate[]): Evaluate {
  const { type } = site.args[0]!
  const [needle, ...candidates] = args as [Evaluate, ...Evaluate[]]
  const literals = site.args.slice(1)
  const hashable = !isNested(type) && type.kind !== 'binary' && type.kind !== 'float32' && type.kind !== 'float64'
  if (hashable && literals.every((arg) => arg.kind === 'literal')) {
    const values = new Set(literals.map((arg) => (arg.kind === 'literal' ? arg.value : null)))
    const missing = values.has(null) ? null : false
    return (row, context) => {
      const value = needle(row, context)
      return value === null ? null : values.has(value) ? true : missing
    }
  }
  const compare = comparatorOf(type)
  return (row, context) => {
    const value = needle(row, context)
    if (value === null) return null
    let missing: Value = false
    for (const candidate of candidates) {
      const other = candidate(row, context)
      if (other === null) missing = null
      else if (compare(value, other) === 0) return true
    }
    return missing
  }
}

const inList: FunctionDefinition = {
  signature: 'in(a, value, …) → boolean',
  doc: 'Whether a equals one of the values; null if a is null, or if none is equal and one is null.',
  arity: [2, Infinity],
  nulls: 'own',
  resolve: (args, name) => {
    let type = args[0]!.type
    for (const arg of args.slice(1)) {
      const wider = commonType(type, arg.type)
      if (wider === null) throw incompatibleTypes(`The list of ${name}`, type, arg.type)
      type = wider
    }
    return { args: args.map(() => type), type: boolean }
  },
  lazy: inKernel,
}

const between: FunctionDefinition = {
  signature: 'between(a, low, high) → boolean',
  doc: 'low <= a and a <= high. (Binding turns it into these comparisons.)',
  arity: [3, 3],
  resolve: (args) => ({ args: typesOf(args), type: boolean }),
  kernel: (site) => {
    const compare = comparatorOf(site.args[0]!.type)
    return (_, a: Value, low: Value, high: Value) => compare(a, low) >= 0 && compare(a, high) <= 0
  },
}

export const comparisonFunctions = {
  eq: comparison('eq(a, b) → boolean', 'a = b; NaN equals NaN.', (o) => o === 0),
  ne: comparison('ne(a, b) → boolean', 'a <> b.', (o) => o !== 0),
  lt: comparison('lt(a, b) → boolean', 'a < b; NaN is the greatest number.', (o) => o < 0),
  le: comparison('le(a, b) → boolean', 'a <= b.', (o) => o <= 0),
  gt: comparison('gt(a, b) → boolean', 'a > b.', (o) => o > 0),
  ge: comparison('ge(a, b) → boolean', 'a >= b.', (o) => o >= 0),
  is_not_distinct_from: isNotDistinctFrom,
  is_null: isNull('is_null', true),
  is_not_null: isNull('is_not_null', false),
  in: inList,
  between,
} satisfies Record<string, FunctionDefinition>
