import { bind, type BoundExpression } from '@deltaworks/expression'
import { parseExpression } from '@deltaworks/plan'
import type { Schema } from '@deltaworks/schema'
import { invalidExpression } from '../errors.js'

/**
 * An expression of a table's metadata (constraint, generation expression, default) over its columns. Delta keeps them as Spark's
 * SQL.
 * @param what says in the error what the text is: `CHECK constraint positive`
 * @throws DeltaTableError DW-TABLE-0017
 */
export async function bindExpressionText(
  table: string,
  what: string,
  text: string,
  over: Schema,
): Promise<BoundExpression> {
  try {
    return bind(await parseExpression(fromSparkSql(text)), over)
  } catch (error) {
    throw invalidExpression(table, what, text, error instanceof Error ? error.message : String(error), error)
  }
}

const tokens = /'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.)*"|`(?:[^`]|``)*`|<=>/g

/**
 * Spark's spelling in our grammar: identifiers in backticks get double quotes, strings in double quotes get single ones, `<=>` is
 * IS NOT DISTINCT FROM.
 */
export const fromSparkSql = (text: string): string =>
  text.replace(tokens, (token) => {
    if (token === '<=>') return ' IS NOT DISTINCT FROM '
    const inner = token.slice(1, -1)
    if (token.startsWith('`')) return `"${inner.replaceAll('``', '`').replaceAll('"', '""')}"`
    return `'${unescaped(inner.replaceAll("''", "\\'")).replaceAll("'", "''")}'`
  })

const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', '0': '\0', b: '\b' }

const unescaped = (text: string): string => text.replace(/\\(.)/gs, (_, c: string) => escapes[c] ?? c)
