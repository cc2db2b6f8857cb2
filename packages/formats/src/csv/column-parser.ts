import {
  byteWidth,
  dictionaryColumn,
  fixedColumn,
  nullColumn,
  readText,
  variableColumn,
  type Arena,
  type Column,
  type ColumnarContext,
  type Heap,
} from '@deltaworks/columnar'
import { fixedOffsetMicros, instantFromLocal } from '@deltaworks/expression'
import { maxInt64DecimalPrecision, typeName, type DataType, type Value } from '@deltaworks/schema'
import type { ParsedColumn } from './column-mapping.js'
import type { SkippedField } from './field-checks.js'
import { fieldText, type FieldText } from './field-text.js'
import { ColumnProgram, type Target } from './column-program.js'
import { csvKernels, frameField, frameFlag } from './frame.js'
import { invalid, parseValue } from './parse-value.js'
import type { TextDictionaries, TextDictionary } from './text-dictionary.js'

/** Why rows are malformed: row → reasons, in the order of the columns. */
export type RowReasons = Map<number, string[]>

/**
 * Parses the frame's first `rowCount` rows into columns. What a kernel cannot parse is given to `parseValue`; what that
 * cannot parse either is null, and told in `reasons`.
 */
export function parseColumns(
  context: ColumnarContext,
  arena: Arena,
  frame: number,
  rowCount: number,
  parsed: readonly ParsedColumn[],
  reasons: RowReasons,
  skipped: readonly SkippedField[] = [],
  dictionaries: TextDictionaries | null = null,
): Column[] {
  const { heap } = context
  const kernels = csvKernels(context)
  const sizeOf = (column: number): number => kernels.csvColumnSize(frame, column, rowCount) >>> 0
  const program = new ColumnProgram(context, arena, rowCount, {
    frame,
    columns: parsed,
    dictionaries,
    allocate: (c, dictionary) => allocateTarget(arena, parsed[c]!, rowCount, sizeOf, dictionary),
  })
  const { targets } = program
  parsed.forEach(({ isInterpreted }, c) => {
    if (isInterpreted) interpretAll(heap, targets[c]!, 0, rowCount)
  })
  program.run(rowCount)
  return parsed.map((column, c) => {
    const target = targets[c]!
    for (const field of skipped) if (field.column === column.index) skip(heap, target, field.row)
    if (isInstant(column.type)) toInstants(heap, column, target, rowCount)
    for (const row of target.failed) retry(heap, frame, column, target, row, reasons)
    return finishColumn(arena, column.type, target, rowCount)
  })
}

/** Matches no text, so that every row is left to `parseValue`: for patterns that the kernel does not know. */
const emptyProgram = new Uint8Array(4)

const isText = (type: DataType): boolean => type.kind === 'string' || type.kind === 'binary'
const isInstant = (type: DataType): boolean => type.kind === 'timestamp'

function allocateTarget(
  arena: Arena,
  { type, index, format }: ParsedColumn,
  rows: number,
  sizeOf: (column: number) => number,
  dictionary: TextDictionary | null,
): Target {
  const { heap } = arena
  const validity = arena.allocate(((rows + 63) >> 6) * 8)
  // Always of one shape: engines make objects that are spread together anew each time.
  const target = (values: number, offsets = 0, pattern = 0): Target => ({
    values,
    validity,
    offsets,
    dictionary,
    pattern,
    nullCount: 0,
    failed: [],
  })
  if (dictionary !== null) return target(arena.allocate(4 * rows))
  if (isText(type)) {
    const offsets = arena.allocate(4 * (rows + 1))
    heap.u32[offsets >>> 2] = 0
    return target(arena.allocate(sizeOf(index) + 32), offsets)
  }
  const bytes = type.kind === 'boolean' ? ((rows + 63) >> 6) * 8 : rows * byteWidth(type)
  const values = arena.allocate(bytes)
  let pattern = 0
  if (format.pattern !== null) {
    const program = format.pattern.program ?? emptyProgram
    pattern = arena.allocate(program.byteLength)
    heap.u8.set(program, pattern)
  }
  return target(values, 0, pattern)
}

/** Leaves every row to `retry`, null at first. */
function interpretAll({ u8 }: Heap, target: Target, from: number, to: number): void {
  for (let row = from; row < to; row++) {
    u8[target.validity + (row >> 3)]! &= ~(1 << (row & 7))
    target.failed.push(row)
  }
  target.nullCount += to - from
}

