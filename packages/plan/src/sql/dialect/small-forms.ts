import { closingOf, isName, isSymbol, isWord, made, madeFor, outside, parted, spliced, type Token } from './token.js'

/** `name` in back quotes, as "name". */
export const quotedNames = (tokens: readonly Token[]): readonly Token[] =>
  tokens.some((t) => t.text.startsWith('`'))
    ? tokens.map((t) =>
        t.kind === 'quoted' && t.text.startsWith('`')
          ? { ...t, text: `"${t.text.slice(1, -1).replaceAll('``', '`').replaceAll('"', '""')}"` }
          : t,
      )
    : tokens

/** try_cast(a as type) → try_cast(cast(a as type)) */
export function tryCasts(tokens: readonly Token[]): readonly Token[] {
  let result = tokens
  for (let i = 0; i < result.length; i++) {
    if (!isWord(result[i], 'try_cast', 'safe_cast') || !isSymbol(result[i + 1], '(')) continue
    const end = closingOf(result, i + 1)
    if (end < 0 || outside(result, i + 2, (j) => isWord(result[j], 'as')) >= end) continue
    const token = result[i]!
    result = spliced(result, end, end, madeFor(result[end]!, ')', 'symbol', ''))
    result = spliced(
      result,
      i,
      i + 1,
      { ...token, text: 'try_cast' },
      madeFor(token, '(', 'symbol', ''),
      madeFor(token, 'cast', 'word', ''),
    )
    i += 2
  }
  return result
}

const operatorTexts: Readonly<Record<string, string>> = { '==': '=', '**': '^' }
const numberTypes: Readonly<Record<string, string>> = {
  l: 'bigint',
  s: 'smallint',
  y: 'tinyint',
  d: 'float8',
  f: 'float4',
}

/** Operators of Spark and DuckDB: ==, <=>, //, **, div, rlike, regexp; numbers with the letter of their type. */
export function operators(tokens: readonly Token[]): readonly Token[] {
  const result: Token[] = []
  tokens.forEach((token, i) => {
    const last = tokens[i - 1]
    const operand =
      last !== undefined &&
      (isName(last) || last.kind === 'number' || last.kind === 'string' || isSymbol(last, ')') || isSymbol(last, ']'))
    if (token.kind === 'operator') {
      const text = operatorTexts[token.text]
      if (text !== undefined) result.push({ ...token, text })
      else if (token.text === '//') result.push({ ...token, text: '/', note: 'div' })
      else if (token.text === '<=>') result.push(...made(token, 'is not distinct from'))
      else result.push(token)
    } else if (operand && isWord(token, 'div') && !isSymbol(tokens[i + 1], '(')) {
      result.push({ ...token, kind: 'operator', text: '/', note: 'div' })
    } else if (operand && isWord(token, 'rlike', 'regexp') && tokens[i + 1]?.kind !== 'symbol') {
      const negated = isWord(last, 'not')
      if (negated) result.pop()
      result.push({ ...token, kind: 'operator', text: negated ? '!~' : '~' })
    } else if (
      token.kind === 'word' &&
      last?.kind === 'number' &&
      token.before === '' &&
      numberTypes[token.text.toLowerCase()] !== undefined
    ) {
      result.push(...made(token, `::${numberTypes[token.text.toLowerCase()]!}`, ''))
    } else result.push(token)
  })
  return result.every((token, i) => token === tokens[i]) ? tokens : result
}

/** like any ('a%', 'b%') → like any (array['a%', 'b%']) */
export function likeAny(tokens: readonly Token[]): readonly Token[] {
  let result = tokens
  for (let i = 1; i < result.length; i++) {
    if (!isWord(result[i], 'any', 'all') || !isWord(result[i - 1], 'like', 'ilike') || !isSymbol(result[i + 1], '('))
      continue
    const end = closingOf(result, i + 1)
    if (end < 0 || isWord(result[i + 2], 'select', 'array', 'with')) continue
    const token = result[i]!
    result = [
      ...result.slice(0, i + 2),
      ...made(token, 'array[', ''),
      ...result.slice(i + 2, end),
      madeFor(token, ']', 'symbol', ''),
      ...result.slice(end),
    ]
  }
  return result
}

const nullTreating = ['first_value', 'last_value', 'first', 'last', 'any_value', 'lag', 'lead', 'nth_value']

/** first_value(a) ignore nulls, first_value(a ignore nulls) → first_value(a, __ignore_nulls()) */
export function ignoreNulls(tokens: readonly Token[]): readonly Token[] {
  let result = tokens
  for (let i = 1; i < result.length; i++) {
    if (!isWord(result[i], 'ignore', 'respect') || !isWord(result[i + 1], 'nulls')) continue
    const close = isSymbol(result[i - 1], ')') ? i - 1 : isSymbol(result[i + 2], ')') ? i + 2 : -1
    if (close < 0) continue
    const open = openingOf(result, close)
    if (open < 1 || !isWord(result[open - 1], ...nullTreating)) continue
    const without = [...result.slice(0, i), ...result.slice(i + 2)]
    const place = close > i ? close - 2 : close
    const marker = isWord(result[i], 'ignore') ? made(result[i]!, ', "__ignore_nulls"()', '') : []
    result = spliced(without, place, place, ...marker)
  }
  return result
}

function openingOf(tokens: readonly Token[], close: number): number {
  for (let i = close - 1; i >= 0; i--) {
    if (isSymbol(tokens[i], '(') && closingOf(tokens, i) === close) return i
  }
  return -1
}

/** tablesample (10 percent) → tablesample bernoulli (10) */
export function samples(tokens: readonly Token[]): readonly Token[] {
  let result = tokens
  for (let i = 0; i < result.length; i++) {
    if (!isWord(result[i], 'tablesample') || !isSymbol(result[i + 1], '(')) continue
    const end = closingOf(result, i + 1)
    if (end < 0) continue
    const isPercent = isWord(result[end - 1], 'percent') || result[end - 1]?.text === '%'
    if (!isPercent) continue
    result = [
      ...result.slice(0, i + 1),
      madeFor(result[i]!, 'bernoulli'),
      ...result.slice(i + 1, end - 1),
      ...result.slice(end),
    ]
  }
  return result
}

/** Functions that PostgreSQL's grammar has with a syntax of their own. */
const standardJson = ['json_object', 'json_array', 'json_value', 'json_query', 'json_serialize']

const readers: readonly (readonly [RegExp, string])[] = [
  [/\.parquet$/i, 'read_parquet'],
  [/\.(csv|tsv|txt)(\.gz)?$/i, 'read_csv'],
  [/\.(json|jsonl|ndjson)(\.gz)?$/i, 'read_json'],
  [/\.(arrow|arrows|feather|ipc)$/i, 'read_arrow'],
  [/\.avro$/i, 'read_avro'],
  [/./, 'read_delta'],
]

/** FROM 'file.csv' and parquet.`folder` → a call of the function that reads it. */
export function filePaths(tokens: readonly Token[]): readonly Token[] {
  let result = tokens
  for (let i = 1; i < result.length; i++) {
    const token = result[i]!
    if (
      isWord(result[i - 1], 'from', 'join') &&
      /^'.*(\/|\.\w+').*$/s.test(token.text) &&
      !isInTextFunction(result, i)
    ) {
      const [, reader] = readers.find(([pattern]) => pattern.test(token.text.slice(1, -1)))!
      result = spliced(result, i, i + 1, ...made(token, `${reader}(${token.text})`, token.before))
    } else if (
      isWord(token, 'parquet', 'csv', 'json', 'arrow', 'avro', 'delta') &&
      isSymbol(result[i + 1], '.') &&
      result[i + 2]?.text.startsWith('`') === true
    ) {
      const path = result[i + 2]!.text.slice(1, -1).replaceAll("'", "''")
      result = spliced(result, i, i + 3, ...made(token, `read_${token.text.toLowerCase()}('${path}')`, token.before))
    }
  }
  return result
}

