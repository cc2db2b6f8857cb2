import { typeName } from '@deltaworks/schema'
import type { WarehouseTable } from './warehouse-table.js'

/** What a table is made like, as text that changes when it does. */
export const layoutOf = ({ schema, primaryKey, foreignKeys, comment, aliases }: WarehouseTable): string =>
  JSON.stringify([
    schema.fields.map((field) => `${field.name} ${typeName(field.type)}${field.nullable ? '' : ' not null'}`),
    primaryKey,
    foreignKeys.map((key) => [key.columns, key.table, key.references]),
    comment,
    aliases,
  ])
