import { type DataType, type Schema, type Value } from '@deltaworks/schema'
import type { Arena } from './arena.js'
import { byteWidth, dictionaryColumn, fixedColumn, nestedColumn, variableColumn, type Column } from './column.js'
import { columnTooLong } from './errors.js'
import type { Heap, Kernels } from './heap.js'
import { recordBatch, type RecordBatch } from './record-batch.js'
import { columnFromValues } from './values.js'

/** `length` nulls. */
export function nullColumn(arena: Arena, type: DataType, length: number): Column {
  const validity = arena.allocateZeroed((length + 7) >> 3)
  switch (type.kind) {
    case 'null':
      return fixedColumn(type, length, 0, validity, length)
    case 'string':
    case 'binary':
    case 'variant':
      return variableColumn(type, length, arena.allocateZeroed((length + 1) * 4), arena.allocate(0), validity, length)
    case 'struct':
      return nestedColumn(
        type,
        length,
        0,
        type.fields.map((f) => nullColumn(arena, f.type, length)),
        validity,
        length,
      )
    case 'list':
      return nestedColumn(
        type,
        length,
        arena.allocateZeroed((length + 1) * 4),
        [nullColumn(arena, type.element, 0)],
        validity,
        length,
      )
    case 'map':
      return nestedColumn(
        type,
        length,
        arena.allocateZeroed((length + 1) * 4),
        [nullColumn(arena, type.key, 0), nullColumn(arena, type.value, 0)],
        validity,
        length,
      )
    case 'boolean':
      return fixedColumn(type, length, arena.allocateZeroed((length + 7) >> 3), validity, length)
    default:
      return fixedColumn(type, length, arena.allocateZeroed(length * byteWidth(type)), validity, length)
  }
}

/** The same value `length` times; strings as a dictionary of one. */
export function constantColumn(arena: Arena, type: DataType, value: Value, length: number): Column {
  if (value === null) return nullColumn(arena, type, length)
  if (type.kind === 'string' || type.kind === 'binary' || type.kind === 'variant') {
    return dictionaryColumn(columnFromValues(arena, type, [value]), length, arena.allocateZeroed(length * 4))
  }
  const width = byteWidth(type)
  if (width === 0 || length === 0) return columnFromValues(arena, type, new Array<Value>(length).fill(value))
  const first = columnFromValues(arena, type, [value])
  const values = arena.allocate(length * width)
  const { u8 } = arena.heap
  u8.copyWithin(values, first.values, first.values + width)
  for (let done = width; done < length * width; done *= 2) {
    u8.copyWithin(values + done, values, values + Math.min(done, length * width - done))
  }
  return fixedColumn(type, length, values)
}

/** @throws TypeError for a heap that no context was made for, which is a bug */
function kernelsOf({ kernels }: Heap): Kernels {
  if (kernels === null) throw new TypeError('the heap has no kernels: make it by createContext')
  return kernels
}

/** The column without a dictionary; itself if it has none. */
export function plainColumn(arena: Arena, column: Column): Column {
  const { dictionary } = column
  if (dictionary === null) return column
  const { length } = column
  const kernels = kernelsOf(arena.heap)
  const offsets = arena.allocateZeroed((length + 1) * 4)
  if (dictionary.length === 0) {
    return variableColumn(column.type, length, offsets, arena.allocate(0), column.validity, column.nullCount)
  }
  const size = kernels['takeTextOffsets']!(dictionary.offsets, column.values, length, offsets)
  const bytes = arena.allocate(size + 8)
  kernels['takeTextBytes']!(dictionary.offsets, dictionary.values, column.values, length, bytes)
  return variableColumn(column.type, length, offsets, bytes, column.validity, column.nullCount)
}

export const copyColumn = (arena: Arena, column: Column): Column => sliceColumn(arena, column, 0, column.length)

/** A deep copy into another arena of the same heap. */
export const copyBatch = (arena: Arena, batch: RecordBatch): RecordBatch =>
  recordBatch(
    batch.schema,
    batch.rowCount,
    batch.columns.map((column) => copyColumn(arena, column)),
  )

/** A copy of rows [start, end). */
export const sliceBatch = (arena: Arena, batch: RecordBatch, start: number, end: number): RecordBatch =>
  recordBatch(
    batch.schema,
    end - start,
    batch.columns.map((column) => sliceColumn(arena, column, start, end)),
  )

/** A copy of rows [start, end) of a column, its dictionary included. */
export function sliceColumn(arena: Arena, column: Column, start: number, end: number): Column {
  const { type } = column
  const length = end - start
  const { validity, nullCount } = sliceValidity(arena, column, start, end)
  const move = (source: number, bytes: number): number => {
    const target = arena.allocate(bytes)
    arena.heap.copy(target, source, bytes)
    return target
  }
  if (column.dictionary !== null) {
    const dictionary = copyColumn(arena, column.dictionary)
    return dictionaryColumn(dictionary, length, move(column.values + start * 4, length * 4), validity, nullCount)
  }
  switch (type.kind) {
    case 'null':
      return fixedColumn(type, length, 0, arena.allocateZeroed((length + 7) >> 3), length)
    case 'boolean':
      return fixedColumn(type, length, sliceBits(arena, column.values, start, end), validity, nullCount)
    case 'string':
    case 'binary':
    case 'variant': {
      const { offsets, first, last } = sliceOffsets(arena, column, start, end)
      return variableColumn(type, length, offsets, move(column.values + first, last - first), validity, nullCount)
    }
    case 'struct':
      return nestedColumn(
        type,
        length,
        0,
        column.children.map((child) => sliceColumn(arena, child, start, end)),
        validity,
        nullCount,
      )
    case 'list':
    case 'map': {
      const { offsets, first, last } = sliceOffsets(arena, column, start, end)
      const children = column.children.map((child) => sliceColumn(arena, child, first, last))
      return nestedColumn(type, length, offsets, children, validity, nullCount)
    }
    default: {
      const width = byteWidth(type)
      return fixedColumn(type, length, move(column.values + start * width, length * width), validity, nullCount)
    }
  }
}

