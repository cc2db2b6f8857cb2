import { VariantError } from './variant-text.js'

/*
 * JSON text as the binary form of a variant (parquet-format, VariantEncoding.md): a dictionary of the field names, and the value.
 * Whole numbers become the smallest integer that holds them, other plain numbers decimals, all others doubles.
 */

export interface VariantBinary {
  readonly metadata: Uint8Array
  readonly value: Uint8Array
}

/** @throws VariantError if the text is no JSON */
export function variantBinary(text: string): VariantBinary {
  const writer = new VariantWriter(text)
  const value = writer.whole()
  return { metadata: dictionaryOf([...writer.names.keys()]), value }
}

const version = 1
const maxDepth = 200

function dictionaryOf(names: readonly string[]): Uint8Array {
  const texts = names.map((name) => Buffer.from(name))
  const length = texts.reduce((sum, text) => sum + text.length, 0)
  const width = widthOf(Math.max(length, texts.length))
  const bytes = Buffer.alloc(1 + width * (texts.length + 2) + length)
  bytes[0] = version | ((width - 1) << 6)
  let at = bytes.writeUIntLE(texts.length, 1, width)
  let offset = 0
  at = bytes.writeUIntLE(0, at, width)
  for (const text of texts) at = bytes.writeUIntLE((offset += text.length), at, width)
  for (const text of texts) at += text.copy(bytes, at)
  return bytes
}

/** Bytes that an unsigned number needs, 1 to 4. */
const widthOf = (value: number): number => (value < 0x100 ? 1 : value < 0x10000 ? 2 : value < 0x1000000 ? 3 : 4)

