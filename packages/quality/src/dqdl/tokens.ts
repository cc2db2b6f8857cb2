import { dqdlSyntax, type Position } from '../errors.js'

export type TokenKind = 'word' | 'text' | 'number' | 'symbol' | 'end'

export interface Token {
  readonly kind: TokenKind
  /** Words, numbers and symbols as they stand; of text what is between the quotes. */
  readonly text: string
  readonly position: Position
  /** Where it begins and ends in the source. */
  readonly start: number
  readonly end: number
}

const pattern =
  /(\s+|#[^\n]*)|([A-Za-z_][A-Za-z0-9_.]*)|("(?:[^"\\]|\\.)*")|(\d+(?:\.\d+)?)|(!=|>=|<=|[[\](){},:$=<>+\-*/])/y

/** DQDL text as tokens, comments left out. @throws QualityError DW-QUALITY-0006 */
export function tokenise(source: string): readonly Token[] {
  const tokens: Token[] = []
  let at = 0
  let [line, lineStart] = [1, 0]
  while (at < source.length) {
    const position = { line, column: at - lineStart + 1 }
    pattern.lastIndex = at
    const match = pattern.exec(source)
    if (match === null) {
      throw dqdlSyntax(
        position,
        source[at] === '"' ? 'the text that begins here has no end' : `"${source[at]!}" is not expected`,
      )
    }
    const span = { position, start: at, end: at + match[0].length }
    const [whole, , word, text, number, symbol] = match
    if (word !== undefined) tokens.push({ kind: 'word', text: word, ...span })
    else if (text !== undefined) tokens.push({ kind: 'text', text: unquote(text), ...span })
    else if (number !== undefined) tokens.push({ kind: 'number', text: number, ...span })
    else if (symbol !== undefined) tokens.push({ kind: 'symbol', text: symbol, ...span })
    for (let i = at; i < at + whole.length; i++) if (source[i] === '\n') [line, lineStart] = [line + 1, i + 1]
    at += whole.length
  }
  return [...tokens, { kind: 'end', text: '', position: { line, column: at - lineStart + 1 }, start: at, end: at }]
}

/** Only quotes and backslashes are escaped; other backslashes belong to regular expressions. */
const unquote = (quoted: string): string => quoted.slice(1, -1).replace(/\\(["\\])/g, '$1')
