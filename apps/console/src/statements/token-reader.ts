import { sqlProblem } from './sql-problem.js'
import { tokensOf, type Token } from './sql-tokens.js'

/** Where a table is: parts of a name (`delta.\`path\`` included), or a path in quotes. */
export type TableName = { readonly parts: readonly string[] } | { readonly path: string }

/** Reads the tokens of one statement from the left. Words are compared without regard to case. */
export class TokenReader {
  readonly text: string
  readonly #tokens: readonly Token[]
  #at = 0

  constructor(text: string) {
    this.text = text
    this.#tokens = tokensOf(text)
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#tokens.length
  }

  #peek(ahead = 0): Token | undefined {
    return this.#tokens[this.#at + ahead]
  }

  /** Whether the next tokens are these words or symbols, separated by spaces. */
  sees(words: string): boolean {
    return words.split(' ').every((word, i) => {
      const token = this.#peek(i)
      return token !== undefined && isBare(token) && token.text.toUpperCase() === word
    })
  }

  takes(words: string): boolean {
    if (!this.sees(words)) return false
    this.#at += words.split(' ').length
    return true
  }

  /** Takes the first of the alternatives that is there. */
  takesOne<T extends string>(...alternatives: readonly T[]): T | null {
    return alternatives.find((words) => this.takes(words)) ?? null
  }

  expect(words: string): void {
    if (!this.takes(words)) throw this.unexpected(words)
  }

  unexpected(wanted: string): Error {
    const token = this.#peek()
    const found = token === undefined ? 'the end' : `"${this.text.slice(token.start, token.end)}"`
    const place = token === undefined ? '' : ` at ${placeIn(this.text, token.start)}`
    return sqlProblem(`${wanted} is expected${place}, but there is ${found}`)
  }

  end(): void {
    if (!this.isAtEnd) throw this.unexpected('The end of the statement')
  }

  identifier(what = 'A name'): string {
    const token = this.#peek()
    if (token === undefined || (token.kind !== 'word' && token.kind !== 'name')) throw this.unexpected(what)
    this.#at++
    return token.text
  }

  /** Dotted, as the table's API takes it: steps with dots in them in backticks. */
  columnPath(): string {
    const steps = [this.identifier('A column')]
    while (this.takes('.')) steps.push(this.identifier('A column'))
    return steps.map((step) => (step.includes('.') ? `\`${step.replaceAll('`', '``')}\`` : step)).join('.')
  }

  /** A name that a dot follows, with the dot; null if there is none. */
  takesStep(): string | null {
    const dot = this.#peek(1)
    if (dot?.kind !== 'symbol' || dot.text !== '.') return null
    const step = this.identifier()
    this.#at++
    return step
  }

  string(what = 'A text in quotes'): string {
    const token = this.#peek()
    if (token?.kind !== 'string') throw this.unexpected(what)
    this.#at++
    return token.text
  }

  number(what = 'A number'): number {
    const sign = this.takes('-') ? -1 : 1
    const token = this.#peek()
    if (token?.kind !== 'number') throw this.unexpected(what)
    this.#at++
    return sign * Number(token.text)
  }

  /** A literal as text: string, number, word. */
  scalarText(): string {
    const token = this.#peek()
    if (token === undefined || token.kind === 'symbol') throw this.unexpected('A value')
    this.#at++
    return token.text
  }

  table(): TableName {
    const token = this.#peek()
    if (token?.kind === 'string') return { path: this.string() }
    const parts = [this.identifier('A table')]
    while (this.takes('.')) parts.push(this.identifier('A table'))
    return parts.length === 2 && parts[0]!.toLowerCase() === 'delta' ? { path: parts[1]! } : { parts }
  }

  /** Comma-separated things in parentheses. */
  list<T>(item: () => T): readonly T[] {
    this.expect('(')
    const items: T[] = []
    if (this.takes(')')) return items
    do items.push(item())
    while (this.takes(','))
    this.expect(')')
    return items
  }

  /** Text inside of the parentheses that come next. */
  parenthesised(): string {
    this.expect('(')
    const text = this.until(')')
    this.expect(')')
    return text
  }

  /** The text up to one of these words or symbols outside of parentheses, or the end. */
  until(...stops: readonly string[]): string {
    const start = this.#at
    let depth = 0
    for (; this.#at < this.#tokens.length; this.#at++) {
      if (depth === 0 && stops.some((stop) => this.sees(stop))) break
      const token = this.#tokens[this.#at]!
      if (token.kind !== 'symbol') {
        if (isBare(token) && token.text.toUpperCase() === 'CASE') depth++
        else if (isBare(token) && token.text.toUpperCase() === 'END' && depth > 0) depth--
      } else if (token.text === '(' || token.text === '[') depth++
      else if (token.text === ')' || token.text === ']') depth--
      if (depth < 0) throw this.unexpected('The end of the expression')
    }
    if (start === this.#at) throw this.unexpected('An expression')
    const from = this.#tokens[start]!.start
    const to = this.#tokens[this.#at - 1]!.end
    return this.text.slice(from, to)
  }

  rest(): string {
    return this.until()
  }
}

const isBare = ({ kind }: Token): boolean => kind === 'word' || kind === 'symbol'

function placeIn(text: string, at: number): string {
  const lines = text.slice(0, at).split('\n')
  return `line ${lines.length}, column ${lines.at(-1)!.length + 1}`
}
