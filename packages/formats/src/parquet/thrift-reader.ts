/*
 * Thrift's compact protocol (thrift-compact-protocol.md), reading. Values that nobody asks for are skipped without being
 * made. Whatever goes wrong throws ThriftError, which callers turn into a FormatError with the file's name.
 */

export const thrift = {
  stop: 0,
  true: 1,
  false: 2,
  byte: 3,
  i16: 4,
  i32: 5,
  i64: 6,
  double: 7,
  binary: 8,
  list: 9,
  set: 10,
  map: 11,
  struct: 12,
} as const

export class ThriftError extends Error {}

const utf8 = new TextDecoder()

export class ThriftReader {
  readonly bytes: Uint8Array
  position: number
  readonly end: number
  /** Of the field that `nextField` moved to. */
  fieldId = 0
  fieldType = 0

  constructor(bytes: Uint8Array, position = 0, end = bytes.length) {
    this.bytes = bytes
    this.position = position
    this.end = end
  }

  #byte(): number {
    if (this.position >= this.end) throw new ThriftError('it ends too early')
    return this.bytes[this.position++]!
  }

  /** Moves to the next field of a struct, whose last id was `previous`; false at its end. */
  nextField(previous: number): boolean {
    const header = this.#byte()
    if (header === thrift.stop) return false
    this.fieldType = header & 15
    const delta = header >> 4
    this.fieldId = delta === 0 ? this.i32() : previous + delta
    return true
  }

  /** Unsigned, below 2^53. */
  #varint(): number {
    let value = 0
    let scale = 1
    for (let i = 0; i < 10; i++) {
      const byte = this.#byte()
      value += (byte & 127) * scale
      if (byte < 128) return value
      scale *= 128
    }
    throw new ThriftError('a number is too long')
  }

  i32(): number {
    const value = this.#varint()
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2
  }

  /** An i64 as a number; one beyond 2^53 is not exact, and no length or offset is that large. */
  i64(): number {
    return this.i32()
  }

  boolean(): boolean {
    return this.fieldType === thrift.true
  }

  /** Of a list, where it takes a byte. */
  booleanElement(): boolean {
    return this.#byte() === thrift.true
  }

  /** A view, not a copy. */
  binary(): Uint8Array {
    const length = this.#varint()
    if (length > this.end - this.position) throw new ThriftError('a length points past its end')
    const start = this.position
    this.position += length
    return this.bytes.subarray(start, start + length)
  }

  string(): string {
    const bytes = this.binary()
    if (bytes.length < 24) {
      let text = ''
      for (let i = 0; i < bytes.length; i++) {
        if (bytes[i]! >= 128) return utf8.decode(bytes.slice())
        text += String.fromCharCode(bytes[i]!)
      }
      return text
    }
    return utf8.decode(bytes.slice())
  }

  /** @returns the number of elements; `fieldType` is their type */
  list(): number {
    const header = this.#byte()
    this.fieldType = header & 15
    const size = header >> 4
    const count = size === 15 ? this.#varint() : size
    if (count > this.end - this.position) throw new ThriftError('a list is longer than the file')
    return count
  }

  /** Leaves out the value of the current field. */
  skip(type: number = this.fieldType, depth = 0): void {
    if (depth > 40) throw new ThriftError('it is nested too deeply')
    switch (type) {
      case thrift.true:
      case thrift.false:
        return
      case thrift.byte:
        this.position += 1
        return
      case thrift.i16:
      case thrift.i32:
      case thrift.i64:
        this.#varint()
        return
      case thrift.double:
        this.position += 8
        return
      case thrift.binary: {
        const length = this.#varint()
        if (length > this.end - this.position) throw new ThriftError('a length points past its end')
        this.position += length
        return
      }
      case thrift.list:
      case thrift.set: {
        const count = this.list()
        const element = this.fieldType
        // A boolean in a list takes a byte, unlike one in a field.
        if (element === thrift.true || element === thrift.false) this.position += count
        else for (let i = 0; i < count; i++) this.skip(element, depth + 1)
        return
      }
      case thrift.map: {
        const count = this.#varint()
        if (count === 0) return
        if (count > this.end - this.position) throw new ThriftError('a map is longer than the file')
        const types = this.#byte()
        for (let i = 0; i < count; i++) {
          this.skip(types >> 4, depth + 1)
          this.skip(types & 15, depth + 1)
        }
        return
      }
      case thrift.struct: {
        let id = 0
        while (this.nextField(id)) {
          id = this.fieldId
          this.skip(this.fieldType, depth + 1)
        }
        return
      }
      default:
        throw new ThriftError(`there is no type ${type}`)
    }
  }
}
