import { unsupported } from '../sql-failure.js'
import { isForeignType } from './column-types.js'
import { isWord, joinTokens, type Token } from './tokens.js'

/** Functions whose first argument is a bare word in Redshift and a text in PostgreSQL. */
const datePartFunctions = ['DATEDIFF', 'DATEADD', 'DATE_DIFF', 'DATE_ADD']
const renamed: Readonly<Record<string, string>> = { NVL: 'COALESCE', SYSDATE: 'getdate()', LEN: 'length' }
const castTypes: Readonly<Record<string, string>> = { SUPER: 'JSONB', VARBYTE: 'BYTEA' }

/** Words that PostgreSQL understands and Redshift does not: to accept them would be to promise what production refuses. */
const refused: readonly (readonly [words: readonly string[], what: string])[] = [
  [['RETURNING'], 'RETURNING'],
  [['ON', 'CONFLICT'], 'ON CONFLICT'],
  [['CREATE', 'INDEX'], 'CREATE INDEX'],
  [['CREATE', 'UNIQUE', 'INDEX'], 'CREATE INDEX'],
  [['CREATE', 'TYPE'], 'CREATE TYPE'],
  [['CREATE', 'SEQUENCE'], 'CREATE SEQUENCE'],
  [['CREATE', 'TRIGGER'], 'CREATE TRIGGER'],
  [['FROM', 'STDIN'], 'COPY FROM STDIN'],
  [['DISTINCT', 'ON'], 'DISTINCT ON'],
  [['LATERAL'], 'LATERAL'],
  [['IN', 'SHARE'], 'A lock mode'],
  [['IN', 'ROW'], 'A lock mode'],
]

/** @throws SqlFailure for PostgreSQL's own words */
export function refuseForeign(tokens: readonly Token[]): void {
  const words = tokens.filter(({ kind }) => kind !== 'space')
  words.forEach((token, i) => {
    for (const [sequence, what] of refused)
      if (sequence.every((word, j) => isWord(words[i + j], word))) throw unsupported(what)
    const before = words[i - 1]
    if (isForeignType(token) && (isWord(before, 'AS') || before?.text === '::'))
      throw unsupported(`The type "${token.text}"`)
  })
}

/**
 * An expression or query of Redshift in PostgreSQL's words.
 * @param caseSensitive whether quoted names keep their letters (`enable_case_sensitive_identifier`)
 */
export function translateExpressions(tokens: readonly Token[], caseSensitive: boolean): string {
  const translated: string[] = []
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i]!
    translated.push(translateToken(tokens, i, token, caseSensitive))
  }
  return translated.join('')
}

function translateToken(tokens: readonly Token[], i: number, token: Token, caseSensitive: boolean): string {
  if (token.kind === 'quoted') return caseSensitive ? token.text : token.text.toLowerCase()
  if (token.kind !== 'word') return token.text
  const word = token.text.toUpperCase()
  const [before, after] = [neighbour(tokens, i, -1), neighbour(tokens, i, 1)]
  if (before?.text === '(' && isWord(neighbour(tokens, i, -2), ...datePartFunctions) && after?.text === ',')
    return `'${token.text.toLowerCase()}'`
  const isCast = isWord(before, 'AS') || before?.text === '::'
  if (isCast && word in castTypes) return castTypes[word]!
  // A VARCHAR without a length holds 256 bytes.
  if (isCast && word === 'VARCHAR' && after?.text !== '(') return 'VARCHAR(256)'
  if (word === 'MAX' && before?.text === '(' && isWord(neighbour(tokens, i, -2), 'VARCHAR')) return '65535'
  return word in renamed && before?.text !== '.' ? renamed[word]! : token.text
}

/** The token so many places away, spaces not counted. */
function neighbour(tokens: readonly Token[], i: number, places: number): Token | undefined {
  const step = Math.sign(places)
  for (let left = Math.abs(places), at = i + step; at >= 0 && at < tokens.length; at += step) {
    if (tokens[at]!.kind !== 'space' && --left === 0) return tokens[at]
  }
  return undefined
}

export const lowerQuoted = (tokens: readonly Token[]): readonly Token[] =>
  tokens.map((token) => (token.kind === 'quoted' ? { ...token, text: token.text.toLowerCase() } : token))

/** The statements of a text, without their semicolons and empty ones. */
export function splitStatements(tokens: readonly Token[]): readonly (readonly Token[])[] {
  const statements: Token[][] = [[]]
  for (const token of tokens) {
    if (token.kind === 'symbol' && token.text === ';') statements.push([])
    else statements.at(-1)!.push(token)
  }
  return statements.filter((statement) => joinTokens(statement.filter(({ kind }) => kind !== 'space')) !== '')
}
