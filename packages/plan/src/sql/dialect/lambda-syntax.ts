import { closingOf, isName, isSymbol, isWord, made, outside, spliced, type Token } from './token.js'

/**
 * Arguments `x -> body`, `(x, y) -> body` and `lambda x, y: body` → "__lambda"(body, 'x', 'y'). The arrow of JSON access stands after
 * a value, an argument's own first name is none there: `doc -> 'a'` is told apart by what follows the arrow.
 */
export function lambdas(tokens: readonly Token[]): readonly Token[] {
  let result = tokens
  for (let i = 1; i < result.length; i++) {
    if (!isSymbol(result[i - 1], ',') && !isSymbol(result[i - 1], '(')) continue
    const head = lambdaHead(result, i)
    if (head === null) continue
    const end = outside(result, head.body, (j) => isSymbol(result[j], ','))
    const first = result[i]!
    const names = head.names.map((name) => `'${name.text.replace(/^"|"$/g, '')}'`).join(', ')
    result = spliced(
      result,
      i,
      end,
      ...made(first, '"__lambda"(', first.before),
      ...result.slice(head.body, end),
      ...made(first, `, ${names})`, ''),
    )
  }
  return result
}

interface LambdaHead {
  readonly names: readonly Token[]
  /** Where the body begins. */
  readonly body: number
}

function lambdaHead(tokens: readonly Token[], i: number): LambdaHead | null {
  const first = tokens[i]!
  if (isWord(first, 'lambda')) {
    const colon = tokens.findIndex((t, j) => j > i && isSymbol(t, ':'))
    const names = tokens.slice(i + 1, colon).filter((t) => !isSymbol(t, ','))
    return colon < 0 || !names.every(isName) || names.length === 0 ? null : { names, body: colon + 1 }
  }
  const isArrow = (j: number): boolean => tokens[j]?.kind === 'operator' && tokens[j].text === '->'
  if (isName(first) && isArrow(i + 1)) {
    const next = tokens[i + 2]
    const isAccess = (next?.kind === 'string' || next?.kind === 'number') && !bodyGoesOn(tokens[i + 3])
    return isAccess && !isLambdaTaking(tokens, i) ? null : { names: [first], body: i + 2 }
  }
  if (!isSymbol(first, '(')) return null
  const end = closingOf(tokens, i)
  const names = tokens.slice(i + 1, end).filter((t) => !isSymbol(t, ','))
  return end < 0 || !isArrow(end + 1) || !names.every(isName) ? null : { names, body: end + 2 }
}

const bodyGoesOn = (token: Token | undefined): boolean => token?.kind === 'operator' && !token.text.startsWith('->')

/** Whether the call around takes a function: then `x -> 'a'` is one that gives 'a'. */
function isLambdaTaking(tokens: readonly Token[], i: number): boolean {
  let depth = 0
  for (let j = i - 1; j > 0; j--) {
    if (isSymbol(tokens[j], ')')) depth++
    else if (isSymbol(tokens[j], '(') && --depth < 0) return isWord(tokens[j - 1], ...functionsOfFunctions)
  }
  return false
}

const functionsOfFunctions = [
  'transform', 'list_transform', 'array_transform', 'list_apply', 'apply', 'filter', 'list_filter', 'array_filter',
  'exists', 'any_match', 'forall', 'all_match', 'aggregate', 'reduce', 'list_reduce', 'array_reduce', 'zip_with',
  'map_filter', 'transform_keys', 'transform_values', 'map_zip_with', 'array_sort',
] // prettier-ignore
