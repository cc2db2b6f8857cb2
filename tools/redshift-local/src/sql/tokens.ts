import { sqlError } from '../sql-failure.js'

/** A piece of SQL text; all pieces together are the text. */
export interface Token {
  readonly kind: 'word' | 'quoted' | 'text' | 'number' | 'symbol' | 'space'
  readonly text: string
}

const patterns: readonly (readonly [Token['kind'], RegExp])[] = [
  ['space', /(?:\s+|--[^\n]*|\/\*[\s\S]*?\*\/)+/y],
  ['text', /'(?:[^']|'')*'/y],
  ['text', /(\$\w*\$)[\s\S]*?\1/y],
  ['quoted', /"(?:[^"]|"")+"/y],
  ['number', /(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?/y],
  ['word', /[\p{L}_][\p{L}\p{N}_$]*/uy],
  ['symbol', /::|<=|>=|<>|!=|\|\||->|[^\s]/y],
]

/** @throws SqlFailure for a quote that is not closed */
export function tokenize(sql: string): readonly Token[] {
  const tokens: Token[] = []
  for (let at = 0; at < sql.length;) {
    const found = nextToken(sql, at)
    if (found.kind === 'symbol' && (found.text === "'" || found.text === '"'))
      throw sqlError('42601', `unterminated quoted string at or near "${sql.slice(at, at + 20)}"`)
    tokens.push(found)
    at += found.text.length
  }
  return tokens
}

function nextToken(sql: string, at: number): Token {
  for (const [kind, pattern] of patterns) {
    pattern.lastIndex = at
    const match = pattern.exec(sql)
    if (match !== null) return { kind, text: match[0] }
  }
  throw sqlError('42601', `syntax error at or near "${sql.slice(at, at + 20)}"`)
}

export const joinTokens = (tokens: readonly Token[]): string => tokens.map(({ text }) => text).join('')
export const isWord = (token: Token | undefined, ...words: readonly string[]): boolean =>
  token?.kind === 'word' && words.includes(token.text.toUpperCase())

/** The name that an identifier stands for: what is not quoted is lower case. */
export const nameOf = ({ kind, text }: Token): string =>
  kind === 'quoted' ? text.slice(1, -1).replaceAll('""', '"') : text.toLowerCase()
export const textOf = ({ text }: Token): string => text.slice(1, -1).replaceAll("''", "'")
export const quoteName = (name: string): string => `"${name.replaceAll('"', '""')}"`
export const quoteText = (value: string): string => `'${value.replaceAll("'", "''")}'`

/** Reads tokens one after the other, without spaces and comments. */
export class TokenReader {
  readonly tokens: readonly Token[]
  at = 0

  constructor(tokens: readonly Token[]) {
    this.tokens = tokens.filter(({ kind }) => kind !== 'space')
  }

  get current(): Token | undefined {
    return this.tokens[this.at]
  }
  get isAtEnd(): boolean {
    return this.at >= this.tokens.length || (this.at === this.tokens.length - 1 && this.current!.text === ';')
  }

  peekWord(...words: readonly string[]): boolean {
    return words.every((word, i) => isWord(this.tokens[this.at + i], word))
  }
  /** Takes the words if they are what comes. */
  takeWords(...words: readonly string[]): boolean {
    const found = this.peekWord(...words)
    if (found) this.at += words.length
    return found
  }
  takeSymbol(symbol: string): boolean {
    const found = this.current?.kind === 'symbol' && this.current.text === symbol
    if (found) this.at++
    return found
  }

  /** @throws SqlFailure a syntax error */
  expectWords(...words: readonly string[]): void {
    if (!this.takeWords(...words)) throw this.unexpected(words.join(' '))
  }
  expectSymbol(symbol: string): void {
    if (!this.takeSymbol(symbol)) throw this.unexpected(symbol)
  }
  next(): Token {
    const token = this.current
    if (token === undefined) throw this.unexpected('more')
    this.at++
    return token
  }
  name(): string {
    const token = this.next()
    if (token.kind !== 'word' && token.kind !== 'quoted') throw this.unexpected('a name', token)
    return nameOf(token)
  }
  text(): string {
    const token = this.next()
    if (token.kind !== 'text') throw this.unexpected('a text', token)
    return textOf(token)
  }

  /** `[schema.]name` */
  relation(): RelationName {
    const first = this.name()
    return this.takeSymbol('.') ? { schema: first, name: this.name() } : { schema: null, name: first }
  }
  /** `(a, b)` */
  nameList(): readonly string[] {
    this.expectSymbol('(')
    const names: string[] = []
    do names.push(this.name())
    while (this.takeSymbol(','))
    this.expectSymbol(')')
    return names
  }

  unexpected(wanted: string, token: Token | undefined = this.current): Error {
    return sqlError('42601', `syntax error at or near "${token?.text ?? 'end of input'}" (expected ${wanted})`)
  }
}

export interface RelationName {
  readonly schema: string | null
  readonly name: string
}
export const relationSql = ({ schema, name }: RelationName): string =>
  schema === null ? quoteName(name) : `${quoteName(schema)}.${quoteName(name)}`
