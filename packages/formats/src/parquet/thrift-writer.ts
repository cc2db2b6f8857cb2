import { thrift } from './thrift-reader.js'

const utf8 = new TextEncoder()

/** Thrift's compact protocol, writing, into one growing buffer. Fields must be written in ascending order of ids. */
export class ThriftWriter {
  #bytes: Uint8Array<ArrayBuffer>
  #length = 0
  #lastId = 0
  readonly #ids: number[] = []

  constructor(capacity = 256) {
    this.#bytes = new Uint8Array(capacity)
  }

  get length(): number {
    return this.#length
  }

  /** What was written; a view that later writes may leave behind. */
  bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#length)
  }

  #room(bytes: number): void {
    if (this.#length + bytes <= this.#bytes.length) return
    const larger = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + bytes))
    larger.set(this.#bytes.subarray(0, this.#length))
    this.#bytes = larger
  }

  #byte(value: number): void {
    this.#room(1)
    this.#bytes[this.#length++] = value
  }

  #varint(value: number): void {
    this.#room(10)
    while (value >= 128) {
      this.#bytes[this.#length++] = (value % 128) | 128
      value = Math.floor(value / 128)
    }
    this.#bytes[this.#length++] = value
  }

  #zigzag(value: number): void {
    this.#varint(value >= 0 ? value * 2 : -value * 2 - 1)
  }

  #field(id: number, type: number): void {
    const delta = id - this.#lastId
    if (delta > 0 && delta < 16) this.#byte((delta << 4) | type)
    else {
      this.#byte(type)
      this.#zigzag(id)
    }
    this.#lastId = id
  }

  i32(id: number, value: number): void {
    this.#field(id, thrift.i32)
    this.#zigzag(value)
  }

  i16(id: number, value: number): void {
    this.#field(id, thrift.i16)
    this.#zigzag(value)
  }

  byte(id: number, value: number): void {
    this.#field(id, thrift.byte)
    this.#byte(value)
  }

  i64(id: number, value: number): void {
    this.#field(id, thrift.i64)
    this.#zigzag(value)
  }

  boolean(id: number, value: boolean): void {
    this.#field(id, value ? thrift.true : thrift.false)
  }

  binary(id: number, value: Uint8Array): void {
    this.#field(id, thrift.binary)
    this.#raw(value)
  }

  string(id: number, value: string): void {
    this.binary(id, utf8.encode(value))
  }

  #raw(value: Uint8Array): void {
    this.#varint(value.length)
    this.append(value)
  }

  /** Begins a list; its elements follow by the `…Element` methods. */
  list(id: number, elementType: number, count: number): void {
    this.#field(id, thrift.list)
    if (count < 15) this.#byte((count << 4) | elementType)
    else {
      this.#byte(0xf0 | elementType)
      this.#varint(count)
    }
  }

  i32Element(value: number): void {
    this.#zigzag(value)
  }

  i64Element(value: number): void {
    this.#zigzag(value)
  }

  booleanElement(value: boolean): void {
    this.#byte(value ? thrift.true : thrift.false)
  }

  binaryElement(value: Uint8Array): void {
    this.#raw(value)
  }

  stringElement(value: string): void {
    this.#raw(utf8.encode(value))
  }

  /** What another writer wrote: whole structs or elements, which are the same wherever they stand. */
  append(bytes: Uint8Array): void {
    this.#room(bytes.length)
    this.#bytes.set(bytes, this.#length)
    this.#length += bytes.length
  }

  /** A struct that is a field, or (id 0) an element of a list or the whole message. */
  begin(id = 0): void {
    if (id !== 0) this.#field(id, thrift.struct)
    this.#ids.push(this.#lastId)
    this.#lastId = 0
  }

  end(): void {
    this.#byte(thrift.stop)
    this.#lastId = this.#ids.pop()!
  }
}