function sliceOffsets(arena: Arena, column: Column, start: number, end: number) {
  const offsets = arena.allocate((end - start + 1) * 4)
  const { i32 } = arena.heap
  const from = column.offsets + start * 4
  kernelsOf(arena.heap)['offsetsRebase']!(from, end - start, 0, offsets)
  return { offsets, first: i32[from >>> 2]!, last: i32[(column.offsets >>> 2) + end]! }
}

function sliceBits(arena: Arena, source: number, start: number, end: number): number {
  const bytes = (end - start + 7) >> 3
  const target = arena.allocate(bytes)
  const { u8 } = arena.heap
  const shift = start & 7
  const first = source + (start >> 3)
  if (shift === 0) arena.heap.copy(target, first, bytes)
  else for (let i = 0; i < bytes; i++) u8[target + i] = (u8[first + i]! >> shift) | (u8[first + i + 1]! << (8 - shift))
  return target
}

function sliceValidity(arena: Arena, column: Column, start: number, end: number) {
  if (column.validity === 0) return { validity: 0, nullCount: 0 }
  const validity = sliceBits(arena, column.validity, start, end)
  const whole = start === 0 && end === column.length
  return { validity, nullCount: whole ? column.nullCount : -1 }
}

/** All rows of the batches, in order, as one batch; dictionaries are dissolved. */
export function concatBatches(arena: Arena, schema: Schema, batches: readonly RecordBatch[]): RecordBatch {
  if (batches.length === 1) return copyBatch(arena, batches[0]!)
  const rowCount = batches.reduce((sum, batch) => sum + batch.rowCount, 0)
  const columns = schema.fields.map((f, i) =>
    concatColumns(
      arena,
      f.type,
      batches.map((batch) => batch.columns[i]!),
    ),
  )
  return recordBatch(schema, rowCount, columns)
}

export function concatColumns(arena: Arena, type: DataType, encoded: readonly Column[]): Column {
  const columns = encoded.map((column) => plainColumn(arena, column))
  const length = columns.reduce((sum, column) => sum + column.length, 0)
  if (type.kind === 'null') return nullColumn(arena, type, length)
  const hasNulls = columns.some((column) => column.validity !== 0)
  const validity = hasNulls ? concatBits(arena, columns, length, (column) => column.validity) : 0
  const nullCount = columns.some((c) => c.nullCount < 0) ? -1 : columns.reduce((sum, c) => sum + c.nullCount, 0)
  switch (type.kind) {
    case 'boolean':
      return fixedColumn(
        type,
        length,
        concatBits(arena, columns, length, (c) => c.values),
        validity,
        nullCount,
      )
    case 'struct': {
      const children = type.fields.map((f, i) =>
        concatColumns(
          arena,
          f.type,
          columns.map((column) => column.children[i]!),
        ),
      )
      return nestedColumn(type, length, 0, children, validity, nullCount)
    }
    case 'string':
    case 'binary':
    case 'variant': {
      const { offsets, ranges, total } = concatOffsets(arena, columns, length)
      const bytes = arena.allocate(total)
      let position = bytes
      columns.forEach((column, i) => {
        const [first, last] = ranges[i]!
        arena.heap.copy(position, column.values + first, last - first)
        position += last - first
      })
      return variableColumn(type, length, offsets, bytes, validity, nullCount)
    }
    case 'list':
    case 'map': {
      const { offsets, ranges } = concatOffsets(arena, columns, length)
      const types = type.kind === 'list' ? [type.element] : [type.key, type.value]
      const children = types.map((child, side) =>
        concatColumns(
          arena,
          child,
          columns.map((column, i) => sliceColumn(arena, column.children[side]!, ...ranges[i]!)),
        ),
      )
      return nestedColumn(type, length, offsets, children, validity, nullCount)
    }
    default: {
      const width = byteWidth(type)
      const values = arena.allocate(length * width)
      let position = values
      for (const column of columns) {
        arena.heap.copy(position, column.values, column.length * width)
        position += column.length * width
      }
      return fixedColumn(type, length, values, validity, nullCount)
    }
  }
}

function concatOffsets(arena: Arena, columns: readonly Column[], length: number) {
  const offsets = arena.allocateZeroed((length + 1) * 4)
  const { i32 } = arena.heap
  const ranges = columns.map((column): [number, number] => {
    const from = column.offsets >>> 2
    return [i32[from]!, i32[from + column.length]!]
  })
  const bytes = ranges.reduce((sum, [first, last]) => sum + last - first, 0)
  if (bytes > 0x7fffffff) throw columnTooLong(bytes)
  let row = 0
  let total = 0
  for (const column of columns) {
    total = kernelsOf(arena.heap)['offsetsRebase']!(column.offsets, column.length, total, offsets + row * 4)
    row += column.length
  }
  return { offsets, ranges, total }
}

function concatBits(
  arena: Arena,
  columns: readonly Column[],
  length: number,
  bitsOf: (column: Column) => number,
): number {
  const target = arena.allocateZeroed((length + 7) >> 3)
  let row = 0
  for (const column of columns) {
    kernelsOf(arena.heap)['bitsAppend']!(bitsOf(column), column.length, target, row)
    row += column.length
  }
  return target
}