/** Whether the FROM stands in trim(… from …) and the like. */
function isInTextFunction(tokens: readonly Token[], i: number): boolean {
  let depth = 0
  for (let j = i - 1; j > 0; j--) {
    if (isSymbol(tokens[j], ')')) depth++
    else if (isSymbol(tokens[j], '(') && --depth < 0)
      return isWord(tokens[j - 1], 'trim', 'substring', 'overlay', 'extract', 'position')
  }
  return false
}

const bareCalls = ['current_timestamp', 'current_date', 'localtimestamp', 'current_user', 'session_user']

/** current_date() → current_date; exists(list, lambda) as a name. */
export function calls(tokens: readonly Token[]): readonly Token[] {
  let result = tokens
  for (let i = 0; i < result.length; i++) {
    const token = result[i]!
    if (!isSymbol(result[i + 1], '(')) continue
    if (isWord(token, ...bareCalls) && isSymbol(result[i + 2], ')')) result = spliced(result, i + 1, i + 3)
    else if (isWord(token, 'exists') && parted(result, i + 2, closingOf(result, i + 1)).length === 2) {
      result = spliced(result, i, i + 1, { ...token, kind: 'quoted', text: '"exists"' })
    } else if (isWord(token, ...standardJson)) {
      result = spliced(result, i, i + 1, { ...token, kind: 'quoted', text: `"${token.text.toLowerCase()}"` })
    } else if (isWord(token, 'extract') && result[i + 2]?.kind === 'string') {
      result = spliced(result, i + 2, i + 3, {
        ...result[i + 2]!,
        kind: 'word',
        text: result[i + 2]!.text.slice(1, -1),
      })
    }
  }
  return result
}
