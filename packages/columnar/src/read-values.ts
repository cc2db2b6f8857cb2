import { maxInt64DecimalPrecision, type Value } from '@deltaworks/schema'
import type { Column } from './column.js'
import type { Heap } from './heap.js'
import type { RecordBatch } from './record-batch.js'

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
      const start = heap.i32[(offsets >>> 2) + row]!
      const end = heap.i32[(offsets >>> 2) + row + 1]!
      const [items, mapped] = column.children.map((child) => readValues(heap, child, start, end))
      return mapped === undefined ? items! : items!.map((key, i) => [key, mapped[i]!])
    }
    case 'struct':
      return column.children.map((child) => readValue(heap, child, row))
  }
}

/** The values of rows [start, end): as `readValue` gives them, many at once. */
export function readValues(heap: Heap, column: Column, start: number, end: number): Value[] {
  const values = presentValues(heap, column, start, end)
  if (values === null) return Array.from({ length: end - start }, (_, i) => readValue(heap, column, start + i))
  if (column.validity !== 0)
    for (let i = 0; i < values.length; i++) if (isNull(heap, column, start + i)) values[i] = null
  return values
}

/** What is in the slots, whether they are null or not; null of types whose values are read one by one. */
function presentValues(heap: Heap, column: Column, start: number, end: number): Value[] | null {
  const { type, values, dictionary } = column
  if (type.kind === 'string')
    return dictionary === null ? texts(heap, column, start, end) : coded(heap, column, start, end)
  switch (type.kind) {
    case 'int32':
    case 'date':
      return Array.from(heap.i32.subarray((values >>> 2) + start, (values >>> 2) + end))
    case 'float64':
      return Array.from(heap.f64.subarray((values >>> 3) + start, (values >>> 3) + end))
    case 'int64':
    case 'timestamp':
    case 'timestamp_ntz':
      return Array.from(heap.i64.subarray((values >>> 3) + start, (values >>> 3) + end))
    case 'decimal':
      return type.precision <= maxInt64DecimalPrecision
        ? Array.from(heap.i64.subarray((values >>> 3) + start, (values >>> 3) + end))
        : null
    default:
      return null
  }
}

/** Texts are decoded together and cut apart where each byte is a character; else one by one. */
function texts(heap: Heap, { values, offsets }: Column, start: number, end: number): Value[] {
  const { i32 } = heap
  const at = offsets >>> 2
  const out = new Array<Value>(end - start)
  let from = i32[at + start]!
  const first = from
  const bytes = i32[at + end]! - first
  const all = bytes > maxTogether ? null : Buffer.from(heap.memory.buffer, values + first, bytes).toString('utf8')
  const isAscii = all !== null && all.length === bytes
  for (let row = start; row < end; row++) {
    const to = i32[at + row + 1]!
    out[row - start] = isAscii ? all.slice(from - first, to - first) : readText(heap, values + from, values + to)
    from = to
  }
  return out
}

/** Bytes of text: a short text that is kept keeps what it was cut from. */
const maxTogether = 1_048_576

function coded(heap: Heap, { values, dictionary }: Column, start: number, end: number): Value[] | null {
  if (dictionary!.length > end - start) return null
  const entries = readValues(heap, dictionary!, 0, dictionary!.length)
  const { i32 } = heap
  const out = new Array<Value>(end - start)
  for (let row = start; row < end; row++) out[row - start] = entries[i32[(values >>> 2) + row]!] ?? null
  return out
}

export function batchToRows(heap: Heap, { columns, rowCount }: RecordBatch): Value[][] {
  const read = columns.map((column) => readValues(heap, column, 0, rowCount))
  return Array.from({ length: rowCount }, (_, row) => read.map((values) => values[row]!))
}
