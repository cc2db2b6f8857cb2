import type { DeltaTable } from '@deltaworks/delta-table'
import type { Session } from '@deltaworks/engine'
import { agg, col } from '@deltaworks/expression'
import { scan, type DataFrame } from '@deltaworks/plan'
import { decimal, isInteger, type Value } from '@deltaworks/schema'
import { joinPath } from '@deltaworks/storage'
import {
  exportTables,
  planExport,
  wantedTotals,
  type ExportResult,
  type LoadPlan,
  type TableSource,
  type TableTotals,
  type WarehouseTable,
  type WarehouseTarget,
} from '@deltaworks/warehouse'
import { Lake } from './lake.js'
import type { LakehouseDefinition } from './lakehouse-definition.js'
import type { TableDefinition } from './table-definition.js'

export interface ExportOptions {
  readonly lakehouse: LakehouseDefinition
  readonly session: Session
  /** URI of the lake. */
  readonly root: string
  readonly target: WarehouseTarget
  readonly loadId: string
  readonly nowMs: number
}

/** Carries every table that the definitions send to a warehouse there, each at its current version, all in one transaction. */
export async function exportLakehouse(options: ExportOptions): Promise<ExportResult> {
  const tables = await warehouseTables(options)
  return exportTables(options.target, tables, { loadId: options.loadId, nowMs: options.nowMs })
}

/** What `exportLakehouse` would do: the statements in order; nothing is written. */
export async function planLakehouseExport(options: ExportOptions): Promise<LoadPlan> {
  return planExport(options.target, await warehouseTables(options))
}

async function warehouseTables({ lakehouse, session, root }: ExportOptions): Promise<readonly WarehouseTable[]> {
  const lake = new Lake(session, root)
  const tables: WarehouseTable[] = []
  for (const definition of lakehouse.tables) {
    if (definition.warehouse === null) continue
    const table = await lake.existing(definition.path)
    tables.push(await warehouseTable(definition, table, session))
  }
  return tables
}

async function warehouseTable(
  definition: TableDefinition,
  table: DeltaTable,
  session: Session,
): Promise<WarehouseTable> {
  const rows = scan(table.provider())
  return {
    name: definition.name,
    schema: table.schema,
    identity: `${table.snapshot.metadata.id} ${table.uri}`,
    deltaVersion: table.version,
    source: await sourceOf(table, rows, session),
    expected: await totalsOf(rows, session),
    primaryKey: definition.primaryKey,
    foreignKeys: Object.entries(definition.columns).flatMap(([name, { facts }]) => {
      if (facts.reference === null) return []
      const target = facts.reference()
      return [{ columns: [name], table: target.table, references: [target.column] }]
    }),
    comment: definition.description,
    aliases: definition.aliases,
  }
}

/** The table's files if the warehouse can read them as they are, else its rows. */
async function sourceOf(table: DeltaTable, rows: DataFrame, session: Session): Promise<TableSource> {
  const batches: TableSource = {
    kind: 'batches',
    heap: session.context.heap,
    batches: () => session.stream(rows),
  }
  const provider = table.provider()
  const { splits } = await provider.scan({
    projection: provider.schema.fields.map((_, i) => i),
    filters: [],
    fetch: null,
  })
  const files: { location: string; constants: Readonly<Record<string, Value>> }[] = []
  for (const split of splits) {
    if (split.kind !== 'file' || split.deletedRows !== null || split.fieldIds !== null) return batches
    if (!split.store.startsWith('file:')) return batches
    files.push({ location: joinPath(split.store, split.path), constants: split.constants })
  }
  return files.length === 0 ? batches : { kind: 'parquet', files, physicalNames: null }
}

/** What the lake says of a table, to be compared with what the warehouse says of it: one scan. */
async function totalsOf(rows: DataFrame, session: Session): Promise<TableTotals> {
  const wanted = wantedTotals(rows.schema)
  const aggregates = [agg.count().as('rows')]
  wanted.forEach(({ column, type, sum, minMax }, i) => {
    aggregates.push(agg.count(col(column)).as(`n${i}`))
    if (sum) aggregates.push(agg.sum(isInteger(type) ? col(column).cast(decimal(38, 0)) : col(column)).as(`s${i}`))
    if (minMax) aggregates.push(agg.min(col(column)).as(`l${i}`), agg.max(col(column)).as(`h${i}`))
  })
  const { schema, rows: result } = await session.collect(rows.agg(...aggregates))
  const value = (name: string) => result[0]![schema.fields.findIndex((f) => f.name === name)] ?? null
  const rowCount = Number(value('rows'))
  return {
    rowCount,
    columns: Object.fromEntries(
      wanted.map(({ column, sum, minMax }, i) => [
        column,
        {
          nullCount: rowCount - Number(value(`n${i}`)),
          ...(sum ? { sum: value(`s${i}`) } : {}),
          ...(minMax ? { min: value(`l${i}`), max: value(`h${i}`) } : {}),
        },
      ]),
    ),
  }
}
