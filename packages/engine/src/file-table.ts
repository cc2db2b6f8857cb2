import type { FileSplit, ScanPlan, TableProvider, TableStatistics } from '@deltaworks/plan'
import type { Json, Schema, Value } from '@deltaworks/schema'
import { openStore, resolveUri, splitUri, type ObjectMeta, type ObjectStore } from '@deltaworks/storage'
import { noFiles } from './errors.js'
import { parquetStatistics } from './parquet-statistics.js'

export type FileTableFormat = 'parquet' | 'csv' | 'json' | 'arrow' | 'avro'

/**
 * The files of a path, a folder or a glob as one table. The schema is that of the first file or, of text (CSV,
 * JSON), inferred from it. @throws EngineError DW-ENGINE-0006 if there is no file
 */
export async function fileTable(
  path: string,
  format: FileTableFormat,
  named: Readonly<Record<string, Value>> = {},
): Promise<TableProvider> {
  const { store, files } = await findFiles(path, format)
  const { schema, options, statistics } = await describeFiles(store, files, format, named)
  return {
    name: path,
    schema,
    statistics,
    scan: async (): Promise<ScanPlan> => ({
      splits: files.map((file) => wholeFile(store, file, format, options)),
      filesTotal: files.length,
      filesPruned: 0,
    }),
    describe: (): Json => ({ kind: 'files', format, path }),
  }
}

const wholeFile = (store: ObjectStore, file: ObjectMeta, format: FileTableFormat, options: Json): FileSplit => ({
  kind: 'file',
  store: store.uri,
  path: file.path,
  format: { kind: format, options },
  sizeBytes: file.sizeBytes,
  rowGroups: null,
  byteRange: null,
  rowCount: null,
  constants: {},
  physicalNames: null,
  fieldIds: null,
  deletedRows: null,
  virtualColumns: {},
})

async function describeFiles(
  store: ObjectStore,
  files: readonly ObjectMeta[],
  format: FileTableFormat,
  named: Readonly<Record<string, Value>>,
): Promise<{ readonly schema: Schema; readonly options: Json; readonly statistics: TableStatistics }> {
  const [file] = files as [ObjectMeta, ...ObjectMeta[]]
  const sizeBytes = files.reduce((sum, each) => sum + each.sizeBytes, 0)
  const unknown: TableStatistics = { rowCount: null, sizeBytes, approximate: true }
  switch (format) {
    case 'parquet': {
      const { schema, statistics } = await parquetStatistics(store, files, sizeBytes)
      return { schema, options: {}, statistics }
    }
    case 'csv':
      return { ...(await describeCsv(store, file, named as { readonly [option: string]: Json })), statistics: unknown }
    case 'json': {
      const { inferJsonSchema } = await import('@deltaworks/formats')
      return {
        schema: await inferJsonSchema(store, file.path),
        options: named as { readonly [option: string]: Json },
        statistics: unknown,
      }
    }
    case 'arrow': {
      const { readArrowSchema } = await import('@deltaworks/formats')
      return { schema: await readArrowSchema(store, file.path, file.sizeBytes), options: {}, statistics: unknown }
    }
    case 'avro': {
      const { readAvroSchema } = await import('@deltaworks/formats')
      return { schema: await readAvroSchema(store, file.path, file.sizeBytes), options: {}, statistics: unknown }
    }
  }
}

async function describeCsv(store: ObjectStore, file: ObjectMeta, given: { readonly [option: string]: Json }) {
  const { csvOptionsToJson, inferCsvSchema, sniffCsv } = await import('@deltaworks/formats')
  const options = { ...(await sniffCsv(store, file.path, given)), ...given }
  return { schema: await inferCsvSchema(store, file.path, options), options: csvOptionsToJson(options) }
}

const extensions: Readonly<Record<FileTableFormat, RegExp>> = {
  parquet: /\.parquet$/i,
  csv: /\.(csv|tsv|txt)$/i,
  json: /\.(json|jsonl|ndjson)$/i,
  arrow: /\.(arrow|arrows|feather|ipc)$/i,
  avro: /\.avro$/i,
}

async function findFiles(
  path: string,
  format: FileTableFormat,
): Promise<{ readonly store: ObjectStore; readonly files: readonly ObjectMeta[] }> {
  const wildcard = path.search(/[*?]/)
  if (wildcard >= 0) {
    const folder = path.slice(0, path.lastIndexOf('/', wildcard) + 1) || '.'
    const store = openStore(resolveUri(folder))
    const pattern = globExpression(path.slice(folder === '.' ? 0 : folder.length))
    const files = (await store.list('')).filter((file) => pattern.test(file.path))
    if (files.length === 0) throw noFiles(path)
    return { store, files }
  }
  const { store: parent, path: name } = splitUri(resolveUri(path))
  const file = openStore(parent)
  const single = await file.head(name).catch(() => null)
  if (single !== null) return { store: file, files: [single] }
  const store = openStore(resolveUri(path))
  const files = (await store.list('')).filter(
    ({ path: inside }) => extensions[format].test(inside) && !inside.split('/').some((part) => /^[_.]/.test(part)),
  )
  if (files.length === 0) throw noFiles(path)
  return { store, files }
}

function globExpression(pattern: string): RegExp {
  const source = pattern.replaceAll(/\*\*\/?|[*?]|[.+^${}()|[\]\\]/g, (part) => {
    if (part.startsWith('**')) return '(?:.*/)?'
    if (part === '*') return '[^/]*'
    return part === '?' ? '[^/]' : `\\${part}`
  })
  return new RegExp(`^${source}$`)
}
