import { createHash } from 'node:crypto'
import { binary, boolean, float64, int32, int64, map, string, type Value } from '@deltaworks/schema'
import { invalidArgument, wrongArguments } from '../errors.js'
import type { FunctionDefinition } from '../evaluation.js'
import { parameters, texts, typesOf } from './argument-rules.js'
import { define } from './define.js'

type Encoding = 'hex' | 'base64' | 'utf8' | 'utf16le' | 'latin1' | 'ascii'
const encodings: Readonly<Record<string, Encoding>> = {
  hex: 'hex',
  base64: 'base64',
  'utf-8': 'utf8',
  utf8: 'utf8',
  'utf-16le': 'utf16le',
  'iso-8859-1': 'latin1',
  latin1: 'latin1',
  'us-ascii': 'ascii',
}
const encodingOf = (name: string, text: string): Encoding => {
  const found = encodings[text.toLowerCase()]
  if (found === undefined) throw invalidArgument(name, text, `it must be one of ${Object.keys(encodings).join(', ')}`)
  return found
}
const isDigits = (encoding: Encoding): boolean => encoding === 'hex' || encoding === 'base64'

const bytesOf = (value: string | Uint8Array): Buffer =>
  typeof value === 'string' ? Buffer.from(value) : Buffer.from(value)

const digest = (name: string, algorithm: string, aliases: readonly string[] = []): FunctionDefinition =>
  define(
    `${name}(value) → string`,
    `${algorithm} digest of the bytes, in lower-case hexadecimal.`,
    [1, 1],
    (args) => ({ args: [args[0]!.type.kind === 'binary' ? binary : string], type: string }),
    () => (_, value: string | Uint8Array) => createHash(algorithm).update(bytesOf(value)).digest('hex'),
    { aliases },
  )

/** Parts of two texts' sets of characters that they have in common. */
function jaccard(a: string, b: string): number {
  const [x, y] = [new Set(a), new Set(b)]
  const common = [...x].filter((symbol) => y.has(symbol)).length
  return x.size + y.size === 0 ? 1 : common / (x.size + y.size - common)
}

const urlParts = ['PROTOCOL', 'HOST', 'PORT', 'PATH', 'QUERY', 'REF', 'FILE', 'AUTHORITY', 'USERINFO']

