import { inferJsonSchema, readCsvHeader, readParquetSchema, type CsvReadOptions } from '@deltaworks/formats'
import { fieldIndex, schema, string, type DataType, type Field, type Schema } from '@deltaworks/schema'
import { openStore } from '@deltaworks/storage'
import { columnOfType } from '../column-definition.js'
import { landingColumnsDiffer } from '../errors.js'
import type { TableDefinition } from '../table-definition.js'
import type { LandingPart } from '../unpack/unpack-landing.js'
import { snakeCase } from './column-name.js'

/**
 * The definition with the columns that landing files have and nobody declared, for a source that adds them: optional, by
 * a name of the house's rule. One that an earlier run added keeps the table's type.
 * @param existing the table's schema; null: there is none yet
 * @throws LakehouseError DW-LAKEHOUSE-0011 for a name that two columns would get
 */
export async function withAddedColumns(
  table: TableDefinition,
  parts: readonly LandingPart[],
  existing: Schema | null,
): Promise<TableDefinition> {
  if (table.source?.extraColumns !== 'add') return table
  const declared = new Set(
    Object.entries(table.columns).flatMap(([name, { facts }]) =>
      (facts.sourceNames.length === 0 ? [name] : facts.sourceNames).map((alias) => alias.toLowerCase()),
    ),
  )
  const added = new Map<string, { readonly names: Set<string>; type: DataType }>()
  for (const part of parts) {
    const taken = new Set<string>()
    const found = await undeclared(part, table, declared)
    for (const { name: inFile, type } of found) {
      const name = snakeCase(inFile)
      if (name === '' || fieldIndex(table.schema, name) >= 0 || taken.has(name)) {
        throw landingColumnsDiffer(
          part.sourceFile,
          table.name,
          [],
          [inFile],
          found.map((field) => field.name),
        )
      }
      taken.add(name)
      const known = added.get(name)
      if (known === undefined) added.set(name, { names: new Set([inFile]), type: typeIn(existing, name) ?? type })
      else known.names.add(inFile)
    }
  }
  // What earlier files had and these have not is still a column of the table.
  for (const { name, type } of existing?.fields ?? []) {
    if (fieldIndex(table.schema, name) < 0 && !added.has(name)) added.set(name, { names: new Set([name]), type })
  }
  return extended(table, added)
}

const typeIn = (existing: Schema | null, name: string): DataType | null => {
  const index = existing === null ? -1 : fieldIndex(existing, name)
  return index < 0 ? null : existing!.fields[index]!.type
}

/** Of text formats the values are kept as text: a number today may be none tomorrow. */
async function undeclared(
  { store, path, sizeBytes }: LandingPart,
  table: TableDefinition,
  declared: ReadonlySet<string>,
): Promise<readonly Pick<Field, 'name' | 'type'>[]> {
  const from = openStore(store)
  const isNew = ({ name }: Pick<Field, 'name'>): boolean => !declared.has(name.toLowerCase())
  switch (table.source!.format) {
    case 'parquet':
      return (await readParquetSchema(from, path, sizeBytes)).fields.filter(isNew)
    case 'json':
      return (await inferJsonSchema(from, path)).fields.filter(isNew).map(({ name }) => ({ name, type: string }))
    case 'csv': {
      const names = await readCsvHeader(from, path, table.source!.options as CsvReadOptions)
      return names.map((name) => ({ name, type: string })).filter(isNew)
    }
  }
}

function extended(
  table: TableDefinition,
  added: ReadonlyMap<string, { readonly names: ReadonlySet<string>; readonly type: DataType }>,
): TableDefinition {
  if (added.size === 0) return table
  const columns = { ...table.columns }
  const fields: Field[] = []
  for (const [name, { names, type }] of added) {
    columns[name] = columnOfType(type)
      .from(...names)
      .optional()
      .at({ table: table.name, column: name })
    fields.push({ name, type, nullable: true })
  }
  return { ...table, columns, schema: schema([...table.schema.fields, ...fields]) }
}
