import {
  boolean,
  int32,
  list,
  map,
  parseDataType,
  parseFields,
  string,
  struct,
  variant,
  type DataType,
  type Value,
} from '@deltaworks/schema'
import { textOf } from '../cast.js'
import { invalidArgument, wrongArguments } from '../errors.js'
import type { FunctionDefinition } from '../evaluation.js'
import type { BoundExpression } from '../expression.js'
import {
  formatExactJson,
  isArray,
  isObject,
  jsonAt,
  JsonNumber,
  jsonPath,
  parseExactJson,
  valueOfJson,
  type ExactJson,
} from '../json-value.js'
import { formatVariant } from '../variant-text.js'
import { define } from './define.js'
import { parameters, texts, typesOf } from './argument-rules.js'

/** JSON's texts that were read last, so that several parts of one are read once. */
function remembered(): (text: string) => ExactJson | undefined {
  let known: string | null = null
  let json: ExactJson | undefined
  return (text) => {
    if (text !== known) [known, json] = [text, parseExactJson(text)]
    return json
  }
}

const asText = (found: ExactJson | undefined): Value =>
  found === undefined || found === null ? null : typeof found === 'string' ? found : formatExactJson(found)
const asJson = (found: ExactJson | undefined): Value => (found === undefined ? null : formatExactJson(found))

/** The part at a path, shown by `show`. */
const atPath = (
  name: string,
  doc: string,
  type: DataType,
  show: (found: ExactJson | undefined) => Value,
  aliases: readonly string[],
) =>
  define(
    `${name}(json, path) → ${type.kind}`,
    doc,
    [2, 2],
    parameters([string], type),
    () => {
      const read = remembered()
      return (_, text: string, path: string) => {
        const json = read(text)
        const steps = jsonPath(path)
        if (steps === null) throw invalidArgument(name, path, 'it is no path such as $.a.b[0]')
        return show(json === undefined ? undefined : jsonAt(json, steps))
      }
    },
    { nullable: 'always', aliases },
  )

/** The part under keys and places that are given one by one. */
const atKeys = (name: string, doc: string, type: DataType, show: (found: ExactJson | undefined) => Value) =>
  define(
    `${name}(json, key, …) → ${type.kind}`,
    doc,
    [2, Infinity],
    parameters([string], type),
    () => {
      const read = remembered()
      return (_, text: string, ...keys: string[]) => {
        const json = read(text)
        return show(json === undefined ? undefined : jsonAt(json, keys))
      }
    },
    { nullable: 'always' },
  )

const kindOf = (json: ExactJson): string => {
  if (json === null) return 'null'
  if (json instanceof JsonNumber) return 'number'
  if (isArray(json)) return 'array'
  return isObject(json) ? 'object' : typeof json
}

