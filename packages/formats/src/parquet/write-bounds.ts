import { scratchBase, type Heap } from '@deltaworks/columnar'
import type { DataType, Value } from '@deltaworks/schema'
import { physical, type PhysicalType } from './format.js'
import type { ParquetKernels } from './kernels.js'

/**
 * Least and greatest value of a column chunk. Numbers as logical values; strings and binary as bytes, in unsigned order.
 * A NaN makes bounds useless (it is greater than everything, and readers differ on it): then there are none.
 */
export class BoundsAccumulator {
  readonly #heap: Heap
  readonly #kernels: ParquetKernels
  readonly #type: DataType
  #min: Bound | null = null
  #max: Bound | null = null
  #isUnknown = false

  constructor(heap: Heap, kernels: ParquetKernels, type: DataType) {
    this.#heap = heap
    this.#kernels = kernels
    this.#type = type
  }

  get min(): Bound | null {
    return this.#isUnknown ? null : this.#min
  }
  get max(): Bound | null {
    return this.#isUnknown ? null : this.#max
  }

  reset(): void {
    this.#min = null
    this.#max = null
    this.#isUnknown = false
  }

  /** Takes in what another one saw. */
  addAll(other: BoundsAccumulator): void {
    if (other.#isUnknown) this.#isUnknown = true
    else if (other.#min !== null && other.#max !== null) this.#merge(other.#min, other.#max)
  }

  /** Fixed-width values of `width` bytes: 1 (boolean), 4, 8 or 16. */
  addFixed(address: number, width: number, count: number): void {
    if (count === 0) return
    const kernels = this.#kernels
    const at = scratchBase
    if (this.#type.kind === 'float32' || this.#type.kind === 'float64') {
      if (kernels.parquetBoundsFloat(address, width, count, at) === 0) this.#isUnknown = true
      else this.#merge(this.#heap.f64[at >> 3]!, this.#heap.f64[(at >> 3) + 1]!)
    } else if (width === 1) {
      const trues = kernels.parquetCountAtLeast(address, count, 1)
      this.#merge(trues === count, trues > 0)
    } else if (width === 4) {
      kernels.parquetBounds32(address, count, at)
      const [min, max] = [this.#heap.i32[at >> 2]!, this.#heap.i32[(at >> 2) + 1]!]
      if (this.#type.kind === 'decimal') this.#merge(BigInt(min), BigInt(max))
      else this.#merge(min, max)
    } else if (width === 8) {
      kernels.parquetBounds64(address, count, at)
      this.#merge(this.#heap.i64[at >> 3]!, this.#heap.i64[(at >> 3) + 1]!)
    } else {
      kernels.parquetBounds128(address, count, at)
      this.#merge(this.#int128(at), this.#int128(at + 16))
    }
  }

  #int128(address: number): bigint {
    return (this.#heap.i64[(address >> 3) + 1]! << 64n) | this.#heap.u64[address >> 3]!
  }

  addStrings(offsets: number, bytes: number, bitmap: number, start: number, count: number): void {
    const at = scratchBase
    if (this.#kernels.parquetBoundsStrings(offsets, bytes, bitmap, start, count, at) > 0)
      this.#mergeRows(offsets, bytes)
  }

  /** Texts of a dictionary of `entries` by codes that refer to it; `marks` is room for a byte an entry. */
  addCoded(codes: number, count: number, offsets: number, bytes: number, entries: number, marks: number): void {
    const seen = this.#kernels.parquetBoundsCodes(codes, count, offsets, bytes, entries, marks, scratchBase)
    if (seen > 0) this.#mergeRows(offsets, bytes)
  }

  #mergeRows(offsets: number, bytes: number): void {
    const at = scratchBase
    const text = (row: number): Uint8Array => {
      const from = this.#heap.i32[(offsets >>> 2) + row]!
      return this.#heap.u8.slice(bytes + from, bytes + this.#heap.i32[(offsets >>> 2) + row + 1]!)
    }
    this.#merge(text(this.#heap.i32[at >> 2]!), text(this.#heap.i32[(at >> 2) + 1]!))
  }

  #merge(min: Bound, max: Bound): void {
    if (this.#min === null || isLess(min, this.#min)) this.#min = min
    if (this.#max === null || isLess(this.#max, max)) this.#max = max
  }
}

/** Bytes that `encodeBound` makes of a number of a physical type. */
export function boundWidth(type: PhysicalType, typeLength: number): number {
  switch (type) {
    case physical.int32:
    case physical.float:
      return 4
    case physical.int64:
    case physical.double:
      return 8
    case physical.fixed:
      return typeLength
    default:
      return 1
  }
}

export type Bound = boolean | number | bigint | Uint8Array

export function isLess(a: Bound, b: Bound): boolean {
  if (a instanceof Uint8Array) return Buffer.compare(a, b as Uint8Array) < 0
  return (a as number) < (b as number)
}

const utf8 = new TextDecoder()

/** A bound as a logical value. */
export function boundToValue(type: DataType, bound: Bound | null): Value {
  if (!(bound instanceof Uint8Array)) return bound
  return type.kind === 'binary' ? bound : utf8.decode(bound)
}

/** A bound in PLAIN encoding, as footers hold it; `isExact` is false if it was shortened, null if that was impossible. */
export function encodeBound(
  physicalWidth: number,
  type: DataType,
  bound: Bound,
  isMax: boolean,
): { readonly bytes: Uint8Array; readonly isExact: boolean } | null {
  if (bound instanceof Uint8Array) return shorten(bound, type.kind !== 'binary', isMax)
  if (typeof bound === 'boolean') return { bytes: Uint8Array.of(bound ? 1 : 0), isExact: true }
  const isBigEndian = type.kind === 'decimal' && physicalWidth > 0 && typeof bound === 'bigint' && type.precision > 18
  if (isBigEndian) return { bytes: bigEndian(bound, physicalWidth), isExact: true }
  const view = new DataView(new ArrayBuffer(physicalWidth))
  if (type.kind === 'float32' || type.kind === 'float64') {
    // parquet.thrift: a zero bound is -0.0 below and +0.0 above, since columns may hold either.
    const value = bound === 0 ? (isMax ? 0 : -0) : (bound as number)
    if (physicalWidth === 4) view.setFloat32(0, value, true)
    else view.setFloat64(0, value, true)
  } else if (physicalWidth === 4) view.setInt32(0, Number(bound), true)
  else view.setBigInt64(0, BigInt(bound), true)
  return { bytes: new Uint8Array(view.buffer), isExact: true }
}

function bigEndian(value: bigint, width: number): Uint8Array {
  const bytes = new Uint8Array(width)
  let rest = value
  for (let i = width - 1; i >= 0; i--) {
    bytes[i] = Number(rest & 255n)
    rest >>= 8n
  }
  return bytes
}

/** Longer bounds of text and bytes are cut in footers. */
const boundBytes = 128

function shorten(
  bytes: Uint8Array,
  isText: boolean,
  isMax: boolean,
): { readonly bytes: Uint8Array; readonly isExact: boolean } | null {
  if (bytes.length <= boundBytes) return { bytes, isExact: true }
  let end = boundBytes
  // Not inside a character: continuation bytes are 10xxxxxx.
  if (isText) while (end > 0 && (bytes[end]! & 0xc0) === 0x80) end--
  const prefix = bytes.slice(0, end)
  if (!isMax) return { bytes: prefix, isExact: false }
  const above = isText ? incrementText(prefix) : incrementBytes(prefix)
  return above === null ? null : { bytes: above, isExact: false }
}

/** The least byte string that is greater than all that begin with this one; null if there is none. */
function incrementBytes(prefix: Uint8Array): Uint8Array | null {
  for (let end = prefix.length; end > 0; end--) {
    if (prefix[end - 1] === 255) continue
    const result = prefix.slice(0, end)
    result[end - 1]!++
    return result
  }
  return null
}

const encoder = new TextEncoder()

/** The same among valid UTF-8 texts. */
function incrementText(prefix: Uint8Array): Uint8Array | null {
  const points = [...utf8.decode(prefix)]
  while (points.length > 0) {
    const last = points.pop()!.codePointAt(0)!
    if (last === 0x10ffff) continue
    const next = last + 1 === 0xd800 ? 0xe000 : last + 1
    return encoder.encode(points.join('') + String.fromCodePoint(next))
  }
  return null
}
