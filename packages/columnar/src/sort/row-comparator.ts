import type { Column } from '../column.js'
import type { Heap } from '../heap.js'
import { isNull, readValue } from '../read-values.js'

/**
 * Compares row i of `a` with row j of `b` under a key's direction and null order. NaN is greatest, strings go by UTF-8 bytes, false
 * comes before true.
 */
export function keyComparator(
  heap: Heap,
  a: Column,
  b: Column,
  descending: boolean,
  nullsFirst: boolean,
): (i: number, j: number) => number {
  const values = valueComparator(heap, a, b)
  const sign = descending ? -1 : 1
  if (a.validity === 0 && b.validity === 0 && a.type.kind !== 'null')
    return descending ? (i, j) => -values(i, j) : values
  return (i, j) => {
    const left = isNull(heap, a, i)
    const right = isNull(heap, b, j)
    if (left || right) return left && right ? 0 : left === nullsFirst ? -1 : 1
    return sign * values(i, j)
  }
}

const compareNumbers = (x: number, y: number): number => {
  if (x < y) return -1
  if (x > y) return 1
  if (x === y) return 0
  return Number.isNaN(x) ? (Number.isNaN(y) ? 0 : 1) : -1
}

/** Compares two non-null values. */
export function valueComparator(heap: Heap, a: Column, b: Column): (i: number, j: number) => number {
  const { type } = a
  if (type.kind === 'string' || type.kind === 'binary' || type.kind === 'variant') return textComparator(heap, a, b)
  const { i8, i16, i32, i64, f32, f64 } = heap
  switch (type.kind) {
    case 'int8':
      return (i, j) => i8[a.values + i]! - i8[b.values + j]!
    case 'int16':
      return (i, j) => i16[(a.values >>> 1) + i]! - i16[(b.values >>> 1) + j]!
    case 'int32':
    case 'date':
      return (i, j) => compareNumbers(i32[(a.values >>> 2) + i]!, i32[(b.values >>> 2) + j]!)
    case 'float32':
      return (i, j) => compareNumbers(f32[(a.values >>> 2) + i]!, f32[(b.values >>> 2) + j]!)
    case 'float64':
      return (i, j) => compareNumbers(f64[(a.values >>> 3) + i]!, f64[(b.values >>> 3) + j]!)
    case 'int64':
    case 'timestamp':
    case 'timestamp_ntz':
      return wordComparator(heap, a, b)
    case 'decimal':
      if (type.precision <= 18) return wordComparator(heap, a, b)
      break
    default:
  }
  void i64
  return (i, j) => compareValues(readValue(heap, a, i), readValue(heap, b, j))
}

/** 64-bit integers as a signed high and an unsigned low word: no bigint is made. */
function wordComparator(heap: Heap, a: Column, b: Column): (i: number, j: number) => number {
  const { i32, u32 } = heap
  const left = a.values >>> 2
  const right = b.values >>> 2
  return (i, j) => {
    const x = i32[left + i * 2 + 1]!
    const y = i32[right + j * 2 + 1]!
    if (x !== y) return x < y ? -1 : 1
    const p = u32[left + i * 2]!
    const q = u32[right + j * 2]!
    return p < q ? -1 : p > q ? 1 : 0
  }
}

function textComparator(heap: Heap, a: Column, b: Column): (i: number, j: number) => number {
  const { u8, i32 } = heap
  const startOf = (column: Column): ((row: number) => number) => {
    const codes = column.values >>> 2
    const offsets = (column.dictionary ?? column).offsets >>> 2
    return column.dictionary === null ? (row) => offsets + row : (row) => offsets + i32[codes + row]!
  }
  const left = startOf(a)
  const right = startOf(b)
  const leftBytes = (a.dictionary ?? a).values
  const rightBytes = (b.dictionary ?? b).values
  return (i, j) => {
    const p = left(i)
    const q = right(j)
    const m = i32[p + 1]! - i32[p]!
    const n = i32[q + 1]! - i32[q]!
    const x = leftBytes + i32[p]!
    const y = rightBytes + i32[q]!
    const shorter = m < n ? m : n
    for (let k = 0; k < shorter; k++) {
      const difference = u8[x + k]! - u8[y + k]!
      if (difference !== 0) return difference
    }
    return m - n
  }
}

function compareValues(a: unknown, b: unknown): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? -1 : 1
  if (Array.isArray(a) && Array.isArray(b)) {
    for (let i = 0; i < Math.min(a.length, b.length); i++) {
      const result = compareValues(a[i], b[i])
      if (result !== 0) return result
    }
    return a.length - b.length
  }
  if (typeof a === 'number' && typeof b === 'number') return compareNumbers(a, b)
  if (typeof a === 'string' && typeof b === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(b))
  return (a as bigint) < (b as bigint) ? -1 : (a as bigint) > (b as bigint) ? 1 : 0
}
