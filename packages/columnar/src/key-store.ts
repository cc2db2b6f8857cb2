import type { DataType, Value } from '@deltaworks/schema'
import type { Arena } from './arena.js'
import { byteWidth, fixedColumn, variableColumn, type Column } from './column.js'
import { canonicalKey } from './hash.js'
import type { Heap } from './heap.js'
import { columnFromValues, isNull, readValue } from './values.js'

/**
 * Distinct key values of one column, by index, in memory of their own: what a hash table compares with and gives back.
 * Null equals null, NaN equals NaN, -0.0 equals 0.0.
 */
export interface KeyStore {
  equals(column: Column, row: number, index: number): boolean
  append(column: Column, row: number): void
  /** Values [0, count) as a column. */
  toColumn(arena: Arena, count: number): Column
  readonly sizeBytes: number
}

export function createKeyStore(heap: Heap, type: DataType): KeyStore {
  switch (type.kind) {
    case 'string':
    case 'binary':
    case 'variant':
      return new VariableKeyStore(heap, type)
    case 'list':
    case 'map':
    case 'struct':
    case 'null':
      return new NestedKeyStore(heap, type)
    case 'boolean':
      return new NestedKeyStore(heap, type)
    default:
      return new FixedKeyStore(heap, type)
  }
}

const grown = (needed: number, current: number): number => Math.max(needed, current * 2, 64)

class FixedKeyStore implements KeyStore {
  readonly #heap: Heap
  readonly #type: DataType
  readonly #width: number
  readonly #words: number
  readonly #isFloat: boolean
  #values: Int32Array
  #nulls: Uint8Array = new Uint8Array(64)
  #count = 0
  #nullCount = 0

  constructor(heap: Heap, type: DataType) {
    this.#heap = heap
    this.#type = type
    this.#width = byteWidth(type)
    this.#words = Math.max(1, this.#width >>> 2)
    this.#isFloat = type.kind === 'float32' || type.kind === 'float64'
    this.#values = new Int32Array(64 * this.#words)
  }

  get sizeBytes(): number {
    return this.#values.byteLength + this.#nulls.byteLength
  }

