/*
 * Memory of segments between stages is used again by the thread that made it. Shared buffers count for no thread's garbage
 * collector, which would leave hundreds of megabytes of them until something else makes it run; and the system clears every page
 * of new memory.
 */

/** Buffers of one size that are looked at for one that is free: more are not worth the look. */
const looks = 8
const leastBytes = 4096
/** What a thread keeps at most; segments beyond are left to the garbage collector. */
const mostKeptBytes = 128 * 1024 * 1024
/** Of the memory budget, what a thread keeps at most. */
const keptPart = 1 / 12

/** A buffer, and whose it is. */
interface Kept {
  readonly buffer: SharedArrayBuffer
  /** Its first word, which is 0 once nobody reads the segment any more. */
  readonly inUse: Int32Array
  /** 1 once the query that it was taken for has ended. */
  ended: Int32Array
}

const isFree = ({ inUse, ended }: Kept): boolean => Atomics.load(inUse, 0) === 0 || Atomics.load(ended, 0) === 1

/** The size of the buffer that is made for a segment: one of two to each power of two, so that sizes come again. */
export function segmentCapacity(bytes: number): number {
  if (bytes <= leastBytes) return leastBytes
  const step = 2 ** (Math.floor(Math.log2(bytes)) - 1)
  return Math.ceil(bytes / step) * step
}

/** One thread's buffers, of all queries. */
export class SegmentMemory {
  readonly #kept = new Map<number, Kept[]>()
  readonly #mostBytes: number
  #keptBytes = 0

  /** @param limitBytes the session's memory budget */
  constructor(limitBytes: number) {
    this.#mostBytes = Math.min(mostKeptBytes, limitBytes * keptPart)
  }

  /** What is kept, in use or free. */
  get keptBytes(): number {
    return this.#keptBytes
  }

  /** @param bytes one of `segmentCapacity` @param ended of the query; its bytes are what they were */
  take(bytes: number, ended: Int32Array): SharedArrayBuffer {
    const kept = this.#kept.get(bytes) ?? []
    for (let i = Math.min(looks, kept.length); i > 0; i--) {
      const next = kept.shift()!
      kept.push(next)
      if (!isFree(next)) continue
      next.ended = ended
      return next.buffer
    }
    const buffer = new SharedArrayBuffer(bytes)
    if (this.#keptBytes + bytes > this.#mostBytes) this.#forgetFree()
    if (this.#keptBytes + bytes > this.#mostBytes) return buffer
    kept.push({ buffer, inUse: new Int32Array(buffer, 0, 1), ended })
    this.#kept.set(bytes, kept)
    this.#keptBytes += bytes
    return buffer
  }

  /** They are of sizes that are not asked for now. */
  #forgetFree(): void {
    this.#keptBytes = 0
    for (const [bytes, kept] of this.#kept) {
      const used = kept.filter((one) => !isFree(one))
      this.#kept.set(bytes, used)
      this.#keptBytes += used.length * bytes
    }
  }
}

/** The segments of one query on one thread. */
export class QuerySegments {
  readonly #memory: SegmentMemory
  readonly #ended: Int32Array
  /** Posted to workers, for objects of this kind of their own: whether the query has ended. */
  readonly ended: SharedArrayBuffer

  constructor(memory: SegmentMemory, ended: SharedArrayBuffer = new SharedArrayBuffer(4)) {
    this.#memory = memory
    this.ended = ended
    this.#ended = new Int32Array(ended)
  }

  /** @param bytes one of `segmentCapacity` */
  take(bytes: number): SharedArrayBuffer {
    return this.#memory.take(bytes, this.#ended)
  }

  /** Nobody reads this segment again. */
  release(segment: SharedArrayBuffer): void {
    Atomics.store(new Int32Array(segment, 0, 1), 0, 0)
  }

  /** No task of the query runs any more, and nobody reads its segments again. */
  end(): void {
    Atomics.store(this.#ended, 0, 1)
  }
}
