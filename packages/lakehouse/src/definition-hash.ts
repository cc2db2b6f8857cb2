import { typeName } from '@deltaworks/schema'
import { hash52 } from './landing.js'
import type { TableDefinition } from './table-definition.js'

/** 52 bits over what a table is built by: its columns, partitions, write mode, build function and configuration. */
export const definitionHash = (table: TableDefinition, configuration: unknown): number =>
  hash52(
    JSON.stringify([
      table.schema.fields.map((f) => [f.name, typeName(f.type), f.nullable]),
      table.partitionBy,
      table.write,
      table.build?.toString() ?? table.derive?.toString() ?? '',
      configuration,
    ]),
  )
