import type { Arena } from './arena.js'
import { byteWidth, dictionaryColumn, fixedColumn, nestedColumn, variableColumn, type Column } from './column.js'
import type { ColumnarContext } from './context.js'
import { recordBatch, type RecordBatch } from './record-batch.js'

/** Ascending row numbers, int32, in the heap. */
export interface SelectionVector {
  readonly address: number
  readonly count: number
  /** Address of a bit a row of the batch, set for those; if it is there, rows are picked faster. */
  readonly bits?: number
}

/** Rows of a column that a selection names. */
export function selectColumn(
  context: ColumnarContext,
  arena: Arena,
  column: Column,
  selection: SelectionVector,
): Column {
  const { count, bits } = selection
  const { type, length, values, dictionary } = column
  const width = dictionary === null ? byteWidth(type) : 4
  if (bits === undefined || (width !== 4 && width !== 8))
    return takeColumn(context, arena, column, selection.address, count)
  const { kernels } = context
  const target = arena.allocate(count * width + 16)
  kernels[width === 4 ? 'compress32' : 'compress64']!(values, bits, length, target)
  let [validity, nullCount] = [0, 0]
  if (column.validity !== 0) {
    validity = arena.allocate((count + 7) >> 3)
    nullCount = count - kernels['compressBits']!(column.validity, bits, length, validity)
    if (nullCount === 0) validity = 0
  }
  return dictionary === null
    ? fixedColumn(type, count, target, validity, nullCount)
    : dictionaryColumn(dictionary, count, target, validity, nullCount)
}

/** Rows of `column` by number, in the given order; -1 gives null. `indexes` is the address of int32[count]. */
export function takeColumn(
  context: ColumnarContext,
  arena: Arena,
  column: Column,
  indexes: number,
  count: number,
): Column {
  const { type } = column
  const first = indexes >>> 2
  const { validity, nullCount } = takeValidity(context, arena, column, indexes, count)
  if (column.dictionary !== null) {
    const codes = column.length === 0 ? arena.allocateZeroed(count * 4) : arena.allocate(count * 4)
    if (column.length > 0) context.kernels['take32']!(column.values, indexes, count, codes)
    return dictionaryColumn(column.dictionary, count, codes, validity, nullCount)
  }
  switch (type.kind) {
    case 'null':
      return fixedColumn(type, count, 0, arena.allocateZeroed((count + 7) >> 3), count)
    case 'boolean':
      return fixedColumn(type, count, takeBits(context, arena, column.values, indexes, count), validity, nullCount)
    case 'string':
    case 'binary':
    case 'variant':
      return takeVariable(context, arena, column, indexes, count, validity, nullCount)
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
      return fixedColumn(type, count, takeFixed(context, arena, column, indexes, count), validity, nullCount)
  }
}

function takeValidity(context: ColumnarContext, arena: Arena, column: Column, indexes: number, count: number) {
  if (column.validity === 0 && !hasAbsent(context, indexes, count)) return { validity: 0, nullCount: 0 }
  const { kernels } = context
  const validity = arena.allocateZeroed((count + 7) >> 3)
  const present =
    column.validity === 0
      ? kernels['takePresence']!(indexes, count, validity)
      : kernels['takeBits']!(column.validity, indexes, count, validity)
  return present === count ? { validity: 0, nullCount: 0 } : { validity, nullCount: count - present }
}

const hasAbsent = ({ kernels }: ColumnarContext, indexes: number, count: number): boolean =>
  kernels['bitsAnyAbsent']!(indexes, count) !== 0

function takeBits({ kernels }: ColumnarContext, arena: Arena, source: number, indexes: number, count: number): number {
  const target = arena.allocateZeroed((count + 7) >> 3)
  kernels['takeBits']!(source, indexes, count, target)
  return target
}

function takeFixed({ kernels }: ColumnarContext, arena: Arena, column: Column, indexes: number, count: number): number {
  const width = byteWidth(column.type)
  const target = arena.allocate(count * width)
  // A row that is not there takes the bits of row 0: there must be one to read.
  if (column.length > 0) kernels[`take${width * 8}`]!(column.values, indexes, count, target)
  return target
}

function takeVariable(
  { kernels }: ColumnarContext,
  arena: Arena,
  column: Column,
  indexes: number,
  count: number,
  validity: number,
  nullCount: number,
): Column {
  const offsets = arena.allocate((count + 1) * 4)
  const size = kernels['takeTextOffsets']!(column.offsets, indexes, count, offsets)
  const bytes = arena.allocate(size + 8)
  kernels['takeTextBytes']!(column.offsets, column.values, indexes, count, bytes)
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
    batch.columns.map((column) => selectColumn(context, arena, column, selection)),
  )

/** Rows where a boolean column is true (not false, not null). */
export function selectionOfTrue({ kernels }: ColumnarContext, arena: Arena, column: Column): SelectionVector {
  const { length, values, validity } = column
  const count = kernels['bitsCount']!(values, validity, 0, 0, length)
  let bits = values
  if (validity !== 0) {
    const bytes = (length + 7) >> 3
    bits = arena.allocate(bytes)
    kernels['bitsCombine']!(0, values, validity, bytes, bits)
  }
  let address = 0
  return {
    count,
    bits,
    // Few ask for the numbers: most columns are picked by the bits.
    get address() {
      if (address === 0) {
        address = arena.allocate((length + 8) * 4)
        kernels['bitsSelect']!(bits, 0, length, address)
      }
      return address
    },
  }
}
