import { readParquetSchema } from '@deltaworks/formats'
import type { ObjectStore } from '@deltaworks/storage'
import { landingColumnsDiffer } from './errors.js'
import { landedFields } from './landing-columns.js'
import type { TableDefinition } from './table-definition.js'
import type { LandingPart } from './unpack/unpack-landing.js'

/**
 * Which column of a Parquet landing file each declared column is: the first of its names that the file has.
 * @throws LakehouseError DW-LAKEHOUSE-0011 if the file lacks a required column, or has an undeclared one and the source
 * does not ignore these
 */
export async function parquetNames(
  store: ObjectStore,
  { path, sizeBytes, sourceFile }: LandingPart,
  table: TableDefinition,
): Promise<Readonly<Record<string, string>>> {
  const { fields } = await readParquetSchema(store, path, sizeBytes)
  const inFile = new Map(fields.map(({ name }) => [name.toLowerCase(), name]))
  const names: Record<string, string> = {}
  const missing: string[] = []
  for (const { name } of landedFields(table).fields) {
    const { sourceNames, sourceRequired } = table.columns[name]!.facts
    const aliases = sourceNames.length === 0 ? [name] : sourceNames
    const found = aliases.map((alias) => inFile.get(alias.toLowerCase())).find((known) => known !== undefined)
    if (found !== undefined) names[name] = found
    // The first alias is no column of the file, so the reader gives nulls.
    else if (!sourceRequired) names[name] = aliases[0]!
    else missing.push(aliases.join(' or '))
  }
  const taken = new Set(Object.values(names))
  const extra = table.source!.extraColumns === 'ignore' ? [] : fields.map((f) => f.name).filter((f) => !taken.has(f))
  if (missing.length > 0 || extra.length > 0) {
    const found = fields.map((f) => f.name)
    throw landingColumnsDiffer(sourceFile, table.name, missing, extra, found)
  }
  return names
}
