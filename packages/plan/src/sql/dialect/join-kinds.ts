import { closingOf, isSymbol, isWord, made, madeFor, outside, spliced, startsClause, type Token } from './token.js'

/** LEFT SEMI JOIN t ON c → JOIN t ON "__semi"(c); with USING (a): as an alias of the pair. ANTI and ASOF likewise. */
export function joinKinds(tokens: readonly Token[]): readonly Token[] {
  let result = tokens
  for (let i = 0; i < result.length; i++) {
    const kind = joinKind(result, i)
    if (kind === null) continue
    const { name, start, join } = kind
    const without = spliced(result, start, join)
    const on = outside(without, start + 1, (j) => isWord(without[j], 'on', 'using') || startsClause(without, j))
    const token = result[i]!
    if (isWord(without[on], 'using')) {
      const close = closingOf(without, on + 1)
      result = spliced(without, close + 1, close + 1, ...made(token, `as "${name}"`))
      continue
    }
    if (!isWord(without[on], 'on')) continue
    const end = outside(without, on + 1, (j) => endsCondition(without, j))
    result = [
      ...without.slice(0, on + 1),
      ...made(token, `"${name}"(`),
      ...without.slice(on + 1, end),
      madeFor(token, ')', 'symbol', ''),
      ...without.slice(end),
    ]
  }
  return result
}

interface JoinKindTokens {
  readonly name: string
  /** The first token of the kind, and the word JOIN. */
  readonly start: number
  readonly join: number
}

function joinKind(tokens: readonly Token[], i: number): JoinKindTokens | null {
  if (isWord(tokens[i], 'semi', 'anti') && isWord(tokens[i + 1], 'join')) {
    const start = isWord(tokens[i - 1], 'left') ? i - 1 : i
    return { name: isWord(tokens[i], 'semi') ? '__semi' : '__anti', start, join: i + 1 }
  }
  if (!isWord(tokens[i], 'asof')) return null
  const isLeft = isWord(tokens[i + 1], 'left')
  const after = isLeft || isWord(tokens[i + 1], 'inner') ? (isWord(tokens[i + 2], 'outer') ? i + 3 : i + 2) : i + 1
  return isWord(tokens[after], 'join') ? { name: isLeft ? '__asof_left' : '__asof', start: i, join: after } : null
}

const joinWords = ['join', 'inner', 'full', 'cross', 'natural', 'semi', 'anti', 'asof', 'pivot', 'unpivot', 'lateral']

function endsCondition(tokens: readonly Token[], i: number): boolean {
  if (isSymbol(tokens[i], ',') || startsClause(tokens, i) || isWord(tokens[i], ...joinWords)) return true
  return isWord(tokens[i], 'left', 'right') && !isSymbol(tokens[i + 1], '(')
}
