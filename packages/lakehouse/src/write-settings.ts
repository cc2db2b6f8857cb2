import type { RunContext } from './run-context.js'
import type { TableDefinition } from './table-definition.js'

/** What every write of a table says, whatever its mode. */
export const writeSettings = (table: TableDefinition, context: RunContext) => ({
  schema: table.schema,
  partitionBy: table.partitionBy,
  description: table.description,
  nowMs: Number(context.nowMicros / 1000n),
  signal: context.signal,
})