/** A schema as `a int, b array<string>`, a type, or JSON such as `{"a": "int"}`. */
function schemaOf(text: string, name: string, args: readonly BoundExpression[]): DataType {
  try {
    const json = parseExactJson(text)
    if (json !== undefined) return typeOfSchema(json)
    return /^\s*(array|map)\s*[<(]/i.test(text) ? parseDataType(text) : struct(parseFields(text))
  } catch {
    throw wrongArguments(name, typesOf(args), `"${text}" is no schema such as 'a int, b array<string>'`)
  }
}

function typeOfSchema(json: ExactJson): DataType {
  if (typeof json === 'string') return parseDataType(json)
  if (isArray(json)) return list(typeOfSchema(json[0] ?? 'string'))
  if (isObject(json)) return struct([...json].map(([name, of]) => ({ name, type: typeOfSchema(of), nullable: true })))
  throw invalidArgument('from_json', formatExactJson(json), 'it is no type')
}

const parsedJson = (name: string, doc: string, lenient: boolean, aliases: readonly string[]): FunctionDefinition =>
  define(
    `${name}(text) → variant`,
    doc,
    [1, 1],
    texts(variant),
    () => (_, text: string) => {
      const json = parseExactJson(text)
      if (json !== undefined) return formatExactJson(json)
      if (lenient) return null
      throw invalidArgument(name, text.slice(0, 60), 'it is no JSON')
    },
    { aliases, ...(lenient ? { nullable: 'always' as const } : {}) },
  )

export const jsonFunctions = {
  get_json_object: atPath(
    'get_json_object',
    'The part of a JSON text at a path (`$.a.b[0]`, `$.a[*].b`): text without quotes, anything else as JSON; null if there is none. SQL: json ->> path.',
    string,
    asText,
    ['json_extract_string', 'json_extract_scalar', 'json_value', 'variant_get'],
  ),
  json_extract: atPath(
    'json_extract',
    'The part of a JSON text at a path, as JSON. SQL: json -> path.',
    variant,
    asJson,
    ['json_query'],
  ),
  json_extract_path: atKeys(
    'json_extract_path',
    'The part of a JSON text under keys, or places in arrays from 0, as JSON.',
    variant,
    asJson,
  ),
  json_extract_path_text: atKeys(
    'json_extract_path_text',
    'The part of a JSON text under keys, or places in arrays from 0, as text.',
    string,
    asText,
  ),
  json_extract_array_element_text: define(
    'json_extract_array_element_text(json, place) → string',
    'The element of a JSON array at a place from 0, as text.',
    [2, 2],
    parameters([string, int32], string),
    () => (_, text: string, place: number) => {
      const json = parseExactJson(text)
      return json !== undefined && isArray(json) ? asText(json.at(place)) : null
    },
    { nullable: 'always' },
  ),
  from_json: define(
    'from_json(text, schema) → struct, array or map',
    "A JSON text as a value of a schema ('a int, b array<string>', 'map<string,int>'); members that do not fit are null, a text that is no JSON is null.",
    [2, 2],
    (args, name) => {
      const schema = args[1]
      if (schema?.kind !== 'literal' || typeof schema.value !== 'string') {
        throw wrongArguments(name, typesOf(args), 'the schema must be a literal')
      }
      return { args: [string, string], type: schemaOf(schema.value, name, args) }
    },
    ({ type }) =>
      (context, text: string) => {
        const json = parseExactJson(text)
        return json === undefined ? null : (valueOfJson(json, type, context, true) ?? null)
      },
    { nullable: 'always', aliases: ['json_transform'], contextual: true },
  ),
  json_type: define(
    'json_type(json) → string',
    'object, array, string, number, boolean or null.',
    [1, 1],
    texts(string),
    () => (_, text: string) => {
      const json = parseExactJson(text)
      return json === undefined ? null : kindOf(json)
    },
    { nullable: 'always', aliases: ['json_typeof', 'jsonb_typeof'] },
  ),
  parse_json: parsedJson('parse_json', 'A JSON text as a variant; an error if it is none.', false, ['json_parse']),
  try_parse_json: parsedJson('try_parse_json', 'A JSON text as a variant; null if it is none.', true, []),
  json_elements: define(
    'json_elements(json) → array<variant>',
    'The elements of a JSON array; null if it is none.',
    [1, 1],
    texts(list(variant, false)),
    () => (_, text: string) => {
      const json = parseExactJson(text)
      return json !== undefined && isArray(json) ? json.map(formatExactJson) : null
    },
    { nullable: 'always' },
  ),
  json_elements_text: define(
    'json_elements_text(json) → array<string>',
    'The elements of a JSON array as texts; null if it is none.',
    [1, 1],
    texts(list(string)),
    () => (_, text: string) => {
      const json = parseExactJson(text)
      return json !== undefined && isArray(json) ? json.map(asText) : null
    },
    { nullable: 'always' },
  ),
  json_entries: define(
    'json_entries(json) → map<string,variant>',
    'The members of a JSON object; null if it is none.',
    [1, 1],
    texts(map(string, variant, false)),
    () => (_, text: string) => {
      const json = parseExactJson(text)
      return isObject(json) ? [...json].map(([name, value]) => [name, formatExactJson(value)]) : null
    },
    { nullable: 'always' },
  ),
  json_object: define(
    'json_object(name, value, …) → variant',
    'A JSON object of the named values.',
    [0, Infinity],
    (args, name) => {
      if (args.length % 2 !== 0) throw wrongArguments(name, typesOf(args), 'names and values come in pairs')
      return { args: args.map((arg, i) => (i % 2 === 0 ? string : arg.type)), type: variant }
    },
    (site) =>
      (context, ...values: Value[]) => {
        const members: string[] = []
        for (let i = 0; i < values.length; i += 2) {
          if (values[i] === null) throw invalidArgument('json_object', 'null', 'a name cannot be null')
          const shown = formatVariant(site.args[i + 1]!.type, values[i + 1]!, (type, v) => textOf(type, v, context))
          members.push(`${JSON.stringify(values[i])}:${shown}`)
        }
        return `{${members.join(',')}}`
      },
    { nulls: 'own', nullable: 'never', aliases: ['json_build_object', 'jsonb_build_object'] },
  ),
  json_array: define(
    'json_array(a, b, …) → variant',
    'A JSON array of the values.',
    [0, Infinity],
    (args) => ({ args: typesOf(args), type: variant }),
    (site) =>
      (context, ...values: Value[]) =>
        `[${values.map((v, i) => formatVariant(site.args[i]!.type, v, (type, inner) => textOf(type, inner, context))).join(',')}]`,
    { nulls: 'own', nullable: 'never', aliases: ['json_build_array', 'jsonb_build_array'] },
  ),
  json_contains: define(
    'json_contains(json, part) → boolean',
    'Whether all that is in the part is in the JSON text: members with their values, elements in any order.',
    [2, 2],
    texts(boolean),
    () => (_, text: string, part: string) => {
      const [whole, wanted] = [parseExactJson(text), parseExactJson(part)]
      return whole === undefined || wanted === undefined ? null : containsJson(whole, wanted)
    },
    { nullable: 'always' },
  ),
} satisfies Record<string, FunctionDefinition>

function containsJson(whole: ExactJson, part: ExactJson): boolean {
  if (isObject(part)) {
    if (!isObject(whole)) return false
    return [...part].every(([name, value]) => {
      const own = whole.get(name)
      return own !== undefined && containsJson(own, value)
    })
  }
  if (isArray(part)) return isArray(whole) && part.every((each) => whole.some((own) => containsJson(own, each)))
  if (isArray(whole)) return whole.some((own) => !isArray(own) && !isObject(own) && containsJson(own, part))
  if (whole instanceof JsonNumber && part instanceof JsonNumber) return Number(whole.text) === Number(part.text)
  return whole === part
}
