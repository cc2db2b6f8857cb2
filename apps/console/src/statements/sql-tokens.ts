import { sqlProblem } from './sql-problem.js'

/*
 * Statements about Delta tables are Spark's, which PostgreSQL's grammar does not know. Only their frame is parsed here: expressions
 * and queries inside stay text, which the SQL front end parses.
 */

export interface Token {
  /** `name`: in backticks or double quotes; `text` is then what is inside. */
  readonly kind: 'word' | 'name' | 'string' | 'number' | 'symbol'
  readonly text: string
  readonly start: number
  readonly end: number
}

const pattern =
  /(?<space>\s+|--[^\n]*|\/\*[\s\S]*?\*\/)|(?<backtick>`(?:[^`]|``)*`)|(?<quoted>"(?:[^"]|"")*")|(?<string>'(?:[^']|'')*')|(?<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|(?<word>[\p{L}_][\p{L}\p{N}_$]*)|(?<symbol><=>|::|<=|>=|<>|!=|=>|\|\||[\s\S])/uy

/** @throws UsageError DW-CLI-0004 for a quotation that does not end */
export function tokensOf(text: string): readonly Token[] {
  const tokens: Token[] = []
  pattern.lastIndex = 0
  while (pattern.lastIndex < text.length) {
    const start = pattern.lastIndex
    const groups = pattern.exec(text)!.groups!
    const end = pattern.lastIndex
    const raw = text.slice(start, end)
    if (groups['space'] !== undefined) continue
    if (groups['backtick'] !== undefined) {
      tokens.push({ kind: 'name', text: raw.slice(1, -1).replaceAll('``', '`'), start, end })
    } else if (groups['quoted'] !== undefined) {
      tokens.push({ kind: 'name', text: raw.slice(1, -1).replaceAll('""', '"'), start, end })
    } else if (groups['string'] !== undefined) {
      tokens.push({ kind: 'string', text: raw.slice(1, -1).replaceAll("''", "'"), start, end })
    } else if (groups['number'] !== undefined) tokens.push({ kind: 'number', text: raw, start, end })
    else if (groups['word'] !== undefined) tokens.push({ kind: 'word', text: raw, start, end })
    else {
      if (raw === '`' || raw === '"' || raw === "'")
        throw sqlProblem(`The quotation that begins with ${raw} does not end`)
      tokens.push({ kind: 'symbol', text: raw, start, end })
    }
  }
  return tokens
}

/** The statements of a text, separated by semicolons outside of quotations and comments. */
export function statementsIn(text: string): readonly string[] {
  const statements: string[] = []
  let start = 0
  for (const token of tokensOf(text)) {
    if (token.kind !== 'symbol' || token.text !== ';') continue
    statements.push(text.slice(start, token.start))
    start = token.end
  }
  statements.push(text.slice(start))
  return statements.map((statement) => statement.trim()).filter((statement) => tokensOf(statement).length > 0)
}

/** Spark's names in backticks as PostgreSQL's in double quotes; the rest stays as it is. */
export const withPostgresNames = (text: string): string =>
  tokensOf(text)
    .filter(({ kind, start }) => kind === 'name' && text[start] === '`')
    .reduceRight(
      (result, { text: name, start, end }) =>
        `${result.slice(0, start)}"${name.replaceAll('"', '""')}"${result.slice(end)}`,
      text,
    )
