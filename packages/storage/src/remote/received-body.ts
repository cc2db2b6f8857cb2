import type { Socket } from 'node:net'
import type { Readable } from 'node:stream'

/** What was received and not yet taken waits in memory, up to about this. */
const mostBytes = 4 * 1024 * 1024
/** A reader that takes nothing for so long may never come back: its connection is others' then. */
const idleMs = 2000

export interface OpenedRange {
  readonly stream: Readable
  /** Bytes that the whole object has, if the answer says it. */
  readonly total: number | null
}

/**
 * The body of one request, which is received while its reader works on what came before, and copied once: into where the reader
 * wants it.
 */
export class ReceivedBody {
  /** Position of the byte behind it in the object. */
  readonly end: number
  total: number | null = null
  #stream: Readable | null = null
  #parts: Uint8Array[] = []
  /** Bytes of the first part that were taken. */
  #taken = 0
  #waiting = 0
  #left: number
  #isOver = false
  #wanted = 0
  #wake: () => void = () => undefined
  #timer: NodeJS.Timeout | null = null

  /** @param received called when the last byte came */
  constructor(opened: Promise<OpenedRange | null>, start: number, length: number, received: () => void) {
    this.end = start + length
    this.#left = length
    void opened.then(
      (range) => (range === null ? this.#finish() : this.#receive(range, received)),
      () => this.#finish(),
    )
  }

  /** Whether nothing is left to take; what is missing then never comes. */
  get isSpent(): boolean {
    return this.#isOver && this.#waiting === 0
  }

  /** Fills the target from its start. @returns bytes; fewer than asked if no more come, because it ended or broke off */
  async take(target: Uint8Array): Promise<number> {
    let filled = this.#copy(target)
    while (filled < target.byteLength && !this.isSpent) {
      this.#wanted = Math.min(target.byteLength - filled, mostBytes / 2)
      this.#resume()
      if (this.#waiting < this.#wanted && !this.#isOver) await new Promise<void>((resolve) => (this.#wake = resolve))
      filled += this.#copy(target.subarray(filled))
    }
    if (this.#waiting < mostBytes / 2) this.#resume()
    return filled
  }

  close(): void {
    this.#stream?.destroy()
    this.#parts = []
    this.#waiting = 0
    this.#finish()
  }

  #receive({ stream, total }: OpenedRange, received: () => void): void {
    if (this.#isOver) {
      stream.destroy()
      return
    }
    this.total = total
    if (total !== null) this.#left = Math.max(0, Math.min(this.#left, total - (this.end - this.#left)))
    this.#stream = stream
    stream.on('data', (chunk: Uint8Array) => this.#add(chunk))
    stream.on('error', () => this.#finish())
    stream.on('close', () => this.#finish())
    stream.on('end', () => {
      this.#finish()
      if (this.#left === 0) received()
    })
  }

  #add(chunk: Uint8Array): void {
    if (this.#isOver) return
    const part = chunk.byteLength > this.#left ? chunk.subarray(0, this.#left) : chunk
    if (part.byteLength === 0) return
    this.#parts.push(part)
    this.#left -= part.byteLength
    this.#waiting += part.byteLength
    if (this.#waiting >= this.#wanted) this.#wake()
    if (this.#waiting >= mostBytes) this.#pause()
  }

  #copy(target: Uint8Array): number {
    let filled = 0
    let used = 0
    for (; used < this.#parts.length && filled < target.byteLength; used++) {
      const part = this.#parts[used]!
      const from = this.#taken
      const count = Math.min(part.byteLength - from, target.byteLength - filled)
      target.set(from === 0 && count === part.byteLength ? part : part.subarray(from, from + count), filled)
      filled += count
      this.#taken = from + count
      if (this.#taken < part.byteLength) break
      this.#taken = 0
    }
    this.#parts.splice(0, used)
    this.#waiting -= filled
    return filled
  }

  #pause(): void {
    const stream = this.#stream
    if (stream === null || stream.isPaused()) return
    stream.pause()
    socketOf(stream)?.unref()
    this.#timer = setTimeout(() => {
      stream.destroy()
      this.#finish()
    }, idleMs)
    this.#timer.unref()
  }

  #resume(): void {
    const stream = this.#stream
    if (stream === null || !stream.isPaused()) return
    this.#stopTimer()
    socketOf(stream)?.ref()
    stream.resume()
  }

  #stopTimer(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
  }

  #finish(): void {
    this.#stopTimer()
    this.#isOver = true
    this.#wake()
  }
}

/** A paused body must not keep a process that has nothing else to do. */
const socketOf = (stream: Readable): Socket | undefined => (stream as { readonly socket?: Socket }).socket ?? undefined
