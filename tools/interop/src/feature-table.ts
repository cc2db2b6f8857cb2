import { values, type DataFrame } from '@deltaworks/plan'
import { field, int32, int64, string, type Schema, type Value } from '@deltaworks/schema'
import type { DeltaTable, TableSession } from '@deltaworks/delta-table'

/** What Spark does to a table that we wrote, `{t}` being the table; with `fails`, a part of the error that it must give. */
export interface SparkStep {
  readonly sql: string
  readonly fails?: string
}

/** A table that uses one feature: we write it, Spark and delta-rs read it, Spark writes on, we read on. */
export interface FeatureTable {
  readonly write: (session: TableSession, uri: string) => Promise<DeltaTable>
  /** The change data feed from this version on is compared as well. */
  readonly changesFrom?: number
  /** Filters for which Spark must open exactly the files that we would. */
  readonly skips?: readonly string[]
  /** Our row ids and row commit versions must be Spark's. */
  readonly rowIds?: boolean
  readonly steps: readonly SparkStep[]
  /** What we do when Spark has done its part; its rows then are read by Spark again. */
  readonly then?: (table: DeltaTable) => Promise<DeltaTable>
}

export const people: Schema = { fields: [field('id', int64), field('name', string), field('n', int32)] }
/** (id, name, n). */
export const rows = (...of: readonly (readonly [number, string | null, number])[]): DataFrame =>
  values(
    people,
    of.map(([id, name, n]): Value[] => [BigInt(id), name, n]),
  )
export const some = rows([1, 'a', 1], [2, 'b', 2], [3, 'c', 3], [4, null, 4])
