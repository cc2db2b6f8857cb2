import { int64 } from '@deltaworks/schema'
import type { Arena } from '../arena.js'
import { fixedColumn, type Column } from '../column.js'

export const int64Column = (arena: Arena, length: number, valueOf: (row: number) => bigint): Column => {
  const address = arena.allocate(length * 8)
  const { i64 } = arena.heap
  for (let row = 0; row < length; row++) i64[(address >>> 3) + row] = valueOf(row)
  return fixedColumn(int64, length, address)
}