/** Makes a row null, and asks no more about it. */
function skip({ u8 }: Heap, target: Target, row: number): void {
  const failed = target.failed.indexOf(row)
  if (failed >= 0) target.failed.splice(failed, 1)
  const at = target.validity + (row >> 3)
  if (((u8[at]! >> (row & 7)) & 1) === 0) return
  u8[at]! &= ~(1 << (row & 7))
  target.nullCount++
}

/** Wall clock readings of a zone other than UTC become instants. */
function toInstants(heap: Heap, { format }: ParsedColumn, { values }: Target, rowCount: number): void {
  if (fixedOffsetMicros(format.timezone) === 0n) return
  const slots = heap.i64.subarray(values >>> 3, (values >>> 3) + rowCount)
  for (let row = 0; row < rowCount; row++) slots[row] = instantFromLocal(slots[row]!, format.timezone)
}

function retry(
  heap: Heap,
  frame: number,
  column: ParsedColumn,
  target: Target,
  row: number,
  reasons: RowReasons,
): void {
  const field = fieldText(heap, frame, row, column.index)
  if (field === null) return
  if (column.isInterpreted && isNullText(heap, frame, field)) return
  if (isText(column.type)) return addReason(reasons, row, `${column.name}: the text is not valid UTF-8`)
  const value = parseValue(column.type, field.text, column.format)
  if (value === invalid) {
    return addReason(reasons, row, `${column.name}: ${excerpt(field.text)} is not a valid ${typeName(column.type)}`)
  }
  if (value === null) return
  storeValue(heap, column.type, target.values, row, value)
  heap.u8[target.validity + (row >> 3)]! |= 1 << (row & 7)
  target.nullCount--
}

/** Whether the dialect says that a field's text is null: as kernels do it for columns of their own. */
function isNullText(heap: Heap, frame: number, { text, quoted }: FieldText): boolean {
  const word = (offset: number): number => heap.u32[(frame + offset) >>> 2]!
  const flags = word(frameField.flags)
  if (text === '') return true
  let at = word(frameField.nulls)
  if (at === 0 || (quoted && (flags & frameFlag.nullsInQuotes) === 0)) return false
  const count = heap.u32[at >>> 2]!
  at += 4
  for (let i = 0; i < count; i++) {
    const size = heap.u32[at >>> 2]!
    if (readText(heap, at + 4, at + 4 + size) === text) return true
    at += 4 + ((size + 3) & ~3)
  }
  return false
}

function addReason(reasons: RowReasons, row: number, reason: string): void {
  const known = reasons.get(row)
  if (known === undefined) reasons.set(row, [reason])
  else known.push(reason)
}

const excerpt = (text: string): string => JSON.stringify(text.length > 64 ? `${text.slice(0, 63)}…` : text)

function storeValue(heap: Heap, type: DataType, values: number, row: number, value: Exclude<Value, null>): void {
  switch (type.kind) {
    case 'boolean':
      // The memory is new: a bit may be set that nobody has set.
      heap.u8[values + (row >> 3)]! &= ~(1 << (row & 7))
      if (value === true) heap.u8[values + (row >> 3)]! |= 1 << (row & 7)
      return
    case 'int8':
      heap.i8[values + row] = value as number
      return
    case 'int16':
      heap.i16[(values >>> 1) + row] = value as number
      return
    case 'int32':
    case 'date':
      heap.i32[(values >>> 2) + row] = value as number
      return
    case 'float32':
      heap.f32[(values >>> 2) + row] = value as number
      return
    case 'float64':
      heap.f64[(values >>> 3) + row] = value as number
      return
    case 'decimal':
      if (type.precision > maxInt64DecimalPrecision) {
        heap.i64[(values >>> 3) + 2 * row] = BigInt.asIntN(64, value as bigint)
        heap.i64[(values >>> 3) + 2 * row + 1] = (value as bigint) >> 64n
        return
      }
      heap.i64[(values >>> 3) + row] = value as bigint
      return
    default:
      heap.i64[(values >>> 3) + row] = value as bigint
  }
}

function finishColumn(arena: Arena, type: DataType, target: Target, rowCount: number): Column {
  const { values, validity, offsets, dictionary, nullCount } = target
  const bitmap = nullCount === 0 ? 0 : validity
  if (dictionary !== null) {
    const entries = dictionary.entries()
    return entries.length === 0
      ? nullColumn(arena, type, rowCount)
      : dictionaryColumn(entries, rowCount, values, bitmap, nullCount)
  }
  return isText(type)
    ? variableColumn(type, rowCount, offsets, values, bitmap, nullCount)
    : fixedColumn(type, rowCount, values, bitmap, nullCount)
}
