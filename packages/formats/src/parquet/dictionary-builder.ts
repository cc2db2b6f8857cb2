import type { Arena } from '@deltaworks/columnar'
import { OwnedBuffer } from './heap-buffer.js'
import type { ParquetKernels } from './kernels.js'

/** Strings' bytes, or values' width times their number, that a dictionary may take. */
const maxDictionaryBytes = 1_048_576
const maxEntries = 131_072
/** From here on it is doubled: its table should not be larger than a core's cache for nothing. */
const largeEntries = 4096

/**
 * Distinct values of a chunk in order of first sight, with a hash table (see columnar's assembly/parquet/dictionary.ts). It
 * begins small and grows by four, later by two; an insertion that it cannot take any more returns short.
 */
export class DictionaryBuilder {
  readonly #arena: Arena
  readonly #kernels: ParquetKernels
  /** Bytes of a value; 0 for strings. */
  readonly #width: number
  readonly #state: number
  #table: OwnedBuffer
  /** Values of a fixed width, or the offsets of strings. */
  readonly #entries: OwnedBuffer
  /** Of strings. */
  readonly #bytes: OwnedBuffer
  #capacity = 0
  #bytesCapacity = 0

  constructor(arena: Arena, kernels: ParquetKernels, width: number) {
    this.#arena = arena
    this.#kernels = kernels
    this.#width = width
    this.#state = arena.allocateZeroed(48)
    this.#table = new OwnedBuffer(arena, 0)
    this.#entries = new OwnedBuffer(arena, 0)
    this.#bytes = new OwnedBuffer(arena, 0)
    this.#set(8, width)
    this.#growEntries(64)
    if (width === 0) this.#growBytes(1024)
  }

  /** Address of what kernels know it by. */
  get state(): number {
    return this.#state
  }
  get count(): number {
    return this.#get(2)
  }
  /** Bytes of its values in PLAIN encoding. */
  get plainBytes(): number {
    return this.#width === 0 ? this.#get(6) + 4 * this.count : this.#width * this.count
  }
  get values(): number {
    return this.#get(4) >>> 0
  }
  get offsets(): number {
    return this.#get(5) >>> 0
  }

  #get(word: number): number {
    return this.#arena.heap.i32[(this.#state >>> 2) + word]!
  }
  #set(word: number, value: number): void {
    this.#arena.heap.i32[(this.#state >>> 2) + word] = value
  }

  /** Dense values → codes. @returns how many fitted */
  insertFixed(values: number, count: number, codes: number): number {
    let done = 0
    for (;;) {
      done += this.#kernels.parquetDictionaryFixed(
        this.#state,
        values + done * this.#width,
        count - done,
        codes + 4 * done,
      )
      if (done === count || !this.grow()) return done
    }
  }

  /** Strings of slots → codes of those that are not null. @returns slots passed, and codes written */
  insertStrings(
    offsets: number,
    bytes: number,
    bitmap: number,
    start: number,
    count: number,
    codes: number,
  ): { readonly passed: number; readonly written: number } {
    let passed = 0
    let written = 0
    for (;;) {
      passed += this.#kernels.parquetDictionaryStrings(
        this.#state,
        offsets,
        bytes,
        bitmap,
        start + passed,
        count - passed,
        codes + 4 * written,
      )
      written += this.#get(9)
      if (passed === count || !this.grow()) return { passed, written }
    }
  }

  /** The same for slots that hold codes of another dictionary; see parquetDictionaryRecode for `remap`. */
  insertCodes(
    source: number,
    remap: number,
    offsets: number,
    bytes: number,
    bitmap: number,
    start: number,
    count: number,
    codes: number,
  ): { readonly passed: number; readonly written: number } {
    let passed = 0
    let written = 0
    for (;;) {
      passed += this.#kernels.parquetDictionaryRecode(
        this.#state,
        source,
        remap,
        offsets,
        bytes,
        bitmap,
        start + passed,
        count - passed,
        codes + 4 * written,
      )
      written += this.#get(9)
      if (passed === count || !this.grow()) return { passed, written }
    }
  }

  /** Makes room where an insertion met a limit. @returns false: it is as large as it may be */
  grow(): boolean {
    let isGrown = false
    if (this.count >= this.#capacity) {
      if (this.#capacity >= maxEntries || (this.#width > 0 && this.#capacity * this.#width >= maxDictionaryBytes)) {
        return false
      }
      this.#growEntries(this.#capacity * (this.#capacity < largeEntries ? 4 : 2))
      isGrown = true
    }
    if (this.#width === 0 && !isGrown) {
      if (this.#bytesCapacity >= maxDictionaryBytes) return false
      this.#growBytes(this.#bytesCapacity * 4)
      isGrown = true
    }
    return isGrown
  }

  #growEntries(capacity: number): void {
    const { heap } = this.#arena
    const { count } = this
    const isFirst = this.#capacity === 0
    if (this.#width > 0) {
      this.#entries.length = count * this.#width
      this.#entries.resize(capacity * this.#width)
      this.#set(4, this.#entries.address)
    } else {
      this.#entries.length = isFirst ? 0 : (count + 1) * 4
      this.#entries.resize((capacity + 1) * 4)
      if (isFirst) heap.i32[this.#entries.address >>> 2] = 0
      this.#set(5, this.#entries.address)
    }
    const slots = capacity * 2
    this.#table.close()
    this.#table = new OwnedBuffer(this.#arena, slots * 4)
    heap.fill(this.#table.address, 0, slots * 4)
    this.#set(0, this.#table.address)
    this.#set(1, slots - 1)
    this.#set(3, capacity)
    this.#capacity = capacity
    this.#kernels.parquetDictionaryRehash(this.#state)
  }

  #growBytes(capacity: number): void {
    this.#bytes.length = this.#get(6)
    this.#bytes.resize(capacity)
    this.#set(4, this.#bytes.address)
    this.#set(7, capacity)
    this.#bytesCapacity = capacity
  }

  /** Gives its memory back. */
  close(): void {
    this.#table.close()
    this.#entries.close()
    this.#bytes.close()
  }
}
