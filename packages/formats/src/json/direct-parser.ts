import { fixedOffsetMicros } from '@deltaworks/expression'
import type { DataType, Value } from '@deltaworks/schema'
import { invalid, parseValue, type ValueFormat } from '../csv/parse-value.js'
import { FixedBuilder, ListBuilder, StructBuilder, TextBuilder, type ColumnBuilder } from './column-builder.js'

/** Members of an object that become columns. */
export interface DirectMember {
  /** Names in the file; one that differs in case alone does as well. */
  readonly names: readonly string[]
  readonly format: ValueFormat
  readonly builder: ColumnBuilder
}

const quote = 0x22
const backslash = 0x5c
const maxDepth = 500

/**
 * Parses strict JSON records from bytes straight into column builders. Whatever is not plain sailing (relaxed syntax, a value that is
 * not of its type, a member that comes twice) makes `record` return false with the builders as they were: the caller then
 * reads the record the careful way, which is the definition.
 */
export class DirectParser {
  readonly #members: readonly DirectMember[]
  readonly #root: ObjectShape
  #bytes: Uint8Array = new Uint8Array(0)
  #at = 0
  #end = 0
  /** Of the string that was read last; -1: it had escapes, and is in `#text`. */
  #textStart = 0
  #textEnd = 0
  #text: string | null = null

  constructor(members: readonly DirectMember[]) {
    this.#members = members
    this.#root = new ObjectShape(members)
  }

