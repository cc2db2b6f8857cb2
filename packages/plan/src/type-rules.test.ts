import { agg, expr, type Expr, type MeanKinds, type Rules, type SumKinds } from '@deltaworks/expression'
import type { ValueKind } from '@deltaworks/schema'
import { everyType, kindOfType, type EveryType } from './testing/every-type.js'

/** The rules of the types as values: the compiler refuses any other. */
type Written<Table> = { readonly [A in keyof Table]: { readonly [B in keyof Table[A]]: Table[A][B] } }

const numbers = {
  integer: { integer: 'integer', bigint: 'bigint', float: 'float', decimal: 'decimal' },
  bigint: { integer: 'bigint', bigint: 'bigint', float: 'float', decimal: 'decimal' },
  float: { integer: 'float', bigint: 'float', float: 'float', decimal: 'float' },
  decimal: { integer: 'decimal', bigint: 'decimal', float: 'float', decimal: 'decimal' },
} as const
const rules: { readonly [R in keyof Rules]: Written<Rules[R]> } = {
  add: {
    integer: { ...numbers.integer, date: 'date' },
    bigint: { ...numbers.bigint, date: 'date' },
    float: numbers.float,
    decimal: numbers.decimal,
    date: { integer: 'date', bigint: 'date', nested: 'timestamp' },
    timestamp: { nested: 'timestamp' },
    nested: { date: 'timestamp', timestamp: 'timestamp', nested: 'nested' },
  },
  subtract: {
    ...numbers,
    date: { integer: 'date', bigint: 'date', date: 'integer', timestamp: 'nested', nested: 'timestamp' },
    timestamp: { date: 'nested', timestamp: 'nested', nested: 'timestamp' },
    nested: { nested: 'nested' },
  },
  multiply: {
    integer: { ...numbers.integer, nested: 'nested' },
    bigint: { ...numbers.bigint, nested: 'nested' },
    float: { ...numbers.float, nested: 'nested' },
    decimal: { ...numbers.decimal, nested: 'nested' },
    nested: { integer: 'nested', bigint: 'nested', float: 'nested', decimal: 'nested' },
  },
  divide: {
    integer: { integer: 'float', bigint: 'float', float: 'float', decimal: 'decimal' },
    bigint: { integer: 'float', bigint: 'float', float: 'float', decimal: 'decimal' },
    float: numbers.float,
    decimal: numbers.decimal,
    nested: { integer: 'nested', bigint: 'nested', float: 'nested', decimal: 'nested' },
  },
  modulo: numbers,
  common: {
    ...numbers,
    boolean: { boolean: 'boolean' },
    string: { string: 'string', date: 'date', timestamp: 'timestamp', variant: 'variant' },
    binary: { binary: 'binary' },
    date: { date: 'date', string: 'date', timestamp: 'timestamp' },
    timestamp: { timestamp: 'timestamp', date: 'timestamp', string: 'timestamp' },
    variant: { variant: 'variant', string: 'variant' },
    nested: { nested: 'nested' },
  },
}

const columns = everyType.schema.fields
const kindOf = (name: string): ValueKind => kindOfType(columns.find((column) => column.name === name)!.type)!

/** The kind that a plan gives the call; `refused` if it does not build it. */
function planned(name: string, left: string, right: string): ValueKind | 'refused' {
  const call = expr({
    kind: 'call',
    name,
    args: [everyType.col(left as keyof EveryType).node, everyType.col(right as keyof EveryType).node],
  })
  try {
    return kindOfType(everyType.select(call.as('of')).schema.fields[0]!.type)!
  } catch {
    return 'refused'
  }
}

const pairs = columns.flatMap((left) => columns.map((right) => [left.name, right.name] as const))
const said = (rule: keyof Rules, left: string, right: string): ValueKind | 'refused' => {
  const table: Readonly<Record<string, Readonly<Record<string, ValueKind>>>> = rules[rule]
  return table[kindOf(left)]?.[kindOf(right)] ?? 'refused'
}
/** Of nested values the types do not tell lists from intervals. */
const isList = (name: string): boolean => name === 'numbers'
/** SQL reads numbers and booleans from text, and writes values as JSON; the types want that said by a cast. */
const isText = (name: string): boolean => kindOf(name) === 'string' || kindOf(name) === 'variant'

describe('E-22: which types go together', () => {
  it.each(['add', 'subtract', 'multiply', 'divide', 'modulo'] as const)('%s: as plans have it', (rule) => {
    const wrong = pairs
      .filter(([left, right]) => !isList(left) && !isList(right) && !isText(left) && !isText(right))
      .filter(([left, right]) => said(rule, left, right) !== planned(rule, left, right))
    expect(wrong).toEqual([])
  })

  it('comparisons and common types: as plans have it', () => {
    const compared = pairs.filter(([left, right]) => {
      const common = said('common', left, right)
      const known = planned('coalesce', left, right)
      if (isText(left) !== isText(right) && common === 'refused') return false
      if (isList(left) !== isList(right)) return false
      return common !== known || (common === 'refused') !== (planned('eq', left, right) === 'refused')
    })
    expect(compared).toEqual([])
  })

  it('sums and means: as plans have them', () => {
    const sums: Written<{ of: SumKinds }>['of'] = {
      integer: 'bigint',
      bigint: 'bigint',
      float: 'float',
      decimal: 'decimal',
    }
    const means: Written<{ of: MeanKinds }>['of'] = {
      integer: 'float',
      bigint: 'float',
      float: 'float',
      decimal: 'decimal',
    }
    const planOf = (make: (of: Expr) => Expr, name: string): ValueKind | 'refused' => {
      try {
        return kindOfType(
          everyType.agg({ of: make(expr(everyType.col(name as keyof EveryType).node)) }).schema.fields[0]!.type,
        )!
      } catch {
        return 'refused'
      }
    }
    const told = (table: Readonly<Record<string, ValueKind>>, name: string) => table[kindOf(name)] ?? 'refused'
    const names = columns.map(({ name }) => name).filter((name) => !isText(name))
    expect(names.map((name) => [name, planOf(agg.sum, name)])).toEqual(names.map((name) => [name, told(sums, name)]))
    expect(names.map((name) => [name, planOf(agg.avg, name)])).toEqual(names.map((name) => [name, told(means, name)]))
  })
})
