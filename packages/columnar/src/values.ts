import {
  type DataType,
  type ListType,
  type MapType,
  type Schema,
  type StructType,
  type Value,
} from '@deltaworks/schema'
import type { Arena } from './arena.js'
import { byteWidth, fixedColumn, nestedColumn, variableColumn, type Column } from './column.js'
import { recordBatch, type RecordBatch } from './record-batch.js'

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
  const offsets = arena.allocate((values.length + 1) * 4)
  const bytes = asciiTexts(arena, values, offsets) ?? encodedTexts(arena, values, offsets)
  return variableColumn(type, values.length, offsets, bytes, validity, nullCount)
}

/** Characters that are put together before they are written. */
const maxTogether = 1_048_576

/** Texts of which each character is a byte are written together. @returns where; null if they are not such, or no texts */
function asciiTexts(arena: Arena, values: readonly Value[], offsets: number): number | null {
  let size = 0
  for (const value of values) {
    if (typeof value === 'string') size += value.length
    else if (value !== null) return null
  }
  if (size > maxTogether) return null
  const all = values.join('')
  if (Buffer.byteLength(all) !== size) return null
  const bytes = arena.allocate(size)
  Buffer.from(arena.heap.memory.buffer, bytes, size).write(all, 'latin1')
  const { i32 } = arena.heap
  let position = 0
  for (let i = 0; i < values.length; i++) {
    i32[(offsets >>> 2) + i] = position
    position += (values[i] as string | null)?.length ?? 0
  }
  i32[(offsets >>> 2) + values.length] = position
  return bytes
}

function encodedTexts(arena: Arena, values: readonly Value[], offsets: number): number {
  const parts = values.map((value) =>
    typeof value === 'string' ? encoder.encode(value) : value instanceof Uint8Array ? value : null,
  )
  let size = 0
  for (const part of parts) size += part?.length ?? 0
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
  return bytes
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
    if (value !== null) for (const item of value) items.push(item)
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