  record(bytes: Uint8Array): boolean {
    this.#bytes = bytes
    this.#at = 0
    this.#end = bytes.length
    const before = this.#members[0]?.builder.length ?? 0
    this.#space()
    if (this.#object(this.#root, 0)) {
      this.#space()
      if (this.#at === this.#end) return true
    }
    for (const { builder } of this.#members) builder.truncate(before)
    return false
  }

  #space(): void {
    const bytes = this.#bytes
    for (;;) {
      const byte = bytes[this.#at]
      if (byte !== 32 && byte !== 10 && byte !== 13 && byte !== 9) return
      this.#at++
    }
  }

  #take(byte: number): boolean {
    if (this.#bytes[this.#at] !== byte || this.#at >= this.#end) return false
    this.#at++
    return true
  }

  /** An object's members into the shape's builders, each of which gets exactly one value. */
  #object(shape: ObjectShape, depth: number): boolean {
    if (depth > maxDepth || !this.#take(0x7b)) return false
    const seen = shape.begin()
    this.#space()
    if (!this.#take(0x7d)) {
      let position = 0
      for (;;) {
        this.#space()
        if (!this.#string()) return false
        const index = shape.find(this.#bytes, this.#textStart, this.#textEnd, this.#text, position++)
        this.#space()
        if (!this.#take(0x3a)) return false
        this.#space()
        if (index < 0) {
          if (!this.#skip(depth + 1)) return false
        } else {
          if (seen[index] === 1) return false
          seen[index] = 1
          const { builder, format } = shape.members[index]!
          if (!this.#value(builder, format, depth + 1)) return false
        }
        this.#space()
        if (this.#take(0x2c)) continue
        if (this.#take(0x7d)) break
        return false
      }
    }
    shape.members.forEach(({ builder }, i) => {
      if (seen[i] === 0) builder.appendNull()
    })
    shape.finish()
    return true
  }

  /** A string without its quotes: where it stands, or as text if it has escapes. */
  #string(): boolean {
    if (!this.#take(quote)) return false
    const bytes = this.#bytes
    const start = this.#at
    let at = start
    while (at < this.#end) {
      const byte = bytes[at]!
      if (byte === quote) {
        this.#textStart = start
        this.#textEnd = at
        this.#text = null
        this.#at = at + 1
        return true
      }
      if (byte === backslash) return this.#escaped(start)
      if (byte < 32) return false
      at++
    }
    return false
  }

  #escaped(start: number): boolean {
    const bytes = this.#bytes
    let at = start
    while (at < this.#end && bytes[at] !== quote) at += bytes[at] === backslash ? 2 : 1
    if (at >= this.#end) return false
    try {
      this.#text = JSON.parse(`"${decoder.decode(bytes.subarray(start, at))}"`) as string
    } catch {
      return false
    }
    this.#at = at + 1
    return true
  }

  #currentText(): string {
    return this.#text ?? decoder.decode(this.#bytes.subarray(this.#textStart, this.#textEnd))
  }

  #word(text: string): boolean {
    for (let i = 0; i < text.length; i++) if (this.#bytes[this.#at + i] !== text.charCodeAt(i)) return false
    this.#at += text.length
    return this.#at <= this.#end
  }

  #value(builder: ColumnBuilder, format: ValueFormat, depth: number): boolean {
    const byte = this.#bytes[this.#at]
    if (byte === 0x6e) {
      if (!this.#word('null')) return false
      builder.appendNull()
      return true
    }
    if (builder instanceof TextBuilder) return this.#textValue(builder)
    if (builder instanceof FixedBuilder) return this.#fixedValue(builder, format)
    if (builder instanceof ListBuilder) {
      return builder.children.length === 1 ? this.#list(builder, format, depth) : this.#map(builder, format, depth)
    }
    if (builder instanceof StructBuilder) {
      return this.#object(this.#root.below(builder, format), depth)
    }
    return false
  }

  #textValue(builder: TextBuilder): boolean {
    // Other values as text, variants and base64 are left to the careful way.
    if (builder.type.kind !== 'string') return false
    if (this.#bytes[this.#at] !== quote) return this.#scalarText(builder)
    if (!this.#string()) return false
    if (this.#text === null) builder.appendBytes(this.#bytes, this.#textStart, this.#textEnd)
    else builder.append(this.#text)
    return true
  }

  /** A number, true or false in a column of texts: as it is written. */
  #scalarText(builder: TextBuilder): boolean {
    const start = this.#at
    const byte = this.#bytes[start]
    const isWord = byte === 0x74 ? this.#word('true') : byte === 0x66 ? this.#word('false') : this.#number()
    if (!isWord) return false
    builder.appendBytes(this.#bytes, start, this.#at)
    return true
  }

  #fixedValue(builder: FixedBuilder, format: ValueFormat): boolean {
    const { kind } = builder.type
    const byte = this.#bytes[this.#at]
    if (kind === 'boolean' && byte !== quote) {
      if (byte === 0x74) {
        if (!this.#word('true')) return false
        builder.appendInteger(1)
        return true
      }
      if (!this.#word('false')) return false
      builder.appendInteger(0)
      return true
    }
    if (byte === quote) {
      if (!this.#string()) return false
      if (this.#text === null && format.pattern === null && this.#moment(builder, kind, format)) return true
      return appendParsed(builder, this.#currentText(), format)
    }
    if (kind === 'date' || kind === 'timestamp' || kind === 'timestamp_ntz') return false
    return this.#numberValue(builder, format)
  }

  /** A number token. */
  #number(): boolean {
    const bytes = this.#bytes
    let at = this.#at
    if (bytes[at] === 0x2d) at++
    const first = at
    while (isDigit(bytes[at])) at++
    if (at === first || (bytes[first] === 0x30 && at > first + 1)) return false
    if (bytes[at] === 0x2e) {
      const fraction = ++at
      while (isDigit(bytes[at])) at++
      if (at === fraction) return false
    }
    if (bytes[at] === 0x65 || bytes[at] === 0x45) {
      at++
      if (bytes[at] === 0x2b || bytes[at] === 0x2d) at++
      const exponent = at
      while (isDigit(bytes[at])) at++
      if (at === exponent) return false
    }
    if (at > this.#end) return false
    this.#at = at
    return true
  }

  #numberValue(builder: FixedBuilder, format: ValueFormat): boolean {
    const bytes = this.#bytes
    const start = this.#at
    if (!this.#number()) return false
    const end = this.#at
    const { type } = builder
    let value = 0
    let digits = 0
    let fraction = -1
    let at = bytes[start] === 0x2d ? start + 1 : start
    for (; at < end; at++) {
      const byte = bytes[at]!
      if (byte === 0x2e) fraction = 0
      else if (byte > 0x39) break
      else {
        value = value * 10 + byte - 0x30
        digits++
        if (fraction >= 0) fraction++
      }
    }
    const isPlain = at === end && digits <= 15
    if (isPlain && bytes[start] === 0x2d) value = -value
    if (isPlain && (type.kind === 'float64' || type.kind === 'float32')) {
      // Both are exact, and so is the quotient but for one rounding.
      builder.appendFloat(fraction > 0 ? value / powers[fraction]! : value)
      return true
    }
    if (isPlain && fraction < 0 && fitsInteger(type, value)) {
      builder.appendInteger(value)
      return true
    }
    if (isPlain && type.kind === 'decimal') {
      const shift = type.scale - Math.max(0, fraction)
      if (shift >= 0 && digits + shift <= 15 && digits + shift <= type.precision) {
        builder.appendInteger(value * powers[shift]!)
        return true
      }
    }
    return appendParsed(builder, decoder.decode(bytes.subarray(start, end)), format)
  }

  /** The usual forms of ISO 8601: yyyy-MM-dd, and yyyy-MM-ddTHH:mm:ss[.fraction][Z] where no zone has to be looked up. */
  #moment(builder: FixedBuilder, kind: DataType['kind'], { timezone }: ValueFormat): boolean {
    const bytes = this.#bytes
    const start = this.#textStart
    const length = this.#textEnd - start
    if (length < 10 || bytes[start + 4] !== 0x2d || bytes[start + 7] !== 0x2d) return false
    const year = digitsAt(bytes, start, 4)
    const month = digitsAt(bytes, start + 5, 2)
    const day = digitsAt(bytes, start + 8, 2)
    if (year < 1 || month < 1 || month > 12 || day < 1 || day > 28) return false
    const days = daysFromCivil(year, month, day)
    if (kind === 'date') {
      if (length === 10) builder.appendInteger(days)
      return length === 10
    }
    if (kind !== 'timestamp' && kind !== 'timestamp_ntz') return false
    if (length < 19 || (bytes[start + 10] !== 0x54 && bytes[start + 10] !== 0x20)) return false
    if (bytes[start + 13] !== 0x3a || bytes[start + 16] !== 0x3a) return false
    const hour = digitsAt(bytes, start + 11, 2)
    const minute = digitsAt(bytes, start + 14, 2)
    const second = digitsAt(bytes, start + 17, 2)
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59) return false
    let at = start + 19
    let micros = 0
    if (bytes[at] === 0x2e && at < this.#textEnd) {
      let scale = 100_000
      const first = ++at
      for (; at < this.#textEnd && isDigit(bytes[at]) && scale >= 1; at++) {
        micros += (bytes[at]! - 0x30) * scale
        scale /= 10
      }
      if (at === first) return false
    }
    const isZulu = at + 1 === this.#textEnd && bytes[at] === 0x5a
    if (!isZulu && at !== this.#textEnd) return false
    if (kind === 'timestamp' && !isZulu && fixedOffsetMicros(timezone) !== 0n) return false
    const seconds = days * 86_400 + hour * 3600 + minute * 60 + second
    if (Math.abs(seconds) > 9_000_000_000) return false
    builder.appendInteger(seconds * 1_000_000 + micros)
    return true
  }

  #list(builder: ListBuilder, format: ValueFormat, depth: number): boolean {
    if (depth > maxDepth || !this.#take(0x5b)) return false
    this.#space()
    if (!this.#take(0x5d)) {
      for (;;) {
        this.#space()
        if (!this.#value(builder.children[0]!, format, depth + 1)) return false
        this.#space()
        if (this.#take(0x2c)) continue
        if (this.#take(0x5d)) break
        return false
      }
    }
    builder.end()
    return true
  }

  #map(builder: ListBuilder, format: ValueFormat, depth: number): boolean {
    const [keys, values] = builder.children as [ColumnBuilder, ColumnBuilder]
    if (depth > maxDepth || !this.#take(0x7b)) return false
    const names = new Set<string>()
    this.#space()
    if (!this.#take(0x7d)) {
      for (;;) {
        this.#space()
        if (!this.#string()) return false
        const key = this.#currentText()
        // The last of equal keys counts, and such that look like numbers come first: the careful way knows.
        if (names.has(key) || /^\d+$/.test(key)) return false
        names.add(key)
        if (!appendParsed(keys, key, format)) return false
        this.#space()
        if (!this.#take(0x3a)) return false
        this.#space()
        if (!this.#value(values, format, depth + 1)) return false
        this.#space()
        if (this.#take(0x2c)) continue
        if (this.#take(0x7d)) break
        return false
      }
    }
    builder.end()
    return true
  }

  /** Past a value that nobody wants, checking its form. */
  #skip(depth: number): boolean {
    if (depth > maxDepth) return false
    switch (this.#bytes[this.#at]) {
      case quote:
        return this.#string()
      case 0x74:
        return this.#word('true')
      case 0x66:
        return this.#word('false')
      case 0x6e:
        return this.#word('null')
      case 0x7b:
      case 0x5b:
        return this.#skipNested(depth)
      default:
        return this.#number()
    }
  }

  #skipNested(depth: number): boolean {
    const isObject = this.#bytes[this.#at++] === 0x7b
    const close = isObject ? 0x7d : 0x5d
    this.#space()
    if (this.#take(close)) return true
    for (;;) {
      this.#space()
      if (isObject) {
        if (!this.#string()) return false
        this.#space()
        if (!this.#take(0x3a)) return false
        this.#space()
      }
      if (!this.#skip(depth + 1)) return false
      this.#space()
      if (this.#take(0x2c)) continue
      return this.#take(close)
    }
  }
}

/** Which member a key means. Keys mostly come in one order: what stood at a position before is tried first. */
class ObjectShape {
  readonly members: readonly DirectMember[]
  readonly #owner: StructBuilder | null
  readonly #seen: Uint8Array
  readonly #exact = new Map<string, number>()
  readonly #lower = new Map<string, number>()
  readonly #expected: { readonly bytes: Uint8Array; readonly index: number }[] = []
  readonly #below = new Map<StructBuilder, ObjectShape>()

  constructor(members: readonly DirectMember[], owner: StructBuilder | null = null) {
    this.members = members
    this.#owner = owner
    this.#seen = new Uint8Array(members.length)
    members.forEach(({ names }, i) => {
      for (const name of names) {
        if (!this.#exact.has(name)) this.#exact.set(name, i)
        if (!this.#lower.has(name.toLowerCase())) this.#lower.set(name.toLowerCase(), i)
      }
    })
  }

  /** Flags of the members that have come. A shape is never within itself, so that one set of them does. */
  begin(): Uint8Array {
    return this.#seen.fill(0)
  }

  finish(): void {
    this.#owner?.end()
  }

  below(builder: StructBuilder, format: ValueFormat): ObjectShape {
    const known = this.#below.get(builder)
    if (known !== undefined) return known
    const fields = builder.type.kind === 'struct' ? builder.type.fields : []
    const members = fields.map(({ name }, i) => ({ names: [name], format, builder: builder.children[i]! }))
    const shape = new ObjectShape(members, builder)
    this.#below.set(builder, shape)
    return shape
  }

  /** @returns the member's index, or -1 */
  find(bytes: Uint8Array, start: number, end: number, text: string | null, position: number): number {
    const expected = this.#expected[position]
    if (text === null && expected !== undefined && equal(expected.bytes, bytes, start, end)) return expected.index
    const key = text ?? decoder.decode(bytes.subarray(start, end))
    const index = this.#exact.get(key) ?? this.#lower.get(key.toLowerCase()) ?? -1
    if (text === null && position < 1000) this.#expected[position] = { bytes: bytes.slice(start, end), index }
    return index
  }
}

function equal(expected: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (expected.length !== end - start) return false
  for (let i = 0; i < expected.length; i++) if (expected[i] !== bytes[start + i]) return false
  return true
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
const powers = Array.from({ length: 16 }, (_, i) => 10 ** i)
const isDigit = (byte: number | undefined): boolean => byte !== undefined && byte >= 0x30 && byte <= 0x39

function appendParsed(builder: ColumnBuilder, text: string, format: ValueFormat): boolean {
  const value: Value | typeof invalid = parseValue(builder.type, text, format)
  if (value === invalid) return false
  builder.append(value)
  return true
}

function fitsInteger({ kind }: DataType, value: number): boolean {
  switch (kind) {
    case 'int8':
      return value >= -128 && value <= 127
    case 'int16':
      return value >= -32_768 && value <= 32_767
    case 'int32':
      return value >= -2_147_483_648 && value <= 2_147_483_647
    default:
      return kind === 'int64'
  }
}

/** A number of `count` digits, or -1. */
function digitsAt(bytes: Uint8Array, start: number, count: number): number {
  let value = 0
  for (let i = start; i < start + count; i++) {
    if (!isDigit(bytes[i])) return -1
    value = value * 10 + bytes[i]! - 0x30
  }
  return value
}

/** Days since 1970-01-01 of the proleptic Gregorian calendar; years begin in March, so that leap days come last. */
function daysFromCivil(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year
  const era = Math.floor(y / 400)
  const yearOfEra = y - era * 400
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1
  return era * 146_097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - 719_468
}
