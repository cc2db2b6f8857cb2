/*
 * JSON whose numbers keep all their digits. Statistics hold longs and decimals that a double cannot; JSON.parse would round
 * them, and a rounded bound prunes files that hold matching rows.
 */

/** A number that a double may not hold exactly, as its text. */
export interface ExactNumber {
  readonly digits: string
}

export type ExactJson =
  null | boolean | number | string | ExactNumber | readonly ExactJson[] | { readonly [key: string]: ExactJson }

export const isExactNumber = (value: ExactJson | undefined): value is ExactNumber =>
  typeof value === 'object' &&
  value !== null &&
  typeof (value as { digits?: unknown }).digits === 'string' &&
  Object.getPrototypeOf(value) === exactPrototype

const exactPrototype = Object.freeze({})
const exactNumber = (digits: string): ExactNumber => Object.assign(Object.create(exactPrototype) as object, { digits })

/** 16 digits in a row (with or without a point) is the first place where a double can fail. */
const mayBeInexact = /\d[\d.]{15}/

/** @throws SyntaxError */
export function parseExactJson(text: string): ExactJson {
  if (!mayBeInexact.test(text)) return JSON.parse(text) as ExactJson
  return new Parser(text).parse()
}

class Parser {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  parse(): ExactJson {
    const value = this.#value()
    this.#space()
    if (this.#at !== this.#text.length) throw this.#error()
    return value
  }

  #value(): ExactJson {
    this.#space()
    switch (this.#text[this.#at]) {
      case '{':
        return this.#object()
      case '[':
        return this.#array()
      case '"':
        return this.#string()
      default:
        return this.#scalar()
    }
  }

  #object(): ExactJson {
    const result: Record<string, ExactJson> = {}
    this.#at++
    this.#space()
    if (this.#take('}')) return result
    do {
      this.#space()
      const key = this.#string()
      this.#space()
      if (!this.#take(':')) throw this.#error()
      result[key] = this.#value()
      this.#space()
    } while (this.#take(','))
    if (!this.#take('}')) throw this.#error()
    return result
  }

  #array(): ExactJson {
    const result: ExactJson[] = []
    this.#at++
    this.#space()
    if (this.#take(']')) return result
    do {
      result.push(this.#value())
      this.#space()
    } while (this.#take(','))
    if (!this.#take(']')) throw this.#error()
    return result
  }

  #string(): string {
    const start = this.#at
    if (this.#text[start] !== '"') throw this.#error()
    let end = start + 1
    while (end < this.#text.length && this.#text[end] !== '"') end += this.#text[end] === '\\' ? 2 : 1
    this.#at = end + 1
    return JSON.parse(this.#text.slice(start, this.#at)) as string
  }

  #scalar(): ExactJson {
    const match = /[^\s,\]}]+/y
    match.lastIndex = this.#at
    const token = match.exec(this.#text)?.[0]
    if (token === undefined) throw this.#error()
    this.#at += token.length
    const value = JSON.parse(token) as null | boolean | number
    return typeof value === 'number' && token.length > 15 ? exactNumber(token) : value
  }

  #take(character: string): boolean {
    if (this.#text[this.#at] !== character) return false
    this.#at++
    return true
  }

  #space(): void {
    while (/\s/.test(this.#text[this.#at] ?? '')) this.#at++
  }

  #error(): SyntaxError {
    return new SyntaxError(`unexpected ${JSON.stringify(this.#text[this.#at] ?? 'end')} at position ${this.#at}`)
  }
}
