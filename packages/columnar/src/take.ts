import type { Arena } from './arena.js'
import { byteWidth, dictionaryColumn, fixedColumn, nestedColumn, variableColumn, type Column } from './column.js'
import type { ColumnarContext } from './context.js'
import { recordBatch, type RecordBatch } from './record-batch.js'

/** Ascending row numbers, int32, in the heap. */
export interface SelectionVector {
  readonly address: number
  readonly count: number
}

/** Rows of `column` by number, in the given order; -1 gives null. `indexes` is the address of int32[count]. */
export function takeColumn(
  context: ColumnarContext,
  arena: Arena,
  column: Column,
  indexes: number,
  count: number,
): Column {
  const { heap } = context
  const { type } = column
  const first = indexes >>> 2
  const { validity, nullCount } = takeValidity(arena, column, first, count)
  if (column.dictionary !== null) {
    const codes = arena.allocate(count * 4)
    const { i32 } = heap
    const source = column.values >>> 2
    for (let i = 0; i < count; i++) {
      const row = i32[first + i]!
      i32[(codes >>> 2) + i] = row < 0 ? 0 : i32[source + row]!
    }
    return dictionaryColumn(column.dictionary, count, codes, validity, nullCount)
  }
  switch (type.kind) {
    case 'null':
      return fixedColumn(type, count, 0, arena.allocateZeroed((count + 7) >> 3), count)
    case 'boolean':
      return fixedColumn(type, count, takeBits(arena, column.values, first, count), validity, nullCount)
    case 'string':
    case 'binary':
    case 'variant':
      return takeVariable(arena, column, first, count, validity, nullCount)
    case 'struct':
      return nestedColumn(
        type,
        count,
        0,
        column.children.map((child) => takeColumn(context, arena, child, indexes, count)),
        validity,
        nullCount,
      )
    case 'list':
    case 'map': {
      const { offsets, childIndexes, childCount } = takeRanges(arena, column, first, count)
      const children = column.children.map((child) => takeColumn(context, arena, child, childIndexes, childCount))
      return nestedColumn(type, count, offsets, children, validity, nullCount)
    }
    default:
      return fixedColumn(type, count, takeFixed(arena, column, first, count), validity, nullCount)
  }
}

function takeValidity(arena: Arena, column: Column, first: number, count: number) {
  const { heap } = arena
  let negative = false
  for (let i = 0; i < count && !negative; i++) negative = heap.i32[first + i]! < 0
  if (column.validity === 0 && !negative) return { validity: 0, nullCount: 0 }
  const validity = arena.allocateZeroed((count + 7) >> 3)
  const { u8, i32 } = heap
  let nullCount = 0
  for (let i = 0; i < count; i++) {
    const row = i32[first + i]!
    const valid = row >= 0 && (column.validity === 0 || ((u8[column.validity + (row >> 3)]! >> (row & 7)) & 1) === 1)
    if (valid) u8[validity + (i >> 3)]! |= 1 << (i & 7)
    else nullCount++
  }
  return nullCount === 0 ? { validity: 0, nullCount } : { validity, nullCount }
}

function takeBits(arena: Arena, source: number, first: number, count: number): number {
  const target = arena.allocateZeroed((count + 7) >> 3)
  const { u8, i32 } = arena.heap
  for (let i = 0; i < count; i++) {
    const row = i32[first + i]!
    if (row >= 0 && ((u8[source + (row >> 3)]! >> (row & 7)) & 1) === 1) u8[target + (i >> 3)]! |= 1 << (i & 7)
  }
  return target
}

