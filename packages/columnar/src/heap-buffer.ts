import type { MemoryAccount } from './arena.js'
import { chunkSize, type Heap } from './heap.js'

/** Memory of the heap that grows and keeps its contents: a table's state. Reserved from an account before it is taken. */
export class HeapBuffer {
  readonly #heap: Heap
  readonly #account: MemoryAccount
  #address = 0
  #bytes = 0

  constructor(heap: Heap, account: MemoryAccount) {
    this.#heap = heap
    this.#account = account
  }

  /** Changes when the buffer grows; 0 before the first `ensure`. */
  get address(): number {
    return this.#address
  }

  get capacityBytes(): number {
    return this.#bytes
  }

  /** Room for `bytes`, at least twice the former room if there is too little; the first `usedBytes` are kept. @returns whether it grew */
  ensure(bytes: number, usedBytes: number): boolean {
    if (bytes <= this.#bytes) return false
    const size = chunkSize(Math.max(bytes, this.#bytes * 2))
    const address = this.#take(size)
    if (usedBytes > 0) this.#heap.copy(address, this.#address, usedBytes)
    this.close()
    this.#address = address
    this.#bytes = size
    return true
  }

  #take(size: number): number {
    this.#account.reserve(size)
    try {
      return this.#heap.allocate(size)
    } catch (error) {
      this.#account.release(size)
      throw error
    }
  }

  close(): void {
    if (this.#bytes === 0) return
    this.#heap.free(this.#address, this.#bytes)
    this.#account.release(this.#bytes)
    this.#address = 0
    this.#bytes = 0
  }
}
