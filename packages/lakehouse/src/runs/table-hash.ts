import { Arena, hashColumns } from '@deltaworks/columnar'
import type { Session } from '@deltaworks/engine'
import type { DataFrame } from '@deltaworks/plan'

/**
 * The logical hash of rows: equal for the same rows in whatever order, files or row groups, on whatever machine.
 * `<rows>-<sum of the rows' hashes>-<sum of their squares>`, hexadecimal; the sums modulo 2^64.
 */
export async function logicalHash(session: Session, rows: DataFrame, signal?: AbortSignal): Promise<string> {
  const { context, pool } = session
  const arena = new Arena(context.heap, pool.account('logical hash'))
  let count = 0
  let sum = 0n
  let squares = 0n
  try {
    for await (const batch of session.stream(rows, { signal })) {
      const hashes = hashColumns(context, arena, batch.columns, batch.rowCount)
      const [batchSum, batchSquares] = sums(context.heap.i32, hashes >>> 2, batch.rowCount)
      sum += batchSum
      squares += batchSquares
      count += batch.rowCount
      arena.reset()
    }
  } finally {
    arena.close()
  }
  const hex = (value: bigint): string => BigInt.asUintN(64, value).toString(16).padStart(16, '0')
  return `${count.toString(16)}-${hex(sum)}-${hex(squares)}`
}

/** Squares tell rows apart whose hashes add up to the same; 16 bits at a time, they stay exact in doubles. */
function sums(words: Int32Array, start: number, rowCount: number): readonly [bigint, bigint] {
  let sum = 0
  let low = 0
  let middle = 0
  let high = 0
  for (let i = start; i < start + rowCount; i++) {
    const hash = words[i]! >>> 0
    const l = hash & 0xffff
    const h = hash >>> 16
    sum += hash
    low += l * l
    middle += l * h
    high += h * h
  }
  return [BigInt(sum), BigInt(low) + (BigInt(middle) << 17n) + (BigInt(high) << 32n)]
}
