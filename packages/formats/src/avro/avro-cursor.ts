import { corruptAvro } from '../errors.js'

/** Items that take no bytes (nulls, records of nothing) of one block: a few bytes could claim any number of them. */
const mostEmptyItems = 1_000_000

/** Reads Avro's binary encoding, never beyond the bytes that there are. https://avro.apache.org/docs/1.12.0/specification/ */
export class AvroCursor {
  readonly bytes: Buffer
  readonly #path: string
  #at = 0
  #emptyItems = 0

  constructor(path: string, bytes: Uint8Array) {
    this.#path = path
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  get position(): number {
    return this.#at
  }

  get remaining(): number {
    return this.bytes.length - this.#at
  }

  /** @returns where `length` bytes start that are passed over */
  take(length: number): number {
    if (length > this.remaining) throw this.damaged('a value goes beyond its end')
    const start = this.#at
    this.#at += length
    return start
  }

  byte(): number {
    return this.bytes[this.take(1)]!
  }

  /** A zigzag number of at most 64 bits. */
  long(): bigint {
    let low = 0
    let shift = 0
    for (; shift < 28; shift += 7) {
      const byte = this.byte()
      low |= (byte & 0x7f) << shift
      if (byte < 0x80) return BigInt((low >>> 1) ^ -(low & 1))
    }
    let value = BigInt(low)
    for (; shift < 70; shift += 7) {
      const byte = this.byte()
      value |= BigInt(byte & 0x7f) << BigInt(shift)
      if (byte < 0x80) {
        if (value > 0xffff_ffff_ffff_ffffn) break
        return (value >> 1n) ^ -(value & 1n)
      }
    }
    throw this.damaged('a number has more than 64 bits')
  }

  int(): number {
    const value = Number(this.long())
    if (value < -0x8000_0000 || value > 0x7fff_ffff) throw this.damaged('an int has more than 32 bits')
    return value
  }

  /** A length of something that is in the bytes. */
  length(): number {
    const length = this.long()
    if (length < 0n || length > BigInt(this.remaining)) throw this.damaged(`a length of ${length} goes beyond its end`)
    return Number(length)
  }

  /** The length of an array's or map's next block; 0: it has ended. @param leastBytes that an item takes */
  items(leastBytes: number): number {
    let count = this.long()
    if (count < 0n) {
      count = -count
      this.long()
    }
    return this.claim(count, leastBytes)
  }

  /** @throws FormatError DW-FORMAT-0081 if there cannot be so many items in the bytes that are left */
  claim(count: bigint, leastBytes: number): number {
    const most = leastBytes > 0 ? Math.floor(this.remaining / leastBytes) : mostEmptyItems - this.#emptyItems
    if (count < 0n || count > BigInt(most)) throw this.damaged(`it claims ${count} items that cannot be there`)
    if (leastBytes === 0) this.#emptyItems += Number(count)
    return Number(count)
  }

  damaged(what: string): Error {
    return corruptAvro(this.#path, what)
  }
}
