import { dqdlSyntax, type Position } from '../errors.js'
import { tokenise, type Token, type TokenKind } from './tokens.js'

/** Walks over tokens; whatever is not as it should be is told with its place. */
export class TokenReader {
  readonly #source: string
  readonly #tokens: readonly Token[]
  #next = 0

  constructor(source: string) {
    this.#source = source
    this.#tokens = tokenise(source)
  }

  get position(): Position {
    return this.peek().position
  }
  /** @param ahead so many tokens on; after the end there is only the end */
  peek(ahead = 0): Token {
    return this.#tokens[Math.min(this.#next + ahead, this.#tokens.length - 1)]!
  }
  /** The next token, for messages. */
  get shown(): string {
    return shown(this.peek())
  }
  /** The source from a token up to what was taken last, on one line. */
  textSince(first: Token): string {
    return this.#source.slice(first.start, this.#tokens[this.#next - 1]!.end).replace(/\s+/g, ' ')
  }
  take(): Token {
    const token = this.peek()
    if (token.kind !== 'end') this.#next++
    return token
  }
  /** Whether the next token is this word or symbol; takes it if so. */
  accept(text: string): boolean {
    if (!this.is(text)) return false
    this.#next++
    return true
  }
  is(text: string): boolean {
    const token = this.peek()
    return (token.kind === 'word' || token.kind === 'symbol') && token.text === text
  }
  expect(text: string): void {
    if (!this.accept(text)) throw dqdlSyntax(this.position, `expected "${text}", found ${shown(this.peek())}`)
  }
  expectKind(kind: TokenKind, what: string): string {
    const token = this.peek()
    if (token.kind !== kind) throw dqdlSyntax(token.position, `expected ${what}, found ${shown(token)}`)
    this.#next++
    return token.text
  }
  number(what: string): number {
    return Number(this.expectKind('number', what))
  }
}

const shown = ({ kind, text }: Token): string =>
  kind === 'end' ? 'the end' : kind === 'text' ? `the text "${text}"` : `"${text}"`
