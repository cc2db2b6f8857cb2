import {
  concatColumns,
  constantColumn,
  fixedColumn,
  nestedColumn,
  nullColumn,
  takeColumn,
  variableColumn,
  type Arena,
  type Column,
  type ColumnarContext,
} from '@deltaworks/columnar'
import type { DataType } from '@deltaworks/schema'
import { corruptArrow, unsupportedArrow } from '../errors.js'
import { parquetKernels } from '../parquet/kernels.js'
import type { ArrowField } from './arrow-schema.js'
import { aligned, uncompressBuffer, type HeapRange } from './body-compression.js'
import type { FlatTable } from './flat-reader.js'
import { decimalValues, integerValues, momentValues } from './arrow-values.js'

/** Rows of nested elements that a batch may have: more than can be is a damaged length. */
export const maxLength = 0x7fff_ffff / 16

/** Makes columns of a RecordBatch's buffers. Whatever the buffers hold, no column reaches beyond them. */
export class ArrowColumnReader {
  readonly #context: ColumnarContext
  readonly #path: string
  readonly #arena: Arena
  readonly #dictionaries: ReadonlyMap<number, Column>
  readonly #codec: number | null
  readonly #body: HeapRange
  readonly #nodes: readonly (readonly number[])[]
  readonly #buffers: readonly (readonly number[])[]
  readonly #variadic: readonly number[]
  #node = 0
  #buffer = 0
  #variadicAt = 0

