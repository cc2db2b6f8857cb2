import type { Arena } from '../arena.js'
import type { Column } from '../column.js'

/** The column with a bitmap of the rows that are not null, if it has any that are. */
export function withValidity({ heap }: Arena, column: Column, validity: number): Column {
  let present = 0
  const { u8 } = heap
  for (let byte = 0; byte < (column.length + 7) >> 3; byte++) {
    for (let bits = u8[validity + byte]!; bits !== 0; bits &= bits - 1) present++
  }
  return present === column.length ? column : { ...column, validity, nullCount: column.length - present }
}
