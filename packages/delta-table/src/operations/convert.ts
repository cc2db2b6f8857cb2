import { randomUUID } from 'node:crypto'
import {
  addFile,
  checkProperties,
  encodePath,
  formatSchema,
  formatStatistics,
  indexedColumnCount,
  listLog,
  parsePartitionValue,
  readNothing,
  requiredProtocol,
  type AddFile,
  type LeafStatistics,
  type Metadata,
} from '@deltaworks/delta-log'
import { comparatorOf } from '@deltaworks/expression'
import type { ParquetMetadata } from '@deltaworks/formats'
import {
  fieldIndex,
  typeName,
  typesEqual,
  type DataType,
  type Field,
  type Schema,
  type Value,
} from '@deltaworks/schema'
import type { ObjectMeta } from '@deltaworks/storage'
import { badSource, tableExists } from '../errors.js'
import { commitIntent, type OperationContext, type OperationResult } from '../operation-context.js'
import { emptyReport } from '../write-report.js'
import type { WriteOptions } from '../write/write-options.js'
import { nothing } from '../write/write-rows.js'

export interface ConvertOptions extends WriteOptions {
  /** The columns that the folders name (`day=2020-01-01/`), with their types, in the order of the folders. */
  readonly partitionBy?: readonly Field[]
  /** Keeps minima and maxima of the files' own footers. Default true. */
  readonly statistics?: boolean
  readonly properties?: Readonly<Record<string, string>>
}

const filesAtOnce = 16

/**
 * CONVERT TO DELTA: makes a folder of Parquet files a table by giving it a log; no file is written again.
 * @throws DeltaTableError DW-TABLE-0011, 0021
 */
export async function convertToDelta(context: OperationContext, options: ConvertOptions): Promise<OperationResult> {
  const { location } = context
  const log = await listLog(location)
  if (log.commits.length > 0 || log.checkpoints.length > 0) throw tableExists(location.uri)
  const properties = options.properties ?? {}
  checkProperties(properties)
  const objects = (await location.store.list(location.path)).filter((object) => isDataFile(context, object))
  if (objects.length === 0) throw badSource(location.uri, 'there is no Parquet file in it')
  const partitionBy = options.partitionBy ?? []
  const { readParquetMetadata } = await import('@deltaworks/formats')
  const nowMs = options.nowMs ?? Date.now()
  let columns: readonly Field[] = []
  const files: AddFile[] = []
  for (let i = 0; i < objects.length; i += filesAtOnce) {
    const group = objects.slice(i, i + filesAtOnce)
    const footers = await Promise.all(
      group.map((object) => readParquetMetadata(location.store, object.path, object.sizeBytes)),
    )
    for (const [at, object] of group.entries()) {
      const footer = footers[at]!
      columns = united(columns, footer.schema, object.path)
      files.push(asFile(context, object, footer, partitionBy, options, properties))
    }
  }
  const data = columns.filter(
    (column) => !partitionBy.some(({ name }) => name.toLowerCase() === column.name.toLowerCase()),
  )
  const schema: Schema = { fields: [...data, ...partitionBy] }
  const metadata: Metadata = {
    kind: 'metaData',
    id: randomUUID(),
    name: null,
    description: null,
    formatProvider: 'parquet',
    formatOptions: {},
    schemaString: formatSchema(schema),
    partitionColumns: partitionBy.map(({ name }) => name),
    configuration: properties,
    createdTimeMs: nowMs,
  }
  const metrics = { numConvertedFiles: files.length }
  const report = { ...emptyReport, committed: true, filesWritten: files.length, metrics }
  const result = await commitIntent(
    context,
    {
      base: null,
      actions: [requiredProtocol(schema, properties), metadata, ...files],
      written: nothing,
      operation: {
        name: 'CONVERT',
        parameters: {
          numFiles: String(files.length),
          partitionedBy: JSON.stringify(metadata.partitionColumns),
          collectStats: String(options.statistics !== false),
        },
        metrics,
      },
      reads: readNothing,
      report,
    },
    options,
  )
  if (result.kind === 'committed') return { snapshot: result.snapshot, report }
  throw tableExists(location.uri)
}

const relativeTo = ({ location }: OperationContext, path: string): string =>
  location.path === '' ? path : path.slice(location.path.length + 1)

/** Hidden files and folders are not data, but a partition column may begin with an underscore. */
function isDataFile(context: OperationContext, { path, sizeBytes }: ObjectMeta): boolean {
  const steps = relativeTo(context, path).split('/')
  const isHidden = steps.some((step) => /^[_.]/.test(step) && !step.includes('='))
  return !isHidden && sizeBytes > 0 && /\.parq(uet)?$/i.test(path)
}

