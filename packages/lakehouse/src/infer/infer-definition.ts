import { agg, col } from '@deltaworks/expression'
import type { Session } from '@deltaworks/engine'
import { scan } from '@deltaworks/plan'
import type { DataType } from '@deltaworks/schema'
import { openStore } from '@deltaworks/storage'
import * as columns from '../column-definition.js'
import type { Column } from '../column-definition.js'
import { snakeCase } from '../contract/column-name.js'
import { noLandingFiles } from '../errors.js'
import { filesOfSource, type LandingFile } from '../landing.js'
import { landingColumns } from '../landing-columns.js'
import { LandingRanges } from '../landing-ranges.js'
import { LandingTable } from '../landing-table.js'
import { csvFiles, jsonFiles, parquetFiles, type SourceDefinition } from '../source-definition.js'
import { defineTable } from '../table-definition.js'
import { LandingUnpacker } from '../unpack/unpack-landing.js'
import { inferFiles, type InferredColumn, type InferredFiles } from './infer-columns.js'

export interface InferOptions {
  readonly session: Session
  /** URI of the landing zone. */
  readonly landing: string
  /** A glob on paths in it: the files of one source. */
  readonly files: string
  /** snake_case; default: from the glob. */
  readonly name?: string | undefined
  /** Default: by the files' ending. */
  readonly format?: SourceDefinition['format'] | undefined
  readonly signal?: AbortSignal
}

export interface ColumnFit {
  readonly column: string
  readonly type: string
  /** The share of rows whose value is of the type (or missing), 0 to 1; of all rows, not of a sample. */
  readonly confidence: number
  readonly remark: string | null
}

export interface InferredDefinition {
  readonly table: string
  readonly files: number
  readonly rows: number
  /** The share of rows that fit the definition as a whole. */
  readonly confidence: number
  readonly columns: readonly ColumnFit[]
  /** A module that declares the table. */
  readonly source: string
}

interface NamedColumn extends InferredColumn {
  readonly name: string
}

/**
 * Declares a source from its files: dialect, columns and types are guessed from their starts, then every row of all files is
 * read by the guess, so that the confidence told is a count.
 * @throws LakehouseError DW-LAKEHOUSE-0006 if no file matches
 */
export async function inferDefinition(options: InferOptions): Promise<InferredDefinition> {
  const store = openStore(options.landing)
  const candidates = filesOfSource(await store.list(''), { files: options.files, archiveFolder: '_archive' })
  const table = options.name ?? nameOf(options.files)
  if (candidates.length === 0) throw noLandingFiles(table, options.files, store.uri)
  const unpacker = new LandingUnpacker()
  try {
    const files = candidates.map((meta): LandingFile => ({
      ...meta,
      etag: meta.etag,
      state: 'new',
      contentHash: 0,
      sha256: '',
      digestSlot: null,
    }))
    const parts = await unpacker.parts(store, files, { members: '**/*', signal: options.signal })
    const format = options.format ?? formatOf(parts[0]!.sourceFile)
    const inferred = await inferFiles(parts, format)
    const named = nameColumns(inferred.columns)
    const usable = named.filter((column) => builderOf(column.type) !== null)
    const definition = defineTable({
      name: table,
      layer: 'raw',
      columns: Object.fromEntries(usable.map((column) => [column.name, columnOf(column)])),
      source: sourceOf(options.files, inferred),
    })
    const landed = scan(new LandingTable(new LandingRanges(options.session), definition, parts))
    const { corruptReason } = landingColumns
    const counts = landed.groupBy(corruptReason).agg({ rows: agg.count() })
    const found = await options.session.collect(counts.select(col(corruptReason), col('rows')), {
      signal: options.signal,
    })
    const reasons = found.rows.map(([reason, rows]) => [reason as string | null, Number(rows)] as const)
    const rows = reasons.reduce((sum, [, count]) => sum + count, 0)
    const misfits = (of: (reason: string) => boolean): number =>
      reasons.reduce((sum, [reason, count]) => (reason !== null && of(reason) ? sum + count : sum), 0)
    const share = (bad: number): number => (rows === 0 ? 0 : 1 - bad / rows)
    const fits = named.map((column) => ({
      column: column.name,
      type: builderOf(column.type) ?? column.type.kind,
      confidence: share(misfits((reason) => reason.split('; ').some((part) => part.startsWith(`${column.name}: `)))),
      remark: remarkOf(column, rows),
    }))
    const result = {
      table,
      files: parts.length,
      rows,
      confidence: share(misfits(() => true)),
      columns: fits,
    }
    return { ...result, source: moduleText(result, options.files, inferred, named) }
  } finally {
    unpacker.close()
  }
}

const formatOf = (path: string): SourceDefinition['format'] => {
  const plain = path.replace(/\.(gz|zst|bz2)$/i, '')
  return /\.parquet$/i.test(plain) ? 'parquet' : /\.(json|jsonl|ndjson)$/i.test(plain) ? 'json' : 'csv'
}

/** `in/ORDERS_*.csv.gz` → `orders`. */
function nameOf(glob: string): string {
  const name = snakeCase(glob.slice(glob.lastIndexOf('/') + 1).replace(/\..*$/, ''))
  return name === '' ? 'source' : name
}

