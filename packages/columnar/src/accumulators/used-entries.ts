import type { Arena } from '../arena.js'
import type { Column } from '../column.js'
import type { ColumnarContext } from '../context.js'
import type { GroupedRows } from './accumulator.js'

/** A dictionary is looked at in place of the rows if these are so many times more. */
const rowsPerEntry = 4

/** What an aggregate that gives the same for a value once and many times needs to look at. */
export interface DistinctRows {
  readonly rows: GroupedRows
  readonly column: Column
}

/**
 * The entries of dictionaries that rows of a batch have. Aggregates to which it does not matter how often a value comes (least,
 * greatest, how many distinct) look at those in place of the rows; several of them over one column share the search.
 */
export class UsedEntries {
  readonly #context: ColumnarContext
  readonly #arena: Arena
  /** By column, then by the address of what rows count. */
  readonly #known = new Map<Column, Map<number, DistinctRows>>()

  /** @param arena keeps what is found until `reset` */
  constructor(context: ColumnarContext, arena: Arena) {
    this.#context = context
    this.#arena = arena
  }

  /** A dictionary's used entries, or the rows as they are where that is no less work. */
  of(rows: GroupedRows, column: Column): DistinctRows {
    const { dictionary, values, validity } = column
    const { groups, chosen, rowCount } = rows
    if (dictionary === null || groups !== 0 || dictionary.length * rowsPerEntry > rowCount) return { rows, column }
    const ofColumn = this.#known.get(column) ?? new Map<number, DistinctRows>()
    this.#known.set(column, ofColumn)
    let found = ofColumn.get(chosen)
    if (found === undefined) {
      const used = this.#arena.allocateZeroed(dictionary.length)
      this.#context.kernels['accumulateUsed']!(values, validity, chosen, rowCount, used)
      found = { rows: { groups: 0, chosen: used, rowCount: dictionary.length }, column: dictionary }
      ofColumn.set(chosen, found)
    }
    return found
  }

  get isEmpty(): boolean {
    return this.#known.size === 0
  }

  /** The batch is done. */
  reset(): void {
    this.#known.clear()
  }
}