class VariantWriter {
  readonly names = new Map<string, number>()
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  whole(): Uint8Array {
    const value = this.#value(0)
    this.#space()
    if (this.#at < this.#text.length) throw this.#problem()
    return value
  }

  #value(depth: number): Uint8Array {
    if (depth > maxDepth) throw new VariantError('it is nested too deeply')
    this.#space()
    switch (this.#text[this.#at]) {
      case '{':
        return this.#object(depth)
      case '[':
        return this.#array(depth)
      case '"':
        return stringValue(this.#string())
      default:
        return this.#scalar()
    }
  }

  #object(depth: number): Uint8Array {
    const members = new Map<string, Uint8Array>()
    this.#at++
    if (!this.#takes('}')) {
      do {
        this.#space()
        const name = this.#string()
        this.#expect(':')
        members.set(name, this.#value(depth + 1))
      } while (this.#takes(','))
      this.#expect('}')
    }
    const ids = [...members.keys()].map((name) => {
      const known = this.names.get(name)
      if (known !== undefined) return known
      this.names.set(name, this.names.size)
      return this.names.size - 1
    })
    const entries = [...members].map(([name, bytes], i) => ({ key: Buffer.from(name), id: ids[i]!, bytes }))
    // Members are found by a binary search over their names.
    entries.sort((a, b) => Buffer.compare(a.key, b.key))
    const idWidth = widthOf(Math.max(0, ...ids))
    return containerValue(
      2,
      (offsetWidth, isLarge) => (offsetWidth - 1) | ((idWidth - 1) << 2) | (isLarge ? 16 : 0),
      entries.map(({ bytes }) => bytes),
      { width: idWidth, values: entries.map(({ id }) => id) },
    )
  }

  #array(depth: number): Uint8Array {
    const elements: Uint8Array[] = []
    this.#at++
    if (!this.#takes(']')) {
      do elements.push(this.#value(depth + 1))
      while (this.#takes(','))
      this.#expect(']')
    }
    return containerValue(3, (offsetWidth, isLarge) => (offsetWidth - 1) | (isLarge ? 4 : 0), elements, null)
  }

  #string(): string {
    const start = this.#at
    if (this.#text[start] !== '"') throw this.#problem()
    let end = start + 1
    while (end < this.#text.length && this.#text[end] !== '"') end += this.#text[end] === '\\' ? 2 : 1
    this.#at = end + 1
    try {
      return JSON.parse(this.#text.slice(start, this.#at)) as string
    } catch {
      this.#at = start
      throw this.#problem()
    }
  }

  #scalar(): Uint8Array {
    const token = /[^\s,\]}]*/y
    token.lastIndex = this.#at
    const [text] = token.exec(this.#text)!
    const named = { null: 0, true: 1, false: 2 }[text]
    if (named === undefined && !/^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(text)) throw this.#problem()
    this.#at += text.length
    return named === undefined ? numberValue(text) : primitive(named, 0, () => undefined)
  }

  #takes(character: string): boolean {
    this.#space()
    if (this.#text[this.#at] !== character) return false
    this.#at++
    return true
  }

  #expect(character: string): void {
    if (!this.#takes(character)) throw this.#problem()
  }

  #space(): void {
    while (/\s/.test(this.#text[this.#at] ?? '')) this.#at++
  }

  #problem(): VariantError {
    return new VariantError(`no JSON at character ${this.#at + 1}`)
  }
}

function primitive(kind: number, width: number, fill: (bytes: Buffer) => void): Uint8Array {
  const bytes = Buffer.alloc(1 + width)
  bytes[0] = kind << 2
  fill(bytes)
  return bytes
}

const longestShortString = 63

function stringValue(text: string): Uint8Array {
  const content = Buffer.from(text)
  if (content.length <= longestShortString) return Buffer.concat([Uint8Array.of((content.length << 2) | 1), content])
  const head = primitive(16, 4, (bytes) => bytes.writeUInt32LE(content.length, 1))
  return Buffer.concat([head, content])
}

function numberValue(text: string): Uint8Array {
  const match = /^(-?\d+)(?:\.(\d+))?$/.exec(text)
  if (match === null) return doubleValue(text)
  const scale = match[2]?.length ?? 0
  const unscaled = BigInt(match[1]! + (match[2] ?? ''))
  if (scale === 0 && unscaled >= -(2n ** 63n) && unscaled < 2n ** 63n) return integerValue(unscaled)
  const digits = unscaled.toString().replace('-', '').length
  return digits > 38 || scale > 38 ? doubleValue(text) : decimalValue(unscaled, scale, Math.max(digits, scale))
}

const doubleValue = (text: string): Uint8Array => primitive(7, 8, (bytes) => bytes.writeDoubleLE(Number(text), 1))

function integerValue(value: bigint): Uint8Array {
  const size = value < 0n ? -value - 1n : value
  if (size < 2n ** 7n) return primitive(3, 1, (bytes) => bytes.writeInt8(Number(value), 1))
  if (size < 2n ** 15n) return primitive(4, 2, (bytes) => bytes.writeInt16LE(Number(value), 1))
  if (size < 2n ** 31n) return primitive(5, 4, (bytes) => bytes.writeInt32LE(Number(value), 1))
  return primitive(6, 8, (bytes) => bytes.writeBigInt64LE(value, 1))
}

function decimalValue(unscaled: bigint, scale: number, precision: number): Uint8Array {
  const [kind, width] = precision <= 9 ? [8, 4] : precision <= 18 ? [9, 8] : [10, 16]
  return primitive(kind, 1 + width, (bytes) => {
    bytes[1] = scale
    if (width === 4) bytes.writeInt32LE(Number(unscaled), 2)
    else {
      bytes.writeBigInt64LE(BigInt.asIntN(64, unscaled), 2)
      if (width === 16) bytes.writeBigInt64LE(unscaled >> 64n, 10)
    }
  })
}

/** Header, count, ids of an object's names, offsets, content. */
function containerValue(
  basicType: number,
  header: (offsetWidth: number, isLarge: boolean) => number,
  items: readonly Uint8Array[],
  ids: { readonly width: number; readonly values: readonly number[] } | null,
): Uint8Array {
  const length = items.reduce((sum, item) => sum + item.length, 0)
  const offsetWidth = widthOf(length)
  const isLarge = items.length > 255
  const countWidth = isLarge ? 4 : 1
  const idWidth = ids?.width ?? 0
  const bytes = Buffer.alloc(1 + countWidth + items.length * idWidth + (items.length + 1) * offsetWidth + length)
  bytes[0] = (header(offsetWidth, isLarge) << 2) | basicType
  let at = bytes.writeUIntLE(items.length, 1, countWidth)
  for (const id of ids?.values ?? []) at = bytes.writeUIntLE(id, at, idWidth)
  let offset = 0
  at = bytes.writeUIntLE(0, at, offsetWidth)
  for (const item of items) at = bytes.writeUIntLE((offset += item.length), at, offsetWidth)
  for (const item of items) {
    bytes.set(item, at)
    at += item.length
  }
  return bytes
}
