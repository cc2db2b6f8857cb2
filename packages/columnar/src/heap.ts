import { heapExhausted } from './errors.js'
import { FreeList } from './free-list.js'

/** Exports of kernels.wasm by name, working on one heap. */
export type Kernels = Readonly<Record<string, Kernel>>
type Kernel = (...args: number[]) => number

/**
 * A thread's WebAssembly memory. It is a shared memory so that views on it stay valid when it grows (growing a private
 * memory detaches them) and so that another thread can read from it; each thread has its own.
 *
 *   0            64 KiB                                                    4 GiB
 *   | reserved   | kernel scratch | chunks handed out by `allocate` …       |
 *
 * Memory is handed out in chunks of 64 KiB and more (`chunkSize`); `Arena` bumps inside them. Freed neighbours are joined.
 * Address 0 is never handed out: 0 means "absent".
 */
export class Heap {
  #kernels: Kernels | null = null
  #fill: Kernel | null = null
  #copy: Kernel | null = null
  readonly memory: WebAssembly.Memory
  #u8: Uint8Array<ArrayBufferLike>
  #i8: Int8Array<ArrayBufferLike>
  #i16: Int16Array<ArrayBufferLike>
  #i32: Int32Array<ArrayBufferLike>
  #u32: Uint32Array<ArrayBufferLike>
  #i64: BigInt64Array<ArrayBufferLike>
  #u64: BigUint64Array<ArrayBufferLike>
  #f32: Float32Array<ArrayBufferLike>
  #f64: Float64Array<ArrayBufferLike>
  #top: number
  readonly #free = new FreeList()
  /** Chunks of up to 1 MiB that were given back last, by size: most are asked for again at once. Not joined until space is short. */
  readonly #recent: readonly number[][] = Array.from({ length: 5 }, () => [])
  #usedBytes = 0
  #touched = 0
  readonly limitBytes: number

  constructor(limitBytes = 4 * 1024 ** 3 - 65_536) {
    this.limitBytes = limitBytes
    const maximum = Math.min(65_536, Math.max(64, Math.ceil(limitBytes / pageBytes) + 16))
    this.memory = new WebAssembly.Memory({ initial: 64, maximum, shared: true })
    this.#top = scratchBase + scratchBytes
    this.#u8 = new Uint8Array(this.memory.buffer)
    this.#i8 = new Int8Array(this.memory.buffer)
    this.#i16 = new Int16Array(this.memory.buffer)
    this.#i32 = new Int32Array(this.memory.buffer)
    this.#u32 = new Uint32Array(this.memory.buffer)
    this.#i64 = new BigInt64Array(this.memory.buffer)
    this.#u64 = new BigUint64Array(this.memory.buffer)
    this.#f32 = new Float32Array(this.memory.buffer)
    this.#f64 = new Float64Array(this.memory.buffer)
  }

  /** Set by `createContext`: for functions that are given a heap or an arena alone. */
  get kernels(): Kernels | null {
    return this.#kernels
  }
  set kernels(kernels: Kernels | null) {
    this.#kernels = kernels
    this.#fill = kernels?.['memoryFill'] ?? null
    this.#copy = kernels?.['memoryCopy'] ?? null
  }

