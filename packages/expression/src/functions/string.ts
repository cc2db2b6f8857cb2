import { binary, boolean, int32, int64, isInteger, list, string, type DataType, type Value } from '@deltaworks/schema'
import { invalidArgument } from '../errors.js'
import type { FunctionDefinition, ScalarKernel } from '../evaluation.js'
import { parameters, texts } from './argument-rules.js'

/*
 * Strings are counted in characters (code points), from 1. `codePoints` is only made where a text has characters outside the
 * Basic Multilingual Plane; for all others a UTF-16 unit is a character.
 */
const astral = /[\ud800-\udfff]/
const lengthOf = (text: string): number => (astral.test(text) ? Array.from(text).length : text.length)
function slice(text: string, start: number, end: number): string {
  return astral.test(text) ? Array.from(text).slice(start, end).join('') : text.slice(start, end)
}

/** Spark's substring: position 0 is as 1, a negative one counts from the end; a window that sticks out is cut. */
export function substring(text: string, position: number, length: number): string {
  const total = lengthOf(text)
  const start = position > 0 ? position - 1 : position < 0 ? total + position : 0
  const end = Math.min(total, start + Math.max(0, length))
  return end <= start ? '' : slice(text, Math.max(0, start), Math.max(0, end))
}

/** The n-th part (from 1; negative from the end) between separators; '' if there is none. */
export function splitPart(text: string, separator: string, part: number): string {
  if (part === 0) throw invalidArgument('split_part', part, 'parts are counted from 1 (or from -1, the last)')
  const parts = separator === '' ? [text] : text.split(separator)
  return parts[part > 0 ? part - 1 : parts.length + part] ?? ''
}

const trimPatterns = { both: /^ +| +$/g, start: /^ +/, end: / +$/ } as const

function trimmed(text: string, characters: string, side: 'both' | 'start' | 'end'): string {
  const set = new Set(characters)
  const symbols = Array.from(text)
  let start = 0
  let end = symbols.length
  if (side !== 'end') while (start < end && set.has(symbols[start]!)) start++
  if (side !== 'start') while (end > start && set.has(symbols[end - 1]!)) end--
  return symbols.slice(start, end).join('')
}

const trim = (name: string, side: 'both' | 'start' | 'end', aliases?: readonly string[]): FunctionDefinition => ({
  signature: `${name}(text[, characters]) → string`,
  doc: `The text without spaces (or the given characters) at ${side === 'both' ? 'both ends' : `its ${side}`}.`,
  ...(aliases === undefined ? {} : { aliases }),
  arity: [1, 2],
  resolve: texts(string),
  kernel: (site): ScalarKernel => {
    if (site.args.length === 2) return (_, text: string, characters: string) => trimmed(text, characters, side)
    const pattern = trimPatterns[side]
    return (_, text: string) => text.replace(pattern, '')
  },
})

const unary = (
  name: string,
  doc: string,
  apply: (text: string) => Value,
  type: DataType = string,
  aliases?: readonly string[],
): FunctionDefinition => ({
  signature: `${name}(text) → ${type.kind}`,
  doc,
  ...(aliases === undefined ? {} : { aliases }),
  arity: [1, 1],
  resolve: texts(type),
  kernel: () => (_, text: string) => apply(text),
})

const test = (
  name: string,
  doc: string,
  apply: (text: string, part: string) => boolean,
  aliases?: readonly string[],
): FunctionDefinition => ({
  signature: `${name}(text, part) → boolean`,
  doc,
  ...(aliases === undefined ? {} : { aliases }),
  arity: [2, 2],
  resolve: texts(boolean),
  kernel: () => (_, text: string, part: string) => apply(text, part),
})

function pad(text: string, length: number, fill: string, left: boolean): string {
  const symbols = Array.from(text)
  if (symbols.length >= length) return symbols.slice(0, Math.max(0, length)).join('')
  if (fill === '') return text
  const filler = Array.from(fill)
  const missing = length - symbols.length
  const padding = Array.from({ length: missing }, (_, i) => filler[i % filler.length]!).join('')
  return left ? padding + text : text + padding
}

