import { formatDate, formatDecimal, formatTimestamp } from '@deltaworks/schema'

/*
 * The binary form of a variant (parquet-format, VariantEncoding.md) as JSON text: no spaces, keys in code point order,
 * numbers plain without trailing zeros, what JSON has no word for as a string.
 */

/** A value that is not what its own lengths say. */
export class VariantError extends Error {}

const utf8 = new TextDecoder()

/** Little-endian unsigned, 1 to 4 bytes. */
function unsigned(bytes: Uint8Array, at: number, width: number): number {
  if (at + width > bytes.length) throw new VariantError('it ends too early')
  let value = 0
  for (let i = width - 1; i >= 0; i--) value = value * 256 + bytes[at + i]!
  return value
}

/** The field names of a variant's metadata. */
export function variantNames(metadata: Uint8Array): string[] {
  const header = unsigned(metadata, 0, 1)
  if ((header & 15) !== 1) throw new VariantError(`its version is ${header & 15}`)
  const width = (header >> 6) + 1
  const count = unsigned(metadata, 1, width)
  if (count > metadata.length) throw new VariantError('its dictionary is too long')
  const offsets = 1 + width
  const text = offsets + (count + 1) * width
  const names: string[] = []
  for (let i = 0; i < count; i++) {
    const start = text + unsigned(metadata, offsets + i * width, width)
    const end = text + unsigned(metadata, offsets + (i + 1) * width, width)
    if (end < start || end > metadata.length) throw new VariantError('a name lies outside its dictionary')
    names.push(utf8.decode(metadata.subarray(start, end)))
  }
  return names
}

/** @throws VariantError */
export function variantText(names: readonly string[], value: Uint8Array, at = 0, depth = 0): string {
  if (depth > 200) throw new VariantError('it is nested too deeply')
  const header = unsigned(value, at, 1)
  const kind = header >> 2
  switch (header & 3) {
    case 0:
      return primitiveText(value, at + 1, kind)
    case 1:
      return stringText(value, at + 1, kind)
    case 2:
      return objectText(names, value, at, kind, depth)
    default:
      return arrayText(names, value, at, kind, depth)
  }
}

function stringText(value: Uint8Array, at: number, length: number): string {
  if (at + length > value.length) throw new VariantError('it ends too early')
  return JSON.stringify(utf8.decode(value.subarray(at, at + length)))
}

export type VariantMember = readonly [name: string, text: string]

/** Members as the text of an object. */
export const textOfMembers = (members: readonly VariantMember[]): string =>
  `{${[...members]
    .sort(([a], [b]) => compareCodePoints(a, b))
    .map(([name, text]) => `${JSON.stringify(name)}:${text}`)
    .join(',')}}`

/** The members of an object at the start of `value`, or null if it is something else. */
export function variantMembers(names: readonly string[], value: Uint8Array): VariantMember[] | null {
  const header = unsigned(value, 0, 1)
  return (header & 3) === 2 ? membersAt(names, value, 0, header >> 2, 0) : null
}

const objectText = (names: readonly string[], value: Uint8Array, at: number, kind: number, depth: number): string =>
  textOfMembers(membersAt(names, value, at, kind, depth))

function membersAt(
  names: readonly string[],
  value: Uint8Array,
  at: number,
  kind: number,
  depth: number,
): VariantMember[] {
  const offsetWidth = (kind & 3) + 1
  const idWidth = ((kind >> 2) & 3) + 1
  const countWidth = (kind & 16) !== 0 ? 4 : 1
  const count = unsigned(value, at + 1, countWidth)
  const ids = at + 1 + countWidth
  const offsets = ids + count * idWidth
  const data = offsets + (count + 1) * offsetWidth
  if (data > value.length) throw new VariantError('an object is too long')
  const members: VariantMember[] = []
  for (let i = 0; i < count; i++) {
    const name = names[unsigned(value, ids + i * idWidth, idWidth)]
    if (name === undefined) throw new VariantError('a name is not in its dictionary')
    const member = data + unsigned(value, offsets + i * offsetWidth, offsetWidth)
    members.push([name, variantText(names, value, member, depth + 1)])
  }
  return members
}

const compareCodePoints = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b))

