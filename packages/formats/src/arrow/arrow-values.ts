import { byteWidth, type Arena, type ColumnarContext } from '@deltaworks/columnar'
import { pow10, type DataType } from '@deltaworks/schema'
import { parquetKernels } from '../parquet/kernels.js'
import type { ArrowLayout } from './arrow-schema.js'

/* Fixed-width values of Arrow's types as those of ours. Each returns the address of the values, which may be the one given. */

/** Integers, unsigned ones in the next wider type. */
export function integerValues(
  context: ColumnarContext,
  arena: Arena,
  type: DataType,
  { bytes, signed }: Extract<ArrowLayout, { kind: 'int' }>,
  address: number,
  length: number,
): number {
  if (signed) return address
  const { heap } = arena
  const target = arena.allocate(length * byteWidth(type) + 16)
  if (bytes === 8) parquetKernels(context).parquetWiden128(address, length, 1n, 1, target)
  else if (bytes === 4) parquetKernels(context).parquetResize(address, 4, 8, 1, length, target)
  else if (bytes === 2) {
    const source = new Uint16Array(heap.memory.buffer, address, length)
    heap.i32.set(source, target >>> 2)
  } else heap.i16.set(heap.u8.subarray(address, address + length), target >>> 1)
  return target
}

/** Ticks as microseconds (rounded down), or as days. */
export function momentValues(
  arena: Arena,
  { bytes, perSecond, asDays }: Extract<ArrowLayout, { kind: 'moment' }>,
  address: number,
  length: number,
): number {
  if (bytes === 8 && perSecond === 1_000_000 && !asDays) return address
  const { heap } = arena
  const at = (row: number): bigint =>
    bytes === 8 ? heap.i64[(address >>> 3) + row]! : BigInt(heap.i32[(address >>> 2) + row]!)
  const target = arena.allocate(length * 8)
  if (asDays) {
    for (let row = 0; row < length; row++)
      heap.i32[(target >>> 2) + row] = Number(BigInt.asIntN(32, floor(at(row), 86_400_000n)))
    return target
  }
  const factor = perSecond < 1_000_000 ? BigInt(1_000_000 / perSecond) : 1n
  const divisor = perSecond > 1_000_000 ? BigInt(perSecond / 1_000_000) : 1n
  for (let row = 0; row < length; row++) {
    const value = at(row)
    heap.i64[(target >>> 3) + row] = BigInt.asIntN(64, divisor === 1n ? value * factor : floor(value, divisor))
  }
  return target
}

const floor = (a: bigint, b: bigint): bigint => (a >= 0n || a % b === 0n ? a / b : a / b - 1n)

/** Decimals of 4 to 32 bytes. @returns null if one has more digits than the type; slots under a null may hold anything */
export function decimalValues(
  arena: Arena,
  type: DataType,
  bytes: number,
  address: number,
  length: number,
  validity: number,
): number | null {
  if (type.kind !== 'decimal') return address
  const { heap } = arena
  const width = byteWidth(type)
  const limit = pow10(type.precision)
  const target = arena.allocate(length * width)
  const valueAt = (row: number): bigint => {
    if (bytes === 4) return BigInt(heap.i32[(address >>> 2) + row]!)
    const words = bytes / 8
    const first = (address >>> 3) + row * words
    let value = heap.i64[first + words - 1]!
    for (let word = words - 2; word >= 0; word--) value = (value << 64n) | heap.u64[first + word]!
    return value
  }
  for (let row = 0; row < length; row++) {
    const isNull = validity !== 0 && ((heap.u8[validity + (row >> 3)]! >> (row & 7)) & 1) === 0
    const value = isNull ? 0n : valueAt(row)
    if (value >= limit || value <= -limit) return null
    const slot = (target >>> 3) + (row * width) / 8
    heap.i64[slot] = BigInt.asIntN(64, value)
    if (width === 16) heap.i64[slot + 1] = value >> 64n
  }
  return target
}
