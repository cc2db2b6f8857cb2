import { memoryTable, scan, type DataFrame } from '@deltaworks/plan'
import { validateRules } from '@deltaworks/quality'
import type { Schema } from '@deltaworks/schema'
import { anyFrame, type AnyFrame } from './any-frame.js'
import { conform } from './conform.js'
import type { LakehouseDefinition } from './lakehouse-definition.js'
import { landedAudit, landedFields, stampedAudit } from './landing-columns.js'
import type { BuildContext, TableDefinition } from './table-definition.js'

/**
 * Checks every definition of a lakehouse before any data moves: each build and derivation is planned over empty tables, so
 * that unknown columns, wrong types and rules on columns that do not exist are found.
 * @throws the first problem as the typed error of the package that found it
 */
export function validateLakehouse(
  lakehouse: LakehouseDefinition,
  configuration: unknown,
): { readonly tables: number; readonly rules: number } {
  const context: BuildContext<never> = { configuration: configuration as never, nowMicros: 0n }
  let rules = 0
  for (const table of lakehouse.tables) {
    conform(plannedRows(table, context), table)
    const own = table.quality?.(context) ?? []
    rules += own.length
    const references = new Map<string, Schema>(Object.entries(table.from).map(([name, input]) => [name, input.schema]))
    const [problem] = validateRules(own, table.schema, references)
    if (problem !== undefined) throw problem
  }
  return { tables: lakehouse.tables.length, rules }
}

const empty = (name: string, schema: Schema): DataFrame => scan(memoryTable(schema, [], { name }))

function plannedRows(table: TableDefinition, context: BuildContext<never>): AnyFrame {
  if (table.build !== null) {
    const inputs = Object.fromEntries(
      Object.entries(table.from).map(([name, input]) => [name, empty(input.name, input.schema)]),
    )
    return table.build(inputs, context)
  }
  const landed = empty(`landing of ${table.name}`, { fields: [...landedFields(table).fields, ...landedAudit(table)] })
  const derived = table.derive === null ? landed : table.derive(landed, context)
  return anyFrame(derived).join(empty('clock', { fields: stampedAudit(table) }), [], 'cross')
}
