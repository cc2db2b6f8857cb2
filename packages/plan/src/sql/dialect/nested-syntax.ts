import { closingOf, isName, isSymbol, isWord, made, madeFor, outside, parted, spliced, type Token } from './token.js'

/** array<int>, map<string, int> and struct<a: int> as a quoted name of a type. */
export function nestedTypes(tokens: readonly Token[]): readonly Token[] {
  let result = tokens
  for (let i = 1; i < result.length; i++) {
    const token = result[i]!
    const isType = isWord(result[i - 1], 'as') || result[i - 1]?.text === '::'
    if (!isType || !isWord(token, 'array', 'map', 'struct') || !result[i + 1]?.text.startsWith('<')) continue
    const end = typeEnd(result, i + 1)
    if (end < 0) continue
    const name = result
      .slice(i, end + 1)
      .map((t, k) => (k === 0 ? '' : t.before === '' ? '' : ' ') + t.text)
      .join('')
    result = spliced(result, i, end + 1, { ...token, kind: 'quoted', text: `"${name.replaceAll('"', '')}"` })
  }
  return result
}

/** The token with which the angle brackets that begin at `from` end. */
function typeEnd(tokens: readonly Token[], from: number): number {
  let depth = 0
  for (let i = from; i < tokens.length; i++) {
    const { kind, text } = tokens[i]!
    if (kind === 'operator') for (const symbol of text) depth += symbol === '<' ? 1 : symbol === '>' ? -1 : 0
    if (depth === 0) return i
  }
  return -1
}

/** Words after which an expression begins, so that a bracket is no subscript. */
const beforeExpression = [
  'from', 'select', 'distinct', 'all', 'where', 'having', 'on', 'and', 'or', 'not', 'in', 'then', 'else', 'when', 'case', 'by',
  'between', 'like', 'is', 'values', 'limit', 'qualify', 'using', 'return',
] // prettier-ignore

const beginsExpression = (last: Token | undefined): boolean =>
  last === undefined ||
  last.kind === 'operator' ||
  (last.kind === 'symbol' && last.text !== ')' && last.text !== ']' && last.text !== '}') ||
  isWord(last, ...beforeExpression)

/** [1, 2] → array[1, 2] */
export function arrayLiterals(tokens: readonly Token[]): readonly Token[] {
  const isLiteral = (i: number): boolean => isSymbol(tokens[i], '[') && beginsExpression(tokens[i - 1])
  if (!tokens.some((_, i) => isLiteral(i))) return tokens
  const closers = new Set<number>()
  const result: Token[] = []
  tokens.forEach((token, i) => {
    if (!isLiteral(i)) {
      result.push(token)
      if (closers.has(i)) result.push(madeFor(token, ')', 'symbol', ''))
      return
    }
    // In brackets, so that a subscript can follow.
    result.push(...made(token, '(array[', token.before))
    closers.add(closingOf(tokens, i))
  })
  return result
}

/** {'a': 1} → named_struct('a', 1); map {'a': 1} → map('a', 1) */
export function structLiterals(tokens: readonly Token[]): readonly Token[] {
  let result = tokens
  for (let i = 0; i < result.length; i++) {
    if (!isSymbol(result[i], '{')) continue
    const end = closingOf(result, i)
    if (end < 0) return result
    const isMap = isWord(result[i - 1], 'map')
    const members = parted(result, i + 1, end).flatMap((part, k) => {
      const colon = part.findIndex((t) => isSymbol(t, ':'))
      const [key, value] = [part.slice(0, colon), part.slice(colon + 1)]
      const name =
        !isMap && key.length === 1 && isName(key[0])
          ? [
              madeFor(
                key[0]!,
                `'${key[0]!.text.replace(/^"|"$/g, '').replaceAll("'", "''")}'`,
                'string',
                key[0]!.before,
              ),
            ]
          : key
      const separator = madeFor(part[0] ?? result[i]!, ',', 'symbol', '')
      return [...(k === 0 ? [] : [separator]), ...name, separator, ...value]
    })
    const close = { ...result[end]!, text: ')' }
    if (isMap) {
      // In brackets, so that a subscript can follow.
      const map = result[i - 1]!
      result = spliced(
        result,
        i - 1,
        end + 1,
        ...made(map, '(map(', map.before),
        ...members,
        close,
        madeFor(map, ')', 'symbol', ''),
      )
      continue
    }
    const open = made(result[i]!, '(named_struct(', result[i]!.before)
    result = spliced(result, i, end + 1, ...open, ...members, close, madeFor(close, ')', 'symbol', ''))
  }
  return result
}

/** [e for x in list if condition] → list_transform(list_filter(list, x -> condition), x -> e) */
export function comprehensions(tokens: readonly Token[]): readonly Token[] {
  let result = tokens
  for (let i = 0; i < result.length; i++) {
    if (!isSymbol(result[i], '[')) continue
    const end = closingOf(result, i)
    const isFor = outside(result, i + 1, (j) => isWord(result[j], 'for'))
    if (end < 0 || isFor >= end || !isName(result[isFor + 1]) || !isWord(result[isFor + 2], 'in')) continue
    const condition = Math.min(
      end,
      outside(result, isFor + 3, (j) => isWord(result[j], 'if')),
    )
    const [first, name] = [result[i]!, result[isFor + 1]!]
    const list = result.slice(isFor + 3, condition)
    const filtered =
      condition === end
        ? list
        : [
            ...made(first, 'list_filter('),
            ...list,
            ...made(first, `, ${name.text} ->`, ''),
            ...result.slice(condition + 1, end),
            madeFor(first, ')', 'symbol', ''),
          ]
    result = spliced(
      result,
      i,
      end + 1,
      ...made(first, 'list_transform(', first.before),
      ...filtered,
      ...made(first, `, ${name.text} ->`, ''),
      ...result.slice(i + 1, isFor),
      madeFor(first, ')', 'symbol', ''),
    )
  }
  return result
}

/** f(x)[1] and f(x).a → (f(x))[1], (f(x)).a */
export function callAccess(tokens: readonly Token[]): readonly Token[] {
  const opened = new Set<number>()
  const closed = new Set<number>()
  tokens.forEach((token, i) => {
    if (!isSymbol(token, '(') || !isName(tokens[i - 1]) || isWord(tokens[i - 1], ...beforeExpression)) return
    const end = closingOf(tokens, i)
    const isMember = isSymbol(tokens[end + 1], '.') && isName(tokens[end + 2])
    if (end < 0 || !(isSymbol(tokens[end + 1], '[') || isMember) || isSymbol(tokens[i - 2], '.')) return
    opened.add(i - 1)
    closed.add(end)
  })
  if (opened.size === 0) return tokens
  return tokens.flatMap((token, i) => [
    ...(opened.has(i) ? [madeFor(token, '(', 'symbol', token.before), { ...token, before: '' }] : [token]),
    ...(closed.has(i) ? [madeFor(token, ')', 'symbol', '')] : []),
  ])
}

/** Spark's array(1, 2) → make_array(1, 2); array(select …) stays. */
export const functionArrays = (tokens: readonly Token[]): readonly Token[] =>
  tokens.some((t, i) => isWord(t, 'array') && isSymbol(tokens[i + 1], '('))
    ? tokens.map((t, i) =>
        isWord(t, 'array') && isSymbol(tokens[i + 1], '(') && !isWord(tokens[i + 2], 'select', 'with', 'values')
          ? { ...t, text: 'make_array' }
          : t,
      )
    : tokens