function urlPart(text: string, part: string, key: string | undefined): string | null {
  const match =
    /^(?:([A-Za-z][\w+.-]*):)?(?:\/\/(([^/?#@]*)@)?([^/?#:]*)(?::(\d+))?)?([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/s.exec(text)
  if (match === null) return null
  const [, protocol, , user, host, port, path = '', query, ref] = match
  switch (part.toUpperCase()) {
    case 'PROTOCOL':
      return protocol ?? null
    case 'HOST':
      return host === undefined || host === '' ? null : host
    case 'PORT':
      return port ?? null
    case 'PATH':
      return path
    case 'QUERY': {
      if (key === undefined) return query ?? null
      const found = (query ?? '').split('&').find((pair) => pair.startsWith(`${key}=`))
      return found === undefined ? null : found.slice(key.length + 1)
    }
    case 'REF':
      return ref ?? null
    case 'FILE':
      return query === undefined ? path : `${path}?${query}`
    case 'USERINFO':
      return user ?? null
    case 'AUTHORITY':
      return host === undefined
        ? null
        : `${user === undefined ? '' : `${user}@`}${host}${port === undefined ? '' : `:${port}`}`
    default:
      throw invalidArgument('parse_url', part, `it must be one of ${urlParts.join(', ')}`)
  }
}

export const textCodeFunctions = {
  encode: define(
    'encode(binary, hex or base64) → string; encode(text, charset) → binary',
    'Bytes as digits, or a text as bytes.',
    [2, 2],
    (args, name) => {
      const { type } = args[0]!
      const how = args[1]
      const encoding = how?.kind === 'literal' ? encodingOf(name, String(how.value)) : 'utf8'
      if (type.kind !== 'binary' && type.kind !== 'string' && type.kind !== 'null')
        throw wrongArguments(name, typesOf(args), 'it takes a binary or a text')
      return { args: [type.kind === 'binary' ? binary : string, string], type: isDigits(encoding) ? string : binary }
    },
    (site) => (_, value: string | Uint8Array, charset: string) => {
      const encoding = encodingOf('encode', charset)
      if (site.type.kind === 'string') return bytesOf(value).toString(encoding)
      return new Uint8Array(Buffer.from(typeof value === 'string' ? value : bytesOf(value).toString(), encoding))
    },
  ),
  decode: define(
    'decode(text, hex or base64) → binary; decode(binary, charset) → string',
    'Digits as bytes, or bytes as a text. (With more arguments: decode(a, b, then, …[, otherwise]), a CASE.)',
    [2, 2],
    (args, name) => {
      const { type } = args[0]!
      const how = args[1]
      const encoding = how?.kind === 'literal' ? encodingOf(name, String(how.value)) : 'utf8'
      return isDigits(encoding)
        ? { args: [string, string], type: binary }
        : { args: [type.kind === 'binary' ? binary : string, string], type: string }
    },
    (site) => (_, value: string | Uint8Array, charset: string) => {
      const encoding = encodingOf('decode', charset)
      if (site.type.kind === 'string') return bytesOf(value).toString(encoding)
      const text = String(value)
      if (encoding === 'hex' && !/^([0-9a-f]{2})*$/i.test(text))
        throw invalidArgument('decode', text, 'it is not hexadecimal')
      return new Uint8Array(Buffer.from(text, encoding))
    },
  ),
  sha256: digest('sha256', 'sha256'),
  sha224: digest('sha224', 'sha224'),
  sha384: digest('sha384', 'sha384'),
  sha512: digest('sha512', 'sha512'),
  jaccard: define(
    'jaccard(a, b) → double',
    'The share of characters that two texts have in common, 0 to 1.',
    [2, 2],
    texts(float64),
    () => (_, a: string, b: string) => jaccard(a, b),
  ),
  hamming: define(
    'hamming(a, b) → int',
    'How many characters of two texts of one length differ.',
    [2, 2],
    texts(int32),
    () => (_, a: string, b: string) => {
      const [x, y] = [Array.from(a), Array.from(b)]
      if (x.length !== y.length) throw invalidArgument('hamming', b, 'the texts must be of one length')
      return x.filter((symbol, i) => symbol !== y[i]).length
    },
    { aliases: ['mismatches'] },
  ),
  url_encode: define(
    'url_encode(text) → string',
    'As it may stand in a URL: a b is a+b.',
    [1, 1],
    texts(string),
    () => (_, text: string) =>
      encodeURIComponent(text)
        .replace(/[!'()~]/g, (symbol) => `%${symbol.charCodeAt(0).toString(16).toUpperCase()}`)
        .replaceAll('%20', '+'),
  ),
  url_decode: define(
    'url_decode(text) → string',
    'What a part of a URL stands for: a+b is a b.',
    [1, 1],
    texts(string),
    () => (_, text: string) => {
      try {
        return decodeURIComponent(text.replaceAll('+', ' '))
      } catch {
        throw invalidArgument('url_decode', text, 'it is no part of a URL')
      }
    },
  ),
  parse_url: define(
    'parse_url(url, part[, key]) → string',
    'A part of a URL: PROTOCOL, HOST, PORT, PATH, QUERY (or the value of a key in it), REF, FILE, AUTHORITY, USERINFO; null if it is not there.',
    [2, 3],
    texts(string),
    () => (_, text: string, part: string, key?: string) => urlPart(text, part, key),
    { nullable: 'always' },
  ),
  conv: define(
    'conv(text, from, to) → string',
    'A whole number in another base, 2 to 36.',
    [3, 3],
    parameters([string, int32, int32], string),
    () => (_, text: string, from: number, to: number) => {
      if (from < 2 || from > 36 || Math.abs(to) < 2 || Math.abs(to) > 36) return null
      const digits = /^-?[0-9a-z]+/i.exec(text.trim())?.[0]
      if (digits === undefined) return null
      let value = 0n
      for (const symbol of digits.replace('-', '').toLowerCase()) {
        const digit = Number.parseInt(symbol, 36)
        if (digit >= from) break
        value = value * BigInt(from) + BigInt(digit)
      }
      const signed = BigInt.asUintN(64, digits.startsWith('-') ? -value : value)
      return to > 0 ? signed.toString(to).toUpperCase() : BigInt.asIntN(64, signed).toString(-to).toUpperCase()
    },
    { nullable: 'always' },
  ),
  str_to_map: define(
    'str_to_map(text[, between pairs[, between key and value]]) → map',
    'The pairs of a text such as a:1,b:2.',
    [1, 3],
    parameters([string], map(string, string)),
    () =>
      (_, text: string, pairs = ',', values = ':') => {
        const entries = new Map<string, Value>()
        for (const pair of text.split(pairs)) {
          const at = pair.indexOf(values)
          const key = at < 0 ? pair : pair.slice(0, at)
          if (entries.has(key)) throw invalidArgument('str_to_map', key, 'the key is there twice')
          entries.set(key, at < 0 ? null : pair.slice(at + values.length))
        }
        return [...entries].map(([k, v]) => [k, v])
      },
  ),
  isinf: define(
    'isinf(a) → boolean',
    'Whether it is infinite.',
    [1, 1],
    parameters([float64], boolean),
    () => (_, a: number) => a === Infinity || a === -Infinity,
  ),
  isfinite: define(
    'isfinite(a) → boolean',
    'Whether it is neither infinite nor NaN.',
    [1, 1],
    parameters([float64], boolean),
    () => (_, a: number) => Number.isFinite(a),
  ),
  bround: define(
    'bround(a[, digits]) → double',
    'Rounded half to even to so many digits after the point.',
    [1, 2],
    parameters([float64, int32], float64),
    () =>
      (_, a: number, digits = 0) =>
        roundHalfEven(a, digits),
    { aliases: ['round_even'] },
  ),
  zeroifnull: define(
    'zeroifnull(a) → bigint or double',
    '0 where it is null.',
    [1, 1],
    (args) => {
      const type = args[0]!.type.kind === 'null' ? int64 : args[0]!.type
      return { args: [type], type, nullable: false }
    },
    ({ type }) =>
      (_, a: Value) =>
        a ?? (type.kind === 'int64' || type.kind === 'decimal' ? 0n : 0),
    { nulls: 'own' },
  ),
  nullifzero: define(
    'nullifzero(a) → type of a',
    'Null where it is 0.',
    [1, 1],
    (args) => ({ args: typesOf(args), type: args[0]!.type }),
    () => (_, a: Value) => (a === 0 || a === 0n ? null : a),
    { nullable: 'always' },
  ),
} satisfies Record<string, FunctionDefinition>

function roundHalfEven(a: number, digits: number): number {
  const unit = 10 ** digits
  const scaled = a * unit
  if (!Number.isFinite(scaled)) return a
  const low = Math.floor(scaled)
  const rest = scaled - low
  const rounded = rest < 0.5 ? low : rest > 0.5 ? low + 1 : low % 2 === 0 ? low : low + 1
  return rounded / unit
}
