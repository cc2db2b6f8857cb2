import type { Json } from '@deltaworks/schema'
import { invalidExpressionJson } from './errors.js'

/*
 * Expressions as JSON: they are plain trees, so only the values that JSON has no word for are tagged:
 * { "$bigint": "1" }, { "$bytes": "<base64>" }, { "$number": "NaN" | "Infinity" | "-Infinity" | "-0" }.
 */

/** Any bound or unbound expression, aggregate, window or sort key (or a list or record of such) as JSON. */
export function expressionToJson(tree: unknown): Json {
  if (tree === null || tree === undefined) return null
  switch (typeof tree) {
    case 'bigint':
      return { $bigint: tree.toString() }
    case 'number':
      return Number.isFinite(tree) && !Object.is(tree, -0)
        ? tree
        : { $number: Object.is(tree, -0) ? '-0' : String(tree) }
    case 'string':
    case 'boolean':
      return tree
    case 'object': {
      if (tree instanceof Uint8Array) return { $bytes: Buffer.from(tree).toString('base64') }
      if (Array.isArray(tree)) return tree.map(expressionToJson)
      const result: Record<string, Json> = {}
      for (const [key, value] of Object.entries(tree)) if (value !== undefined) result[key] = expressionToJson(value)
      return result
    }
    default:
      throw invalidExpressionJson(`a ${typeof tree} cannot be written`)
  }
}

/** What `expressionToJson` wrote. @throws ExpressionError DW-EXPRESSION-0007 */
export const expressionFromJson = <T>(json: Json): T => untag(json) as T

function untag(json: Json): unknown {
  if (json === null || typeof json !== 'object') return json
  if (Array.isArray(json)) return json.map(untag)
  const record = json as { readonly [key: string]: Json }
  const keys = Object.keys(record)
  if (keys.length === 1 && keys[0]!.startsWith('$')) {
    const text = record[keys[0]!]
    if (typeof text !== 'string') throw invalidExpressionJson(`${keys[0]} must be a string`)
    switch (keys[0]) {
      case '$bigint':
        return BigInt(text)
      case '$number':
        return Number(text)
      case '$bytes':
        return new Uint8Array(Buffer.from(text, 'base64'))
      default:
        throw invalidExpressionJson(`unknown tag ${keys[0]}`)
    }
  }
  return Object.fromEntries(keys.map((key) => [key, untag(record[key]!)]))
}

/** A text that two trees share if and only if they are equal: for maps of expressions, plan hashes, caches. */
export function expressionKey(tree: unknown): string {
  if (tree === null || tree === undefined) return 'null'
  switch (typeof tree) {
    case 'string':
      return JSON.stringify(tree)
    case 'boolean':
      return String(tree)
    case 'object':
      if (tree instanceof Uint8Array) break
      return Array.isArray(tree) ? `[${tree.map(expressionKey).join(',')}]` : recordKey(tree)
    default:
  }
  return JSON.stringify(expressionToJson(tree))
}

function recordKey(record: object): string {
  let text = ''
  for (const [key, value] of Object.entries(record)) {
    if (value === undefined) continue
    text += `${text === '' ? '{' : ','}${JSON.stringify(key)}:${expressionKey(value)}`
  }
  return text === '' ? '{}' : `${text}}`
}

/** Whether two trees have the same `expressionKey`; it ends at the first difference, and makes no text. */
export function expressionsEqual(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) {
    return (a === null || a === undefined) && (b === null || b === undefined)
  }
  if (a instanceof Uint8Array || b instanceof Uint8Array) {
    return a instanceof Uint8Array && b instanceof Uint8Array && Buffer.compare(a, b) === 0
  }
  if (Array.isArray(a) || Array.isArray(b)) {
    return (
      Array.isArray(a) &&
      Array.isArray(b) &&
      a.length === b.length &&
      a.every((item, i) => expressionsEqual(item, b[i]))
    )
  }
  const left = a as Readonly<Record<string, unknown>>
  const right = b as Readonly<Record<string, unknown>>
  const known = (record: Readonly<Record<string, unknown>>) =>
    Object.keys(record).filter((key) => record[key] !== undefined)
  const keys = known(left)
  return keys.length === known(right).length && keys.every((key) => expressionsEqual(left[key], right[key]))
}
