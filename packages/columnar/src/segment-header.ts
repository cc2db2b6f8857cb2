import type { Schema } from '@deltaworks/schema'

/*
 * What stands before a segment's buffers: words of 32 bits, for a segment costs no JavaScript objects then but its columns.
 * A query makes hundreds of thousands of them, and what lives a little longer than a batch fills a thread's old generation.
 *
 *   | magic | bytes to the buffers | schema bytes | batches | rows | schema: JSON, padded | batches … | padding |
 *   batch:  | rows | one for each column: words to the next, column |
 *   column: | length | nulls | validity | values | offsets | 1 and the dictionary, or 0 | children, as the type has them |
 *   buffer: | position from the first buffer | bytes |, or | absent | 0 |
 */

export const segmentMagic = 0x47535744
/** No position: those are multiples of 16. */
export const absent = 0xffffffff
export const headerWords = 5

/** Words that are appended, in memory that is used again. */
export class WordList {
  #words = new Uint32Array(1024)
  #length = 0

  get length(): number {
    return this.#length
  }

  clear(): void {
    this.#length = 0
  }

  /** Bits beyond 32 are lost; negative numbers are kept as int32. */
  push(...words: readonly number[]): void {
    if (this.#length + words.length > this.#words.length) this.#grow()
    for (const word of words) this.#words[this.#length++] = word
  }

  at(index: number): number {
    return this.#words[index]!
  }

  set(index: number, word: number): void {
    this.#words[index] = word
  }

  /** The words [start, end) once more. */
  repeat(start: number, end: number): void {
    for (let i = start; i < end; i++) this.push(this.#words[i]!)
  }

  /** Valid until the next `push`. */
  view(): Uint32Array {
    return this.#words.subarray(0, this.#length)
  }

  #grow(): void {
    const larger = new Uint32Array(this.#words.length * 2)
    larger.set(this.#words)
    this.#words = larger
  }
}

const schemaBytes = new WeakMap<Schema, Uint8Array>()

/** A schema as segments hold it: whole words. */
export function encodeSchema(schema: Schema): Uint8Array {
  const known = schemaBytes.get(schema)
  if (known !== undefined) return known
  const text = JSON.stringify(schema)
  const bytes = Buffer.from(text.padEnd(text.length + ((4 - (Buffer.byteLength(text) & 3)) & 3)))
  schemaBytes.set(schema, bytes)
  return bytes
}

const mostKnown = 64
const knownSchemas: { readonly bytes: Uint8Array; readonly schema: Schema }[] = []

/** The schema of these bytes; one object for all segments that have the same. */
export function decodeSchema(bytes: Uint8Array): Schema {
  const place = knownSchemas.findIndex((known) => Buffer.compare(known.bytes, bytes) === 0)
  const found =
    place < 0
      ? { bytes: Uint8Array.from(bytes), schema: JSON.parse(Buffer.from(bytes).toString('utf8')) as Schema }
      : knownSchemas[place]!
  if (place !== 0) {
    // The last one asked for is the first one looked at.
    if (place > 0) knownSchemas.splice(place, 1)
    else if (knownSchemas.length >= mostKnown) knownSchemas.pop()
    knownSchemas.unshift(found)
  }
  return found.schema
}

const projections = new WeakMap<Schema, Map<string, Schema>>()

/** Some fields of a schema of segments, always the same object. */
export function projectedSchema(schema: Schema, positions: readonly number[] | undefined): Schema {
  if (positions === undefined) return schema
  let known = projections.get(schema)
  if (known === undefined) projections.set(schema, (known = new Map()))
  const key = positions.join()
  let projected = known.get(key)
  if (projected === undefined) known.set(key, (projected = { fields: positions.map((i) => schema.fields[i]!) }))
  return projected
}
