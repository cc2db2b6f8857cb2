import type { ObjectStore } from '@deltaworks/storage'

/** Bytes front to back; a chunk belongs to who takes it. */
export type ByteStream = AsyncIterable<Uint8Array>

const chunkBytes = 1024 * 1024

/** An object's bytes from a place on, in ranges, so that no more of it is in memory than a chunk. */
export async function* readObject(store: ObjectStore, path: string, start = 0, end = Infinity): ByteStream {
  for (let at = start; at < end;) {
    const chunk = new Uint8Array(Math.min(chunkBytes, end - at))
    const count = await store.getInto(path, at, chunk)
    if (count > 0) yield chunk.subarray(0, count)
    if (count < chunk.byteLength) return
    at += count
  }
}

/** Takes bytes off a stream in the portions that a format wants. */
export class ByteReader {
  readonly #source: AsyncIterator<Uint8Array>
  #chunk: Uint8Array = new Uint8Array(0)
  #ended = false

  constructor(source: ByteStream) {
    this.#source = source[Symbol.asyncIterator]()
  }

  /** What is at hand, at least `least` bytes unless the stream ends before. */
  async peek(least: number): Promise<Uint8Array> {
    while (this.#chunk.byteLength < least && !this.#ended) {
      const { value, done } = await this.#source.next()
      if (done === true) this.#ended = true
      else this.#chunk = this.#chunk.byteLength === 0 ? value : joined(this.#chunk, value)
    }
    return this.#chunk
  }

  skip(count: number): void {
    this.#chunk = this.#chunk.subarray(count)
  }

  /** Exactly `count` bytes, or null if the stream ends before. */
  async take(count: number): Promise<Uint8Array | null> {
    const chunk = await this.peek(count)
    if (chunk.byteLength < count) return null
    this.skip(count)
    return chunk.subarray(0, count)
  }

  /** The next `count` bytes in pieces, as they come. @returns whether all of them were there */
  async *pass(count: number): AsyncGenerator<Uint8Array, boolean, undefined> {
    for (let left = count; left > 0;) {
      const chunk = await this.peek(1)
      if (chunk.byteLength === 0) return false
      const part = chunk.subarray(0, left)
      this.skip(part.byteLength)
      left -= part.byteLength
      yield part
    }
    return true
  }

  /** Ends the stream early. */
  async close(): Promise<void> {
    await this.#source.return?.()
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.byteLength + b.byteLength)
  both.set(a)
  both.set(b, a.byteLength)
  return both
}
