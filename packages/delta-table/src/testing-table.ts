import { Session } from '@deltaworks/engine'
import { scan, values, type DataFrame } from '@deltaworks/plan'
import { field, int64, string, type Schema, type Value } from '@deltaworks/schema'
import type { DeltaTable } from './delta-table.js'

/* Small tables of (id, name), for tests of this package. */

export const testSession = Session.create({ memoryBytes: 256 * 1024 * 1024 })

const people: Schema = { fields: [field('id', int64), field('name', string)] }

export const peopleOf = (...of: readonly (readonly [number | null, string | null])[]): DataFrame =>
  values(
    people,
    of.map(([id, name]): Value[] => [id === null ? null : BigInt(id), name]),
  )

/** All rows, by the first column. */
export const rowsIn = async (table: DeltaTable): Promise<Value[][]> =>
  (await testSession.collect(scan(table.provider()).plan)).rows
    .map((row) => [...row])
    .sort((a, b) => Number(a[0] ?? -1) - Number(b[0] ?? -1))

let tables = 0
export const newUri = (): string => `memory://delta-table-${process.pid}-${tables++}/t`
