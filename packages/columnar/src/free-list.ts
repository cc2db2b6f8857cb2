/**
 * Free runs of a heap, joined with their neighbours, so that what was many small chunks can be a large one again: memory of
 * WebAssembly is never given back to the system, and a heap that cannot reuse its holes grows without need.
 */
export class FreeList {
  readonly #sizeAt = new Map<number, number>()
  readonly #startBefore = new Map<number, number>()
  readonly #bySize = new Map<number, Set<number>>()

  /** The start of a run of `size` bytes, cut from the smallest that is large enough; -1 if there is none. */
  take(size: number): number {
    const found = this.#fit(size)
    if (found === 0) return -1
    const start = this.#bySize.get(found)!.values().next().value!
    this.#remove(start, found)
    if (found > size) this.#add(start + size, found - size)
    return start
  }

  /** Adds a run. @returns the run that it is now part of */
  give(start: number, size: number): { readonly start: number; readonly size: number } {
    let [first, bytes] = [start, size]
    const after = this.#sizeAt.get(first + bytes)
    if (after !== undefined) {
      this.#remove(first + bytes, after)
      bytes += after
    }
    const before = this.#startBefore.get(first)
    if (before !== undefined) {
      this.#remove(before, first - before)
      bytes += first - before
      first = before
    }
    this.#add(first, bytes)
    return { start: first, size: bytes }
  }

  /** Takes a whole run out, as `give` returned it. */
  drop(start: number, size: number): void {
    this.#remove(start, size)
  }

  #fit(size: number): number {
    if (this.#bySize.has(size)) return size
    let best = 0
    for (const candidate of this.#bySize.keys()) {
      if (candidate > size && (best === 0 || candidate < best)) best = candidate
    }
    return best
  }

  #add(start: number, size: number): void {
    this.#sizeAt.set(start, size)
    this.#startBefore.set(start + size, start)
    const same = this.#bySize.get(size)
    if (same === undefined) this.#bySize.set(size, new Set([start]))
    else same.add(start)
  }

  #remove(start: number, size: number): void {
    this.#sizeAt.delete(start)
    this.#startBefore.delete(start + size)
    const same = this.#bySize.get(size)!
    same.delete(start)
    if (same.size === 0) this.#bySize.delete(size)
  }
}