  /** Sets `bytes` bytes; many times faster than a view's own `fill`. */
  fill(address: number, value: number, bytes: number): void {
    if (this.#fill === null) this.#u8.fill(value, address, address + bytes)
    else this.#fill(address, value, bytes)
  }

  /** Copies `bytes` bytes; the stretches may overlap. */
  copy(to: number, from: number, bytes: number): void {
    if (this.#copy === null) this.#u8.copyWithin(to, from, from + bytes)
    else this.#copy(to, from, bytes)
  }

  /** Whole-memory views. They stay valid after growth but do not see what was added: read the getter again after allocating. */
  get u8(): Uint8Array<ArrayBufferLike> {
    return this.#u8
  }
  get i8(): Int8Array<ArrayBufferLike> {
    return this.#i8
  }
  get i16(): Int16Array<ArrayBufferLike> {
    return this.#i16
  }
  get i32(): Int32Array<ArrayBufferLike> {
    return this.#i32
  }
  get u32(): Uint32Array<ArrayBufferLike> {
    return this.#u32
  }
  get i64(): BigInt64Array<ArrayBufferLike> {
    return this.#i64
  }
  get u64(): BigUint64Array<ArrayBufferLike> {
    return this.#u64
  }
  get f32(): Float32Array<ArrayBufferLike> {
    return this.#f32
  }
  get f64(): Float64Array<ArrayBufferLike> {
    return this.#f64
  }

  /** Bytes handed out and not freed. */
  get usedBytes(): number {
    return this.#usedBytes
  }

  /** What the heap ever touched: memory that the process keeps, used or not. */
  get touchedBytes(): number {
    return this.#touched
  }

  /** A chunk of at least `bytes`, rounded up to `chunkSize(bytes)`; 64-byte aligned, not zeroed. @throws ColumnarError DW-COLUMNAR-0001 */
  allocate(bytes: number): number {
    const size = chunkSize(bytes)
    const reused = this.#recentOf(size)?.pop() ?? this.#reuse(size)
    if (reused >= 0) {
      this.#usedBytes += size
      return reused
    }
    const address = this.#top
    const end = address + size
    if (end > this.limitBytes) throw heapExhausted(bytes, this.limitBytes)
    if (end + pageBytes > this.#u8.byteLength) this.#grow(end)
    this.#top = end
    if (end > this.#touched) this.#touched = end
    this.#usedBytes += size
    return address
  }

  /** Gives back what `allocate(bytes)` returned, with the same `bytes`. */
  free(address: number, bytes: number): void {
    const size = chunkSize(bytes)
    this.#usedBytes -= size
    const recent = this.#recentOf(size)
    if (recent !== undefined && recent.length < recentChunks) recent.push(address)
    else this.#join(address, size)
  }

  #recentOf(size: number): number[] | undefined {
    return size > 1_048_576 ? undefined : this.#recent[15 - Math.clz32(size)]
  }

  /** A hole of that size; -1 if there is none, recent chunks joined with their neighbours. */
  #reuse(size: number): number {
    const found = this.#free.take(size)
    return found >= 0 || !this.#joinRecent() ? found : this.#free.take(size)
  }

  #joinRecent(): boolean {
    let any = false
    this.#recent.forEach((addresses, i) => {
      any ||= addresses.length > 0
      for (const address of addresses) this.#join(address, 65_536 << i)
      addresses.length = 0
    })
    return any
  }

  #join(address: number, size: number): void {
    const run = this.#free.give(address, size)
    if (run.start + run.size !== this.#top) return
    this.#free.drop(run.start, run.size)
    this.#top = run.start
  }

  #grow(end: number): void {
    const current = this.#u8.byteLength
    // A page more than is handed out: kernels read whole vectors, also behind the last chunk's end.
    const wanted = Math.max(end + pageBytes, Math.min(current + Math.min(current, 64 * 1024 * 1024), this.limitBytes))
    try {
      this.memory.grow(Math.ceil((wanted - current) / pageBytes))
    } catch {
      throw heapExhausted(end - current, this.limitBytes)
    }
    const { buffer } = this.memory
    this.#u8 = new Uint8Array(buffer)
    this.#i8 = new Int8Array(buffer)
    this.#i16 = new Int16Array(buffer)
    this.#i32 = new Int32Array(buffer)
    this.#u32 = new Uint32Array(buffer)
    this.#i64 = new BigInt64Array(buffer)
    this.#u64 = new BigUint64Array(buffer)
    this.#f32 = new Float32Array(buffer)
    this.#f64 = new Float64Array(buffer)
  }
}

const pageBytes = 65_536
/** So many recently freed chunks of a size are kept apart. */
const recentChunks = 16
/** Where kernels and compiled expressions may keep state that does not outlive one call. */
export const scratchBase = 65_536
export const scratchBytes = 1_048_576

/** What a request really takes: powers of two up to 1 MiB, multiples of 1 MiB above. */
export function chunkSize(bytes: number): number {
  if (bytes > 1_048_576) return Math.ceil(bytes / 1_048_576) * 1_048_576
  let size = 65_536
  while (size < bytes) size *= 2
  return size
}
