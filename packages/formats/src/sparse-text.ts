import { nullColumn, variableColumn, type Arena, type Column } from '@deltaworks/columnar'
import { string } from '@deltaworks/schema'

/** A string column that is null but for a few rows. */
export function sparseText(arena: Arena, rowCount: number, texts: ReadonlyMap<number, string>): Column {
  if (texts.size === 0) return nullColumn(arena, string, rowCount)
  const encoder = new TextEncoder()
  const encoded = [...texts].sort(([a], [b]) => a - b).map(([row, text]) => [row, encoder.encode(text)] as const)
  const offsets = arena.allocate(4 * (rowCount + 1))
  const validity = arena.allocateZeroed(((rowCount + 63) >> 6) * 8)
  const values = arena.allocate(encoded.reduce((sum, [, bytes]) => sum + bytes.byteLength, 16))
  const { u8, u32 } = arena.heap
  let at = 0
  let next = 0
  for (let row = 0; row < rowCount; row++) {
    u32[(offsets >>> 2) + row] = at
    const entry = encoded[next]
    if (entry?.[0] !== row) continue
    u8.set(entry[1], values + at)
    u8[validity + (row >> 3)]! |= 1 << (row & 7)
    at += entry[1].byteLength
    next++
  }
  u32[(offsets >>> 2) + rowCount] = at
  return variableColumn(string, rowCount, offsets, values, validity, rowCount - encoded.length)
}
