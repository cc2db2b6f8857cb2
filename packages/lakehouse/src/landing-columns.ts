import type { Schema } from '@deltaworks/schema'
import { auditColumns, type TableDefinition } from './table-definition.js'

/** What a landed row carries besides the source's columns until it is taken apart into good and malformed. */
export const landingColumns = {
  sourceFile: 'source_file',
  sourceLine: 'source_line',
  rawRecord: '_raw_record',
  corruptReason: '_corrupt_reason',
} as const

/** The columns of a definition that landing files hold: all but those that `derive` and the audit add. */
export function landedFields(table: TableDefinition): Schema {
  const inFiles = (name: string): boolean => !auditColumns.has(name) && table.columns[name]?.facts.derived !== true
  return { fields: table.schema.fields.filter((f) => inFiles(f.name)) }
}