const padding = (name: string, left: boolean): FunctionDefinition => ({
  signature: `${name}(text, length[, fill]) → string`,
  doc: `Filled up on the ${left ? 'left' : 'right'} with \`fill\` (a space) to \`length\` characters, or cut to that.`,
  arity: [2, 3],
  resolve: parameters([string, int32, string], string),
  kernel:
    () =>
    (_, text: string, length: number, fill = ' ') =>
      pad(text, length, fill, left),
})

const concat: FunctionDefinition = {
  signature: 'concat(a, b, …) → string',
  doc: 'The texts one after the other; null if one is null. SQL: a || b. Lists are joined likewise.',
  arity: [0, Infinity],
  resolve: (args, name) => {
    const type = args[0]?.type
    if (type?.kind === 'list') return { args: args.map(() => type), type }
    if (args.length > 0 && args.every((arg) => arg.type.kind === 'binary'))
      return { args: args.map(() => binary), type: binary }
    return texts(string)(args, name)
  },
  kernel: ({ type }) => {
    if (type.kind === 'list') return (_, ...lists: Value[][]) => lists.flat(1)
    if (type.kind === 'binary') return (_, ...parts: Uint8Array[]) => new Uint8Array(Buffer.concat(parts))
    return (_, ...parts: string[]) => parts.join('')
  },
}

const concatWs: FunctionDefinition = {
  signature: 'concat_ws(separator, a, b, …) → string',
  doc: 'The texts that are not null, with the separator between them; null only if the separator is.',
  arity: [1, Infinity],
  nulls: 'own',
  resolve: (args, name) => ({
    ...parameters([string], string)(
      args.map((arg) => (arg.type.kind === 'list' ? { ...arg, type: string } : arg)) as typeof args,
      name,
    ),
    args: args.map((arg) => (arg.type.kind === 'list' ? list(string) : string)),
    nullable: args[0]!.nullable,
  }),
  kernel:
    () =>
    (_, separator: string | null, ...parts: (string | null | readonly (string | null)[])[]) =>
      separator === null
        ? null
        : parts
            .flat()
            .filter((part) => part !== null)
            .join(separator),
}

const substringFunction: FunctionDefinition = {
  signature: 'substring(text, start[, length]) → string',
  doc: 'Characters from `start` (1 is the first, -1 the last) on.',
  aliases: ['substr', 'mid'],
  arity: [2, 3],
  resolve: parameters([string, int32, int32], string),
  kernel:
    () =>
    (_, text: string, start: number, length = 2_147_483_647) =>
      substring(text, start, length),
}

function translate(text: string, from: string, to: string): string {
  const targets = Array.from(to)
  const table = new Map<string, string>()
  Array.from(from).forEach((symbol, i) => {
    if (!table.has(symbol)) table.set(symbol, targets[i] ?? '')
  })
  let result = ''
  for (const symbol of text) result += table.get(symbol) ?? symbol
  return result
}

/** Words begin after a space, as in Spark. */
const initcap = (text: string): string =>
  text.toLowerCase().replace(/(^| )([^ ])/gu, (_, before: string, first: string) => before + first.toUpperCase())

const locate = (text: string, part: string, from = 1): number => {
  if (from < 1) return 0
  const index = astral.test(text) ? codePointIndex(text, part, from) : text.indexOf(part, from - 1)
  return index + 1
}
function codePointIndex(text: string, part: string, from: number): number {
  const start = Array.from(text)
    .slice(0, from - 1)
    .join('').length
  const index = text.indexOf(part, start)
  return index < 0 ? -1 : Array.from(text.slice(0, index)).length
}

