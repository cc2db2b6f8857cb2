import {
  maxInt64DecimalPrecision,
  type DataType,
  type ListType,
  type MapType,
  type Schema,
  type StructType,
  type Value,
} from '@deltaworks/schema'
import type { Arena } from './arena.js'
import { byteWidth, fixedColumn, nestedColumn, variableColumn, type Column } from './column.js'
import type { Heap } from './heap.js'
import { recordBatch, type RecordBatch } from './record-batch.js'

export const isNull = (heap: Heap, column: Column, row: number): boolean =>
  column.type.kind === 'null' ||
  (column.validity !== 0 && ((heap.u8[column.validity + (row >> 3)]! >> (row & 7)) & 1) === 0)

const decoder = new TextDecoder('utf-8')

/** UTF-8 bytes of the heap as a string; short ASCII without a decoder. */
export function readText(heap: Heap, start: number, end: number): string {
  const { u8 } = heap
  if (end - start <= 24) {
    let text = ''
    for (let i = start; i < end; i++) {
      const byte = u8[i]!
      if (byte >= 0x80) return decoder.decode(u8.slice(start, end))
      text += String.fromCharCode(byte)
    }
    return text
  }
  return decoder.decode(u8.slice(start, end))
}

/** One value of a column; see `DataType` for its JavaScript type. */
export function readValue(heap: Heap, column: Column, row: number): Value {
  if (isNull(heap, column, row)) return null
  const { type, values, offsets, dictionary } = column
  if (dictionary !== null) return readValue(heap, dictionary, heap.i32[(values >>> 2) + row]!)
  switch (type.kind) {
    case 'null':
      return null
    case 'boolean':
      return ((heap.u8[values + (row >> 3)]! >> (row & 7)) & 1) === 1
    case 'int8':
      return heap.i8[values + row]!
    case 'int16':
      return heap.i16[(values >>> 1) + row]!
    case 'int32':
    case 'date':
      return heap.i32[(values >>> 2) + row]!
    case 'int64':
    case 'timestamp':
    case 'timestamp_ntz':
      return heap.i64[(values >>> 3) + row]!
    case 'float32':
      return heap.f32[(values >>> 2) + row]!
    case 'float64':
      return heap.f64[(values >>> 3) + row]!
    case 'decimal': {
      if (type.precision <= maxInt64DecimalPrecision) return heap.i64[(values >>> 3) + row]!
      const word = (values >>> 3) + row * 2
      return (heap.i64[word + 1]! << 64n) | heap.u64[word]!
    }
    case 'string':
    case 'variant':
      return readText(heap, values + heap.i32[(offsets >>> 2) + row]!, values + heap.i32[(offsets >>> 2) + row + 1]!)
    case 'binary':
      return heap.u8.slice(values + heap.i32[(offsets >>> 2) + row]!, values + heap.i32[(offsets >>> 2) + row + 1]!)
    case 'list':
    case 'map': {
      const out: Value[] = []
      const end = heap.i32[(offsets >>> 2) + row + 1]!
      for (let i = heap.i32[(offsets >>> 2) + row]!; i < end; i++) {
        out.push(
          type.kind === 'list'
            ? readValue(heap, column.children[0]!, i)
            : [readValue(heap, column.children[0]!, i), readValue(heap, column.children[1]!, i)],
        )
      }
      return out
    }
    case 'struct':
      return column.children.map((child) => readValue(heap, child, row))
  }
}

const encoder = new TextEncoder()

/** A column of the given values. */
export function columnFromValues(arena: Arena, type: DataType, values: readonly Value[]): Column {
  const { length } = values
  let nullCount = 0
  for (const value of values) if (value === null) nullCount++
  const validity = nullCount === 0 ? 0 : writeValidity(arena, values)
  switch (type.kind) {
    case 'null':
      return fixedColumn(type, length, 0, arena.allocateZeroed((length + 7) >> 3), length)
    case 'boolean': {
      const address = arena.allocateZeroed((length + 7) >> 3)
      const { u8 } = arena.heap
      for (let i = 0; i < length; i++) if (values[i] === true) u8[address + (i >> 3)]! |= 1 << (i & 7)
      return fixedColumn(type, length, address, validity, nullCount)
    }
    case 'string':
    case 'variant':
    case 'binary':
      return textColumn(arena, type, values, validity, nullCount)
    case 'list':
    case 'map':
      return repeatedColumn(arena, type, values as readonly (readonly Value[] | null)[], validity, nullCount)
    case 'struct':
      return structColumn(arena, type, values as readonly (readonly Value[] | null)[], validity, nullCount)
    default:
      return fixedColumn(type, length, writeFixed(arena, type, values), validity, nullCount)
  }
}

