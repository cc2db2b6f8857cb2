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

/** Forms that strict JSON does not have; names and meanings are Spark's. All default to false. */
export interface JsonRelaxations {
  /** Java's comments, between any two tokens. */
  readonly allowComments?: boolean
  readonly allowUnquotedFieldNames?: boolean
  readonly allowSingleQuotes?: boolean
  /** `007` is 7. */
  readonly allowNumericLeadingZeros?: boolean
  /** NaN, Infinity, +Infinity, -Infinity, INF, +INF, -INF. */
  readonly allowNonNumericNumbers?: boolean
  /** An escape that JSON does not know stands for its character. */
  readonly allowBackslashEscapingAnyCharacter?: boolean
  /** Line ends, tabs and other control characters in strings as they are. */
  readonly allowUnquotedControlChars?: boolean
}

/** JSON with exact numbers: every one is the text that was written. @throws SyntaxError */
export const parseJson = (text: string, relaxations: JsonRelaxations = {}): JsonValue =>
  new JsonParser(text, relaxations).document()

/** A parser that keeps numbers as texts and knows where its values are. */
export class JsonParser {
  readonly #text: string
  readonly #relaxed: JsonRelaxations
  #at = 0

  constructor(text: string, relaxations: JsonRelaxations = {}) {
    this.#text = text
    this.#relaxed = relaxations
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
      if (code === 32 || code === 10 || code === 13 || code === 9) this.#at++
      else if (code !== 47 || this.#relaxed.allowComments !== true || !this.#skipComment()) return
    }
  }

  #skipComment(): boolean {
    const start = this.#text.slice(this.#at, this.#at + 2)
    if (start !== '//' && start !== '/*') return false
    const end = start === '//' ? this.#text.indexOf('\n', this.#at) : this.#text.indexOf('*/', this.#at + 2)
    if (end < 0 && start === '/*') return false
    this.#at = end < 0 ? this.#text.length : end + (start === '//' ? 1 : 2)
    return true
  }

  value(depth = 0): JsonValue {
    if (depth > 500) throw new SyntaxError('the nesting is deeper than 500')
    this.skipSpace()
    const text = this.#text
    const character = text[this.#at]
    if (this.#isQuote(character)) return this.#string()
    if (character === '{') return this.#object(depth)
    if (character === '[') return this.#array(depth)
    for (const [word, value] of words) {
      if (!text.startsWith(word, this.#at)) continue
      this.#at += word.length
      return value
    }
    const number = this.#number()
    if (number === null) throw this.#unexpected()
    return new NumberText(number)
  }

  #isQuote(character: string | undefined): boolean {
    return character === '"' || (character === "'" && this.#relaxed.allowSingleQuotes === true)
  }

  #number(): string | null {
    const match = (pattern: RegExp): string | null => {
      pattern.lastIndex = this.#at
      const found = pattern.exec(this.#text)?.[0] ?? null
      if (found !== null) this.#at += found.length
      return found
    }
    const { allowNonNumericNumbers, allowNumericLeadingZeros } = this.#relaxed
    if (allowNonNumericNumbers === true) {
      const special = match(specialPattern)
      if (special !== null) return special
    }
    return match(allowNumericLeadingZeros === true ? zeroedPattern : numberPattern)
  }

  #object(depth: number): JsonObject {
    this.#at++
    const members: [string, JsonValue][] = []
    if (this.take('}')) return {}
    do {
      this.skipSpace()
      const key = this.#key()
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

  #key(): string {
    if (this.#isQuote(this.#text[this.#at])) return this.#string()
    if (this.#relaxed.allowUnquotedFieldNames !== true) throw this.#unexpected()
    namePattern.lastIndex = this.#at
    const name = namePattern.exec(this.#text)?.[0]
    if (name === undefined) throw this.#unexpected()
    this.#at += name.length
    return name
  }

  #string(): string {
    const text = this.#text
    const close = text[this.#at]!
    const start = this.#at + 1
    let end = start
    let isPlain = close === '"'
    while (end < text.length && text[end] !== close) {
      if (text[end] === '\\') {
        if (!strictEscapes.includes(text[end + 1] ?? '')) isPlain = false
        end++
      } else if (text.charCodeAt(end) < 32) {
        if (this.#relaxed.allowUnquotedControlChars !== true) {
          this.#at = end
          throw this.#unexpected()
        }
        isPlain = false
      }
      end++
    }
    if (end >= text.length) {
      this.#at = text.length
      throw this.#unexpected()
    }
    this.#at = end + 1
    if (isPlain) return JSON.parse(text.slice(start - 1, end + 1)) as string
    return this.#relaxedString(text.slice(start, end), close)
  }

  /** A string with forms that JSON.parse does not know, as strict JSON. */
  #relaxedString(inner: string, close: string): string {
    let strict = ''
    for (let i = 0; i < inner.length; i++) {
      const character = inner[i]!
      if (character !== '\\') {
        strict += character === '"' || character.charCodeAt(0) < 32 ? JSON.stringify(character).slice(1, -1) : character
        continue
      }
      const next = inner[++i] ?? ''
      if (strictEscapes.includes(next)) strict += `\\${next}`
      else if (next === close || this.#relaxed.allowBackslashEscapingAnyCharacter === true)
        strict += JSON.stringify(next).slice(1, -1)
      else throw new SyntaxError(`${JSON.stringify(`\\${next}`)} is no escape`)
    }
    return JSON.parse(`"${strict}"`) as string
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
const zeroedPattern = /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y
const specialPattern = /NaN|[+-]?(?:Infinity|INF)/y
const namePattern = /[\p{L}_$][\p{L}\p{N}_$]*/uy
const strictEscapes = '"\\\\/bfnrtu'

/** A value as JSON text again, numbers as they were written. */
export function jsonText(value: JsonValue): string {
  if (value instanceof NumberText) return value.text
  if (value === null || typeof value !== 'object') return JSON.stringify(value)
  if (Array.isArray(value)) return `[${(value as readonly JsonValue[]).map(jsonText).join(',')}]`
  const members = Object.entries(value as JsonObject)
  return `{${members.map(([key, item]) => `${JSON.stringify(key)}:${jsonText(item)}`).join(',')}}`
}
