import type { RunContext } from './run-context.js'
import type { TableDefinition } from './table-definition.js'

/** What every write of a run says. */
export const commonSettings = (context: RunContext) => ({
  nowMs: Number(context.nowMicros / 1000n),
  ...(context.signal === undefined ? {} : { signal: context.signal }),
})

/** What a write of a defined table says besides. */
export const writeSettings = (table: TableDefinition, context: RunContext) => ({
  ...commonSettings(context),
  schema: table.schema,
  partitionBy: table.partitionBy,
  ...(table.description === null ? {} : { description: table.description }),
})
