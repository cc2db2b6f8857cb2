import { Arena, hashColumns, type Column, type ColumnarContext, type MemoryAccount } from '@deltaworks/columnar'

/** What rows add up to, in whatever order or parts: how many there are, and the sums of their hashes and of the squares, exact. */
export interface RowSums {
  readonly rows: number
  readonly sum: bigint
  readonly squares: bigint
}

export const noRows: RowSums = { rows: 0, sum: 0n, squares: 0n }

export const addRowSums = (a: RowSums, b: RowSums): RowSums => ({
  rows: a.rows + b.rows,
  sum: a.sum + b.sum,
  squares: a.squares + b.squares,
})

/** Adds up the rows of batches. */
export class RowSummer {
  readonly #context: ColumnarContext
  readonly #arena: Arena
  #sums = noRows

  constructor(context: ColumnarContext, account: MemoryAccount) {
    this.#context = context
    this.#arena = new Arena(context.heap, account)
  }

  get sums(): RowSums {
    return this.#sums
  }

  add(columns: readonly Column[], rowCount: number): void {
    this.#arena.reset()
    const hashes = hashColumns(this.#context, this.#arena, columns, rowCount)
    this.#sums = addRowSums(this.#sums, sumsOf(this.#context.heap.i32, hashes >>> 2, rowCount))
  }

  close(): void {
    this.#arena.close()
  }
}

/** Squares tell rows apart whose hashes add up to the same; 16 bits at a time, they stay exact in doubles. */
function sumsOf(words: Int32Array, start: number, rows: number): RowSums {
  let sum = 0
  let low = 0
  let middle = 0
  let high = 0
  for (let i = start; i < start + rows; i++) {
    const hash = words[i]! >>> 0
    const l = hash & 0xffff
    const h = hash >>> 16
    sum += hash
    low += l * l
    middle += l * h
    high += h * h
  }
  return { rows, sum: BigInt(sum), squares: BigInt(low) + (BigInt(middle) << 17n) + (BigInt(high) << 32n) }
}
