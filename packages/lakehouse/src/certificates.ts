import { DeltaTable } from '@deltaworks/delta-table'
import type { Session } from '@deltaworks/engine'
import { values } from '@deltaworks/plan'
import { field, int64, schema, string, timestamp, type Value } from '@deltaworks/schema'
import { joinPath } from '@deltaworks/storage'
import {
  allTotals,
  firstDifference,
  reconcile,
  totalsLike,
  type Comparison,
  type ExportResult,
  type LoadRecord,
  type WarehouseTable,
  type WarehouseTarget,
} from '@deltaworks/warehouse'

/** Where certificates are kept, under the lake's root. */
export const certificatesPath = 'quality/certified_loads'

/** A row a total on which the lake and a warehouse agree, of one table at one version. */
export const certificatesSchema = schema([
  field('load_id', string, false),
  field('warehouse', string, false),
  field('table_name', string, false),
  field('table_identity', string, false),
  field('delta_version', int64, false),
  field('column_name', string, true, { comment: 'null: of the whole table' }),
  field('total', string, false, { comment: 'rowCount, nullCount, sum, min, max, checksum or rowChecksum' }),
  field('value', string, false),
  field('loaded_at', timestamp, false),
  field('certified_at', timestamp, false),
])

export interface CertifyOptions {
  readonly session: Session
  /** URI of the lake. */
  readonly root: string
  readonly target: WarehouseTarget
  readonly tables: readonly WarehouseTable[]
  readonly result: ExportResult
  readonly nowMs: number
}

/**
 * Writes down, in one Delta commit, what the warehouse holds of each table: the load and the version that it is of, and the totals
 * that both sides counted. A load is certified once: the commit carries an application transaction a table. What a process that was
 * killed had loaded and not certified is compared again, and certified by the next export.
 * @returns how many loads were certified
 * @throws WarehouseError DW-WAREHOUSE-0003 if what is there is not what was loaded
 */
export async function certifyLoads(options: CertifyOptions): Promise<number> {
  const { session, root, target, tables, nowMs } = options
  const uri = joinPath(root, certificatesPath)
  const certificates = await DeltaTable.openIfExists(session, uri)
  const records = await target.loaded()
  const rows: (readonly Value[])[] = []
  const appTransactions: { readonly appId: string; readonly version: number }[] = []
  for (const table of tables) {
    const record = records.get(table.name)
    if (record === undefined || !isOf(record, table)) continue
    const appId = `deltaworks:certificate:${target.location}:${table.name}`
    if ((certificates?.appTransactions.get(appId) ?? -1) >= record.loadedAtMs) continue
    const agreed = await comparisonsOf(table, options)
    if (agreed === null) continue
    rows.push(...agreed.map((comparison) => rowOf(comparison, record, target.location, nowMs)))
    appTransactions.push({ appId, version: record.loadedAtMs })
  }
  if (rows.length === 0) return 0
  const frame = values(certificatesSchema, rows)
  if (certificates === null) await DeltaTable.createWith(session, uri, frame, { appTransactions })
  else await certificates.append(frame, { appTransactions, skipIfCommitted: true })
  return appTransactions.length
}

/** Totals of an older version cannot be counted in the lake of today. */
const isOf = (record: LoadRecord, table: WarehouseTable): boolean =>
  record.identity === table.identity && record.deltaVersion === table.deltaVersion

/** What was compared when it was loaded, else what is compared now; null: there is nothing to compare with. */
async function comparisonsOf(
  table: WarehouseTable,
  { target, result }: CertifyOptions,
): Promise<readonly Comparison[] | null> {
  const loaded = result.tables.find((of) => of.table === table.name && of.status === 'loaded')
  if (loaded !== undefined) return loaded.reconciliation?.comparisons ?? null
  const expected = await table.lake?.totals(allTotals(table.schema))
  if (expected === undefined) return null
  const actual = await target.probe(table).totals(totalsLike(table.schema, expected))
  const reconciliation = reconcile(table, expected, actual)
  const difference = firstDifference(reconciliation)
  if (difference !== null) throw difference
  return reconciliation.comparisons
}

const rowOf = (
  { column, total, warehouse }: Comparison,
  record: LoadRecord,
  location: string,
  nowMs: number,
): readonly Value[] => [
  record.loadId,
  location,
  record.table,
  record.identity,
  BigInt(record.deltaVersion),
  column,
  total,
  warehouse,
  BigInt(Math.round(record.loadedAtMs)) * 1000n,
  BigInt(Math.round(nowMs)) * 1000n,
]