/** Names by the house's rule, each once, and none that the audit takes. */
function nameColumns(inferred: readonly InferredColumn[]): NamedColumn[] {
  const taken = new Set(['source_file', 'source_line', 'ingestion_date'])
  return inferred.map((column, i) => {
    const wanted = snakeCase(column.names[0]!) || `column_${i + 1}`
    let name = wanted
    for (let n = 2; taken.has(name); n++) name = `${wanted}_${n}`
    taken.add(name)
    return { ...column, name }
  })
}

/** What declares a column of the type; null: no column can be of it. */
function builderOf(type: DataType): string | null {
  switch (type.kind) {
    case 'boolean':
    case 'date':
    case 'timestamp':
    case 'string':
      return type.kind
    case 'null':
      return 'string'
    case 'int8':
    case 'int16':
      return 'smallint'
    case 'int32':
      return 'integer'
    case 'int64':
      return 'bigint'
    case 'float32':
    case 'float64':
      return 'double'
    case 'decimal':
      return 'decimal'
    default:
      return null
  }
}

function columnOf({ name, names, type, pattern, everywhere }: NamedColumn): Column {
  const builder = builderOf(type) as
    'boolean' | 'date' | 'timestamp' | 'string' | 'smallint' | 'integer' | 'bigint' | 'double' | 'decimal'
  let column: Column =
    type.kind === 'decimal' ? columns.decimal(type.precision, type.scale) : columns[builder as 'string']()
  if (isRenamed(name, names)) column = column.from(...names)
  if (pattern !== null) column = column.pattern(pattern)
  return everywhere ? column : column.optional()
}

/** Files' names are compared without regard to case. */
const isRenamed = (name: string, names: readonly string[]): boolean =>
  names.length !== 1 || names[0]!.toLowerCase() !== name

function sourceOf(files: string, { format, options, columns: found }: InferredFiles): SourceDefinition {
  const settings = {
    options: { ...options },
    ...(found.some((column) => builderOf(column.type) === null) ? { extraColumns: 'ignore' as const } : {}),
  }
  switch (format) {
    case 'csv':
      return csvFiles(files, settings)
    case 'json':
      return jsonFiles(files, settings)
    case 'parquet':
      return parquetFiles(files, settings)
  }
}

function remarkOf({ type, alsoFits, pattern }: NamedColumn, rows: number): string | null {
  if (builderOf(type) === null) return `nested (${type.kind}): not declared, and ignored in files`
  if (type.kind === 'null') return 'always null in the samples'
  if (alsoFits.length > 0) return `${pattern} is a guess: ${alsoFits.join(', ')} fit as well`
  return rows === 0 ? 'there are no rows to tell from' : null
}

const percent = (share: number): string => `${(Math.floor(share * 10_000) / 100).toFixed(2).replace(/\.?0+$/, '')} %`
const quoted = (text: string): string =>
  `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\t', '\\t')}'`

function moduleText(
  { table, files, rows, confidence, columns: fits }: Omit<InferredDefinition, 'source'>,
  glob: string,
  inferred: InferredFiles,
  named: readonly NamedColumn[],
): string {
  const lines = named.map((column, i) => {
    const { confidence: share, remark } = fits[i]!
    const about = [share < 1 ? `${percent(share)} of rows fit` : null, remark]
      .filter((part) => part !== null)
      .join('; ')
    const comment = about === '' ? '' : ` // ${about}`
    return builderOf(column.type) === null
      ? `    // ${column.name}: ${remark}`
      : `    ${column.name}: ${columnText(column)},${comment}`
  })
  const builders = new Set(named.flatMap((column) => builderOf(column.type) ?? []))
  const reader = `${inferred.format}Files`
  const imports = [...builders, reader, 'defineTable'].sort().join(', ')
  const options = Object.entries(inferred.options).map(
    ([key, value]) => `${key}: ${typeof value === 'string' ? quoted(value) : value}`,
  )
  const settings = [
    ...(options.length === 0 ? [] : [`options: { ${options.join(', ')} }`]),
    ...(named.some((column) => builderOf(column.type) === null) ? ["extraColumns: 'ignore'"] : []),
  ]
  return `import { ${imports} } from '@deltaworks/lakehouse/definitions'

/** Inferred from ${files} file${files === 1 ? '' : 's'} with ${rows} rows, of which ${percent(confidence)} fit. */
export const ${table.replaceAll(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())} = defineTable({
  name: ${quoted(table)},
  layer: 'raw',
  columns: {
${lines.join('\n')}
  },
  source: ${reader}(${quoted(glob)}${settings.length === 0 ? '' : `, { ${settings.join(', ')} }`}),
})
`
}

function columnText({ name, names, type, pattern, everywhere }: NamedColumn): string {
  const builder = type.kind === 'decimal' ? `decimal(${type.precision}, ${type.scale})` : `${builderOf(type)}()`
  const from = isRenamed(name, names) ? `.from(${names.map(quoted).join(', ')})` : ''
  const dated = pattern === null ? '' : `.pattern(${quoted(pattern)})`
  return `${builder}${from}${dated}${everywhere ? '' : '.optional()'}`
}