  constructor(
    context: ColumnarContext,
    path: string,
    arena: Arena,
    dictionaries: ReadonlyMap<number, Column>,
    header: FlatTable,
    body: HeapRange,
  ) {
    this.#context = context
    this.#path = path
    this.#arena = arena
    this.#dictionaries = dictionaries
    this.#body = body
    this.#nodes = header.structs(1, 2)
    this.#buffers = header.structs(2, 2)
    this.#codec = header.table(3)?.byte(0) ?? null
    this.#variadic = header.lengths(4)
    if (this.#codec !== null && this.#codec > 1) throw unsupportedArrow(path, `compression number ${this.#codec}`)
  }

  #damaged(field: ArrowField, what: string): Error {
    return corruptArrow(this.#path, `column "${field.name}": ${what}`)
  }

  #nextBuffer(): HeapRange {
    const [offset, length] = this.#buffers[this.#buffer++] ?? []
    if (offset === undefined || length === undefined || offset + length > this.#body.length)
      throw corruptArrow(this.#path, 'a buffer lies outside its message')
    const raw = { address: this.#body.address + offset, length }
    if (this.#codec === null) return aligned(this.#arena, raw)
    return uncompressBuffer(this.#path, parquetKernels(this.#context), this.#arena, this.#codec, raw)
  }

  /** A buffer of at least so many bytes. */
  #bufferOf(field: ArrowField, bytes: number): HeapRange {
    const buffer = this.#nextBuffer()
    if (buffer.length < bytes) throw this.#damaged(field, `a buffer has ${buffer.length} bytes instead of ${bytes}`)
    return buffer
  }

  /** The next column in the order of the schema, depth first. @param expected its rows; null: whatever the file says */
  column(field: ArrowField, expected: number | null): Column {
    const [length, nulls] = this.#nodes[this.#node++] ?? []
    if (length === undefined || nulls === undefined || length > maxLength || nulls > length)
      throw this.#damaged(field, 'its length is damaged')
    if (expected !== null && length !== expected)
      throw this.#damaged(field, `it has ${length} rows instead of ${expected}`)
    if (field.layout.kind === 'null' && field.dictionary === null) return nullColumn(this.#arena, field.type, length)
    const bitmap = this.#nextBuffer()
    if (nulls > 0 && bitmap.length < (length + 7) >> 3) throw this.#damaged(field, 'its validity is too short')
    // What the file says of the number of nulls is not relied upon.
    const found = nulls === 0 ? 0 : length - parquetKernels(this.#context).parquetCountBits(bitmap.address, length)
    const validity = found > 0 ? bitmap.address : 0
    if (field.dictionary !== null) return this.#coded(field, length, validity, found)
    return this.#plain(field, length, validity, found)
  }

  #plain(field: ArrowField, length: number, validity: number, nulls: number): Column {
    const { layout, type } = field
    const arena = this.#arena
    const fixed = (values: number): Column => fixedColumn(type, length, values, validity, nulls)
    switch (layout.kind) {
      case 'null':
        return nullColumn(arena, type, length)
      case 'bool':
        return fixed(this.#bufferOf(field, (length + 7) >> 3).address)
      case 'int': {
        const { address } = this.#bufferOf(field, length * layout.bytes)
        return fixed(integerValues(this.#context, arena, type, layout, address, length))
      }
      case 'float': {
        const { address } = this.#bufferOf(field, length * layout.bytes)
        if (layout.bytes !== 2) return fixed(address)
        const target = arena.allocate(length * 4)
        parquetKernels(this.#context).parquetToFloat(address, 3, length, target)
        return fixed(target)
      }
      case 'decimal': {
        const { address } = this.#bufferOf(field, length * layout.bytes)
        const values = decimalValues(arena, type, layout.bytes, address, length, validity)
        if (values === null) throw this.#damaged(field, 'a decimal has more digits than its type')
        return fixed(values)
      }
      case 'moment': {
        const { address } = this.#bufferOf(field, length * layout.bytes)
        return fixed(momentValues(arena, layout, address, length))
      }
      case 'bytes':
      case 'largeBytes':
        return this.#texts(field, length, validity, nulls, layout.kind === 'largeBytes')
      case 'bytesView':
        return this.#views(field, length, validity, nulls)
      case 'fixedBytes': {
        const { address } = this.#bufferOf(field, length * layout.size)
        const offsets = arena.allocate(4 * (length + 1))
        parquetKernels(this.#context).parquetFixedOffsets(layout.size, length, offsets)
        return variableColumn(type, length, offsets, address, validity, nulls)
      }
      case 'list':
      case 'largeList':
      case 'map':
        return this.#list(field, length, validity, nulls, layout.kind === 'largeList')
      case 'fixedList': {
        const offsets = arena.allocate(4 * (length + 1))
        parquetKernels(this.#context).parquetFixedOffsets(layout.size, length, offsets)
        const child = this.column(field.children[0]!, null)
        if (child.length < length * layout.size) throw this.#damaged(field, 'its lists are longer than their elements')
        return nestedColumn(type, length, offsets, [child], validity, nulls)
      }
      case 'struct': {
        const children = field.children.map((child) => this.column(child, length))
        return nestedColumn(type, length, 0, children, validity, nulls)
      }
    }
  }

  /** Offsets as int32, checked: none below the one before, none above `limit`. An empty column may have no buffer. */
  #offsets(field: ArrowField, length: number, isLarge: boolean): { readonly address: number; readonly last: number } {
    const { heap } = this.#arena
    if (length === 0) {
      this.#nextBuffer()
      return { address: this.#arena.allocateZeroed(16), last: 0 }
    }
    let { address } = this.#bufferOf(field, (length + 1) * (isLarge ? 8 : 4))
    if (isLarge) {
      const target = this.#arena.allocate(4 * (length + 1))
      const source = heap.i64.subarray(address >>> 3, (address >>> 3) + length + 1)
      const { i32 } = heap
      for (let i = 0; i <= length; i++) {
        const offset = source[i]!
        if (offset < 0n || offset > 0x7fff_ffffn) throw this.#damaged(field, 'it has more than 2 GiB in one batch')
        i32[(target >>> 2) + i] = Number(offset)
      }
      address = target
    }
    const offsets = heap.i32.subarray(address >>> 2, (address >>> 2) + length + 1)
    let last = offsets[0]!
    if (last < 0) throw this.#damaged(field, 'its offsets are damaged')
    for (let i = 1; i <= length; i++) {
      const offset = offsets[i]!
      if (offset < last) throw this.#damaged(field, 'its offsets are damaged')
      last = offset
    }
    return { address, last }
  }

  #texts(field: ArrowField, length: number, validity: number, nulls: number, isLarge: boolean): Column {
    const offsets = this.#offsets(field, length, isLarge)
    const bytes = this.#bufferOf(field, offsets.last)
    return variableColumn(field.type, length, offsets.address, bytes.address, validity, nulls)
  }

  #list(field: ArrowField, length: number, validity: number, nulls: number, isLarge: boolean): Column {
    const offsets = this.#offsets(field, length, isLarge)
    let child = this.column(field.children[0]!, null)
    if (child.length < offsets.last) throw this.#damaged(field, 'its lists are longer than their elements')
    let children = [child]
    if (field.type.kind === 'map') {
      children = [...child.children]
      child = children[0]!
    }
    return nestedColumn(field.type, length, offsets.address, children, validity, nulls)
  }

  /** 16 bytes a value: its length, and either itself (12 bytes) or its start, buffer and offset. */
  #views(field: ArrowField, length: number, validity: number, nulls: number): Column {
    const { heap } = this.#arena
    const views = this.#bufferOf(field, length * 16).address
    const buffers = Array.from({ length: this.#variadic[this.#variadicAt++] ?? 0 }, () => this.#nextBuffer())
    const isValid = (row: number): boolean =>
      validity === 0 || ((heap.u8[validity + (row >> 3)]! >> (row & 7)) & 1) === 1
    const offsets = this.#arena.allocate(4 * (length + 1))
    let total = 0
    for (let row = 0; row < length; row++) {
      heap.i32[(offsets >>> 2) + row] = total
      const size = isValid(row) ? heap.i32[(views + 16 * row) >>> 2]! : 0
      if (size < 0 || total + size > 0x7fff_ffff) throw this.#damaged(field, 'its views are damaged')
      total += size
    }
    heap.i32[(offsets >>> 2) + length] = total
    if (total > this.#body.length * 300 + 12 * length) throw this.#damaged(field, 'its views are damaged')
    const bytes = this.#arena.allocate(total)
    for (let row = 0; row < length; row++) {
      const view = views + 16 * row
      const at = bytes + heap.i32[(offsets >>> 2) + row]!
      const size = heap.i32[(offsets >>> 2) + row + 1]! - heap.i32[(offsets >>> 2) + row]!
      let source = view + 4
      if (size > 12) {
        const buffer = buffers[heap.i32[(view + 8) >>> 2]!]
        const offset = heap.i32[(view + 12) >>> 2]!
        if (buffer === undefined || offset < 0 || offset + size > buffer.length)
          throw this.#damaged(field, 'its views are damaged')
        source = buffer.address + offset
      }
      heap.u8.copyWithin(at, source, source + size)
    }
    return variableColumn(field.type, length, offsets, bytes, validity, nulls)
  }

  /** Codes of a dictionary. Values other than text are looked up at once; text keeps its codes. */
  #coded(field: ArrowField, length: number, validity: number, nulls: number): Column {
    const { codeBytes, signed, id } = field.dictionary!
    const { heap } = this.#arena
    const { address } = this.#bufferOf(field, length * codeBytes)
    const values = this.#dictionaries.get(id)
    if (values === undefined) {
      if (nulls === length) return nullColumn(this.#arena, field.type, length)
      throw this.#damaged(field, 'its dictionary is missing')
    }
    const codes = this.#arena.allocate(4 * length)
    const bytes = new DataView(heap.memory.buffer, address, length * codeBytes)
    const { i32 } = heap
    for (let row = 0; row < length; row++) {
      const isNull = validity !== 0 && ((heap.u8[validity + (row >> 3)]! >> (row & 7)) & 1) === 0
      const code = isNull ? 0 : codeAt(bytes, row, codeBytes, signed)
      if (!isNull && (code < 0 || code >= values.length)) throw this.#damaged(field, 'a code is not in its dictionary')
      i32[(codes >>> 2) + row] = code
    }
    if (values.length === 0) return constantColumn(this.#arena, field.type, null, length)
    const isText = field.type.kind === 'string' || field.type.kind === 'binary'
    if (isText && values.validity === 0) {
      return { ...fixedColumn(field.type, length, codes, validity, nulls), dictionary: values }
    }
    const taken = takeColumn(this.#context, this.#arena, values, codes, length)
    return validity === 0 ? taken : withNulls(this.#context, this.#arena, taken, validity, nulls)
  }
}

function codeAt(bytes: DataView, row: number, codeBytes: number, signed: boolean): number {
  switch (codeBytes) {
    case 1:
      return signed ? bytes.getInt8(row) : bytes.getUint8(row)
    case 2:
      return signed ? bytes.getInt16(2 * row, true) : bytes.getUint16(2 * row, true)
    case 4:
      return signed ? bytes.getInt32(4 * row, true) : bytes.getUint32(4 * row, true)
    default:
      return Number(bytes.getBigInt64(8 * row, true))
  }
}

/** A column that is null also where `validity` says so. */
function withNulls(context: ColumnarContext, arena: Arena, column: Column, validity: number, nulls: number): Column {
  if (column.validity === 0) return { ...column, validity, nullCount: nulls }
  const bytes = (column.length + 7) >> 3
  const both = arena.allocateZeroed(bytes + 8)
  const { u8 } = context.heap
  for (let i = 0; i < bytes; i++) u8[both + i] = u8[validity + i]! & u8[column.validity + i]!
  return { ...column, validity: both, nullCount: -1 }
}

/** A dictionary, with what a delta batch adds to it. */
export const extendDictionary = (arena: Arena, type: DataType, known: Column | undefined, added: Column): Column =>
  known === undefined ? added : concatColumns(arena, type, [known, added])
