import { binary, boolean, int32, list, string, typeName } from '@deltaworks/schema'
import { invalidArgument } from '../errors.js'
import type { FunctionDefinition } from '../evaluation.js'
import { parameters, texts, typesOf } from './argument-rules.js'
import { compilePattern } from './string.js'

/** Insertions, deletions and replacements of characters, after Wagner & Fischer. */
function levenshtein(a: string, b: string): number {
  const [x, y] = [Array.from(a), Array.from(b)]
  let row = Array.from({ length: y.length + 1 }, (_, i) => i)
  for (let i = 1; i <= x.length; i++) {
    const next = [i]
    for (let j = 1; j <= y.length; j++) {
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (x[i - 1] === y[j - 1] ? 0 : 1)))
    }
    row = next
  }
  return row[y.length]!
}

const soundexDigits: Readonly<Record<string, string>> = Object.fromEntries(
  ['BFPV', 'CGJKQSXZ', 'DT', 'L', 'MN', 'R'].flatMap((letters, i) =>
    [...letters].map((letter) => [letter, String(i + 1)]),
  ),
)

/** American Soundex: H and W do not part equal digits, vowels do. */
function soundex(text: string): string {
  const upper = text.toUpperCase()
  if (!/^[A-Z]/.test(upper)) return text
  let code = upper[0]!
  let last = soundexDigits[upper[0]!] ?? ''
  for (const letter of upper.slice(1)) {
    const digit = soundexDigits[letter] ?? ''
    if (digit !== '' && digit !== last) code += digit
    if (code.length === 4) break
    if (letter !== 'H' && letter !== 'W') last = digit
  }
  return code.padEnd(4, '0')
}

const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')

/** A SQL regular expression (SIMILAR TO) as one of ours, for the whole text. */
function similarExpression(pattern: string, escape: string): RegExp {
  let source = ''
  let inBracket = false
  const symbols = Array.from(pattern)
  for (let i = 0; i < symbols.length; i++) {
    const symbol = symbols[i]!
    if (escape !== '' && symbol === escape) {
      const next = symbols[++i]
      if (next === undefined) throw invalidArgument('similar_to', pattern, 'it ends with the escape character')
      source += escaped(next)
    } else if (inBracket) {
      if (symbol === ']') inBracket = false
      source += symbol === '\\' ? '\\\\' : symbol
    } else if (symbol === '[') {
      inBracket = true
      source += symbol
    } else if (symbol === '%') source += '[^]*'
    else if (symbol === '_') source += '[^]'
    else if (symbol === '.' || symbol === '^' || symbol === '$' || symbol === '\\') source += `\\${symbol}`
    else source += symbol === '(' ? '(?:' : symbol
  }
  return compilePattern('similar_to', `^(?:${source})$`, 'u')
}

const define = (
  signature: string,
  doc: string,
  arity: readonly [number, number],
  resolve: FunctionDefinition['resolve'],
  kernel: NonNullable<FunctionDefinition['kernel']>,
  rest: Partial<FunctionDefinition> = {},
): FunctionDefinition => ({ signature, doc, arity, resolve, kernel, ...rest })

