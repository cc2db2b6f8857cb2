import { floatText } from './float-text.js'
import { formatInterval } from '@deltaworks/expression'
import {
  formatDate,
  formatDecimal,
  formatTimestamp,
  isInterval,
  type DataType,
  type Schema,
  type Value,
} from '@deltaworks/schema'

/**
 * A row as one line of JSON that every reader renders alike: keys in the schema's order, no spaces; integers with all digits, decimals as
 * strings with their full scale, the shortest floats, hexadecimal binary, ISO dates, timestamps with six digits (UTC with `Z`, without
 * a zone without it), structs as objects, maps as arrays of pairs in the order of the keys' texts, variants as a string of their JSON,
 * intervals as text.
 */
export function canonicalLine(schema: Schema, row: readonly Value[]): string {
  let line = '{'
  for (let i = 0; i < schema.fields.length; i++) {
    const { name, type } = schema.fields[i]!
    line += `${i === 0 ? '' : ','}${JSON.stringify(name)}:${canonicalValue(type, row[i] ?? null)}`
  }
  return `${line}}`
}

/** One value as in `canonicalLine`. */
export function canonicalValue(type: DataType, value: Value): string {
  if (value === null) return 'null'
  switch (type.kind) {
    case 'null':
      return 'null'
    case 'boolean':
    case 'int8':
    case 'int16':
    case 'int32':
    case 'int64':
      return String(value)
    case 'float32':
    case 'float64':
      return floatText(value as number, type.kind)
    case 'decimal':
      return `"${formatDecimal(value as bigint, type.scale)}"`
    case 'string':
      return JSON.stringify(value)
    case 'variant':
      return JSON.stringify(canonicalJson(value as string))
    case 'binary':
      return `"${Buffer.from(value as Uint8Array).toString('hex')}"`
    case 'date':
      return `"${formatDate(value as number)}"`
    case 'timestamp':
      return `"${formatTimestamp(value as bigint, 'T', 6)}Z"`
    case 'timestamp_ntz':
      return `"${formatTimestamp(value as bigint, 'T', 6)}"`
    case 'list':
      return `[${(value as readonly Value[]).map((item) => canonicalValue(type.element, item)).join(',')}]`
    case 'struct': {
      if (isInterval(type)) return JSON.stringify(formatInterval(value))
      const members = value as readonly Value[]
      return `{${type.fields
        .map((field, i) => `${JSON.stringify(field.name)}:${canonicalValue(field.type, members[i] ?? null)}`)
        .join(',')}}`
    }
    case 'map': {
      const pairs = (value as readonly (readonly [Value, Value])[]).map(
        ([key, item]) => [canonicalValue(type.key, key), canonicalValue(type.value, item)] as const,
      )
      pairs.sort(([a], [b]) => compareText(a, b))
      return `[${pairs.map(([key, item]) => `[${key},${item}]`).join(',')}]`
    }
  }
}

/** JSON text without spaces, keys in code point order, numbers plain and without trailing zeros. */
export function canonicalJson(text: string): string {
  // Numbers are kept as texts: they may have more digits than a double.
  const tokens = text.match(/"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|[[\]{},:]|true|false|null/g) ?? []
  let at = 0
  const value = (): string => {
    const token = tokens[at++] ?? 'null'
    if (token === '[') {
      const items: string[] = []
      while (at < tokens.length && tokens[at] !== ']') {
        if (tokens[at] === ',') at++
        else items.push(value())
      }
      at++
      return `[${items.join(',')}]`
    }
    if (token === '{') {
      const members: (readonly [string, string])[] = []
      while (at < tokens.length && tokens[at] !== '}') {
        if (tokens[at] === ',') {
          at++
          continue
        }
        const key = JSON.parse(tokens[at++]!) as string
        at++
        members.push([key, value()])
      }
      at++
      members.sort(([a], [b]) => compareText(a, b))
      return `{${members.map(([key, item]) => `${JSON.stringify(key)}:${item}`).join(',')}}`
    }
    if (token.startsWith('"')) return JSON.stringify(JSON.parse(token))
    return /^-?\d/.test(token) ? plainNumber(token) : token
  }
  return value()
}

/** `1.50e2` → `150`. */
function plainNumber(text: string): string {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(
    text,
  )!
  const shift = Number(exponent)
  if (Math.abs(shift) > 400) return text
  const digits = whole + fraction
  const point = whole.length + shift
  const padded = point > digits.length ? digits.padEnd(point, '0') : point < 1 ? '0'.repeat(1 - point) + digits : digits
  const cut = Math.max(point, 1)
  const integral = padded.slice(0, cut).replace(/^0+(?=\d)/, '')
  const rest = padded.slice(cut).replace(/0+$/, '')
  const number = rest === '' ? integral : `${integral}.${rest}`
  return number === '0' ? '0' : sign + number
}

/** Code point order (surrogates sort above the rest of the basic plane). */
function compareText(a: string, b: string): number {
  for (let i = 0; i < a.length && i < b.length; i++) {
    const x = a.charCodeAt(i)
    const y = b.charCodeAt(i)
    if (x !== y)
      return x >= 0xd800 && y >= 0xd800 ? x + (x < 0xe000 ? 0x10000 : 0) - (y + (y < 0xe000 ? 0x10000 : 0)) : x - y
  }
  return a.length - b.length
}
