import {
  boolean,
  int32,
  isInterval,
  list,
  string,
  struct,
  type DataType,
  type ListType,
  type MapType,
  type StructType,
  type Value,
} from '@deltaworks/schema'
import { textOf } from '../cast.js'
import { commonTypeOf } from '../coercion.js'
import { invalidArgument, wrongArguments } from '../errors.js'
import type { EvaluationContext, FunctionDefinition } from '../evaluation.js'
import type { BoundExpression } from '../expression.js'
import { comparatorOf } from '../value-order.js'
import { typesOf } from './argument-rules.js'

const literalText = (of: BoundExpression | undefined): string | null =>
  of?.kind === 'literal' && typeof of.value === 'string' ? of.value : null

const elementAt: FunctionDefinition = {
  signature: 'element_at(list, index) → element; element_at(map, key) → value',
  doc: 'The element at an index (1 is the first, -1 the last), or the value of a key; null if there is none.',
  aliases: ['list_extract', 'list_element', 'array_extract', 'map_extract_value'],
  arity: [2, 2],
  nullable: 'always',
  resolve: (args, name) => {
    const { type } = args[0]!
    if (type.kind === 'list') return { args: [type, int32], type: type.element }
    if (type.kind === 'map') return { args: [type, type.key], type: type.value }
    throw wrongArguments(name, typesOf(args), 'the first argument must be an array or a map')
  },
  kernel: (site) => {
    const { type } = site.args[0]!
    if (type.kind === 'list') {
      return (_, values: readonly Value[], index: number) => {
        if (index === 0) throw invalidArgument('element_at', 0, 'elements are counted from 1 (or from -1, the last)')
        return values[index > 0 ? index - 1 : values.length + index] ?? null
      }
    }
    const compare = comparatorOf((type as MapType).key)
    return (_, entries: readonly (readonly [Value, Value])[], key: Value) =>
      entries.find(([known]) => compare(known, key) === 0)?.[1] ?? null
  },
}

/** struct.member; the name is a literal. */
const getField: FunctionDefinition = {
  signature: 'get_field(struct, name) → member',
  doc: 'A member of a struct by its name.',
  aliases: ['struct_extract'],
  arity: [2, 2],
  nullable: 'always',
  resolve: (args, name) => {
    const { type } = args[0]!
    const member = literalText(args[1])
    if (type.kind !== 'struct' || member === null) {
      throw wrongArguments(name, typesOf(args), 'it takes a struct and the name of a member')
    }
    const found = memberIndex(type, member)
    if (found < 0) {
      throw wrongArguments(
        name,
        typesOf(args),
        `the struct has no member "${member}" (${type.fields.map((f) => f.name).join(', ')})`,
      )
    }
    return { args: [type, string], type: type.fields[found]!.type }
  },
  kernel: (site) => {
    const index = memberIndex(site.args[0]!.type as StructType, literalText(site.args[1])!)
    return (_, members: readonly Value[]) => members[index] ?? null
  },
}
const memberIndex = (type: StructType, name: string): number => {
  const exact = type.fields.findIndex((f) => f.name === name)
  return exact >= 0 ? exact : type.fields.findIndex((f) => f.name.toLowerCase() === name.toLowerCase())
}

const size: FunctionDefinition = {
  signature: 'size(list or map) → int',
  doc: 'How many elements there are.',
  aliases: ['cardinality', 'array_length', 'array_size', 'list_length'],
  arity: [1, 1],
  resolve: (args, name) => {
    const { type } = args[0]!
    if (type.kind !== 'list' && type.kind !== 'map')
      throw wrongArguments(name, typesOf(args), 'it takes an array or a map')
    return { args: [type], type: int32 }
  },
  kernel: () => (_, values: readonly Value[]) => values.length,
}

const array: FunctionDefinition = {
  signature: 'array(a, b, …) → array',
  doc: 'A list of the values.',
  aliases: ['list_value', 'list_pack'],
  arity: [0, Infinity],
  nulls: 'own',
  nullable: 'never',
  resolve: (args, name) => {
    const type = commonTypeOf(typesOf(args))
    if (type === null) throw wrongArguments(name, typesOf(args), 'the elements have no common type')
    return {
      args: args.map(() => type),
      type: list(
        type,
        args.some((a) => a.nullable),
      ),
    }
  },
  kernel:
    () =>
    (_, ...values: Value[]) =>
      values,
}

