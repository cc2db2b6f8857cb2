import type { ReadResult } from './read-pieces.js'
import { ReceivedBody, type OpenedRange } from './received-body.js'

/** Of a range that is asked for ahead of a reader; the next one is twice as long. */
const firstRangeBytes = 4 * 1024 * 1024
const maxRangeBytes = 32 * 1024 * 1024
/** Readers that are followed at once; each has at most two bodies of 4 MiB in memory. */
const maxReaders = 4

/** How an object is read. */
export interface RangeSource {
  /** Fills the target, if need be by several requests. */
  read(start: number, target: Uint8Array, etag: string | null): Promise<ReadResult>
  /** The answer to one request for [start, end), its body yet to come; null: there is no such range. */
  open(start: number, end: number, etag: string): Promise<OpenedRange | null>
}

interface Reader {
  /** Where it will read next, if it goes on. */
  next: number
  readonly etag: string
  /** Bytes of the object, once an answer has told it. */
  total: number | null
  rangeBytes: number
  /** Somebody reads: whoever comes to the same place is another one. */
  isBusy: boolean
  /** What is on its way, in order. */
  readonly bodies: ReceivedBody[]
}

/**
 * Reads on behalf of readers that go through an object from front to back, ahead of them: the next bytes are on their way
 * while those before are worked on. A reader is one that starts where the last read of that object ended.
 */
export class ReadAhead {
  readonly #readers = new Map<string, Reader>()
  readonly #maxReaders: number

  /** @param connections that there are: those of bodies that wait for their readers are not for others */
  constructor(connections: number) {
    this.#maxReaders = Math.min(maxReaders, Math.floor(connections / 4))
  }

  /** @param path tells objects apart */
  async read(path: string, start: number, target: Uint8Array, source: RangeSource): Promise<number> {
    const known = this.#readers.get(path)
    if (known?.isBusy === true) return (await source.read(start, target, null)).bytesRead
    if (known === undefined || known.next !== start || known.next === known.total) {
      const { bytesRead, etag } = await source.read(start, target, null)
      if (bytesRead < target.byteLength || etag === null) this.forget(path)
      else this.#follow(path, start + bytesRead, etag)
      return bytesRead
    }
    known.isBusy = true
    try {
      return await this.#readOn(path, known, target, source)
    } catch (error) {
      this.forget(path)
      throw error
    } finally {
      known.isBusy = false
    }
  }

  forget(path: string): void {
    for (const body of this.#readers.get(path)?.bodies ?? []) body.close()
    this.#readers.delete(path)
  }

  #follow(path: string, next: number, etag: string): void {
    this.forget(path)
    if (this.#maxReaders === 0) return
    if (this.#readers.size >= this.#maxReaders) this.forget(this.#readers.keys().next().value!)
    this.#readers.set(path, { next, etag, total: null, rangeBytes: firstRangeBytes, isBusy: false, bodies: [] })
  }

  async #readOn(path: string, reader: Reader, target: Uint8Array, source: RangeSource): Promise<number> {
    let filled = 0
    while (filled < target.byteLength && reader.next !== reader.total) {
      if (reader.bodies.length === 0) this.#open(reader, source)
      const body = reader.bodies[0]!
      const count = await body.take(target.subarray(filled))
      filled += count
      reader.next += count
      reader.total ??= body.total
      if (!body.isSpent) continue
      reader.bodies.shift()
      if (reader.next === body.end || reader.next === reader.total) continue
      // It broke off: the reader asks itself, and sees why.
      for (const other of reader.bodies.splice(0)) other.close()
      const rest = target.subarray(filled)
      const { bytesRead } = await source.read(reader.next, rest, reader.etag)
      reader.next += bytesRead
      filled += bytesRead
      if (bytesRead < rest.byteLength) this.forget(path)
      break
    }
    return filled
  }

  #open(reader: Reader, source: RangeSource): void {
    const start = reader.bodies.at(-1)?.end ?? reader.next
    const length = Math.min(reader.rangeBytes, (reader.total ?? Infinity) - start)
    reader.rangeBytes = Math.min(maxRangeBytes, reader.rangeBytes * 2)
    const body: ReceivedBody = new ReceivedBody(source.open(start, start + length, reader.etag), start, length, () => {
      reader.total ??= body.total
      // The connection is free: the next range is asked for before this one is taken.
      const isLast = reader.bodies.at(-1) === body
      if (isLast && (reader.total === null || body.end < reader.total)) this.#open(reader, source)
    })
    reader.bodies.push(body)
  }
}
