import type { Arena } from '../arena.js'
import { HeapBuffer } from '../heap-buffer.js'

const smallBytes = 4096

/** States of a fixed size, one a group, zeroed when they come: few of them in the arena of their node, many in memory of their own. */
export class StateBuffer {
  readonly #arena: Arena
  readonly #stride: number
  readonly #large: HeapBuffer
  #small = 0
  #capacity = 0
  #groups = 0

  constructor(arena: Arena, stride: number) {
    this.#arena = arena
    this.#stride = stride
    this.#large = new HeapBuffer(arena.heap, arena.account)
  }

  /** Of the first state; changes when it grows. */
  get address(): number {
    return this.#large.address === 0 ? this.#small : this.#large.address
  }

  grow(groups: number): void {
    if (groups <= this.#groups) return
    const { heap } = this.#arena
    const used = this.#groups * this.#stride
    const bytes = groups * this.#stride
    if (bytes > this.#capacity) {
      const former = this.address
      if (bytes <= smallBytes) {
        this.#capacity = Math.max(bytes, Math.min(smallBytes, this.#capacity * 4))
        this.#small = this.#arena.allocate(this.#capacity)
        heap.copy(this.#small, former, used)
      } else {
        const wasSmall = this.#large.address === 0
        this.#large.ensure(bytes, wasSmall ? 0 : used)
        this.#capacity = this.#large.capacityBytes
        if (wasSmall) heap.copy(this.#large.address, former, used)
      }
    }
    heap.fill(this.address + used, 0, bytes - used)
    this.#groups = groups
  }

  close(): void {
    this.#large.close()
  }
}
