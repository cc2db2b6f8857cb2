import { decimal, float64, int32, isNumeric, isTimestamp, string, type DataType, type Value } from '@deltaworks/schema'
import { textOf } from '../cast.js'
import { invalidArgument, wrongArguments } from '../errors.js'
import type { EvaluationContext, FunctionDefinition } from '../evaluation.js'
import { localFromInstant } from '../zone.js'
import { typesOf } from './argument-rules.js'
import { formatDateTime, parsePattern } from './datetime-pattern.js'
import { define } from './define.js'
import { roundFloat } from './math.js'
import { javaPattern } from './postgres-pattern.js'

const shown = (type: DataType, value: Value, context: EvaluationContext): string =>
  value === null ? 'null' : textOf(type, value, context)

const grouped = (digits: string): string => digits.replace(/\B(?=(\d{3})+$)/g, ',')

/** A number with so many digits after the point, half up. */
function fixed(type: DataType, value: Value, digits: number, context: EvaluationContext): string {
  const text = type.kind === 'float64' ? String(roundFloat(value as number, digits)) : textOf(type, value, context)
  const plain = /e/i.test(text) ? Number(text).toFixed(digits) : text
  const [whole = '0', fraction = ''] = plain.split('.')
  if (fraction.length > digits) return fixed({ kind: 'float64' }, Number(plain), digits, context)
  return digits === 0 ? whole : `${whole}.${fraction.padEnd(digits, '0')}`
}

