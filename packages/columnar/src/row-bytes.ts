import { byteWidth, type Column } from './column.js'
import type { Heap } from './heap.js'
import type { RecordBatch } from './record-batch.js'

/** Bytes that a row of the batch takes on average when it is copied; dictionaries stay where they are. */
export const rowBytes = (heap: Heap, { columns, rowCount }: RecordBatch): number =>
  rowCount === 0 ? 0 : columns.reduce((sum, column) => sum + columnBytes(heap, column), 0) / rowCount

function columnBytes(heap: Heap, column: Column): number {
  const { type, length, dictionary, offsets, children } = column
  const validity = column.validity === 0 ? 0 : length / 8
  if (dictionary !== null) return length * 4 + validity
  switch (type.kind) {
    case 'string':
    case 'binary':
    case 'variant': {
      const text = heap.i32[(offsets >>> 2) + length]! - heap.i32[offsets >>> 2]!
      return text + length * 4 + validity
    }
    case 'struct':
    case 'list':
    case 'map':
      return children.reduce((sum, child) => sum + columnBytes(heap, child), length * 4 + validity)
    default:
      return length * byteWidth(type) + validity
  }
}
