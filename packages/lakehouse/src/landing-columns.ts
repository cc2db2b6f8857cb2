import type { Field, Schema } from '@deltaworks/schema'
import { rescuedColumn } from './source-definition.js'
import type { TableDefinition } from './table-definition.js'

/** What a landed row carries besides the source's columns until it is taken apart into good and malformed. */
export const landingColumns = {
  sourceFile: 'source_file',
  sourceLine: 'source_line',
  sourceOffset: '_source_offset',
  rawRecord: '_raw_record',
  corruptReason: '_corrupt_reason',
  sourceChecksum: 'source_checksum',
} as const

/** The columns of a definition that landing files hold: all but those that `derive` and the audit add. */
export function landedFields(table: TableDefinition): Schema {
  const inFiles = (name: string): boolean => table.columns[name]?.facts.derived === false
  return { fields: table.schema.fields.filter((f) => inFiles(f.name)) }
}

const stamped: ReadonlySet<string> = new Set(['ingestion_date', 'ingested_at', 'run_id'])
const fromLanding: ReadonlySet<string> = new Set([
  landingColumns.sourceFile,
  landingColumns.sourceLine,
  landingColumns.sourceChecksum,
  rescuedColumn,
])

const auditOf = (table: TableDefinition, of: ReadonlySet<string>): readonly Field[] =>
  table.schema.fields.filter(({ name }) => table.columns[name] === undefined && of.has(name))

/** The audit columns that a landed row brings along: its file, its line, and what its source wants besides. */
export const landedAudit = (table: TableDefinition): readonly Field[] => auditOf(table, fromLanding)

/** Those that the run adds, equal for all rows of it. */
export const stampedAudit = (table: TableDefinition): readonly Field[] => auditOf(table, stamped)
