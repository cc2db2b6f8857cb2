import { chunkSize, type Arena } from '@deltaworks/columnar'

/** A growing run of bytes in an arena. What it outgrows stays with the arena until that is reset. */
export class HeapBuffer {
  protected readonly arena: Arena
  #address: number
  #capacity: number
  length = 0

  constructor(arena: Arena, capacity: number) {
    this.arena = arena
    this.#capacity = capacity
    this.#address = this.take(capacity)
  }

  get address(): number {
    return this.#address
  }
  get capacity(): number {
    return this.#capacity
  }
  /** Where the next byte goes. */
  get end(): number {
    return this.#address + this.length
  }

  /** Makes room for `bytes` more. */
  reserve(bytes: number): void {
    if (this.length + bytes > this.#capacity)
      this.resize(this.rounded(Math.max(this.#capacity * 2, this.length + bytes)))
  }

  /** Room for `capacity` bytes in all; the first `length` are kept. */
  resize(capacity: number): void {
    const address = this.take(capacity)
    if (this.length > 0) this.arena.heap.copy(address, this.#address, this.length)
    this.giveBack(this.#address, this.#capacity)
    this.#address = address
    this.#capacity = capacity
  }

  /** Copies bytes of the heap to the end. */
  append(address: number, bytes: number): void {
    this.reserve(bytes)
    this.arena.heap.copy(this.end, address, bytes)
    this.length += bytes
  }

  /** What is taken anyway for so many bytes. */
  protected rounded(bytes: number): number {
    return bytes
  }

  protected take(bytes: number): number {
    return this.arena.allocate(bytes)
  }

  protected giveBack(_address: number, _bytes: number): void {}
}

/** From this size on a buffer has memory of its own. */
const ownBytes = 65_536
/** Kernels read whole vectors: up to so many bytes past the end. */
const slack = 16
const ownSize = (bytes: number): number => chunkSize(bytes + slack)

/** A buffer that gives back what it outgrows, once that is large, and all of it when it is closed: of these there can be thousands. */
export class OwnedBuffer extends HeapBuffer {
  protected override rounded(bytes: number): number {
    return bytes < ownBytes ? bytes : ownSize(bytes) - slack
  }

  protected override take(bytes: number): number {
    if (bytes < ownBytes) return super.take(bytes)
    const { heap, account } = this.arena
    const size = ownSize(bytes)
    account.reserve(size)
    try {
      return heap.allocate(size)
    } catch (error) {
      account.release(size)
      throw error
    }
  }

  protected override giveBack(address: number, bytes: number): void {
    if (bytes < ownBytes) return
    const { heap, account } = this.arena
    const size = ownSize(bytes)
    heap.free(address, size)
    account.release(size)
  }

  /** It is empty then, and must not be used again. */
  close(): void {
    if (this.capacity === 0) return
    this.length = 0
    this.resize(0)
  }
}
