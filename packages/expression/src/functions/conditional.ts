import { boolean, type Value } from '@deltaworks/schema'
import { commonOperandType, commonTypeOf } from '../coercion.js'
import { incompatibleTypes, wrongArguments } from '../errors.js'
import type { FunctionDefinition } from '../evaluation.js'
import { comparatorOf } from '../value-order.js'
import { typesOf } from './argument-rules.js'

const coalesce: FunctionDefinition = {
  signature: 'coalesce(a, b, …) → common type',
  doc: 'The first value that is not null.',
  aliases: ['nvl', 'ifnull'],
  arity: [1, Infinity],
  nulls: 'own',
  resolve: (args, name) => {
    const type = commonTypeOf(typesOf(args))
    if (type === null) throw wrongArguments(name, typesOf(args), 'the arguments have no common type')
    return { args: args.map(() => type), type, nullable: args.every((arg) => arg.nullable) }
  },
  lazy: (_, args) => (row, context) => {
    for (const arg of args) {
      const value = arg(row, context)
      if (value !== null) return value
    }
    return null
  },
}

const nullif: FunctionDefinition = {
  signature: 'nullif(a, b) → type of a',
  doc: 'Null if a = b, else a.',
  arity: [2, 2],
  nulls: 'own',
  nullable: 'always',
  resolve: (args, name) => {
    const type = commonOperandType(args[0]!, args[1]!)
    if (type === null) throw incompatibleTypes(`The comparison in ${name}`, args[0]!.type, args[1]!.type)
    return { args: [type, type], type }
  },
  kernel: (site) => {
    const compare = comparatorOf(site.args[0]!.type)
    return (_, a: Value, b: Value) => (a !== null && b !== null && compare(a, b) === 0 ? null : a)
  },
}

const choose: FunctionDefinition = {
  signature: 'if(condition, then, otherwise) → common type',
  doc: 'then if the condition is true, else otherwise (also when it is null).',
  aliases: ['iff'],
  arity: [3, 3],
  nulls: 'own',
  resolve: (args, name) => {
    const type = commonTypeOf(typesOf(args.slice(1)))
    if (type === null) throw incompatibleTypes(`The branches of ${name}`, args[1]!.type, args[2]!.type)
    return { args: [boolean, type, type], type, nullable: args[1]!.nullable || args[2]!.nullable }
  },
  lazy:
    (_, [condition, then, otherwise]) =>
    (row, context) =>
      condition!(row, context) === true ? then!(row, context) : otherwise!(row, context),
}

const nvl2: FunctionDefinition = {
  signature: 'nvl2(a, then, otherwise) → common type',
  doc: 'then if a is not null, else otherwise.',
  arity: [3, 3],
  nulls: 'own',
  resolve: (args, name) => {
    const type = commonTypeOf(typesOf(args.slice(1)))
    if (type === null) throw incompatibleTypes(`The branches of ${name}`, args[1]!.type, args[2]!.type)
    return { args: [args[0]!.type, type, type], type, nullable: args[1]!.nullable || args[2]!.nullable }
  },
  lazy:
    (_, [a, then, otherwise]) =>
    (row, context) =>
      a!(row, context) !== null ? then!(row, context) : otherwise!(row, context),
}

export const conditionalFunctions = { coalesce, nullif, if: choose, nvl2 } satisfies Record<string, FunctionDefinition>
