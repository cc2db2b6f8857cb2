import { DeltaTable, type DropFeatureOptions } from '@deltaworks/delta-table'
import { resolveUri } from '@deltaworks/storage'
import type { AddedColumn, Alteration, CloneTable, CreateTable, DeltaStatement } from './delta-statement.js'
import { sqlProblem } from './sql-problem.js'
import { nothingToSay, resultOf, type StatementResult } from './statement-result.js'
import type { TableCatalog } from './table-catalog.js'
import type { TableName } from './token-reader.js'
import { field, int64 } from '@deltaworks/schema'

const placeOf = async (catalog: TableCatalog, table: TableName, location: string | null): Promise<string> =>
  location === null ? catalog.uriOf(table) : resolveUri(location)

export async function createTable(catalog: TableCatalog, statement: CreateTable): Promise<StatementResult> {
  const { mode, specification, query } = statement
  const { session } = catalog
  const uri = await placeOf(catalog, statement.table, specification.location)
  const known = await DeltaTable.openIfExists(session, uri)
  if (known !== null && mode === 'if-not-exists') return nothingToSay
  if (known === null && mode === 'replace') throw sqlProblem(`There is no table at ${uri} to replace`)
  const { columns, partitionBy, clusterBy, comment } = specification
  const properties = { ...specification.properties }
  for (const { name, expression } of specification.constraints) {
    properties[`delta.constraints.${name.toLowerCase()}`] = expression
  }
  const options = {
    partitionBy,
    properties,
    ...(clusterBy !== null && { clusterBy }),
    ...(comment !== null && { description: comment }),
    ...(columns !== null && columns.length > 0 && { schema: { fields: columns } }),
  }
  if (known !== null && mode !== 'create') {
    await known.replace(query === null ? null : await catalog.plan(query), options)
    return nothingToSay
  }
  if (query !== null) await DeltaTable.createWith(session, uri, await catalog.plan(query), options)
  else {
    if (options.schema === undefined)
      throw sqlProblem('A table without columns is not made; declare them, or add AS SELECT')
    await DeltaTable.create(session, uri, { ...options, schema: options.schema })
  }
  return nothingToSay
}

export async function cloneTable(catalog: TableCatalog, statement: CloneTable): Promise<StatementResult> {
  const uri = await placeOf(catalog, statement.table, statement.location)
  if (statement.mode === 'if-not-exists' && (await DeltaTable.exists(uri))) return nothingToSay
  const source = await catalog.open(statement.source, statement.at)
  const { lastWrite } = await source.cloneTo(uri, {
    kind: statement.deep ? 'deep' : 'shallow',
    properties: statement.properties,
    replace: statement.mode === 'create-or-replace',
  })
  const columns: readonly (readonly [shown: string, metric: string])[] = [
    ['source_table_size', 'sourceTableSize'],
    ['source_num_of_files', 'sourceNumOfFiles'],
    ['num_removed_files', 'numRemovedFiles'],
    ['num_copied_files', 'numCopiedFiles'],
    ['removed_files_size', 'removedFilesSize'],
    ['copied_files_size', 'copiedFilesSize'],
  ]
  return resultOf(
    columns.map(([name]) => field(name, int64)),
    [columns.map(([, metric]) => BigInt(lastWrite.metrics[metric] ?? 0))],
  )
}

export async function convertTable(
  catalog: TableCatalog,
  statement: Extract<DeltaStatement, { kind: 'convert' }>,
): Promise<StatementResult> {
  const { path, partitionBy, statistics } = statement
  await DeltaTable.convert(catalog.session, resolveUri(path), { partitionBy, statistics })
  return nothingToSay
}

export async function alterTable(
  catalog: TableCatalog,
  name: TableName,
  alteration: Alteration,
): Promise<StatementResult> {
  const table = await catalog.open(name)
  await altered(table, alteration)
  return nothingToSay
}

function altered(table: DeltaTable, alteration: Alteration): Promise<DeltaTable> {
  switch (alteration.kind) {
    case 'set-properties':
      return table.setProperties(alteration.properties)
    case 'unset-properties':
      return table.unsetProperties(alteration.keys, { ifExists: alteration.ifExists })
    case 'add-columns':
      return addColumns(table, alteration.columns)
    case 'rename-column':
      return table.renameColumn(alteration.from, alteration.to)
    case 'drop-columns':
      return table.dropColumns(alteration.columns)
    case 'alter-column':
      return table.alterColumn(alteration.column, alteration.change)
    case 'sync-identity':
      return table.syncIdentity(alteration.column)
    case 'add-constraint':
      return table.addConstraint(alteration.name, alteration.expression)
    case 'drop-constraint':
      return table.dropConstraint(alteration.name, { ifExists: alteration.ifExists })
    case 'cluster-by':
      return table.clusterBy(alteration.columns)
    case 'drop-feature': {
      const options: DropFeatureOptions = { truncateHistory: alteration.truncateHistory }
      return table.dropFeature(alteration.name, options)
    }
  }
}

const addColumns = (table: DeltaTable, columns: readonly AddedColumn[]): Promise<DeltaTable> =>
  table.addPlacedColumns(
    columns.map(({ field, into, first, after }) => ({
      field,
      ...(into !== null && { into }),
      ...(first && { first }),
      ...(after !== null && { after }),
    })),
  )
