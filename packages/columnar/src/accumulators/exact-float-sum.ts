import { int64, type DataType } from '@deltaworks/schema'
import type { Column } from '../column.js'
import { aggregateOverflow } from '../errors.js'
import type { Heap } from '../heap.js'
import type { AccumulatorScope, GroupedRows } from './accumulator.js'

/*
 * Exact sums of doubles in bins (`assembly/accumulate/floats.ts`):
 * | count i64 | highest bin i32 | flags i32 | bins 5 × i64 |
 */

export const floatSumBytes = 56
const words = floatSumBytes / 8
const binCount = 5
const binBits = 28
/** A bin of 28 bits in a word of 64. */
const mostValues = 2n ** 35n

/** The columns of a state. */
export const floatSumTypes: readonly DataType[] = Array.from({ length: words }, () => int64)

/** Adds states that come as columns, of one sum or of several each. */
export function mergeFloatSums(
  { context, scratch }: AccumulatorScope,
  { groups, rowCount }: GroupedRows,
  columns: readonly Column[],
  states: number,
): void {
  const addresses = scratch.allocate(columns.length * 4)
  columns.forEach(({ values }, i) => (context.heap.u32[(addresses >>> 2) + i] = values))
  context.kernels['accumulateMergeFloats']!(addresses, columns.length / words, groups, rowCount, states)
}

/** How many values the sum is of. @throws ColumnarError DW-COLUMNAR-0003 if they are more than its bins hold */
export function floatSumCount({ i64 }: Heap, state: number): number {
  const count = i64[state >>> 3]!
  if (count > mostValues) throw aggregateOverflow('sum', int64)
  return Number(count)
}

/** A sum as value · 2^power; null if it is not finite. */
export interface BinarySum {
  readonly value: bigint
  readonly power: number
}

export function binarySum({ i64, i32 }: Heap, state: number): BinarySum | null {
  const at = state >>> 3
  if (i32[(state >>> 2) + 3]! !== 0) return null
  let value = 0n
  for (let bin = 0; bin < binCount; bin++) value = (value << BigInt(binBits)) + i64[at + 2 + bin]!
  return { value, power: (i32[(state >>> 2) + 2]! - binCount) * binBits - 1074 }
}

/** The double nearest to numerator / denominator · 2^power; both are positive, or the first is 0. */
export function nearestDouble(numerator: bigint, denominator: bigint, power: number): number {
  if (numerator === 0n) return 0
  const digits = (n: bigint): number => n.toString(16).length * 4
  // More bits than a double has, and one that says whether anything is left.
  const shift = 72 - (digits(numerator) - digits(denominator))
  const [dividend, divisor] =
    shift >= 0 ? [numerator << BigInt(shift), denominator] : [numerator, denominator << BigInt(-shift)]
  const quotient = dividend / divisor
  const rest: bigint = quotient * divisor === dividend ? 0n : 1n
  // Two factors, so that neither is beyond what a double can be.
  const exponent = power - shift
  const half = Math.trunc(exponent / 2)
  return Number(quotient | rest) * 2 ** half * 2 ** (exponent - half)
}
