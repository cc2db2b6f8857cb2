import type { Schema, Value } from '@deltaworks/schema'
import { DataFrame } from './data-frame.js'
import { scanNode, valuesNode } from './plan-node.js'
import type { AnyRow, RowOf } from './row-types.js'
import type { TableProvider } from './table-provider.js'

/** A frame of a table's columns. `Row` says what is known of them: `scan<{ id: bigint; city: string | null }>(table)`. */
export const scan = <Row extends object = AnyRow>(table: TableProvider): DataFrame<RowOf<Row>> =>
  new DataFrame(scanNode(table))

/** A frame of a few rows. @throws PlanError DW-PLAN-0010 */
export const values = <Row extends object = AnyRow>(
  schema: Schema,
  rows: readonly (readonly Value[])[],
): DataFrame<RowOf<Row>> => new DataFrame(valuesNode(schema, rows))