export const stringFunctions = {
  lower: unary('lower', 'In lower case.', (t) => t.toLowerCase(), string, ['lcase']),
  upper: unary('upper', 'In upper case.', (t) => t.toUpperCase(), string, ['ucase']),
  initcap: unary('initcap', 'Each word with a capital first letter, the rest in lower case.', initcap),
  reverse: unary('reverse', 'Back to front.', (t) => Array.from(t).reverse().join('')),
  trim: trim('trim', 'both', ['btrim']),
  ltrim: trim('ltrim', 'start'),
  rtrim: trim('rtrim', 'end'),
  length: {
    ...unary('length', 'Characters of a text, bytes of a binary, elements of a list.', lengthOf, int32, [
      'char_length',
      'character_length',
      'len',
    ]),
    resolve: (args, name) =>
      args[0]!.type.kind === 'binary' || args[0]!.type.kind === 'list' || args[0]!.type.kind === 'map'
        ? { args: [args[0]!.type], type: int32 }
        : texts(int32)(args, name),
    kernel: () => (_, value: string | Uint8Array | readonly Value[]) =>
      typeof value === 'string' ? lengthOf(value) : value.length,
  },
  octet_length: unary('octet_length', 'Bytes of the text in UTF-8.', (t) => Buffer.byteLength(t), int32),
  ascii: unary(
    'ascii',
    'Code point of the first character, 0 for an empty text.',
    (t) => t.codePointAt(0) ?? 0,
    int32,
    ['unicode', 'ord'],
  ),
  chr: {
    signature: 'chr(code) → string',
    doc: 'The character of a code (modulo 256, as in Spark).',
    aliases: ['char'],
    arity: [1, 1],
    resolve: parameters([int32], string),
    kernel: () => (_, code: number) => (code < 0 ? '' : String.fromCodePoint(code % 256)),
  },
  concat,
  concat_ws: concatWs,
  substring: substringFunction,
  left: {
    signature: 'left(text, length) → string',
    doc: 'The first characters.',
    arity: [2, 2],
    resolve: parameters([string, int32], string),
    kernel: () => (_, text: string, length: number) => substring(text, 1, length),
  },
  right: {
    signature: 'right(text, length) → string',
    doc: 'The last characters.',
    arity: [2, 2],
    resolve: parameters([string, int32], string),
    kernel: () => (_, text: string, length: number) => (length <= 0 ? '' : substring(text, -length, length)),
  },
  split: {
    signature: 'split(text, pattern[, limit]) → array<string>',
    aliases: ['regexp_split_to_array', 'string_split_regex'],
    doc: 'The parts between matches of a regular expression.',
    arity: [2, 3],
    resolve: parameters([string, string, int32], list(string, false)),
    kernel: () => {
      let known = ''
      let expression: RegExp | null = null
      return (_, text: string, pattern: string, limit = -1) => {
        if (expression === null || known !== pattern)
          [known, expression] = [pattern, compilePattern('split', pattern, 'gu')]
        return splitBy(text, expression, limit)
      }
    },
  },
  split_part: {
    signature: 'split_part(text, separator, part) → string',
    doc: 'The part with the given number (1 is the first, -1 the last) between separators; empty if there is none.',
    arity: [3, 3],
    resolve: parameters([string, string, int32], string),
    kernel: () => (_, text: string, separator: string, part: number) => splitPart(text, separator, part),
  },
  replace: {
    signature: 'replace(text, search[, replacement]) → string',
    doc: 'With every occurrence replaced (by nothing, if left out).',
    arity: [2, 3],
    resolve: texts(string),
    kernel:
      () =>
      (_, text: string, search: string, replacement = '') =>
        search === '' ? text : text.replaceAll(search, () => replacement),
  },
  contains: test('contains', 'Whether the part occurs in the text.', (t, p) => t.includes(p)),
  starts_with: test('starts_with', 'Whether the text starts with the part.', (t, p) => t.startsWith(p), [
    'startswith',
    'prefix',
  ]),
  ends_with: test('ends_with', 'Whether the text ends with the part.', (t, p) => t.endsWith(p), ['endswith', 'suffix']),
  lpad: padding('lpad', true),
  rpad: padding('rpad', false),
  repeat: {
    signature: 'repeat(text, times) → string',
    doc: 'The text so many times.',
    arity: [2, 2],
    resolve: parameters([string, int32], string),
    kernel: () => (_, text: string, times: number) => text.repeat(Math.max(0, times)),
  },
  translate: {
    signature: 'translate(text, from, to) → string',
    doc: 'Each character of `from` replaced by the one at the same place in `to` (dropped if there is none).',
    arity: [3, 3],
    resolve: texts(string),
    kernel: () => (_, text: string, from: string, to: string) => translate(text, from, to),
  },
  strpos: {
    signature: 'strpos(text, part) → int',
    doc: 'Where the part first occurs (from 1), 0 if it does not.',
    aliases: ['instr'],
    arity: [2, 2],
    resolve: texts(int32),
    kernel: () => (_, text: string, part: string) => locate(text, part),
  },
  position: {
    signature: 'position(part, text[, from]) → int',
    doc: 'Where the part first occurs in the text (from 1), 0 if it does not.',
    aliases: ['locate', 'charindex'],
    arity: [2, 3],
    resolve: parameters([string, string, int32], int32),
    kernel:
      () =>
      (_, part: string, text: string, from = 1) =>
        locate(text, part, from),
  },
  space: {
    signature: 'space(n) → string',
    doc: 'n spaces.',
    arity: [1, 1],
    resolve: parameters([int32], string),
    kernel: () => (_, n: number) => ' '.repeat(Math.max(0, n)),
  },
  to_binary: {
    signature: 'to_binary(text) → binary',
    doc: 'The UTF-8 bytes of a text.',
    aliases: ['encode_utf8'],
    arity: [1, 1],
    resolve: texts(binary),
    kernel: () => (_, text: string) => new Uint8Array(Buffer.from(text)),
  },
  hex: {
    signature: 'hex(value) → string',
    doc: "A whole number (a negative one as two's complement), or the bytes of a text or binary, in hexadecimal, upper case.",
    aliases: ['to_hex'],
    arity: [1, 1],
    resolve: (args, name) => {
      const { type } = args[0]!
      if (isInteger(type)) return { args: [int64], type: string }
      return type.kind === 'binary' ? { args: [binary], type: string } : texts(string)(args, name)
    },
    kernel: () => (_, value: string | Uint8Array | bigint) =>
      (typeof value === 'bigint'
        ? BigInt.asUintN(64, value).toString(16)
        : Buffer.from(value as Uint8Array).toString('hex')
      ).toUpperCase(),
  },
  base64: {
    signature: 'base64(value) → string',
    aliases: ['to_base64'],
    doc: 'The bytes of a text or binary in base 64.',
    arity: [1, 1],
    resolve: (args, name) =>
      args[0]!.type.kind === 'binary' ? { args: [binary], type: string } : texts(string)(args, name),
    kernel: () => (_, value: string | Uint8Array) => Buffer.from(value as Uint8Array).toString('base64'),
  },
} satisfies Record<string, FunctionDefinition>

function splitBy(text: string, expression: RegExp, limit: number): string[] {
  const parts: string[] = []
  let start = 0
  for (const match of text.matchAll(expression)) {
    if (limit > 0 && parts.length === limit - 1) break
    if (match[0] === '' && (match.index === 0 || match.index >= text.length)) continue
    parts.push(text.slice(start, match.index))
    start = match.index + match[0].length
  }
  parts.push(text.slice(start))
  return parts
}

export function compilePattern(name: string, pattern: string, flags: string): RegExp {
  try {
    const inline = /^\(\?([imsx]+)\)/.exec(pattern)
    if (inline !== null) {
      const extra = inline[1]!.replace('x', '')
      return new RegExp(pattern.slice(inline[0].length), [...new Set(flags + extra)].join(''))
    }
    return new RegExp(pattern, flags)
  } catch (cause) {
    try {
      // Escapes that Java allows and the u flag does not (`\-`, `\'`).
      return new RegExp(pattern, flags.replace('u', ''))
    } catch {
      throw invalidArgument(name, pattern, `it is no regular expression (${(cause as Error).message})`)
    }
  }
}
