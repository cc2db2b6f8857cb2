import { isNull, readText, readValue, type Column, type Heap } from '@deltaworks/columnar'
import type { LogicalPlan } from '@deltaworks/plan'
import type { RunOptions, TableSession } from './table-session.js'

/** @param number of the third column, if there is one; null where it is null */
export type PlaceVisitor = (path: string, row: number, number: number | null) => void

/**
 * Visits the places of a query's rows: (file path, row index), and perhaps an int32. There may be very many of them, of few files: no
 * row is made, and a path is one string for all of its rows in a batch.
 */
export async function visitPlaces(
  session: TableSession,
  plan: LogicalPlan,
  options: RunOptions,
  visit: PlaceVisitor,
): Promise<void> {
  const { heap } = session.context
  for await (const { columns, rowCount } of session.stream(plan, options)) {
    const pathOf = pathsOf(heap, columns[0]!)
    const rows = columns[1]!.values >>> 2
    const numbers = columns[2]
    for (let i = 0; i < rowCount; i++) {
      // An int64 below 2^53, as two words.
      const row = (heap.i32[rows + 2 * i]! >>> 0) + heap.i32[rows + 2 * i + 1]! * 4_294_967_296
      const number = numbers === undefined || isNull(heap, numbers, i) ? null : heap.i32[(numbers.values >>> 2) + i]!
      visit(pathOf(i), row, number)
    }
  }
}

function pathsOf(heap: Heap, column: Column): (row: number) => string {
  const { dictionary } = column
  if (dictionary === null) return (row) => readValue(heap, column, row) as string
  const start = dictionary.offsets >>> 2
  const texts: (string | undefined)[] = []
  return (row) => {
    const code = heap.i32[(column.values >>> 2) + row]!
    return (texts[code] ??= readText(
      heap,
      dictionary.values + heap.i32[start + code]!,
      dictionary.values + heap.i32[start + code + 1]!,
    ))
  }
}
