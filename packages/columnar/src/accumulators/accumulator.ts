import type { DataType } from '@deltaworks/schema'
import type { Arena } from '../arena.js'
import type { Column } from '../column.js'

/** An aggregate as the accumulators need it: name, argument types, result type. */
export interface AggregateSpec {
  readonly name: string
  readonly argTypes: readonly DataType[]
  readonly type: DataType
  readonly distinct: boolean
}

/**
 * One aggregate's states, one a group. `updateRows` takes input rows; `partial` gives the states as columns, which `merge`
 * takes again (another thread's, say); `finish` gives the results. Each class has a row loop of its own: a shared one would
 * call a different method in every turn.
 */
export interface Accumulator {
  grow(groups: number): void
  /** @param groups the group of each row, or null: all are of group 0 @param chosen 1 for rows that count, or null: all do */
  updateRows(groups: Int32Array | null, chosen: Uint8Array | null, args: readonly Column[], rowCount: number): void
  readonly partialTypes: readonly DataType[]
  partial(arena: Arena, groups: number): Column[]
  merge(row: number, group: number, columns: readonly Column[]): void
  /** Instead of `merge` row by row, where a batch at once is cheaper. */
  mergeRows?(groups: ArrayLike<number>, columns: readonly Column[], rowCount: number): void
  finish(arena: Arena, groups: number): Column
  close?(): void
}
