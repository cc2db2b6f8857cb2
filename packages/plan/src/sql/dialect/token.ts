/** A word, literal or symbol of a SQL text, with the blanks and comments before it. */
export interface Token {
  readonly kind: 'word' | 'quoted' | 'string' | 'number' | 'operator' | 'symbol'
  readonly text: string
  readonly before: string
  /** Where it is in the user's text, or the token that it was made for. */
  readonly start: number
  /** What the parser's grammar has no word for; told to whoever reads the parser's tree. */
  readonly note?: string
}

const blanks = /(?:\s+|--[^\n]*|\/\*(?:[^*]|\*(?!\/))*\*\/)+/y
const patterns: readonly (readonly [Token['kind'], RegExp])[] = [
  ['string', /[eE]'(?:[^'\\]|\\[^]|'')*'|(?:[xXbBnN]|[uU]&)?'(?:[^']|'')*'|(\$(?:[A-Za-z_]\w*)?\$)[^]*?\1/y],
  ['quoted', /"(?:[^"]|"")*"|`(?:[^`]|``)*`/y],
  ['word', /[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*/y],
  ['number', /(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d+)?/y],
  ['operator', /(?:(?!--|\/\*)[+\-*/<>=~!@#%^&|?])+|::|:=/y],
  ['symbol', /[()[\]{},;.:$\\]/y],
]

/** The tokens of a text; null if something in it is not closed, or no token (the parser says what). */
export function tokensOf(text: string): Token[] | null {
  const tokens: Token[] = []
  let at = 0
  while (at < text.length) {
    blanks.lastIndex = at
    const before = blanks.exec(text)?.[0] ?? ''
    at += before.length
    if (at >= text.length) {
      tokens.push({ kind: 'symbol', text: '', before, start: at })
      break
    }
    const token = tokenAt(text, at)
    if (token === null) return null
    tokens.push({ ...token, before, start: at })
    at += token.text.length
  }
  return tokens
}

function tokenAt(text: string, at: number): Pick<Token, 'kind' | 'text'> | null {
  for (const [kind, pattern] of patterns) {
    pattern.lastIndex = at
    const found = pattern.exec(text)?.[0]
    if (found !== undefined && found !== '') return { kind, text: found }
  }
  return null
}

/** A token that stands for another one of the user's. */
export const madeFor = (origin: Token, text: string, kind: Token['kind'] = 'word', before = ' '): Token => ({
  kind,
  text,
  before,
  start: origin.start,
})

/** The tokens of a text that stand for another one of the user's. */
export function made(origin: Token, text: string, before = ' '): readonly Token[] {
  const tokens = (tokensOf(text) ?? []).filter((token) => token.text !== '')
  return tokens.map((token, i) => ({ ...token, before: i === 0 ? before : token.before, start: origin.start }))
}

export const isWord = (token: Token | undefined, ...words: readonly string[]): boolean =>
  token?.kind === 'word' && words.includes(token.text.toLowerCase())

export const isSymbol = (token: Token | undefined, text: string): boolean =>
  token?.kind === 'symbol' && token.text === text

/** A name as it may stand for a table or column. */
export const isName = (token: Token | undefined): boolean => token?.kind === 'word' || token?.kind === 'quoted'

const closers: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}' }

/** The place of the bracket that closes the one at `open`; -1 if none does. */
export function closingOf(tokens: readonly Token[], open: number): number {
  let depth = 0
  for (let i = open; i < tokens.length; i++) {
    const { kind, text } = tokens[i]!
    if (kind !== 'symbol') continue
    if (text in closers) depth++
    else if (text === ')' || text === ']' || text === '}') if (--depth === 0) return i
  }
  return -1
}

/** The first place from `from` on, outside of brackets, where `test` holds; where the brackets around end, or the text. */
export function outside(tokens: readonly Token[], from: number, test: (i: number) => boolean): number {
  for (let i = from; i < tokens.length; i++) {
    const { kind, text } = tokens[i]!
    if (kind === 'symbol') {
      if (text === ')' || text === ']' || text === '}' || text === ';' || text === '') return i
      if (test(i)) return i
      if (text in closers) {
        const end = closingOf(tokens, i)
        if (end < 0) return tokens.length
        i = end
      }
    } else if (test(i)) return i
  }
  return tokens.length
}

/** The last place before `from`, outside of brackets, where `test` holds; -1 if the brackets around begin first. */
export function outsideBefore(tokens: readonly Token[], from: number, test: (i: number) => boolean): number {
  let depth = 0
  for (let i = from - 1; i >= 0; i--) {
    const { kind, text } = tokens[i]!
    if (kind === 'symbol') {
      if (text === ')' || text === ']' || text === '}') depth++
      else if (text in closers && --depth < 0) return -1
      else if (text === ';' && depth === 0) return -1
    }
    if (depth === 0 && test(i)) return i
  }
  return -1
}

/** The tokens with those from `start` to before `end` replaced. */
export const spliced = (
  tokens: readonly Token[],
  start: number,
  end: number,
  ...replacement: readonly Token[]
): Token[] => [...tokens.slice(0, start), ...replacement, ...tokens.slice(end)]

/** What the tokens between two places are, parted by commas outside of brackets. */
export function parted(tokens: readonly Token[], start: number, end: number): readonly (readonly Token[])[] {
  const parts: (readonly Token[])[] = []
  let from = start
  for (;;) {
    const comma = outside(tokens, from, (i) => isSymbol(tokens[i], ','))
    const to = Math.min(comma, end)
    if (to > from || parts.length > 0) parts.push(tokens.slice(from, to))
    if (to >= end) return parts
    from = to + 1
  }
}

/** Words with which a clause begins, so that the one before ends. */
const clauseWords = ['where', 'group', 'having', 'qualify', 'window', 'order', 'limit', 'offset', 'fetch', 'for']
const setWords = ['union', 'intersect', 'except', 'minus']
export const startsClause = (tokens: readonly Token[], i: number): boolean => {
  const token = tokens[i]
  if (isWord(token, ...clauseWords)) return true
  return isWord(token, ...setWords) && !isSymbol(tokens[i - 1], '.')
}
