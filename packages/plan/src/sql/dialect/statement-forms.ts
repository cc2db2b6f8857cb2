import { isSymbol, isWord, made, madeFor, spliced, type Token } from './token.js'

/** Statements that PostgreSQL's grammar does not have, as EXPLAIN with an option that the binder knows. */
export function statementForms(tokens: readonly Token[]): readonly Token[] {
  let result = tokens
  for (let i = 0; i < result.length; i++) {
    if (i > 0 && !isSymbol(result[i - 1], ';')) continue
    result = statementForm(result, i)
  }
  return result
}

function statementForm(tokens: readonly Token[], i: number): readonly Token[] {
  const [first, second] = [tokens[i]!, tokens[i + 1]]
  const asExplain = (option: string, end: number): readonly Token[] => {
    const isQuery = isWord(tokens[end], 'select', 'with', 'values', 'from') || isSymbol(tokens[end], '(')
    return spliced(
      tokens,
      i,
      end,
      ...made(first, `explain (${option})${isQuery ? '' : ' select * from'}`, first.before),
    )
  }
  const skipped = (from: number, ...words: readonly string[]): number =>
    isWord(tokens[from], ...words) ? from + 1 : from
  if (isWord(first, 'describe', 'desc'))
    return asExplain('describe', skipped(skipped(i + 1, 'table', 'query'), 'extended', 'formatted'))
  if (isWord(first, 'summarize')) return asExplain('summarize', i + 1)
  if (isWord(first, 'show') && isWord(second, 'columns') && isWord(tokens[i + 2], 'from', 'in'))
    return asExplain('describe', i + 3)
  if (isWord(first, 'explain') && isWord(second, 'formatted', 'extended', 'cost', 'codegen')) {
    return spliced(tokens, i + 1, i + 2, madeFor(second!, 'verbose'))
  }
  if (isWord(first, 'cache', 'uncache', 'refresh')) return tokens
  return createForm(tokens, i)
}

/** CREATE OR REPLACE TABLE t AS … → CREATE TABLE t WITH ("or replace") AS … */
function createForm(tokens: readonly Token[], i: number): readonly Token[] {
  if (!isWord(tokens[i], 'create') || !isWord(tokens[i + 1], 'or') || !isWord(tokens[i + 2], 'replace')) return tokens
  const table = isWord(tokens[i + 3], 'temp', 'temporary') ? i + 4 : i + 3
  if (!isWord(tokens[table], 'table')) return tokens
  let end = table + 2
  while (isSymbol(tokens[end], '.')) end += 2
  const replaced = spliced(tokens, end, end, ...made(tokens[i + 2]!, 'with (or_replace)'))
  return spliced(replaced, i + 1, i + 3)
}