  #word(column: Column, row: number, word: number): number {
    const { u8, i16, i32 } = this.#heap
    if (this.#isFloat) return this.#floatWord(column, row, word)
    if (this.#width === 1) return u8[column.values + row]!
    if (this.#width === 2) return i16[(column.values >>> 1) + row]!
    return i32[(column.values >>> 2) + row * this.#words + word]!
  }

  readonly #scratch = new Float64Array(1)
  readonly #scratchWords = new Int32Array(this.#scratch.buffer)

  #floatWord(column: Column, row: number, word: number): number {
    const single = this.#width === 4
    const value = single ? this.#heap.f32[(column.values >>> 2) + row]! : this.#heap.f64[(column.values >>> 3) + row]!
    const normal = value === 0 ? 0 : Number.isNaN(value) ? Number.NaN : value
    if (single) new Float32Array(this.#scratch.buffer, 0, 1)[0] = normal
    else this.#scratch[0] = normal
    return this.#scratchWords[word]!
  }

  equals(column: Column, row: number, index: number): boolean {
    const missing = isNull(this.#heap, column, row)
    if (missing || this.#nulls[index] === 1) return missing && this.#nulls[index] === 1
    const at = index * this.#words
    if (this.#words === 2 && !this.#isFloat) {
      const from = (column.values >>> 2) + row * 2
      const { i32 } = this.#heap
      return this.#values[at] === i32[from] && this.#values[at + 1] === i32[from + 1]
    }
    for (let word = 0; word < this.#words; word++) {
      if (this.#values[at + word] !== this.#word(column, row, word)) return false
    }
    return true
  }

  append(column: Column, row: number): void {
    const index = this.#count++
    if ((index + 1) * this.#words > this.#values.length) {
      const values = new Int32Array(grown((index + 1) * this.#words, this.#values.length))
      values.set(this.#values)
      this.#values = values
    }
    if (index >= this.#nulls.length) {
      const nulls = new Uint8Array(grown(index + 1, this.#nulls.length))
      nulls.set(this.#nulls)
      this.#nulls = nulls
    }
    if (isNull(this.#heap, column, row)) {
      this.#nulls[index] = 1
      this.#nullCount++
      return
    }
    for (let word = 0; word < this.#words; word++)
      this.#values[index * this.#words + word] = this.#word(column, row, word)
  }

  toColumn(arena: Arena, count: number): Column {
    const values = arena.allocate(count * this.#width)
    const { heap } = arena
    if (this.#width >= 4) heap.i32.set(this.#values.subarray(0, count * this.#words), values >>> 2)
    else if (this.#width === 2) heap.i16.set(this.#values.subarray(0, count), values >>> 1)
    else heap.u8.set(this.#values.subarray(0, count), values)
    const { validity, nullCount } = validityOf(arena, this.#nulls, this.#nullCount, count)
    return fixedColumn(this.#type, count, values, validity, nullCount)
  }
}

class VariableKeyStore implements KeyStore {
  readonly #heap: Heap
  readonly #type: DataType
  #bytes: Uint8Array = new Uint8Array(1024)
  #offsets: Int32Array = new Int32Array(65)
  #nulls: Uint8Array = new Uint8Array(64)
  #count = 0
  #nullCount = 0

  constructor(heap: Heap, type: DataType) {
    this.#heap = heap
    this.#type = type
  }

  get sizeBytes(): number {
    return this.#bytes.byteLength + this.#offsets.byteLength + this.#nulls.byteLength
  }

  equals(column: Column, row: number, index: number): boolean {
    const missing = isNull(this.#heap, column, row)
    if (missing || this.#nulls[index] === 1) return missing && this.#nulls[index] === 1
    const { i32, u8 } = this.#heap
    const source = column.dictionary ?? column
    const at = (source.offsets >>> 2) + (column.dictionary === null ? row : i32[(column.values >>> 2) + row]!)
    const length = i32[at + 1]! - i32[at]!
    const start = this.#offsets[index]!
    if (this.#offsets[index + 1]! - start !== length) return false
    const from = source.values + i32[at]!
    for (let i = 0; i < length; i++) if (this.#bytes[start + i] !== u8[from + i]) return false
    return true
  }

  append(column: Column, row: number): void {
    const index = this.#count++
    if (index + 1 >= this.#offsets.length) {
      const offsets = new Int32Array(grown(index + 2, this.#offsets.length))
      offsets.set(this.#offsets)
      this.#offsets = offsets
      const nulls = new Uint8Array(offsets.length)
      nulls.set(this.#nulls)
      this.#nulls = nulls
    }
    const start = this.#offsets[index]!
    if (isNull(this.#heap, column, row)) {
      this.#nulls[index] = 1
      this.#nullCount++
      this.#offsets[index + 1] = start
      return
    }
    const { i32, u8 } = this.#heap
    const source = column.dictionary ?? column
    const at = (source.offsets >>> 2) + (column.dictionary === null ? row : i32[(column.values >>> 2) + row]!)
    const length = i32[at + 1]! - i32[at]!
    if (start + length > this.#bytes.length) {
      const bytes = new Uint8Array(grown(start + length, this.#bytes.length))
      bytes.set(this.#bytes)
      this.#bytes = bytes
    }
    const from = source.values + i32[at]!
    this.#bytes.set(u8.subarray(from, from + length), start)
    this.#offsets[index + 1] = start + length
  }

  toColumn(arena: Arena, count: number): Column {
    const offsets = arena.allocate((count + 1) * 4)
    const size = this.#offsets[count]!
    const bytes = arena.allocate(size)
    arena.heap.i32.set(this.#offsets.subarray(0, count + 1), offsets >>> 2)
    arena.heap.u8.set(this.#bytes.subarray(0, size), bytes)
    const { validity, nullCount } = validityOf(arena, this.#nulls, this.#nullCount, count)
    return variableColumn(this.#type, count, offsets, bytes, validity, nullCount)
  }
}

/** Nested values and booleans: few distinct ones, kept as values. */
class NestedKeyStore implements KeyStore {
  readonly #heap: Heap
  readonly #type: DataType
  readonly #values: Value[] = []
  readonly #keys: string[] = []

  constructor(heap: Heap, type: DataType) {
    this.#heap = heap
    this.#type = type
  }

  get sizeBytes(): number {
    return this.#values.length * 64
  }
  equals(column: Column, row: number, index: number): boolean {
    return canonicalKey(readValue(this.#heap, column, row)) === this.#keys[index]
  }
  append(column: Column, row: number): void {
    const value = readValue(this.#heap, column, row)
    this.#values.push(value)
    this.#keys.push(canonicalKey(value))
  }
  toColumn(arena: Arena, count: number): Column {
    return columnFromValues(arena, this.#type, this.#values.slice(0, count))
  }
}

function validityOf(arena: Arena, nulls: Uint8Array, nullCount: number, count: number) {
  if (nullCount === 0) return { validity: 0, nullCount: 0 }
  const validity = arena.allocateZeroed((count + 7) >> 3)
  const { u8 } = arena.heap
  for (let i = 0; i < count; i++) if (nulls[i] === 0) u8[validity + (i >> 3)]! |= 1 << (i & 7)
  return { validity, nullCount }
}