const conversions = /%(?:(\d+)\$)?([-+ 0,#]*)(\d+)?(?:\.(\d+))?([a-zA-Z%])/g

/** C's printf, as Java and DuckDB have it: %s %d %f %e %g %x %o %c %b %%, with flags, width and precision. */
function printf(
  pattern: string,
  types: readonly DataType[],
  values: readonly Value[],
  context: EvaluationContext,
): string {
  let next = 0
  return pattern.replace(
    conversions,
    (whole, position?: string, flags = '', width?: string, precision?: string, kind = '') => {
      if (kind === '%') return '%'
      if (kind === 'n') return '\n'
      const at = position === undefined ? next++ : Number(position) - 1
      const [type, value] = [types[at], values[at]]
      if (type === undefined || value === undefined) {
        throw invalidArgument('printf', whole, `there are only ${values.length} values`)
      }
      const text = converted(kind, type, value, precision === undefined ? null : Number(precision), flags, context)
      return padded(text, width === undefined ? 0 : Number(width), flags)
    },
  )
}

function converted(
  kind: string,
  type: DataType,
  value: Value,
  precision: number | null,
  flags: string,
  context: EvaluationContext,
): string {
  const lower = kind.toLowerCase()
  const upper = (text: string): string => (kind === lower ? text : text.toUpperCase())
  if (lower === 's') {
    const text = shown(type, value, context)
    return upper(precision === null ? text : Array.from(text).slice(0, precision).join(''))
  }
  if (lower === 'b') return upper(String(value === true || (value !== null && type.kind !== 'boolean')))
  if (value === null) return 'null'
  if (lower === 'c') return upper(typeof value === 'string' ? value : String.fromCodePoint(Number(value)))
  if (!isNumeric(type)) throw invalidArgument('printf', `%${kind}`, 'the value is no number')
  const number = Number(textOf(type, value, context))
  const signed = (text: string): string =>
    flags.includes('+') && !text.startsWith('-')
      ? `+${text}`
      : flags.includes(' ') && !text.startsWith('-')
        ? ` ${text}`
        : text
  const withCommas = (text: string): string => {
    if (!flags.includes(',')) return text
    const [whole = '', ...rest] = text.split('.')
    return [grouped(whole), ...rest].join('.')
  }
  switch (lower) {
    case 'd':
    case 'i':
      if (!/^-?\d+$/.test(textOf(type, value, context)))
        throw invalidArgument('printf', `%${kind}`, 'the value is no whole number')
      return signed(withCommas(textOf(type, value, context)))
    case 'f':
      return signed(withCommas(Number.isFinite(number) ? fixed(type, value, precision ?? 6, context) : String(number)))
    case 'e':
      return upper(signed(number.toExponential(precision ?? 6).replace(/e([+-])(\d)$/, 'e$10$2')))
    case 'g':
      return upper(signed(String(Number(number.toPrecision(Math.max(1, precision ?? 6))))))
    case 'x':
      return upper(BigInt.asUintN(64, BigInt(Math.trunc(number))).toString(16))
    case 'o':
      return BigInt.asUintN(64, BigInt(Math.trunc(number))).toString(8)
    default:
      throw invalidArgument('printf', `%${kind}`, 'there is no such conversion')
  }
}

function padded(text: string, width: number, flags: string): string {
  if (flags.includes('-')) return text.padEnd(width)
  if (!flags.includes('0')) return text.padStart(width)
  const sign = /^[+-]/.test(text) ? text[0]! : ''
  return sign + text.slice(sign.length).padStart(width - sign.length, '0')
}

/** DuckDB's and Python's {} and {:>8.2f}. */
function braces(
  pattern: string,
  types: readonly DataType[],
  values: readonly Value[],
  context: EvaluationContext,
): string {
  let next = 0
  return pattern.replace(/\{\{|\}\}|\{(\d*)(?::([^}]*))?\}/g, (whole, place?: string, how?: string) => {
    if (whole === '{{' || whole === '}}') return whole[0]!
    const at = place === undefined || place === '' ? next++ : Number(place)
    const [type, value] = [types[at], values[at]]
    if (type === undefined || value === undefined)
      throw invalidArgument('format', whole, `there are only ${values.length} values`)
    if (how === undefined) return shown(type, value, context)
    const match = /^([<>^])?([,+ ]?)(0?)(\d+)?(,?)(?:\.(\d+))?([a-zA-Z])?$/.exec(how)
    if (match === null) throw invalidArgument('format', whole, 'there is no such conversion')
    const [, align, sign = '', zero = '', width, comma = '', precision, kind] = match
    const conversion =
      kind ??
      (precision !== undefined
        ? 'f'
        : isNumeric(type) && type.kind !== 'decimal' && type.kind !== 'float64'
          ? 'd'
          : 's')
    const text = converted(
      conversion,
      type,
      value,
      precision === undefined ? null : Number(precision),
      sign + comma,
      context,
    )
    const size = Number(width ?? 0)
    if (align === '<') return text.padEnd(size)
    if (align === '^') return text.padStart(Math.floor((size + text.length) / 2)).padEnd(size)
    return padded(text, size, zero)
  })
}

/** A number by a pattern such as 9,999.00, $999.99, S0000 or FM990.0; too many digits give #. */
function numberByPattern(text: string, pattern: string): string {
  const fill = /^FM/i.test(pattern)
  const body = pattern.replace(/^FM/i, '')
  const [wholePattern = '', fractionPattern = ''] = body.split(/[.D]/i)
  const digits = (part: string): number => part.replace(/[^09]/g, '').length
  const negative = text.startsWith('-')
  const rounded = fixed({ kind: 'string' }, text, digits(fractionPattern), { timezone: 'UTC', nowMicros: 0n })
  const [whole = '0', fraction = ''] = rounded.replace('-', '').split('.')
  const places = digits(wholePattern)
  const significant = whole === '0' ? '' : whole
  if (significant.length > places) return pattern.replace(/[09]/g, '#')
  const digitsPattern = wholePattern.replace(/[^09,G]/gi, '')
  const firstZero = digitsPattern.replace(/[,G]/gi, '').indexOf('0')
  let place = 0
  let shownWhole = ''
  for (const symbol of digitsPattern) {
    if (/[,G]/i.test(symbol)) {
      shownWhole += /\d$/.test(shownWhole) ? ',' : ' '
      continue
    }
    const at = place - (places - significant.length)
    const isZero = firstZero >= 0 && place >= firstZero
    shownWhole += at >= 0 ? significant[at]! : isZero || (place === places - 1 && fractionPattern === '') ? '0' : ' '
    place++
  }
  const currency = /[$L]/i.test(body) ? '$' : ''
  const number = `${currency}${shownWhole.trimStart()}${fractionPattern === '' ? '' : `.${fraction}`}`
  const sign = /S|MI|PR/i.test(body) ? (negative ? '-' : /S/i.test(body) ? '+' : ' ') : negative ? '-' : ' '
  const all = `${sign}${number}`
  return fill
    ? all.trim()
    : all.padStart(shownWhole.length + currency.length + 1 + (fractionPattern === '' ? 0 : fraction.length + 1))
}

const ofValues = (name: string, doc: string, aliases: readonly string[], apply: typeof printf): FunctionDefinition =>
  define(
    `${name}(pattern, a, …) → string`,
    doc,
    [1, Infinity],
    (args) => ({ args: [string, ...typesOf(args).slice(1)], type: string }),
    (site) =>
      (context, pattern: Value, ...values: Value[]) =>
        pattern === null
          ? null
          : apply(
              pattern as string,
              site.args.slice(1).map((a) => a.type),
              values,
              context,
            ),
    { nulls: 'own', aliases },
  )

export const formatFunctions = {
  printf: ofValues('printf', "C's conversions: %s, %d, %05.2f, %x, %e …", ['format_string'], printf),
  format: ofValues('format', 'Each {} (or {0}, {:>8.2f}) with a value in its place.', [], braces),
  format_number: define(
    'format_number(number, digits) → string',
    'With commas between thousands, and so many digits after the point.',
    [2, 2],
    (args, name) => {
      const { type } = args[0]!
      const of = type.kind === 'string' ? float64 : type
      if (!isNumeric(of)) throw wrongArguments(name, typesOf(args), 'it takes a number')
      return { args: [of, int32], type: string }
    },
    (site) => (context, value: Value, digits: number) => {
      if (digits < 0) return null
      const { type } = site.args[0]!
      if (typeof value === 'number' && !Number.isFinite(value)) return String(value)
      const [whole = '', ...rest] = fixed(type, value, digits, context).split('.')
      return [whole.replace(/\d+/, grouped), ...rest].join('.')
    },
    { nullable: 'always' },
  ),
  to_char: define(
    'to_char(value, pattern) → string',
    'A date or timestamp in a pattern of PostgreSQL (YYYY-MM-DD HH24:MI:SS) or Java, or a number in one such as 9,999.00.',
    [2, 2],
    (args, name) => {
      const { type } = args[0]!
      const isMoment = type.kind === 'date' || isTimestamp(type)
      if (!isMoment && !isNumeric(type) && type.kind !== 'null') {
        throw wrongArguments(name, typesOf(args), 'the first argument must be a date, a timestamp or a number')
      }
      return { args: [type, string], type: string }
    },
    (site) => {
      const { type } = site.args[0]!
      return (context, value: Value, pattern: string) => {
        if (isNumeric(type)) return numberByPattern(plainNumber(type, value, context), pattern)
        const local =
          type.kind === 'date'
            ? BigInt(value as number) * 86_400_000_000n
            : type.kind === 'timestamp'
              ? localFromInstant(value as bigint, context.timezone)
              : (value as bigint)
        return formatDateTime(local, parsePattern(javaPattern(pattern)))
      }
    },
    { aliases: ['to_varchar'], contextual: true },
  ),
  to_number: define(
    'to_number(text, pattern) → decimal',
    'The number in a text such as 1,234.50 by a pattern such as 9,999.99; signs, commas and $ are skipped.',
    [1, 2],
    (args) => {
      const pattern = args[1]?.kind === 'literal' && typeof args[1].value === 'string' ? args[1].value : '9'.repeat(28)
      const [whole = '', fraction = ''] = pattern.split(/[.D]/i)
      const count = (part: string): number => part.replace(/[^09]/g, '').length
      const scale = Math.min(37, count(fraction))
      return { args: args.map(() => string), type: decimal(Math.max(1, Math.min(38, count(whole) + scale)), scale) }
    },
    (site) => (_, text: string) => {
      const { type } = site
      const plain = text
        .trim()
        .replace(/[,$\s]/g, '')
        .replace(/^\((.*)\)$|^<(.*)>$|^(.*)-$/, (_m, a?: string, b?: string, c?: string) => `-${a ?? b ?? c ?? ''}`)
      if (type.kind !== 'decimal' || !/^[+-]?(\d+\.?\d*|\.\d+)$/.test(plain))
        throw invalidArgument('to_number', text, 'it is no such number')
      const [whole = '', fraction = ''] = plain.split('.')
      if (
        fraction.replace(/0+$/, '').length > type.scale ||
        whole.replace(/^[+-]?0*/, '').length > type.precision - type.scale
      ) {
        throw invalidArgument('to_number', text, 'it has more digits than the pattern')
      }
      return BigInt(`${whole}${fraction.padEnd(type.scale, '0').slice(0, type.scale)}`.replace('+', ''))
    },
  ),
} satisfies Record<string, FunctionDefinition>

function plainNumber(type: DataType, value: Value, context: EvaluationContext): string {
  const text = textOf(type, value, context)
  return /e/i.test(text) ? Number(text).toFixed(20) : text
}
