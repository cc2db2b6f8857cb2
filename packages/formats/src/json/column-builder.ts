import {
  byteWidth,
  fixedColumn,
  nestedColumn,
  nullColumn,
  variableColumn,
  type Arena,
  type Column,
} from '@deltaworks/columnar'
import type { DataType, Value } from '@deltaworks/schema'

/**
 * A column that grows value by value, without an object a value. `truncate` takes values back, so that a row that turns out
 * malformed half way leaves nothing behind.
 */
export abstract class ColumnBuilder {
  readonly type: DataType
  length = 0
  #valid = new Uint8Array(256)
  protected nullCount = 0

  constructor(type: DataType) {
    this.type = type
  }

  protected mark(isValid: boolean): void {
    if (this.length === this.#valid.length) {
      const larger = new Uint8Array(this.length * 2)
      larger.set(this.#valid)
      this.#valid = larger
    }
    this.#valid[this.length++] = isValid ? 1 : 0
    if (!isValid) this.nullCount++
  }

  abstract appendNull(): void
  /** A value of the builder's type. */
  abstract append(value: Value): void
  protected abstract cut(length: number): void
  protected abstract build(arena: Arena, validity: number): Column

  truncate(length: number): void {
    for (let i = length; i < this.length; i++) if (this.#valid[i] === 0) this.nullCount--
    this.length = length
    this.cut(length)
  }

  /** The column so far, in the arena. */
  finish(arena: Arena): Column {
    let validity = 0
    if (this.nullCount > 0) {
      validity = arena.allocateZeroed(((this.length + 63) >> 6) * 8)
      const { u8 } = arena.heap
      for (let i = 0; i < this.length; i++) u8[validity + (i >> 3)]! |= this.#valid[i]! << (i & 7)
    }
    return this.build(arena, validity)
  }
}

export function columnBuilder(type: DataType): ColumnBuilder {
  switch (type.kind) {
    case 'null':
      return new NullBuilder(type)
    case 'string':
    case 'variant':
    case 'binary':
      return new TextBuilder(type)
    case 'list':
      return new ListBuilder(type, [columnBuilder(type.element)])
    case 'map':
      return new ListBuilder(type, [columnBuilder(type.key), columnBuilder(type.value)])
    case 'struct':
      return new StructBuilder(
        type,
        type.fields.map((field) => columnBuilder(field.type)),
      )
    default:
      return new FixedBuilder(type)
  }
}

class NullBuilder extends ColumnBuilder {
  appendNull(): void {
    this.mark(false)
  }
  append(): void {
    this.mark(false)
  }
  protected cut(): void {}
  protected build(arena: Arena): Column {
    return nullColumn(arena, this.type, this.length)
  }
}

/** Numbers, dates, moments and booleans. */
export class FixedBuilder extends ColumnBuilder {
  /** Bytes a value; booleans take one here. */
  readonly width: number
  #view = new DataView(new ArrayBuffer(2048))

  constructor(type: DataType) {
    super(type)
    this.width = type.kind === 'boolean' ? 1 : byteWidth(type)
  }

  #slot(): number {
    const at = this.length * this.width
    if (at + this.width > this.#view.byteLength) {
      const larger = new Uint8Array(this.#view.byteLength * 2)
      larger.set(new Uint8Array(this.#view.buffer))
      this.#view = new DataView(larger.buffer)
    }
    return at
  }

  appendNull(): void {
    const at = this.#slot()
    for (let i = 0; i < this.width; i++) this.#view.setUint8(at + i, 0)
    this.mark(false)
  }

  /** A whole number below 2^53 that is known to fit. */
  appendInteger(value: number): void {
    const at = this.#slot()
    switch (this.width) {
      case 1:
        this.#view.setInt8(at, value)
        break
      case 2:
        this.#view.setInt16(at, value, true)
        break
      case 4:
        this.#view.setInt32(at, value, true)
        break
      default:
        this.#view.setInt32(at, value | 0, true)
        this.#view.setInt32(at + 4, Math.floor(value / 4_294_967_296), true)
        if (this.width === 16) {
          this.#view.setInt32(at + 8, value < 0 ? -1 : 0, true)
          this.#view.setInt32(at + 12, value < 0 ? -1 : 0, true)
        }
    }
    this.mark(true)
  }

  appendFloat(value: number): void {
    const at = this.#slot()
    if (this.width === 4) this.#view.setFloat32(at, value, true)
    else this.#view.setFloat64(at, value, true)
    this.mark(true)
  }

  append(value: Value): void {
    if (value === null) this.appendNull()
    else if (typeof value === 'boolean') this.appendInteger(value ? 1 : 0)
    else if (typeof value === 'bigint') {
      const at = this.#slot()
      this.#view.setBigInt64(at, BigInt.asIntN(64, value), true)
      if (this.width === 16) this.#view.setBigInt64(at + 8, value >> 64n, true)
      this.mark(true)
    } else if (this.type.kind === 'float32' || this.type.kind === 'float64') this.appendFloat(value as number)
    else this.appendInteger(value as number)
  }

  protected cut(): void {}

  protected build(arena: Arena, validity: number): Column {
    const { length, type } = this
    const { u8 } = arena.heap
    if (type.kind === 'boolean') {
      const bits = arena.allocateZeroed(((length + 63) >> 6) * 8)
      for (let i = 0; i < length; i++) u8[bits + (i >> 3)]! |= this.#view.getUint8(i) << (i & 7)
      return fixedColumn(type, length, bits, validity, this.nullCount)
    }
    const values = arena.allocate(length * this.width)
    arena.heap.u8.set(new Uint8Array(this.#view.buffer, 0, length * this.width), values)
    return fixedColumn(type, length, values, validity, this.nullCount)
  }
}

const utf8 = new TextEncoder()

export class TextBuilder extends ColumnBuilder {
  #ends = new Int32Array(256)
  #bytes = new Uint8Array(4096)
  #used = 0

  appendNull(): void {
    this.#end(false)
  }

  /** Bytes [start, end) of a text. */
  appendBytes(source: Uint8Array, start: number, end: number): void {
    const size = end - start
    this.#reserve(size)
    if (size < 32) for (let i = 0; i < size; i++) this.#bytes[this.#used + i] = source[start + i]!
    else this.#bytes.set(source.subarray(start, end), this.#used)
    this.#used += size
    this.#end(true)
  }

  append(value: Value): void {
    if (value === null) return this.appendNull()
    const bytes = value instanceof Uint8Array ? value : utf8.encode(value as string)
    this.appendBytes(bytes, 0, bytes.length)
  }

  #reserve(bytes: number): void {
    if (this.#used + bytes <= this.#bytes.length) return
    const larger = new Uint8Array(Math.max(this.#bytes.length * 2, this.#used + bytes))
    larger.set(this.#bytes.subarray(0, this.#used))
    this.#bytes = larger
  }

  #end(isValid: boolean): void {
    if (this.length === this.#ends.length) {
      const larger = new Int32Array(this.length * 2)
      larger.set(this.#ends)
      this.#ends = larger
    }
    this.#ends[this.length] = this.#used
    this.mark(isValid)
  }

  protected cut(length: number): void {
    this.#used = length === 0 ? 0 : this.#ends[length - 1]!
  }

  protected build(arena: Arena, validity: number): Column {
    const { length } = this
    const offsets = arena.allocate(4 * (length + 1))
    const bytes = arena.allocate(this.#used + 16)
    const { i32, u8 } = arena.heap
    i32[offsets >>> 2] = 0
    i32.set(this.#ends.subarray(0, length), (offsets >>> 2) + 1)
    u8.set(this.#bytes.subarray(0, this.#used), bytes)
    return variableColumn(this.type, length, offsets, bytes, validity, this.nullCount)
  }
}

/** Lists, and maps, whose children are keys and values. */
export class ListBuilder extends ColumnBuilder {
  readonly children: readonly ColumnBuilder[]
  #ends = new Int32Array(256)

  constructor(type: DataType, children: readonly ColumnBuilder[]) {
    super(type)
    this.children = children
  }

  appendNull(): void {
    this.end(false)
  }

  /** Ends a list: its elements are what the children got since the one before. */
  end(isValid = true): void {
    if (this.length === this.#ends.length) {
      const larger = new Int32Array(this.length * 2)
      larger.set(this.#ends)
      this.#ends = larger
    }
    this.#ends[this.length] = this.children[0]!.length
    this.mark(isValid)
  }

  append(value: Value): void {
    if (value === null) return this.appendNull()
    for (const item of value as readonly Value[]) {
      if (this.children.length === 1) this.children[0]!.append(item)
      else this.children.forEach((child, i) => child.append((item as readonly Value[])[i]!))
    }
    this.end()
  }

  protected cut(length: number): void {
    const end = length === 0 ? 0 : this.#ends[length - 1]!
    for (const child of this.children) child.truncate(end)
  }

  protected build(arena: Arena, validity: number): Column {
    const { length } = this
    const offsets = arena.allocate(4 * (length + 1))
    const { i32 } = arena.heap
    i32[offsets >>> 2] = 0
    i32.set(this.#ends.subarray(0, length), (offsets >>> 2) + 1)
    const children = this.children.map((child) => child.finish(arena))
    return nestedColumn(this.type, length, offsets, children, validity, this.nullCount)
  }
}

export class StructBuilder extends ColumnBuilder {
  readonly children: readonly ColumnBuilder[]

  constructor(type: DataType, children: readonly ColumnBuilder[]) {
    super(type)
    this.children = children
  }

  appendNull(): void {
    for (const child of this.children) child.appendNull()
    this.mark(false)
  }

  /** Ends a struct: its members are in the children. */
  end(): void {
    this.mark(true)
  }

  append(value: Value): void {
    if (value === null) return this.appendNull()
    this.children.forEach((child, i) => child.append((value as readonly Value[])[i]!))
    this.mark(true)
  }

  protected cut(length: number): void {
    for (const child of this.children) child.truncate(length)
  }

  protected build(arena: Arena, validity: number): Column {
    const children = this.children.map((child) => child.finish(arena))
    return nestedColumn(this.type, this.length, 0, children, validity, this.nullCount)
  }
}
