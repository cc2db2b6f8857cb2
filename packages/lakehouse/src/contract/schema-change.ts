import { fieldIndex, typeName, typesEqual, type Field, type Schema } from '@deltaworks/schema'
import type { TableDefinition } from '../table-definition.js'

/** One difference between a table as it is and as its definition wants it. */
export interface SchemaChange {
  readonly column: string
  /** In words, behind the column's name. */
  readonly what: string
  /** Whether rows cannot be added to the table as it is. What is not breaking is applied with the next commit. */
  readonly breaking: boolean
}

/** What a table's columns are now. */
export interface ExistingTable {
  readonly schema: Schema
  readonly partitionColumns: readonly string[]
}

/** How a definition differs from its table, in the order of the columns. */
export function schemaChanges(existing: ExistingTable, table: TableDefinition): readonly SchemaChange[] {
  const changes: SchemaChange[] = []
  for (const wanted of table.schema.fields) {
    const index = fieldIndex(existing.schema, wanted.name)
    const change = index < 0 ? added(wanted) : altered(existing.schema.fields[index]!, wanted)
    if (change !== null) changes.push(change)
  }
  for (const field of existing.schema.fields) {
    if (fieldIndex(table.schema, field.name) < 0) changes.push(dropped(field))
  }
  const [is, wants] = [existing.partitionColumns.join(', '), table.partitionBy.join(', ')]
  if (is !== wants) {
    const what = `the table is partitioned by ${is || 'nothing'}, the definition by ${wants || 'nothing'}`
    changes.push({ column: '(partitions)', what, breaking: true })
  }
  return changes
}

const added = ({ name, type, nullable }: Field): SchemaChange =>
  nullable
    ? { column: name, what: `is new (${typeName(type)})`, breaking: false }
    : {
        column: name,
        what: `is new and must not be null, but rows that are there have no value for it`,
        breaking: true,
      }

function dropped({ name, nullable }: Field): SchemaChange {
  return nullable
    ? { column: name, what: 'is not declared any more: new rows have null in it', breaking: false }
    : { column: name, what: 'is not declared any more, and must not be null', breaking: true }
}

function altered(is: Field, wanted: Field): SchemaChange | null {
  if (!typesEqual(is.type, wanted.type)) {
    const what = `is ${typeName(is.type)} in the table and ${typeName(wanted.type)} in the definition`
    return { column: wanted.name, what, breaking: true }
  }
  if (!is.nullable && wanted.nullable) {
    return { column: wanted.name, what: 'must not be null in the table and may be in the definition', breaking: true }
  }
  return null
}

/** Changes as a person reads them: one behind the other, the column first. */
export const changesInWords = (changes: readonly SchemaChange[]): string =>
  changes.map(({ column, what }) => (column.startsWith('(') ? what : `"${column}" ${what}`)).join('; ')