export const moreTextFunctions = {
  levenshtein: define(
    'levenshtein(a, b) → int',
    'How many characters must be inserted, deleted or replaced to make b of a.',
    [2, 2],
    texts(int32),
    () => (_, a: string, b: string) => levenshtein(a, b),
  ),
  soundex: define(
    'soundex(text) → string',
    'The American Soundex code of a word.',
    [1, 1],
    texts(string),
    () => (_, t: string) => soundex(t),
  ),
  overlay: define(
    'overlay(text, replacement, start[, length]) → string',
    'With the replacement in the place of so many characters (its own length) from start on.',
    [3, 4],
    parameters([string, string, int32, int32], string),
    () => (_, text: string, replacement: string, start: number, length?: number) => {
      const symbols = Array.from(text)
      const count = length ?? Array.from(replacement).length
      return [...symbols.slice(0, start - 1), replacement, ...symbols.slice(start - 1 + count)].join('')
    },
  ),
  bit_length: define(
    'bit_length(text) → int',
    'Bits of the text in UTF-8.',
    [1, 1],
    texts(int32),
    () => (_, t: string) => Buffer.byteLength(t) * 8,
  ),
  substring_index: define(
    'substring_index(text, separator, count) → string',
    'What is before so many separators; from the end if the count is negative.',
    [3, 3],
    parameters([string, string, int32], string),
    () => (_, text: string, separator: string, count: number) => {
      if (separator === '' || count === 0) return ''
      const parts = text.split(separator)
      return (count > 0 ? parts.slice(0, count) : parts.slice(Math.max(0, parts.length + count))).join(separator)
    },
  ),
  find_in_set: define(
    'find_in_set(text, list) → int',
    'Where the text is in a comma-separated list, from 1; 0 if it is not there.',
    [2, 2],
    texts(int32),
    () => (_, text: string, of: string) => (text.includes(',') ? 0 : of.split(',').indexOf(text) + 1),
  ),
  unhex: define(
    'unhex(text) → binary',
    'The bytes that hexadecimal digits stand for; null if they do not.',
    [1, 1],
    texts(binary),
    () => (_, text: string) => {
      const even = text.length % 2 === 0 ? text : `0${text}`
      return /^[0-9a-fA-F]*$/.test(even) ? new Uint8Array(Buffer.from(even, 'hex')) : null
    },
    { nullable: 'always', aliases: ['from_hex'] },
  ),
  unbase64: define(
    'unbase64(text) → binary',
    'The bytes of a Base64 text.',
    [1, 1],
    texts(binary),
    () => (_, text: string) => new Uint8Array(Buffer.from(text, 'base64')),
    { aliases: ['from_base64'] },
  ),
  similar_to: define(
    'similar_to(text, pattern[, escape]) → boolean',
    "Whether the whole text matches SQL's regular expression: %, _, |, *, +, ?, {n}, (…) and […].",
    [2, 3],
    texts(boolean),
    () => {
      let known: readonly [string, string] | null = null
      let expression: RegExp
      return (_, text: string, pattern: string, escape = '\\') => {
        if (known === null || known[0] !== pattern || known[1] !== escape) {
          expression = similarExpression(pattern, escape)
          known = [pattern, escape]
        }
        return expression.test(text)
      }
    },
  ),
  regexp_substr: define(
    'regexp_substr(text, pattern) → string',
    'The first match of the regular expression; null if there is none.',
    [2, 2],
    texts(string),
    () => (_, text: string, pattern: string) => compilePattern('regexp_substr', pattern, 'u').exec(text)?.[0] ?? null,
    { nullable: 'always' },
  ),
  regexp_instr: define(
    'regexp_instr(text, pattern) → int',
    'Where the first match begins, from 1; 0 if there is none.',
    [2, 2],
    texts(int32),
    () => (_, text: string, pattern: string) => {
      const match = compilePattern('regexp_instr', pattern, 'u').exec(text)
      return match === null ? 0 : Array.from(text.slice(0, match.index)).length + 1
    },
  ),
  regexp_extract_all: define(
    'regexp_extract_all(text, pattern[, group]) → list',
    'What the group (0 is the whole match; if left out 1, or 0 where the pattern has no groups) of each match holds.',
    [2, 3],
    parameters([string, string, int32], list(string, false)),
    () => (_, text: string, pattern: string, wanted?: number) =>
      Array.from(text.matchAll(compilePattern('regexp_extract_all', pattern, 'gu')), (match) => {
        const group = wanted ?? Math.min(1, match.length - 1)
        if (group < 0 || group >= match.length) {
          throw invalidArgument('regexp_extract_all', group, `the pattern has ${match.length - 1} groups`)
        }
        return match[group] ?? ''
      }),
  ),
  typeof: define(
    'typeof(a) → string',
    'The name of the type.',
    [1, 1],
    (args) => ({ args: typesOf(args), type: string }),
    (site) => () => typeName(site.args[0]!.type),
    { nulls: 'own', nullable: 'never' },
  ),
  json_array_length: define(
    'json_array_length(text) → int',
    'How many elements a JSON array has; null if the text is none.',
    [1, 1],
    texts(int32),
    () => (_, text: string) => {
      const found = parsed(text)
      return Array.isArray(found) ? found.length : null
    },
    { nullable: 'always', aliases: ['jsonb_array_length'] },
  ),
  json_object_keys: define(
    'json_object_keys(text) → list',
    'The names of the members of a JSON object; null if the text is none.',
    [1, 1],
    texts(list(string, false)),
    () => (_, text: string) => {
      const found = parsed(text)
      return typeof found === 'object' && found !== null && !Array.isArray(found) ? Object.keys(found) : null
    },
    { nullable: 'always', aliases: ['json_keys'] },
  ),
  is_valid_json: define(
    'is_valid_json(text) → boolean',
    'Whether the text is JSON.',
    [1, 1],
    texts(boolean),
    () => (_, text: string) => parsed(text) !== undefined,
    { aliases: ['json_valid'] },
  ),
} satisfies Record<string, FunctionDefinition>

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}
