import { rulesFor } from '@deltaworks/quality'
import { typeName } from '@deltaworks/schema'
import { hash52 } from './landing.js'
import type { BuildContext, TableDefinition } from './table-definition.js'

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

/** 52 bits over how a table's rules are written, whatever an environment configures them with. 0: it has none. */
export const rulesTextHash = ({ quality }: TableDefinition): number =>
  quality === null ? 0 : hash52(quality.toString())

/** 52 bits over a table's rules as they are with a configuration and a clock: what they say, and how they are written. 0: none. */
export function rulesHash(table: TableDefinition, context: BuildContext<never>): number {
  if (table.quality === null) return 0
  const rules = table
    .quality(context, rulesFor<string>())
    .map(({ id, description, level, action, constraint }) => [id, description, level, action, constraint])
  const text = JSON.stringify(rules, (_, value: unknown) =>
    typeof value === 'bigint' || typeof value === 'function' ? String(value) : value,
  )
  return hash52(`${table.quality.toString()}\n${text}`)
}