function takeFixed(arena: Arena, column: Column, first: number, count: number): number {
  const width = byteWidth(column.type)
  const target = arena.allocate(count * width)
  const { u8, i16, i32, f64 } = arena.heap
  const source = column.values
  switch (width) {
    case 1:
      for (let i = 0; i < count; i++) u8[target + i] = u8[source + Math.max(0, i32[first + i]!)]!
      break
    case 2:
      for (let i = 0; i < count; i++) i16[(target >>> 1) + i] = i16[(source >>> 1) + Math.max(0, i32[first + i]!)]!
      break
    case 4:
      for (let i = 0; i < count; i++) i32[(target >>> 2) + i] = i32[(source >>> 2) + Math.max(0, i32[first + i]!)]!
      break
    default: {
      // Words of 8 bytes, moved as two int32: moving them as doubles could change the bits of a NaN.
      const words = width >>> 2
      for (let i = 0; i < count; i++) {
        const from = (source >>> 2) + Math.max(0, i32[first + i]!) * words
        const to = (target >>> 2) + i * words
        for (let word = 0; word < words; word++) i32[to + word] = i32[from + word]!
      }
    }
  }
  void f64
  return target
}

function takeVariable(
  arena: Arena,
  column: Column,
  first: number,
  count: number,
  validity: number,
  nullCount: number,
): Column {
  const offsets = arena.allocate((count + 1) * 4)
  const { i32 } = arena.heap
  const from = column.offsets >>> 2
  const to = offsets >>> 2
  let size = 0
  for (let i = 0; i < count; i++) {
    i32[to + i] = size
    const row = i32[first + i]!
    if (row >= 0) size += i32[from + row + 1]! - i32[from + row]!
  }
  i32[to + count] = size
  const bytes = arena.allocate(size)
  const { u8 } = arena.heap
  let position = bytes
  for (let i = 0; i < count; i++) {
    const row = i32[first + i]!
    if (row < 0) continue
    const start = column.values + i32[from + row]!
    const length = i32[from + row + 1]! - i32[from + row]!
    if (length <= 32) for (let j = 0; j < length; j++) u8[position + j] = u8[start + j]!
    else u8.copyWithin(position, start, start + length)
    position += length
  }
  return variableColumn(column.type, count, offsets, bytes, validity, nullCount)
}

function takeRanges(arena: Arena, column: Column, first: number, count: number) {
  const offsets = arena.allocate((count + 1) * 4)
  const from = column.offsets >>> 2
  const to = offsets >>> 2
  let childCount = 0
  for (let i = 0; i < count; i++) {
    const { i32 } = arena.heap
    i32[to + i] = childCount
    const row = i32[first + i]!
    if (row >= 0) childCount += i32[from + row + 1]! - i32[from + row]!
  }
  arena.heap.i32[to + count] = childCount
  const childIndexes = arena.allocate(childCount * 4)
  const { i32 } = arena.heap
  let position = childIndexes >>> 2
  for (let i = 0; i < count; i++) {
    const row = i32[first + i]!
    if (row < 0) continue
    for (let j = i32[from + row]!; j < i32[from + row + 1]!; j++) i32[position++] = j
  }
  return { offsets, childIndexes, childCount }
}

export const takeBatch = (
  context: ColumnarContext,
  arena: Arena,
  batch: RecordBatch,
  selection: SelectionVector,
): RecordBatch =>
  recordBatch(
    batch.schema,
    selection.count,
    batch.columns.map((column) => takeColumn(context, arena, column, selection.address, selection.count)),
  )

/** Row numbers where a boolean column is true (not false, not null). */
export function selectionOfTrue(_context: ColumnarContext, arena: Arena, column: Column): SelectionVector {
  const address = arena.allocate(column.length * 4)
  const { u8, i32 } = arena.heap
  let count = 0
  for (let start = 0; start < column.length; start += 8) {
    let bits = u8[column.values + (start >> 3)]!
    if (column.validity !== 0) bits &= u8[column.validity + (start >> 3)]!
    const end = Math.min(8, column.length - start)
    for (let bit = 0; bit < end; bit++) if (((bits >> bit) & 1) === 1) i32[(address >>> 2) + count++] = start + bit
  }
  return { address, count }
}
