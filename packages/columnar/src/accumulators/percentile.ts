import { float64, list, type DataType } from '@deltaworks/schema'
import type { Arena } from '../arena.js'
import { fixedColumn, type Column } from '../column.js'
import { readValue } from '../read-values.js'
import type { Accumulator, AccumulatorScope, GroupedRows } from './accumulator.js'
import { CollectedDoubles } from './collected-doubles.js'
import { resultColumn } from './float-columns.js'

/**
 * The value at a fraction of the ordered values, interpolated. Percentiles of the same values share them: the first keeps
 * them, sorts them and gives them as its state; the others have only their fractions.
 */
export class Percentile implements Accumulator {
  readonly partialTypes: readonly DataType[]
  readonly #scope: AccumulatorScope
  readonly #values: CollectedDoubles
  readonly #isFirst: boolean
  readonly #hasFraction: boolean
  /** Null: no value has come yet. */
  #fraction: number | null = null

  /** @param shared what an earlier percentile keeps, or null */
  constructor(scope: AccumulatorScope, argumentCount: number, shared: CollectedDoubles | null) {
    this.#scope = scope
    this.#values = shared ?? new CollectedDoubles(scope)
    this.#isFirst = shared === null
    this.#hasFraction = argumentCount > 1
    this.partialTypes = [...(this.#isFirst ? [list(float64)] : []), ...(this.#hasFraction ? [float64] : [])]
  }

  get values(): CollectedDoubles {
    return this.#values
  }

  grow(): void {}

  update(rows: GroupedRows, [argument, fraction]: readonly Column[]): void {
    if (this.#isFirst) this.#values.add(rows, argument!)
    if (fraction !== undefined) this.#readFraction(fraction, rows.rowCount)
  }

  partial(arena: Arena, groups: number): Column[] {
    const lists = this.#isFirst ? [this.#values.lists(arena, groups)] : []
    if (!this.#hasFraction) return lists
    const fractions = arena.allocate(groups * 8)
    arena.heap.f64.fill(this.#fraction ?? Number.NaN, fractions >>> 3, (fractions >>> 3) + groups)
    return [...lists, fixedColumn(float64, groups, fractions)]
  }

  merge(rows: GroupedRows, columns: readonly Column[]): void {
    if (this.#isFirst) this.#values.addLists(rows, columns[0]!)
    if (this.#hasFraction) this.#readFraction(columns[columns.length - 1]!, rows.rowCount)
  }

  finish(arena: Arena, groups: number): Column {
    const { values, offsets } = this.#values.ordered(groups)
    const fraction = this.#fraction ?? 0.5
    return resultColumn(arena, float64, groups, (group) => {
      const [first, end] = [offsets[group]!, offsets[group + 1]!]
      if (first === end) return null
      const position = (end - first - 1) * fraction
      const below = Math.floor(position)
      const low = values[first + below]!
      return low + (values[Math.min(end - 1, first + below + 1)]! - low) * (position - below)
    })
  }

  /** It is the same in all rows; NaN, the state of no rows, says nothing. */
  #readFraction(column: Column, rowCount: number): void {
    for (let row = 0; row < rowCount && this.#fraction === null; row++) {
      const value = readValue(this.#scope.context.heap, column, row)
      if (typeof value === 'number' && !Number.isNaN(value)) this.#fraction = value
    }
  }

  close(): void {
    if (this.#isFirst) this.#values.close()
  }
}
