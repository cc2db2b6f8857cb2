import type { Arena } from '@deltaworks/columnar'

/** A growing run of bytes in an arena. What it outgrows stays with the arena until that is reset. */
export class HeapBuffer {
  readonly #arena: Arena
  #address: number
  #capacity: number
  length = 0

  constructor(arena: Arena, capacity: number) {
    this.#arena = arena
    this.#capacity = capacity
    this.#address = arena.allocate(capacity)
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
    if (this.length + bytes <= this.#capacity) return
    this.#capacity = Math.max(this.#capacity * 2, this.length + bytes)
    const address = this.#arena.allocate(this.#capacity)
    this.#arena.heap.u8.copyWithin(address, this.#address, this.#address + this.length)
    this.#address = address
  }
}
