/** A number as it is written, where a double might lose digits. */
export class NumberText {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

export type JsonValue = null | boolean | number | string | NumberText | readonly JsonValue[] | JsonObject
export interface JsonObject {
  readonly [key: string]: JsonValue
}

/** Any number of up to 15 digits is the same after a trip through a double. */
const maybeInexact = /[\d.]{16}|\d[eE]/

/** JSON with exact numbers. @throws SyntaxError */
export function parseJson(text: string): JsonValue {
  return maybeInexact.test(text) ? new JsonParser(text).document() : (JSON.parse(text) as JsonValue)
}

/** Whether brackets are open more than `limit` deep, quoted ones aside. Short texts, which most are, cannot be. */
export function nestingExceeds(text: string, limit: number): boolean {
  if (text.length <= 2 * limit) return false
  let depth = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === 0x22) {
      for (i++; i < text.length && text.charCodeAt(i) !== 0x22; i++) if (text.charCodeAt(i) === 0x5c) i++
    } else if (code === 0x7b || code === 0x5b) {
      if (++depth > limit) return true
    } else if (code === 0x7d || code === 0x5d) depth--
  }
  return false
}

/** A parser that keeps numbers as texts and knows where its values are. */
export class JsonParser {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  get position(): number {
    return this.#at
  }

  document(): JsonValue {
    const value = this.value()
    this.skipSpace()
    if (this.#at < this.#text.length) throw this.#unexpected()
    return value
  }

  /** Whether a character comes next; it is taken if so. */
  take(character: string): boolean {
    this.skipSpace()
    if (this.#text[this.#at] !== character) return false
    this.#at++
    return true
  }

  atEnd(): boolean {
    this.skipSpace()
    return this.#at >= this.#text.length
  }

  skipSpace(): void {
    for (;;) {
      const code = this.#text.charCodeAt(this.#at)
      if (code !== 32 && code !== 10 && code !== 13 && code !== 9) return
      this.#at++
    }
  }

  value(depth = 0): JsonValue {
    if (depth > 500) throw new SyntaxError('the nesting is deeper than 500')
    this.skipSpace()
    const text = this.#text
    const character = text[this.#at]
    if (character === '"') return this.#string()
    if (character === '{') return this.#object(depth)
    if (character === '[') return this.#array(depth)
    for (const [word, value] of words) {
      if (!text.startsWith(word, this.#at)) continue
      this.#at += word.length
      return value
    }
    numberPattern.lastIndex = this.#at
    const match = numberPattern.exec(text)
    if (match === null) throw this.#unexpected()
    this.#at += match[0].length
    return new NumberText(match[0])
  }

  #object(depth: number): JsonObject {
    this.#at++
    const members: [string, JsonValue][] = []
    if (this.take('}')) return {}
    do {
      this.skipSpace()
      if (this.#text[this.#at] !== '"') throw this.#unexpected()
      const key = this.#string()
      if (!this.take(':')) throw this.#unexpected()
      members.push([key, this.value(depth + 1)])
    } while (this.take(','))
    if (!this.take('}')) throw this.#unexpected()
    return Object.fromEntries(members)
  }

  #array(depth: number): JsonValue[] {
    this.#at++
    const items: JsonValue[] = []
    if (this.take(']')) return items
    do items.push(this.value(depth + 1))
    while (this.take(','))
    if (!this.take(']')) throw this.#unexpected()
    return items
  }

  #string(): string {
    const start = this.#at
    let end = start + 1
    while (end < this.#text.length && this.#text[end] !== '"') end += this.#text[end] === '\\' ? 2 : 1
    this.#at = end + 1
    return JSON.parse(this.#text.slice(start, end + 1)) as string
  }

  #unexpected(): SyntaxError {
    const found = this.#text[this.#at]
    return new SyntaxError(
      found === undefined
        ? 'the text ends too early'
        : `${JSON.stringify(found)} at character ${this.#at + 1} is not expected`,
    )
  }
}

const words: readonly (readonly [string, boolean | null])[] = [
  ['true', true],
  ['false', false],
  ['null', null],
]
const numberPattern = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y

/** A value as JSON text again, numbers as they were written. */
export function jsonText(value: JsonValue): string {
  if (value instanceof NumberText) return value.text
  if (value === null || typeof value !== 'object') return JSON.stringify(value)
  if (Array.isArray(value)) return `[${(value as readonly JsonValue[]).map(jsonText).join(',')}]`
  const members = Object.entries(value as JsonObject)
  return `{${members.map(([key, item]) => `${JSON.stringify(key)}:${jsonText(item)}`).join(',')}}`
}
