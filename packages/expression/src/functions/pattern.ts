import { boolean, int32, string } from '@deltaworks/schema'
import { invalidArgument } from '../errors.js'
import type { FunctionDefinition, ScalarKernel } from '../evaluation.js'
import { parameters, texts } from './argument-rules.js'
import { compilePattern } from './string.js'

/** A LIKE pattern as a regular expression: % any text, _ any character, the escape character before either takes it literally. */
export function likeExpression(pattern: string, escape: string, caseless: boolean): RegExp {
  let source = ''
  const symbols = Array.from(pattern)
  for (let i = 0; i < symbols.length; i++) {
    const symbol = symbols[i]!
    if (escape !== '' && symbol === escape) {
      const next = symbols[++i]
      if (next === undefined) throw invalidArgument('like', pattern, 'it ends with the escape character')
      source += literal(next)
    } else if (symbol === '%') source += '[^]*'
    else if (symbol === '_') source += '[^]'
    else source += literal(symbol)
  }
  return new RegExp(`^${source}$`, caseless ? 'iu' : 'u')
}
const literal = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')

/** Compiles a pattern once for as long as it stays the same, which is nearly always. */
function remembered(compile: (pattern: string) => RegExp): (pattern: string) => RegExp {
  let known: string | null = null
  let expression: RegExp
  return (pattern) => {
    if (pattern !== known) {
      expression = compile(pattern)
      known = pattern
    }
    return expression
  }
}

const like = (name: string, caseless: boolean): FunctionDefinition => ({
  signature: `${name}(text, pattern[, escape]) → boolean`,
  doc: `Whether the whole text matches: % is any text, _ any character${caseless ? '; upper and lower case are the same' : ''}.`,
  arity: [2, 3],
  resolve: texts(boolean),
  kernel: (): ScalarKernel => {
    let escapeKnown = '\\'
    const compiled = remembered((pattern) => likeExpression(pattern, escapeKnown, caseless))
    return (_, text: string, pattern: string, escape = '\\') => {
      if (escape !== escapeKnown) {
        escapeKnown = escape
        return likeExpression(pattern, escape, caseless).test(text)
      }
      return compiled(pattern).test(text)
    }
  },
})

const matches: FunctionDefinition = {
  signature: 'rlike(text, pattern) → boolean',
  doc: 'Whether a part of the text matches the regular expression.',
  aliases: ['regexp_like', 'regexp', 'regexp_matches'],
  arity: [2, 2],
  resolve: texts(boolean),
  kernel: () => {
    const compiled = remembered((pattern) => compilePattern('rlike', pattern, 'u'))
    return (_, text: string, pattern: string) => compiled(pattern).test(text)
  },
}

const extract: FunctionDefinition = {
  signature: 'regexp_extract(text, pattern[, group]) → string',
  doc: 'What the group (0 is the whole match; if left out 1, or 0 where the pattern has no groups) of the first match holds; empty if there is no match.',
  arity: [2, 3],
  resolve: parameters([string, string, int32], string),
  kernel: () => {
    const compiled = remembered((pattern) => compilePattern('regexp_extract', pattern, 'u'))
    return (_, text: string, pattern: string, wanted?: number) => {
      const match = compiled(pattern).exec(text)
      if (match === null) return ''
      const group = wanted ?? Math.min(1, match.length - 1)
      if (group < 0 || group >= match.length)
        throw invalidArgument('regexp_extract', group, `the pattern has ${match.length - 1} groups`)
      return match[group] ?? ''
    }
  },
}

const replace: FunctionDefinition = {
  signature: 'regexp_replace(text, pattern, replacement) → string',
  doc: 'With every match replaced; $1 in the replacement is the first group.',
  arity: [3, 4],
  resolve: texts(string),
  kernel: () => {
    const compiled = remembered((pattern) => compilePattern('regexp_replace', pattern, 'gu'))
    return (_, text: string, pattern: string, replacement: string) =>
      text.replace(compiled(pattern), replacement.replace(/\$0/g, '$$&').replace(/\\(\d)/g, '$$$1'))
  },
}

export const patternFunctions = {
  like: like('like', false),
  ilike: like('ilike', true),
  rlike: matches,
  regexp_extract: extract,
  regexp_replace: replace,
  regexp_count: {
    signature: 'regexp_count(text, pattern) → int',
    doc: 'How many times the regular expression matches.',
    arity: [2, 2],
    resolve: texts(int32),
    kernel: () => {
      const compiled = remembered((pattern) => compilePattern('regexp_count', pattern, 'gu'))
      return (_, text: string, pattern: string) => Array.from(text.matchAll(compiled(pattern))).length
    },
  },
} satisfies Record<string, FunctionDefinition>
