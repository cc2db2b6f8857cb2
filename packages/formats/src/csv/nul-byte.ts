import type { Heap } from '@deltaworks/columnar'
import { rowBounds } from './field-text.js'

/** Where the first NUL of a text is, or -1. A view of shared memory is searched many times faster as a `Buffer`. */
export const nulIn = (bytes: Uint8Array): number =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).indexOf(0)

/** Numbers of the rows that have a NUL. */
export function* rowsWithNul(heap: Heap, frame: number, rowCount: number): Generator<number, void, undefined> {
  if (rowCount === 0) return
  const [start] = rowBounds(heap, frame, 0)
  const [, end] = rowBounds(heap, frame, rowCount - 1)
  if (nulIn(heap.u8.subarray(start, end)) < 0) return
  for (let row = 0; row < rowCount; row++) if (nulIn(heap.u8.subarray(...rowBounds(heap, frame, row))) >= 0) yield row
}
