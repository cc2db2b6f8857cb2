import { closingOf, isName, isSymbol, isWord, made, type Token } from './token.js'

/** LATERAL VIEW [OUTER] explode(a) t AS x, y → CROSS JOIN explode(a) AS t (x, y) */
export function lateralViews(tokens: readonly Token[]): readonly Token[] {
  let result = tokens
  for (let i = 0; i < result.length; i++) {
    if (!isWord(result[i], 'lateral') || !isWord(result[i + 1], 'view')) continue
    const isOuter = isWord(result[i + 2], 'outer')
    const name = i + (isOuter ? 3 : 2)
    const close = closingOf(result, name + 1)
    if (close < 0) continue
    const [alias, columns, end] = names(result, close + 1)
    const suffix = isOuter && !/_outer$/i.test(result[name]!.text) ? '_outer' : ''
    const of = columns.length === 0 ? '' : `(${columns.map((t) => t.text).join(', ')})`
    result = [
      ...result.slice(0, i),
      ...made(result[i]!, 'cross join'),
      { ...result[name]!, text: `${result[name]!.text}${suffix}` },
      ...result.slice(name + 1, close + 1),
      ...made(result[i]!, `as ${alias?.text ?? `"lateral view ${i}"`}${of}`),
      ...result.slice(end),
    ]
  }
  return result
}

/** The view's alias, those of its columns, and where they end. */
function names(tokens: readonly Token[], from: number): readonly [Token | null, readonly Token[], number] {
  const isReserved = (token: Token | undefined): boolean =>
    isWord(
      token,
      'as',
      'lateral',
      'where',
      'group',
      'order',
      'limit',
      'join',
      'having',
      'cross',
      'left',
      'union',
      'qualify',
    )
  const alias = isName(tokens[from]) && !isReserved(tokens[from]) ? tokens[from]! : null
  let i = from + (alias === null ? 0 : 1)
  if (!isWord(tokens[i], 'as')) return [alias, [], i]
  const columns: Token[] = []
  for (i++; isName(tokens[i]); i += 2) {
    columns.push(tokens[i]!)
    if (!isSymbol(tokens[i + 1], ',')) return [alias, columns, i + 1]
  }
  return [alias, columns, i]
}