/** Columns of both, in the order that they were met. @throws DeltaTableError DW-TABLE-0021 */
function united(columns: readonly Field[], of: Schema, path: string): readonly Field[] {
  const result = [...columns]
  for (const column of of.fields) {
    const at = fieldIndex({ fields: result }, column.name)
    if (at < 0) result.push({ ...column, nullable: true })
    else if (!typesEqual(result[at]!.type, column.type)) {
      const [theirs, ours] = [typeName(column.type), typeName(result[at]!.type)]
      throw badSource(path, `its column ${column.name} is ${theirs}, in other files ${ours}`)
    }
  }
  return result
}

function asFile(
  context: OperationContext,
  object: ObjectMeta,
  footer: ParquetMetadata,
  partitionBy: readonly Field[],
  options: ConvertOptions,
  properties: Readonly<Record<string, string>>,
): AddFile {
  const path = relativeTo(context, object.path)
  const leaves = options.statistics === false ? [] : leafStatistics(footer, partitionBy)
  const count = indexedColumnCount(properties)
  return addFile({
    path: encodePath(path),
    partitionValues: partitionValues(path, partitionBy),
    sizeBytes: object.sizeBytes,
    modificationTimeMs: object.modifiedMs,
    stats: formatStatistics(footer.rowCount, count < 0 ? leaves : leaves.slice(0, count)),
  })
}

const folderPattern = /^([^=]+)=(.*)$/

/** Values of the folders that a file is in. @throws DeltaTableError DW-TABLE-0021 if they are not those of the columns */
function partitionValues(path: string, partitionBy: readonly Field[]): Record<string, string | null> {
  const folders = path
    .split('/')
    .slice(0, -1)
    .map((step) => folderPattern.exec(step))
    .filter((match) => match !== null)
  const names = folders.map((match) => unescaped(match[1]!))
  const expected = partitionBy.map(({ name }) => name)
  if (names.join('\n').toLowerCase() !== expected.join('\n').toLowerCase()) {
    const found = names.length === 0 ? 'no partition columns' : `the partition columns (${names.join(', ')})`
    throw badSource(path, `its folders name ${found}, expected are (${expected.join(', ')}) with their types`)
  }
  const values: Record<string, string | null> = {}
  folders.forEach((match, i) => {
    const text = unescaped(match[2]!)
    const value = text === '__HIVE_DEFAULT_PARTITION__' || text === '' ? null : text
    parsePartitionValue(partitionBy[i]!.type, value, expected[i]!)
    values[expected[i]!] = value
  })
  return values
}

const unescaped = (text: string): string =>
  text.replace(/%([0-9A-Fa-f]{2})/g, (_, code: string) => String.fromCharCode(parseInt(code, 16)))

/** Bounds over all row groups; a column of which one group says nothing has none. */
function leafStatistics(footer: ParquetMetadata, partitionBy: readonly Field[]): readonly LeafStatistics[] {
  const first = footer.rowGroups[0]
  if (first === undefined) return []
  return first.columns.flatMap((column, i): LeafStatistics[] => {
    const type = leafType(footer.schema.fields, column.path)
    if (type === null || partitionBy.some(({ name }) => name === column.path[0])) return []
    const compare = comparatorOf(type)
    const groups = footer.rowGroups.map((group) => group.columns[i]!)
    const edge = (of: (group: (typeof groups)[number]) => Value, sign: number): Value =>
      groups.map(of).reduce((a, b) => (a === null || b === null ? null : Math.sign(compare(a, b)) === sign ? a : b))
    const nulls = groups.map(({ nullCount }) => nullCount)
    const nullCount = nulls.every((n) => n !== null) ? nulls.reduce((a, b) => a + b, 0) : null
    return [{ path: column.path, type, min: edge((g) => g.min, -1), max: edge((g) => g.max, 1), nullCount }]
  })
}

/** Type of a leaf below structs only; null inside of lists and maps, of which there are no statistics. */
function leafType(fields: readonly Field[], path: readonly string[]): DataType | null {
  const found = fields.find(({ name }) => name === path[0])
  if (found === undefined) return null
  if (path.length === 1) return ['struct', 'list', 'map', 'variant'].includes(found.type.kind) ? null : found.type
  return found.type.kind === 'struct' ? leafType(found.type.fields, path.slice(1)) : null
}
