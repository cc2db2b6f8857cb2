import {
  closingOf,
  isName,
  isSymbol,
  isWord,
  made,
  madeFor,
  outside,
  parted,
  spliced,
  startsClause,
  type Token,
} from './token.js'

const startsStatement = (tokens: readonly Token[], i: number): boolean => {
  const last = tokens[i - 1]
  return last === undefined || isSymbol(last, ';') || isSymbol(last, '(')
}

/** FROM t SELECT a WHERE … → SELECT a FROM t WHERE …; FROM t alone gives all columns. */
export function fromFirst(tokens: readonly Token[]): readonly Token[] {
  let result = tokens
  for (let i = 0; i < result.length; i++) {
    if (!isWord(result[i], 'from') || !startsStatement(result, i) || isWord(result[i - 2], 'extract')) continue
    const isSelect = (j: number): boolean => isWord(result[j], 'select')
    const select = outside(result, i + 1, (j) => isSelect(j) || startsClause(result, j))
    if (!isSelect(select)) {
      const from = result[i]!
      result = spliced(result, i, i + 1, ...made(from, 'select *', from.before), { ...from, before: ' ' })
      continue
    }
    const end = outside(result, select + 1, (j) => startsClause(result, j))
    const spaced = (token: Token): Token => (token.before === '' ? { ...token, before: ' ' } : token)
    result = [
      ...result.slice(0, i),
      ...result.slice(select, end),
      spaced(result[i]!),
      ...result.slice(i + 1, select),
      ...result.slice(end),
    ]
  }
  return result
}

const needsAs = [
  'year',
  'month',
  'day',
  'hour',
  'minute',
  'second',
  'name',
  'within',
  'precision',
  'varying',
  'filter',
  'over',
]

/** SELECT sum(a) year, … → sum(a) AS year: words that PostgreSQL takes as an alias only after AS. */
export function barePlainAliases(tokens: readonly Token[]): readonly Token[] {
  const isAlias = (t: Token, i: number): boolean => {
    const [last, next] = [tokens[i - 1], tokens[i + 1]]
    if (!isWord(t, ...needsAs) || last === undefined) return false
    const ends = isSymbol(last, ')') || isSymbol(last, ']') || last.kind === 'quoted' || isWord(last, 'end')
    return (
      ends &&
      (next === undefined || next.text === '' || isSymbol(next, ',') || isSymbol(next, ')') || isWord(next, 'from'))
    )
  }
  return tokens.some(isAlias) ? tokens.flatMap((t, i) => (isAlias(t, i) ? [madeFor(t, 'as'), t] : [t])) : tokens
}

/** SELECT a, b, FROM t */
export const trailingCommas = (tokens: readonly Token[]): readonly Token[] => {
  const isTrailing = (t: Token, i: number): boolean => isSymbol(t, ',') && isWord(tokens[i + 1], 'from')
  return tokens.some(isTrailing) ? tokens.filter((t, i) => !isTrailing(t, i)) : tokens
}

/** SELECT TOP 10 a → SELECT "__top"(10), a */
export function selectTop(tokens: readonly Token[]): readonly Token[] {
  let result = tokens
  for (let i = 1; i < result.length; i++) {
    if (!isWord(result[i], 'top') || !isWord(result[i - 1], 'select', 'distinct')) continue
    const count = isSymbol(result[i + 1], '(') ? result[i + 2] : result[i + 1]
    if (count?.kind !== 'number') continue
    const end = isSymbol(result[i + 1], '(') ? i + 4 : i + 2
    result = spliced(result, i, end, ...made(result[i]!, `"__top"(${count.text}),`))
  }
  return result
}

const beforeStar = (token: Token | undefined): boolean =>
  isWord(token, 'select', 'distinct') || isSymbol(token, ',') || isSymbol(token, '.')

/** * EXCLUDE (a), * EXCEPT (a), * REPLACE (b AS a), * RENAME (a AS b): calls after the star. */
export function starModifiers(tokens: readonly Token[]): readonly Token[] {
  let result = tokens
  for (let i = 1; i < result.length; i++) {
    if (result[i]?.text !== '*' || !beforeStar(result[i - 1])) continue
    for (let next = i + 1; isModifier(result, next);) {
      const [end, added] = modifier(result, next)
      result = spliced(result, next, end, ...added)
      next += added.length
    }
  }
  return result
}

function isModifier(tokens: readonly Token[], i: number): boolean {
  const isList =
    isSymbol(tokens[i + 1], '(') &&
    !isWord(tokens[i + 2], 'select', 'with', 'values', 'from') &&
    !isSymbol(tokens[i + 2], '(')
  if (isWord(tokens[i], 'exclude')) return isList || isName(tokens[i + 1])
  return isWord(tokens[i], 'except', 'replace', 'rename') && isList
}

function modifier(tokens: readonly Token[], i: number): readonly [number, readonly Token[]] {
  const token = tokens[i]!
  const what = isWord(token, 'replace') ? '__replace' : isWord(token, 'rename') ? '__rename' : '__exclude'
  const isList = isSymbol(tokens[i + 1], '(')
  const end = isList ? closingOf(tokens, i + 1) : i + 1
  const parts = isList ? parted(tokens, i + 2, end) : [[tokens[i + 1]!]]
  const added = parts.flatMap((part) => {
    const as = part.findIndex((t, k) => k === part.length - 2 && isWord(t, 'as'))
    const args = as < 0 ? part : [...part.slice(0, as), madeFor(part[as]!, ',', 'symbol', ''), ...part.slice(as + 1)]
    return [...made(token, `, "${what}"(`, ''), ...args, madeFor(token, ')', 'symbol', '')]
  })
  return [end + 1, added]
}
