import { chunkSize, type Heap } from './heap.js'

/** Who pays for memory. The engine's MemoryPool implements it; `unlimited` is for tests and single-batch tools. */
export interface MemoryAccount {
  /** @throws ColumnarError DW-COLUMNAR-0002 if the budget does not allow it; then nothing was reserved. */
  reserve(bytes: number): void
  release(bytes: number): void
}

export const unlimited: MemoryAccount = { reserve: () => undefined, release: () => undefined }

interface Chunk {
  readonly address: number
  readonly bytes: number
}

/**
 * Bump allocation with one owner: everything in an arena lives until `reset` or `close`. A batch is valid as long as the
 * arena that it was made in; who keeps a batch longer copies it into an arena of its own.
 */
export class Arena {
  readonly heap: Heap
  /** Who pays; for arenas that live beside this one. */
  readonly account: MemoryAccount
  readonly #chunks: Chunk[] = []
  #cursor = 0
  #end = 0
  #sizeBytes = 0
  #nextChunkBytes = 65_536

  constructor(heap: Heap, account: MemoryAccount = unlimited) {
    this.heap = heap
    this.account = account
  }

  /** Bytes reserved, whole chunks. */
  get sizeBytes(): number {
    return this.#sizeBytes
  }

  /** 16-byte aligned memory, not zeroed; at least 16 bytes may be read past its end (kernels read whole vectors). */
  allocate(bytes: number): number {
    const address = this.#cursor
    const next = address + ((bytes + 31) & ~15)
    if (next <= this.#end && bytes < 0x7fffffc0) {
      this.#cursor = next
      return address
    }
    return this.#allocateSlow(bytes)
  }

  /** Like `allocate`, filled with zeros. */
  allocateZeroed(bytes: number): number {
    const address = this.allocate(bytes)
    this.heap.fill(address, 0, bytes)
    return address
  }

  #allocateSlow(bytes: number): number {
    const padded = Math.ceil((bytes + 16) / 16) * 16
    const size = chunkSize(Math.max(padded, this.#nextChunkBytes))
    this.account.reserve(size)
    let address: number
    try {
      address = this.heap.allocate(size)
    } catch (error) {
      this.account.release(size)
      throw error
    }
    this.#chunks.push({ address, bytes: size })
    this.#sizeBytes += size
    this.#nextChunkBytes = Math.min(this.#nextChunkBytes * 2, 1_048_576)
    // The rest of the former chunk is given up only if the new one has more room left.
    if (size - padded >= this.#end - this.#cursor) {
      this.#cursor = address + padded
      this.#end = address + size
    }
    return address
  }

  /** Takes over all that an arena of the same heap and account holds; that one is empty then. */
  adopt(other: Arena): void {
    this.#chunks.push(...other.#chunks)
    this.#sizeBytes += other.#sizeBytes
    other.#forget()
  }

  #forget(): void {
    this.#chunks.length = 0
    this.#sizeBytes = 0
    this.#cursor = 0
    this.#end = 0
  }

  /** Frees everything allocated; the arena can be used again. */
  reset(): void {
    for (const { address, bytes } of this.#chunks) this.heap.free(address, bytes)
    this.account.release(this.#sizeBytes)
    // What comes next is most often as large as what was; larger steps would ask too much of a small budget.
    this.#nextChunkBytes = Math.min(chunkSize(this.#sizeBytes - (this.#end - this.#cursor)), 262_144)
    this.#forget()
  }

  close(): void {
    this.reset()
  }
}
