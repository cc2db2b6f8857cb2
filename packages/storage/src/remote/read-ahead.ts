import type { ReadResult } from './read-pieces.js'

const chunkBytes = 4 * 1024 * 1024
/** Chunks that are under way ahead of a reader. */
const depth = 2
/** Readers that are followed at once; with the numbers above, at most 32 MiB a thread and store. */
const maxReaders = 4

export type RangeRead = (start: number, target: Uint8Array, etag: string | null) => Promise<ReadResult>

interface Chunk {
  readonly start: number
  readonly bytes: Uint8Array
  readonly result: Promise<ReadResult | null>
}

interface Reader {
  /** Where it will read next, if it goes on. */
  next: number
  etag: string | null
  ended: boolean
  readonly chunks: Chunk[]
}

/**
 * Reads on behalf of readers that go through an object from front to back, ahead of them: the next bytes are on their way
 * while those before are worked on. A reader is one that starts where the last read of that object ended.
 */
export class ReadAhead {
  readonly #readers = new Map<string, Reader>()
  /** Memory of chunks that were taken, for the next ones. */
  readonly #free: Uint8Array[] = []

  /** @param path tells objects apart; `read` reads from it */
  async read(path: string, start: number, target: Uint8Array, read: RangeRead): Promise<number> {
    const known = this.#readers.get(path)
    if (known === undefined || known.next !== start || known.ended) {
      const { bytesRead, etag } = await read(start, target, null)
      this.#follow(path, start + bytesRead, etag, bytesRead < target.byteLength)
      return bytesRead
    }
    const filled = await this.#take(known, start, target)
    if (filled < target.byteLength && !known.ended) {
      const { bytesRead, etag } = await read(start + filled, target.subarray(filled), known.etag).catch(
        (error: unknown) => {
          this.forget(path)
          throw error
        },
      )
      if (this.#readers.get(path) === known) {
        known.next = start + filled + bytesRead
        known.etag = etag ?? known.etag
        known.ended = filled + bytesRead < target.byteLength
        known.chunks.length = 0
        this.#advance(known, read)
      }
      return filled + bytesRead
    }
    this.#advance(known, read)
    return filled
  }

  forget(path: string): void {
    this.#readers.delete(path)
  }

  #follow(path: string, next: number, etag: string | null, ended: boolean): void {
    this.#readers.delete(path)
    if (ended || etag === null) return
    if (this.#readers.size >= maxReaders) this.#readers.delete(this.#readers.keys().next().value!)
    this.#readers.set(path, { next, etag, ended, chunks: [] })
  }

  /** Takes from chunks what they have of the target, front to back. */
  async #take(reader: Reader, start: number, target: Uint8Array): Promise<number> {
    let filled = 0
    while (filled < target.byteLength) {
      const chunk = reader.chunks[0]
      if (chunk === undefined || start + filled < chunk.start) break
      const result = await chunk.result
      // Someone else reads the same object at the same place, and was faster: its memory may be another chunk's by now.
      if (reader.chunks[0] !== chunk) break
      if (result === null) {
        // It failed: the reader asks itself, and sees why.
        reader.chunks.length = 0
        break
      }
      const from = start + filled - chunk.start
      const part = chunk.bytes.subarray(from, Math.min(result.bytesRead, from + target.byteLength - filled))
      target.set(part, filled)
      filled += part.byteLength
      reader.next = start + filled
      if (from + part.byteLength < result.bytesRead) break
      reader.chunks.shift()
      if (this.#free.length < depth) this.#free.push(chunk.bytes)
      if (result.bytesRead < chunk.bytes.byteLength) {
        reader.ended = true
        break
      }
    }
    return filled
  }

  /** Starts chunks until enough are under way. */
  #advance(reader: Reader, read: RangeRead): void {
    while (!reader.ended && reader.chunks.length < depth) {
      const last = reader.chunks.at(-1)
      const start = last === undefined ? reader.next : last.start + last.bytes.byteLength
      const bytes = this.#free.pop() ?? Buffer.allocUnsafeSlow(chunkBytes)
      const result = read(start, bytes, reader.etag).catch(() => null)
      reader.chunks.push({ start, bytes, result })
    }
  }
}
