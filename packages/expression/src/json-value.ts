import { isInteger, isInterval, type DataType, type Value } from '@deltaworks/schema'
import { castKernel, type CastKernel } from './cast.js'
import type { EvaluationContext } from './evaluation.js'

/*
 * JSON text to values of a type, with all digits of its numbers: JSON.parse would round them, so numbers are kept as their text.
 */

/** A number as it is written. */
export class JsonNumber {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}
export type ExactJson = null | boolean | string | JsonNumber | readonly ExactJson[] | ReadonlyMap<string, ExactJson>

const spaces = /[ \t\r\n]*/y
const numbers = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
const strings = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y

/** The document; undefined if the text is none. Of members with one name the last counts. */
export function parseExactJson(text: string): ExactJson | undefined {
  const reader = new JsonReader(text)
  const value = reader.value()
  return value !== undefined && reader.isAtEnd() ? value : undefined
}

class JsonReader {
  readonly #text: string
  #at = 0
  constructor(text: string) {
    this.#text = text
  }

  isAtEnd(): boolean {
    this.#match(spaces)
    return this.#at === this.#text.length
  }

  value(): ExactJson | undefined {
    this.#match(spaces)
    switch (this.#text[this.#at]) {
      case '{':
        return this.#object()
      case '[':
        return this.#array()
      case '"': {
        const text = this.#match(strings)
        return text === null ? undefined : (JSON.parse(text) as string)
      }
      case 't':
        return this.#word('true', true)
      case 'f':
        return this.#word('false', false)
      case 'n':
        return this.#word('null', null)
      default: {
        const number = this.#match(numbers)
        return number === null || number === '' ? undefined : new JsonNumber(number)
      }
    }
  }

  #object(): ExactJson | undefined {
    const members = new Map<string, ExactJson>()
    this.#at++
    if (this.#takes('}')) return members
    do {
      this.#match(spaces)
      const name = this.#match(strings)
      if (name === null || !this.#takes(':')) return undefined
      const value = this.value()
      if (value === undefined) return undefined
      members.set(JSON.parse(name) as string, value)
    } while (this.#takes(','))
    return this.#takes('}') ? members : undefined
  }

  #array(): ExactJson | undefined {
    const elements: ExactJson[] = []
    this.#at++
    if (this.#takes(']')) return elements
    do {
      const value = this.value()
      if (value === undefined) return undefined
      elements.push(value)
    } while (this.#takes(','))
    return this.#takes(']') ? elements : undefined
  }

  #word<T extends ExactJson>(word: string, value: T): T | undefined {
    if (!this.#text.startsWith(word, this.#at)) return undefined
    this.#at += word.length
    return value
  }
  #takes(symbol: string): boolean {
    this.#match(spaces)
    if (this.#text[this.#at] !== symbol) return false
    this.#at++
    return true
  }
  #match(pattern: RegExp): string | null {
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.#text)?.[0] ?? null
    if (found !== null) this.#at += found.length
    return found
  }
}

/** The document as text again, without blanks. */
export function formatExactJson(json: ExactJson): string {
  if (json === null || typeof json === 'boolean') return String(json)
  if (typeof json === 'string') return JSON.stringify(json)
  if (json instanceof JsonNumber) return json.text
  if (isArray(json)) return `[${json.map(formatExactJson).join(',')}]`
  return `{${[...json].map(([name, value]) => `${JSON.stringify(name)}:${formatExactJson(value)}`).join(',')}}`
}

export const isArray = (json: ExactJson): json is readonly ExactJson[] => Array.isArray(json)
export const isObject = (json: ExactJson | undefined): json is ReadonlyMap<string, ExactJson> => json instanceof Map

const steps = /\.([^.[\]]+)|\[(?:'([^']*)'|"([^"]*)"|(\d+|\*))\]/g

/** The parts of a path `$.a.b[0]`, `a.b`, `/a/b/0`; null if it is none. */
export function jsonPath(path: string): readonly string[] | null {
  if (path.startsWith('/')) return path.slice(1).split('/')
  const whole = path.startsWith('$') ? path.slice(1) : path === '' || path.startsWith('[') ? path : `.${path}`
  const parts = [...whole.matchAll(steps)]
  if (parts.map((part) => part[0]).join('') !== whole) return null
  return parts.map(([, name, single, double, index]) => (name ?? single ?? double ?? index)!.replace(/^"|"$/g, ''))
}

/** The value at a path; `*` stands for all elements, whose values are an array then. */
export function jsonAt(json: ExactJson, path: readonly string[]): ExactJson | undefined {
  let current: ExactJson | undefined = json
  for (const [i, step] of path.entries()) {
    if (current === undefined || current === null || typeof current !== 'object' || current instanceof JsonNumber) {
      return undefined
    }
    if (isArray(current)) {
      if (step === '*') {
        return current.flatMap((each) => {
          const found = jsonAt(each, path.slice(i + 1))
          return found === undefined ? [] : [found]
        })
      }
      current = /^-?\d+$/.test(step) ? current.at(Number(step)) : undefined
    } else current = current.get(step)
  }
  return current
}

/** A JSON value as one of the type; undefined if it is none (`lenient`: members that are none are null). JSON's null is null. */
export function valueOfJson(
  json: ExactJson,
  type: DataType,
  context: EvaluationContext,
  lenient = false,
): Value | undefined {
  const each = (of: ExactJson, as: DataType): Value | undefined => {
    const value = valueOfJson(of, as, context, lenient)
    return value === undefined && lenient ? null : value
  }
  if (json === null) return null
  switch (type.kind) {
    case 'null':
      return null
    case 'variant':
      return formatExactJson(json)
    case 'string':
      return typeof json === 'string' ? json : formatExactJson(json)
    case 'list':
      return isArray(json) ? eachOf(json, (v) => each(v, type.element)) : undefined
    case 'map': {
      if (!isObject(json)) return undefined
      return eachOf([...json], ([name, value]) => {
        const key = scalarOf(name, type.key, context)
        const of = each(value, type.value)
        return key === undefined || of === undefined ? undefined : [key, of]
      })
    }
    case 'struct': {
      if (isInterval(type)) return typeof json === 'string' ? scalarOf(json, type, context) : undefined
      if (!isObject(json)) return undefined
      return eachOf(type.fields, (f) => {
        const member = json.get(f.name)
        return member === undefined ? null : each(member, f.type)
      })
    }
    case 'boolean':
      return typeof json === 'boolean' ? json : undefined
    default:
      if (json instanceof JsonNumber) {
        const whole = isInteger(type) ? wholeNumber(json.text) : json.text
        return whole === null ? undefined : scalarOf(whole, type, context)
      }
      return typeof json === 'string' ? scalarOf(json, type, context) : undefined
  }
}

/** 1, 1.0 and 1e2 as digits; null if there is a fraction. */
function wholeNumber(text: string): string | null {
  if (/^-?\d+$/.test(text)) return text
  const number = Number(text)
  return Number.isSafeInteger(number) ? String(number) : null
}

const scalarOf = (text: string, type: DataType, context: EvaluationContext): Value | undefined =>
  castKernel({ kind: 'string' }, type)(text, context)

function eachOf<T>(items: readonly T[], convert: (item: T) => Value | undefined): readonly Value[] | undefined {
  const values: Value[] = []
  for (const item of items) {
    const value = convert(item)
    if (value === undefined) return undefined
    values.push(value)
  }
  return values
}

/** A cast of JSON to a nested type. */
export const jsonKernel =
  (type: DataType): CastKernel =>
  (text, context) => {
    const json = parseExactJson(text as string)
    return json === undefined ? undefined : valueOfJson(json, type, context)
  }