function writeValidity(arena: Arena, values: readonly Value[]): number {
  const address = arena.allocateZeroed((values.length + 7) >> 3)
  const { u8 } = arena.heap
  for (let i = 0; i < values.length; i++) if (values[i] !== null) u8[address + (i >> 3)]! |= 1 << (i & 7)
  return address
}

function writeFixed(arena: Arena, type: DataType, values: readonly Value[]): number {
  const width = byteWidth(type)
  const address = arena.allocate(values.length * width)
  const { heap } = arena
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? null
    switch (type.kind) {
      case 'int8':
        heap.i8[address + i] = Number(value ?? 0)
        break
      case 'int16':
        heap.i16[(address >>> 1) + i] = Number(value ?? 0)
        break
      case 'int32':
      case 'date':
        heap.i32[(address >>> 2) + i] = Number(value ?? 0)
        break
      case 'float32':
        heap.f32[(address >>> 2) + i] = Number(value ?? 0)
        break
      case 'float64':
        heap.f64[(address >>> 3) + i] = Number(value ?? 0)
        break
      default: {
        const wide = (value ?? 0n) as bigint
        if (width === 8) heap.i64[(address >>> 3) + i] = wide
        else {
          heap.u64[(address >>> 3) + i * 2] = BigInt.asUintN(64, wide)
          heap.i64[(address >>> 3) + i * 2 + 1] = wide >> 64n
        }
      }
    }
  }
  return address
}

function textColumn(
  arena: Arena,
  type: DataType,
  values: readonly Value[],
  validity: number,
  nullCount: number,
): Column {
  const parts = values.map((value) =>
    typeof value === 'string' ? encoder.encode(value) : value instanceof Uint8Array ? value : null,
  )
  let size = 0
  for (const part of parts) size += part?.length ?? 0
  const offsets = arena.allocate((values.length + 1) * 4)
  const bytes = arena.allocate(size)
  const { u8, i32 } = arena.heap
  let position = 0
  for (let i = 0; i < parts.length; i++) {
    i32[(offsets >>> 2) + i] = position
    const part = parts[i]
    if (part !== null && part !== undefined) {
      u8.set(part, bytes + position)
      position += part.length
    }
  }
  i32[(offsets >>> 2) + parts.length] = position
  return variableColumn(type, values.length, offsets, bytes, validity, nullCount)
}

function repeatedColumn(
  arena: Arena,
  type: ListType | MapType,
  values: readonly (readonly Value[] | null)[],
  validity: number,
  nullCount: number,
): Column {
  const offsets = arena.allocate((values.length + 1) * 4)
  const items: Value[] = []
  const positions = new Int32Array(values.length + 1)
  values.forEach((value, i) => {
    positions[i] = items.length
    if (value !== null) items.push(...value)
  })
  positions[values.length] = items.length
  const children =
    type.kind === 'list'
      ? [columnFromValues(arena, type.element, items)]
      : [0, 1].map((side) =>
          columnFromValues(
            arena,
            side === 0 ? type.key : type.value,
            items.map((entry) => (entry as readonly Value[])[side]!),
          ),
        )
  arena.heap.i32.set(positions, offsets >>> 2)
  return nestedColumn(type, values.length, offsets, children, validity, nullCount)
}

function structColumn(
  arena: Arena,
  type: StructType,
  values: readonly (readonly Value[] | null)[],
  validity: number,
  nullCount: number,
): Column {
  const children = type.fields.map((f, i) =>
    columnFromValues(
      arena,
      f.type,
      values.map((value) => value?.[i] ?? null),
    ),
  )
  return nestedColumn(type, values.length, 0, children, validity, nullCount)
}

export const batchFromRows = (arena: Arena, schema: Schema, rows: readonly (readonly Value[])[]): RecordBatch =>
  recordBatch(
    schema,
    rows.length,
    schema.fields.map((f, i) =>
      columnFromValues(
        arena,
        f.type,
        rows.map((row) => row[i] ?? null),
      ),
    ),
  )

export function batchToRows(heap: Heap, batch: RecordBatch): Value[][] {
  const rows: Value[][] = []
  for (let row = 0; row < batch.rowCount; row++) rows.push(batch.columns.map((column) => readValue(heap, column, row)))
  return rows
}