function arrayText(names: readonly string[], value: Uint8Array, at: number, kind: number, depth: number): string {
  const offsetWidth = (kind & 3) + 1
  const countWidth = (kind & 4) !== 0 ? 4 : 1
  const count = unsigned(value, at + 1, countWidth)
  const offsets = at + 1 + countWidth
  const data = offsets + (count + 1) * offsetWidth
  if (data > value.length) throw new VariantError('an array is too long')
  const elements: string[] = []
  for (let i = 0; i < count; i++) {
    elements.push(variantText(names, value, data + unsigned(value, offsets + i * offsetWidth, offsetWidth), depth + 1))
  }
  return `[${elements.join(',')}]`
}

const primitiveWidths = [0, 0, 0, 1, 2, 4, 8, 8, 5, 9, 17, 4, 8, 8, 4, 0, 0, 8, 8, 8, 16]

function primitiveText(value: Uint8Array, at: number, kind: number): string {
  const width = primitiveWidths[kind]
  if (width === undefined) throw new VariantError(`it has a value of the unknown type ${kind}`)
  if (at + width > value.length) throw new VariantError('it ends too early')
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength)
  switch (kind) {
    case 0:
      return 'null'
    case 1:
      return 'true'
    case 2:
      return 'false'
    case 3:
      return String(view.getInt8(at))
    case 4:
      return String(view.getInt16(at, true))
    case 5:
      return String(view.getInt32(at, true))
    case 6:
      return String(view.getBigInt64(at, true))
    case 7:
      return doubleText(view.getFloat64(at, true))
    case 8:
      return decimalText(BigInt(view.getInt32(at + 1, true)), value[at]!)
    case 9:
      return decimalText(view.getBigInt64(at + 1, true), value[at]!)
    case 10:
      return decimalText((view.getBigInt64(at + 9, true) << 64n) | view.getBigUint64(at + 1, true), value[at]!)
    case 11:
      return `"${formatDate(view.getInt32(at, true))}"`
    case 12:
      return `"${formatTimestamp(view.getBigInt64(at, true))}+00:00"`
    case 13:
      return `"${formatTimestamp(view.getBigInt64(at, true))}"`
    case 14:
      return floatText(view.getFloat32(at, true))
    case 15: {
      const length = unsigned(value, at, 4)
      if (at + 4 + length > value.length) throw new VariantError('it ends too early')
      return JSON.stringify(Buffer.from(value.subarray(at + 4, at + 4 + length)).toString('base64'))
    }
    case 16:
      return stringText(value, at + 4, unsigned(value, at, 4))
    case 17:
      return `"${formatTimestamp(view.getBigInt64(at, true)).slice(11)}"`
    case 18:
      return `"${nanosText(view.getBigInt64(at, true))}+00:00"`
    case 19:
      return `"${nanosText(view.getBigInt64(at, true))}"`
    case 20:
      return `"${uuidText(value.subarray(at, at + 16))}"`
    default:
      throw new VariantError(`it has a value of the unsupported type ${kind}`)
  }
}

export function decimalText(unscaled: bigint, scale: number): string {
  const text = formatDecimal(unscaled, scale)
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text
}

/** The shortest text that reads back to the same 32-bit number. */
export function floatText(value: number): string {
  for (let digits = 6; digits < 9; digits++) {
    const shorter = Number(value.toPrecision(digits))
    if (Math.fround(shorter) === value) return doubleText(shorter)
  }
  return doubleText(Number.isFinite(value) ? Number(value.toPrecision(9)) : value)
}

/** A timestamp of nanoseconds, with as many digits of the second as it needs. */
function nanosText(nanos: bigint): string {
  const rest = ((nanos % 1000n) + 1000n) % 1000n
  const micros = formatTimestamp((nanos - rest) / 1000n, ' ', rest === 0n ? undefined : 6)
  return rest === 0n ? micros : `${micros}${String(rest).padStart(3, '0')}`.replace(/0+$/, '')
}

/** Plain digits: JavaScript's shortest, without an exponent. */
export function doubleText(value: number): string {
  if (!Number.isFinite(value)) return JSON.stringify(Number.isNaN(value) ? 'NaN' : value > 0 ? 'Infinity' : '-Infinity')
  const text = String(value)
  const match = /^(-?)(\d+)(?:\.(\d+))?e([+-]\d+)$/.exec(text)
  if (match === null) return text
  const [, sign, whole, fraction = '', exponent] = match
  const digits = `${whole}${fraction}`
  const point = whole!.length + Number(exponent)
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`
  return `${sign}${digits.padEnd(point, '0')}`
}

function uuidText(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes).toString('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}
