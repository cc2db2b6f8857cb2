import { typeName, type Field } from '@deltaworks/schema'
import { metadataText } from './dialects/sql-text.js'
import type { ColumnDefinition, SqlDialect, TableDefinition } from './dialects/sql-dialect.js'
import type { SqlType } from './dialects/sql-type.js'
import { invalidLayout, unsupportedType, valueTooLong } from './errors.js'
import type { RecordedLayout } from './layout.js'
import { checkLayout } from './table-layout.js'
import type { ForeignKey, WarehouseTable } from './warehouse-table.js'

export interface DefinitionContext {
  /** Schema of the warehouse; null: the connection's own. */
  readonly schemaName: string | null
  /** How the table was made when it was last loaded. */
  readonly recorded: RecordedLayout | null
  /** Tables of the export that are made before this one: references to them can be declared. */
  readonly tables: readonly WarehouseTable[]
}

/**
 * The table as a warehouse is to have it. A length that is chosen from the values never shrinks below the one that is there.
 * @throws WarehouseError DW-WAREHOUSE-0004, 0007, 0008
 */
export function defineIn(dialect: SqlDialect, table: WarehouseTable, context: DefinitionContext): TableDefinition {
  checkLayout(table)
  checkNames(dialect, table)
  const prefix = context.schemaName === null ? '' : `${dialect.quote(context.schemaName)}.`
  const before = new Map(context.recorded?.columns.map((column) => [column.name, column.type]))
  const { foreignKeys } = table
  return {
    name: table.name,
    relation: `${prefix}${dialect.quote(table.name)}`,
    prefix,
    columns: table.schema.fields.map((field) => columnOf(dialect, table, field, before.get(field.name))),
    primaryKey: table.primaryKey,
    foreignKeys,
    declaredKeys: foreignKeys.filter((key) => isDeclarable(key, context.tables)),
    comment: table.comment,
    aliases: table.aliases,
    layout: layoutFor(table),
  }
}

/** A key can be declared if it refers to the whole primary key of a table that is loaded too. */
const isDeclarable = (key: ForeignKey, tables: readonly WarehouseTable[]): boolean => {
  const referenced = tables.find((table) => table.name === key.table)
  return referenced !== undefined && String(referenced.primaryKey) === String(key.references)
}

/** What is not said is derived: no sort key of nested columns, no distribution. */
const layoutFor = ({ layout }: WarehouseTable): TableDefinition['layout'] => layout ?? {}

function columnOf(
  dialect: SqlDialect,
  table: WarehouseTable,
  field: Field,
  before: SqlType | undefined,
): ColumnDefinition {
  const profile = table.profile?.[field.name]
  const chosen = dialect.columnType(field, profile)
  if (chosen === null) throw unsupportedType(dialect.name, table.name, field.name, typeName(field.type))
  const isDeclared =
    typeof field.metadata?.['maxlength'] === 'number' || metadataText(field.metadata, 'redshift_type') !== null
  const type = isDeclared ? chosen : notShorter(chosen, before, profile !== undefined)
  if (type.kind === 'text' && type.length !== null) {
    const { maxBytes } = profile ?? {}
    if (maxBytes !== undefined && maxBytes > type.length && dialect.limits.textBytes !== null)
      throw valueTooLong(dialect.name, table.name, field.name, maxBytes, type.length)
    if (dialect.limits.textBytes !== null && type.length > dialect.limits.textBytes)
      throw valueTooLong(dialect.name, table.name, field.name, type.length, dialect.limits.textBytes)
  }
  return {
    name: field.name,
    field,
    type,
    nullable: field.nullable,
    comment: metadataText(field.metadata, 'comment'),
    pii: metadataText(field.metadata, 'deltaworks.pii'),
    profile,
  }
}

/** A length that nothing is known about stays as it is, too. */
const notShorter = (chosen: SqlType, before: SqlType | undefined, isKnown: boolean): SqlType =>
  chosen.kind === 'text' &&
  before?.kind === 'text' &&
  chosen.length !== null &&
  before.length !== null &&
  (before.length > chosen.length || !isKnown) &&
  before.sql.replace(/\d+/, '') === chosen.sql.replace(/\d+/, '')
    ? before
    : chosen

/** Room that names of staging tables take behind the table's own. */
const suffixBytes = 12

function checkNames(dialect: SqlDialect, table: WarehouseTable): void {
  const { identifierBytes, columns } = dialect.limits
  const names = [table.name, ...table.aliases]
  const tooLong = names.find((name) => Buffer.byteLength(name) + suffixBytes > identifierBytes)
  if (tooLong !== undefined)
    throw invalidLayout(
      table.name,
      `the name "${tooLong}" leaves no room for a staging table's in ${dialect.name}'s ${identifierBytes} bytes`,
    )
  const column = table.schema.fields.find((field) => Buffer.byteLength(field.name) > identifierBytes)
  if (column !== undefined)
    throw invalidLayout(
      table.name,
      `its column "${column.name}" has a name longer than ${dialect.name}'s ${identifierBytes} bytes`,
    )
  if (table.schema.fields.length > columns)
    throw invalidLayout(
      table.name,
      `it has ${table.schema.fields.length} columns, and ${dialect.name} takes ${columns}`,
    )
  const key = table.primaryKey.find((name) => !table.schema.fields.some((field) => field.name === name))
  if (key !== undefined) throw invalidLayout(table.name, `its primary key "${key}" is not one of its columns`)
}
