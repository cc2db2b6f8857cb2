import {
  arrayLiterals,
  callAccess,
  comprehensions,
  functionArrays,
  nestedTypes,
  structLiterals,
} from './nested-syntax.js'
import { joinKinds } from './join-kinds.js'
import { intervals } from './interval-syntax.js'
import { lambdas } from './lambda-syntax.js'
import { lateralViews } from './lateral-view.js'
import { groupByAll, orderByAll, qualify, withRollup } from './clauses.js'
import { pivots } from './pivot-syntax.js'
import { barePlainAliases, fromFirst, selectTop, starModifiers, trailingCommas } from './select-list.js'
import { statementForms } from './statement-forms.js'
import { filePaths, operators, quotedNames, tryCasts, ignoreNulls, likeAny, samples, calls } from './small-forms.js'
import { tokensOf, type Token } from './token.js'

/*
 * What Spark, Redshift, Snowflake and DuckDB have beside PostgreSQL's grammar, written in that grammar: each rule rewrites tokens,
 * and what the grammar has no word for becomes a call of a function whose name begins with `__`, which the binder knows.
 */

type DialectRule = (tokens: readonly Token[]) => readonly Token[]

const rules: readonly DialectRule[] = [
  filePaths,
  quotedNames,
  statementForms,
  intervals,
  fromFirst,
  trailingCommas,
  barePlainAliases,
  comprehensions,
  nestedTypes,
  structLiterals,
  arrayLiterals,
  functionArrays,
  callAccess,
  lambdas,
  tryCasts,
  calls,
  operators,
  likeAny,
  ignoreNulls,
  samples,
  selectTop,
  starModifiers,
  qualify,
  withRollup,
  groupByAll,
  orderByAll,
  pivots,
  lateralViews,
  joinKinds,
]

/** A text in PostgreSQL's grammar, and where what is in it was in the user's text. */
export interface TranslatedSql {
  readonly text: string
  /** The place in the user's text of a place in `text` (both in characters). */
  origin(index: number): number
  /** Notes by the place of their token in `text`, in bytes of UTF-8. */
  readonly notes: ReadonlyMap<number, string>
}

export function translateDialect(source: string): TranslatedSql {
  const before = tokensOf(source)
  const tokens = before === null ? null : rules.reduce<readonly Token[]>((list, rule) => rule(list), before)
  if (tokens === null || tokens === before) return { text: source, origin: (index) => index, notes: new Map() }
  return joined(tokens)
}

function joined(tokens: readonly Token[]): TranslatedSql {
  let text = ''
  let bytes = 0
  const starts: number[] = []
  const notes = new Map<number, string>()
  for (const token of tokens) {
    starts.push(text.length + token.before.length)
    bytes += Buffer.byteLength(token.before)
    if (token.note !== undefined) notes.set(bytes, token.note)
    bytes += Buffer.byteLength(token.text)
    text += token.before + token.text
  }
  const origin = (index: number): number => {
    let [low, high] = [0, starts.length - 1]
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (starts[middle]! <= index) low = middle
      else high = middle - 1
    }
    const token = tokens[low]
    return token === undefined ? index : token.start + Math.max(0, Math.min(index - starts[low]!, token.text.length))
  }
  return { text, origin, notes }
}
