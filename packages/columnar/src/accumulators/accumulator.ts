import type { DataType } from '@deltaworks/schema'
import type { Arena, MemoryAccount } from '../arena.js'
import type { Column } from '../column.js'
import type { ColumnarContext } from '../context.js'
import type { UsedEntries } from './used-entries.js'

/** An aggregate as the accumulators need it: name, argument types, result type. */
export interface AggregateSpec {
  readonly name: string
  readonly argTypes: readonly DataType[]
  readonly type: DataType
  readonly distinct: boolean
  /** Equal for aggregates of one node that are asked of the same values of the same rows: they may keep them together. */
  readonly input?: string | undefined
}

/** What the accumulators of one node share. */
export interface AccumulatorScope {
  readonly context: ColumnarContext
  readonly account: MemoryAccount
  /** Small states; lives as long as the node. */
  readonly states: Arena
  /** Reset after each call. */
  readonly scratch: Arena
}

/** Rows of a batch and the groups that they belong to. */
export interface GroupedRows {
  readonly rowCount: number
  /** Address of int32[rowCount], the group of each row; 0: all are of group 0. */
  readonly groups: number
  /** Address of a byte a row, 1 if it counts; 0: all do. */
  readonly chosen: number
  /** Null: the groups are many, or all rows are of group 0. */
  readonly few?: FewGroups | null
  /** Absent: rows are looked at one by one. */
  readonly used?: UsedEntries
}

/** Groups that are few beside the rows. */
export interface FewGroups {
  readonly count: number
  /** Address of uint32[count]: how many rows each has. */
  readonly rows: number
}

/**
 * One aggregate's states, one a group. `update` takes input rows; `partial` gives the states as columns, which `merge`
 * takes again (another thread's, say); `finish` gives the results.
 */
export interface Accumulator {
  /** There are so many groups now; called before rows of new groups come. */
  grow(groups: number): void
  update(rows: GroupedRows, args: readonly Column[]): void
  readonly partialTypes: readonly DataType[]
  partial(arena: Arena, groups: number): Column[]
  /** A state a row. */
  merge(rows: GroupedRows, columns: readonly Column[]): void
  finish(arena: Arena, groups: number): Column
  close?(): void
}
