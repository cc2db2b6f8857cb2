import { isSymbol, isWord, made, madeFor, outside, outsideBefore, spliced, startsClause, type Token } from './token.js'

const call = (origin: Token, name: string): readonly Token[] => made(origin, `"${name}"()`)

/** QUALIFY condition → a part of HAVING that the binder knows. */
export function qualify(tokens: readonly Token[]): readonly Token[] {
  let result = tokens
  for (let i = 0; i < result.length; i++) {
    if (!isWord(result[i], 'qualify') || (isSymbol(result[i + 1], '(') === false && isSymbol(result[i + 1], ',')))
      continue
    if (isSymbol(result[i - 1], '.') || isWord(result[i - 1], 'as', 'select')) continue
    const token = result[i]!
    const end = outside(result, i + 1, (j) => startsClause(result, j))
    const condition = [
      madeFor(token, '"__qualify"', 'quoted'),
      madeFor(token, '(', 'symbol', ''),
      ...result.slice(i + 1, end),
      madeFor(token, ')', 'symbol', ''),
    ]
    const without = spliced(result, i, end)
    const begins = outsideBefore(without, i, (j) => isWord(without[j], 'select'))
    const find = (word: string) => {
      const at = outsideBefore(without, i, (j) => isWord(without[j], word))
      return at > begins ? at : -1
    }
    const [having, window] = [find('having'), find('window')]
    const place = window >= 0 ? window : i
    if (having < 0) {
      result = spliced(without, place, place, madeFor(token, 'having'), ...condition)
      continue
    }
    result = [
      ...without.slice(0, having + 1),
      madeFor(token, '(', 'symbol'),
      ...without.slice(having + 1, place),
      madeFor(token, ')', 'symbol', ''),
      madeFor(token, 'and'),
      ...condition,
      ...without.slice(place),
    ]
  }
  return result
}

const allAfter = (tokens: readonly Token[], i: number, word: string): boolean =>
  isWord(tokens[i], word) &&
  isWord(tokens[i + 1], 'by') &&
  isWord(tokens[i + 2], 'all') &&
  (tokens[i + 3] === undefined ||
    tokens[i + 3]!.kind === 'symbol' ||
    startsClause(tokens, i + 3) ||
    isWord(tokens[i + 3], 'asc', 'desc', 'nulls'))

const replacedAll =
  (word: string) =>
  (tokens: readonly Token[]): readonly Token[] =>
    tokens.reduce<readonly Token[]>(
      (list, _, i) => (allAfter(list, i, word) ? spliced(list, i + 2, i + 3, ...call(list[i + 2]!, '__all')) : list),
      tokens,
    )

/** GROUP BY ALL: by every output that is no aggregate. */
export const groupByAll = replacedAll('group')
/** ORDER BY ALL: by every output. */
export const orderByAll = replacedAll('order')

/** GROUP BY a, b WITH ROLLUP → GROUP BY ROLLUP (a, b) */
export function withRollup(tokens: readonly Token[]): readonly Token[] {
  let result = tokens
  for (let i = 0; i < result.length; i++) {
    if (!isWord(result[i], 'with') || !isWord(result[i + 1], 'rollup', 'cube')) continue
    const group = outsideBefore(result, i, (j) => isWord(result[j], 'group') && isWord(result[j + 1], 'by'))
    if (group < 0) continue
    const kind = result[i + 1]!
    result = [
      ...result.slice(0, group + 2),
      ...made(kind, `${kind.text} (`),
      ...result.slice(group + 2, i),
      madeFor(kind, ')', 'symbol', ''),
      ...result.slice(i + 2),
    ]
  }
  return result
}
