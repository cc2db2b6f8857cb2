/* FlatBuffers, reading, as far as Arrow's messages need them. Every access is checked against the buffer's end. */

/** What is wrong with a buffer; callers turn it into a FormatError with the file's name. */
export class FlatBufferError extends Error {}

/** A table: its members by their numbers in the schema (`Schema.fbs`, `Message.fbs`); absent ones have defaults. */
export class FlatTable {
  readonly #view: DataView
  readonly #at: number
  readonly #vtable: number
  readonly #vtableBytes: number

  private constructor(view: DataView, at: number) {
    this.#view = view
    this.#at = at
    check(view, at, 4)
    this.#vtable = at - view.getInt32(at, true)
    check(view, this.#vtable, 4)
    this.#vtableBytes = view.getUint16(this.#vtable, true)
    check(view, this.#vtable, this.#vtableBytes)
  }

  /** The root table of a buffer. @throws FlatBufferError */
  static root(bytes: Uint8Array): FlatTable {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    check(view, 0, 4)
    return new FlatTable(view, view.getUint32(0, true))
  }

  /** Where a member stands; 0: it is absent. */
  #member(id: number, bytes: number): number {
    const slot = 4 + 2 * id
    if (slot + 2 > this.#vtableBytes) return 0
    const offset = this.#view.getUint16(this.#vtable + slot, true)
    if (offset === 0) return 0
    check(this.#view, this.#at + offset, bytes)
    return this.#at + offset
  }

  #target(id: number): number {
    const at = this.#member(id, 4)
    return at === 0 ? 0 : at + this.#view.getUint32(at, true)
  }

  boolean(id: number): boolean {
    return this.byte(id) !== 0
  }
  byte(id: number): number {
    const at = this.#member(id, 1)
    return at === 0 ? 0 : this.#view.getUint8(at)
  }
  short(id: number, otherwise = 0): number {
    const at = this.#member(id, 2)
    return at === 0 ? otherwise : this.#view.getInt16(at, true)
  }
  int(id: number, otherwise = 0): number {
    const at = this.#member(id, 4)
    return at === 0 ? otherwise : this.#view.getInt32(at, true)
  }
  /** An int64 that is a length or an offset. @throws FlatBufferError if it is negative or no safe integer */
  length(id: number): number {
    const at = this.#member(id, 8)
    return at === 0 ? 0 : safe(this.#view.getBigInt64(at, true))
  }

  table(id: number): FlatTable | null {
    const at = this.#target(id)
    return at === 0 ? null : new FlatTable(this.#view, at)
  }

  string(id: number): string | null {
    const at = this.#target(id)
    if (at === 0) return null
    check(this.#view, at, 4)
    const length = this.#view.getUint32(at, true)
    check(this.#view, at + 4, length)
    return utf8.decode(new Uint8Array(this.#view.buffer, this.#view.byteOffset + at + 4, length).slice())
  }

  tables(id: number): FlatTable[] {
    const { at, count } = this.#vector(id, 4)
    return Array.from({ length: count }, (_, i) => {
      const slot = at + 4 * i
      return new FlatTable(this.#view, slot + this.#view.getUint32(slot, true))
    })
  }

  /** A vector of int64 that are lengths. */
  lengths(id: number): number[] {
    const { at, count } = this.#vector(id, 8)
    return Array.from({ length: count }, (_, i) => safe(this.#view.getBigInt64(at + 8 * i, true)))
  }

  /** A vector of structs of int64 each. */
  structs(id: number, members: number): number[][] {
    const { at, count } = this.#vector(id, 8 * members)
    return Array.from({ length: count }, (_, i) =>
      Array.from({ length: members }, (_member, k) => safe(this.#view.getBigInt64(at + 8 * (i * members + k), true))),
    )
  }

  #vector(id: number, elementBytes: number): { readonly at: number; readonly count: number } {
    const at = this.#target(id)
    if (at === 0) return { at: 0, count: 0 }
    check(this.#view, at, 4)
    const count = this.#view.getUint32(at, true)
    check(this.#view, at + 4, count * elementBytes)
    return { at: at + 4, count }
  }
}

const utf8 = new TextDecoder()

function check(view: DataView, at: number, bytes: number): void {
  if (at < 0 || at + bytes > view.byteLength) throw new FlatBufferError('an offset points past its end')
}

function safe(value: bigint): number {
  if (value < 0n || value > 9_007_199_254_740_991n) throw new FlatBufferError(`${value} is no length`)
  return Number(value)
}
