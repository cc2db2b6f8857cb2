import type { DeltaTable } from '@deltaworks/delta-table'
import type { Session } from '@deltaworks/engine'
import { scan } from '@deltaworks/plan'
import { joinPath } from '@deltaworks/storage'
import type {
  Batches,
  ForeignKey,
  ParquetSource,
  TableLayout,
  TableProfile,
  TableSource,
  WarehouseTable,
} from '@deltaworks/warehouse'
import { batchesOf, changesSince } from './lake-changes.js'
import { lakeProbe } from './lake-probe.js'
import { stageFiles } from './stage-files.js'
import { Lake } from '../lake.js'
import type { LakehouseDefinition } from '../lakehouse-definition.js'
import { publishedLake } from '../runs/publication.js'
import type { TableDefinition } from '../table-definition.js'

/** What an environment says of its warehouse, by table; `*` is for those that are not named. */
export type Layouts = Readonly<Record<string, TableLayout>>

export interface LakeTablesOptions {
  readonly lakehouse: LakehouseDefinition
  readonly session: Session
  /** URI of the lake. */
  readonly root: string
  readonly layouts?: Layouts
  /** Names of tables; default: all that are sent to a warehouse. */
  readonly only?: readonly string[]
  /** Versions by the name of a table; default: those of the newest publication. */
  readonly versions?: Readonly<Record<string, number>>
  /** Whether the warehouse reads Parquet files of this machine itself. */
  readonly readsFiles: boolean
  /** Whether lengths and encodings are chosen from the values. */
  readonly profiles: boolean
}

/**
 * Every table that the definitions send to a warehouse, at the version that is asked for.
 * @throws LakehouseError DW-LAKEHOUSE-0007; DeltaError for a version that is not there any more
 */
export async function lakeTables(options: LakeTablesOptions): Promise<readonly WarehouseTable[]> {
  const { session, root, versions = {} } = options
  const published = await publishedLake(session, root)
  const lake = (path: string, version: number | undefined): Lake =>
    version === undefined ? published : new Lake(session, root, new Map([[path, version]]))
  const tables: WarehouseTable[] = []
  for (const definition of options.lakehouse.tables) {
    if (definition.warehouse === null) continue
    if (options.only !== undefined && options.only.length > 0 && !options.only.includes(definition.name)) continue
    const { name, path } = definition
    tables.push(await warehouseTable(definition, await lake(path, versions[name]).existing(path), options))
  }
  return tables
}

async function warehouseTable(
  definition: TableDefinition,
  table: DeltaTable,
  options: LakeTablesOptions,
): Promise<WarehouseTable> {
  const { session } = options
  const provider = table.provider()
  const rows: Batches = {
    ...batchesOf(session, scan(provider)),
    writeFiles: (sink) => stageFiles(session, table, sink),
  }
  const findProfile = () => profileOf(session, table)
  return {
    name: definition.name,
    schema: table.schema,
    identity: `${table.snapshot.metadata.id} ${table.uri}`,
    deltaVersion: table.version,
    source: options.readsFiles ? await sourceOf(table, rows) : rows,
    rows: () => rows,
    expected: null,
    lake: lakeProbe(session, provider),
    primaryKey: definition.primaryKey,
    foreignKeys: foreignKeys(definition),
    comment: definition.description,
    aliases: definition.aliases,
    layout: layoutOf(definition, options.layouts ?? {}),
    partitionBy: table.partitionColumns,
    ...(options.profiles ? { findProfile } : {}),
    changes: (since) => changesSince(session, table, definition.primaryKey, since),
  }
}

const foreignKeys = (definition: TableDefinition): readonly ForeignKey[] =>
  Object.entries(definition.columns).flatMap(([name, { facts }]) => {
    if (facts.reference === null) return []
    const target = facts.reference()
    return [{ columns: [name], table: target.table, references: [target.column] }]
  })

/** What the definition says, and what the environment says over it. */
function layoutOf({ name, warehouse }: TableDefinition, layouts: Layouts): TableLayout {
  const { distKey, sortKey } = warehouse!
  return {
    ...(distKey === null ? {} : { distribution: { style: 'key', column: distKey } }),
    ...(sortKey.length === 0 ? {} : { sort: { style: 'compound', columns: sortKey } }),
    ...layouts['*'],
    ...layouts[name],
  }
}

/** The table's files, if they can be read as they are. */
async function sourceOf(table: DeltaTable, rows: TableSource): Promise<TableSource> {
  const provider = table.provider()
  const projection = provider.schema.fields.map((_, i) => i)
  const { splits } = await provider.scan({ projection, filters: [], fetch: null })
  const files: ParquetSource[] = []
  for (const split of splits) {
    if (split.kind !== 'file' || split.deletedRows !== null || split.fieldIds !== null) return rows
    if (!split.store.startsWith('file:')) return rows
    const { sizeBytes, constants } = split
    files.push({ location: joinPath(split.store, split.path), sizeBytes, constants })
  }
  return files.length === 0 ? rows : { kind: 'parquet', files, physicalNames: null }
}

const quote = (name: string): string => `"${name.replaceAll('"', '""')}"`

/** Lengths, and numbers of different values, of text columns: one scan. */
async function profileOf(session: Session, table: DeltaTable): Promise<TableProfile> {
  const texts = table.schema.fields.filter(({ type }) => type.kind === 'string' || type.kind === 'binary')
  if (texts.length === 0) return {}
  const sums = texts.flatMap(({ name }) => [
    `MAX(OCTET_LENGTH(${quote(name)}))`,
    `approx_count_distinct(${quote(name)})`,
  ])
  const { rows } = await session.sql(`SELECT COUNT(*), ${sums.join(', ')} FROM lake_table`, {
    lake_table: table.provider(),
  })
  const [rowCount, ...facts] = rows[0]!.map((value) => Number(value ?? 0))
  return Object.fromEntries(
    texts.map(({ name }, i) => [name, { maxBytes: facts[2 * i]!, distinct: facts[2 * i + 1]!, rowCount: rowCount! }]),
  )
}