const namedStruct: FunctionDefinition = {
  signature: 'named_struct(name, value, …) → struct',
  doc: 'A struct of the named values.',
  arity: [2, Infinity],
  nulls: 'own',
  nullable: 'never',
  resolve: (args, name) => {
    const fields = []
    for (let i = 0; i + 1 < args.length; i += 2) {
      const member = literalText(args[i])
      if (member === null) throw wrongArguments(name, typesOf(args), 'names must be string literals')
      fields.push({ name: member, type: args[i + 1]!.type, nullable: args[i + 1]!.nullable })
    }
    return { args: typesOf(args), type: struct(fields) }
  },
  kernel:
    () =>
    (_, ...values: Value[]) =>
      values.filter((_value, i) => i % 2 === 1),
}

const arrayContains: FunctionDefinition = {
  signature: 'array_contains(list, value) → boolean',
  doc: 'Whether an element equals the value; null if none does and one is null.',
  aliases: ['list_contains', 'list_has', 'array_has'],
  arity: [2, 2],
  nullable: 'always',
  resolve: (args, name) => {
    const { type } = args[0]!
    if (type.kind !== 'list') throw wrongArguments(name, typesOf(args), 'the first argument must be an array')
    return { args: [type, type.element], type: boolean }
  },
  kernel: (site) => {
    const compare = comparatorOf((site.args[0]!.type as ListType).element)
    return (_, values: readonly Value[], wanted: Value) =>
      values.some((v) => v !== null && compare(v, wanted) === 0) ? true : values.includes(null) ? null : false
  },
}

const arrayJoin: FunctionDefinition = {
  signature: 'array_join(list, separator) → string',
  doc: 'The elements that are not null, with the separator between them.',
  aliases: ['array_to_string', 'list_to_string'],
  arity: [2, 2],
  resolve: (args, name) => {
    if (args[0]!.type.kind !== 'list') throw wrongArguments(name, typesOf(args), 'the first argument must be an array')
    const type: DataType = list(string)
    return { args: [type, string], type: string }
  },
  kernel: () => (_, values: readonly (string | null)[], separator: string) =>
    values.filter((v) => v !== null).join(separator),
}

const toJson: FunctionDefinition = {
  signature: 'to_json(value) → string',
  aliases: ['to_jsonb', 'row_to_json', 'json_serialize'],
  doc: 'The value as JSON text: structs as objects, numbers with all their digits, dates and timestamps as text.',
  arity: [1, 1],
  nullable: 'never',
  nulls: 'own',
  resolve: (args) => ({ args: typesOf(args), type: string }),
  kernel: (site) => {
    const [argument] = site.args
    return (context, value: Value) => jsonText(argument!.type, value, context)
  },
}

function jsonText(type: DataType, value: Value, context: EvaluationContext): string {
  if (value === null) return 'null'
  switch (type.kind) {
    case 'variant':
      return value as string
    case 'map':
      return `{${(value as readonly (readonly Value[])[]).map(([k, v]) => `${JSON.stringify(textOf(type.key, k!, context))}:${jsonText(type.value, v!, context)}`).join(',')}}`
    case 'struct':
      if (isInterval(type)) return JSON.stringify(textOf(type, value, context))
      return `{${type.fields.map((f, i) => `${JSON.stringify(f.name)}:${jsonText(f.type, (value as readonly Value[])[i]!, context)}`).join(',')}}`
    case 'list':
      return `[${(value as readonly Value[]).map((item) => jsonText(type.element, item, context)).join(',')}]`
    case 'boolean':
    case 'int8':
    case 'int16':
    case 'int32':
    case 'int64':
    case 'decimal':
      return textOf(type, value, context)
    case 'float32':
    case 'float64':
      return Number.isFinite(value) ? textOf(type, value, context) : JSON.stringify(textOf(type, value, context))
    default:
      return JSON.stringify(textOf(type, value, context))
  }
}

export const nestedFunctions = {
  element_at: elementAt,
  get_field: getField,
  size,
  array,
  named_struct: namedStruct,
  array_contains: arrayContains,
  array_join: arrayJoin,
  to_json: toJson,
} satisfies Record<string, FunctionDefinition>
