import { closingOf, isName, isSymbol, isWord, made, madeFor, outside, parted, spliced, type Token } from './token.js'

/**
 * t PIVOT (sum(a) AS s FOR k IN (1 AS one, 2)) → t CROSS JOIN LATERAL (SELECT "__pivot"(), sum(a) AS s, "__for"(k), 1 AS one, 2);
 * UNPIVOT (v FOR k IN (a, b)) likewise, with "__unpivot"(include nulls).
 */
export function pivots(tokens: readonly Token[]): readonly Token[] {
  let result = tokens
  for (let i = 1; i < result.length; i++) {
    if (!isWord(result[i], 'pivot', 'unpivot')) continue
    const isUnpivot = isWord(result[i], 'unpivot')
    const nulls = isUnpivot && isWord(result[i + 1], 'include', 'exclude') && isWord(result[i + 2], 'nulls') ? 2 : 0
    const open = i + 1 + nulls
    if (!isSymbol(result[open], '(')) continue
    const close = closingOf(result, open)
    const body = close < 0 ? null : pivotBody(result, open, close)
    if (body === null) continue
    const first = result[i]!
    const head = isUnpivot ? `"__unpivot"(${String(isWord(result[i + 1], 'include'))})` : '"__pivot"()'
    const comma = madeFor(first, ',', 'symbol', '')
    result = spliced(
      result,
      i,
      close + 1,
      ...made(first, `cross join lateral (select ${head},`),
      ...body.values,
      comma,
      ...made(first, '"__for"('),
      ...body.column,
      madeFor(first, ')', 'symbol', ''),
      ...body.list.flatMap((part) => [comma, ...part]),
      madeFor(first, ')', 'symbol', ''),
    )
  }
  return result
}

interface PivotBody {
  readonly values: readonly Token[]
  readonly column: readonly Token[]
  readonly list: readonly (readonly Token[])[]
}

function pivotBody(tokens: readonly Token[], open: number, close: number): PivotBody | null {
  const isFor = outside(tokens, open + 1, (j) => isWord(tokens[j], 'for'))
  const isIn = outside(tokens, isFor + 1, (j) => isWord(tokens[j], 'in'))
  if (isIn >= close || !isSymbol(tokens[isIn + 1], '(')) return null
  const end = closingOf(tokens, isIn + 1)
  const column = tokens.slice(isFor + 1, isIn)
  const inner = isSymbol(column[0], '(') ? column.slice(1, -1) : column
  return { values: tokens.slice(open + 1, isFor), column: inner, list: parted(tokens, isIn + 2, end).map(named) }
}

/** `1 AS one`, `1 one` and `a AS 'x'` with the alias as a name after AS. */
function named(part: readonly Token[]): readonly Token[] {
  const alias = part[part.length - 1]!
  if (part.length < 2 || (!isName(alias) && alias.kind !== 'string')) return part
  const hasAs = isWord(part[part.length - 2], 'as')
  if (
    !hasAs &&
    (alias.kind === 'string' || part[part.length - 2]!.kind === 'operator' || isSymbol(part[part.length - 2], '.'))
  )
    return part
  const name = alias.kind === 'string' ? `"${alias.text.slice(1, -1).replaceAll('"', '""')}"` : alias.text
  return [
    ...part.slice(0, hasAs ? -2 : -1),
    madeFor(alias, 'as'),
    { ...alias, kind: 'quoted', text: name, before: ' ' },
  ]
}
