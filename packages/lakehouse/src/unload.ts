import { DeltaTable } from '@deltaworks/delta-table'
import { fileTable, type Session } from '@deltaworks/engine'
import { scan } from '@deltaworks/plan'
import {
  allTotals,
  invalidUnload,
  notUnloaded,
  reconcile,
  totalNames,
  totalsLike,
  type WarehouseTarget,
} from '@deltaworks/warehouse'
import { lakeProbe } from './export-tables/lake-probe.js'

export interface UnloadOptions {
  readonly session: Session
  readonly target: WarehouseTarget
  /** A SELECT of the warehouse. */
  readonly query: string
  /** URI of the Delta table that the rows go to. */
  readonly into: string
  /** What is done if the table is there. Default: nothing is, and that is an error. */
  readonly ifExists?: 'fail' | 'append' | 'overwrite'
  /** Names the files while they are there. */
  readonly unloadId: string
}

export interface UnloadResult {
  readonly into: string
  readonly version: number
  readonly rowCount: number
  readonly fileCount: number
  /** Totals on which the warehouse and its files agree. */
  readonly totalsCompared: number
}

/**
 * Brings rows of a warehouse back into a Delta table: the warehouse writes them as Parquet files, these are compared with what
 * the warehouse counts of the query, in the same transaction, and then written to the table in one commit.
 * @throws WarehouseError DW-WAREHOUSE-0020 (cannot be unloaded), 0021 and 0022 (the files are not what they should be); then nothing is written
 */
export async function unloadToDelta(options: UnloadOptions): Promise<UnloadResult> {
  const { session, target, query, into, ifExists = 'fail', unloadId } = options
  if (target.unload === undefined) throw invalidUnload(target.location, 'it writes no files')
  if (ifExists === 'fail' && (await DeltaTable.exists(into)))
    throw invalidUnload(
      target.location,
      `the table ${into} is there already: append to it, overwrite it, or name another`,
    )
  return target.unload(query, unloadId, async (files, probe) => {
    const provider = await fileTable(files.uri, 'parquet')
    const { schema } = provider
    const found = await lakeProbe(session, provider).totals(allTotals(schema))
    const { comparisons } = reconcile({ name: into, schema }, found, await probe.totals(totalsLike(schema, found)))
    const different = comparisons.find(({ equal }) => !equal)
    if (different !== undefined) {
      const { column, total, lake, warehouse } = different
      throw notUnloaded(target.location, column, totalNames[total], warehouse, lake)
    }
    const rows = scan(provider)
    const table =
      ifExists === 'append'
        ? await appended(session, into, rows)
        : ifExists === 'overwrite'
          ? await DeltaTable.createOrOverwrite(session, into, rows)
          : await DeltaTable.createWith(session, into, rows)
    return {
      into,
      version: table.version,
      rowCount: found.rowCount,
      fileCount: files.fileCount,
      totalsCompared: comparisons.length,
    }
  })
}

async function appended(session: Session, into: string, rows: ReturnType<typeof scan>): Promise<DeltaTable> {
  const table = await DeltaTable.openIfExists(session, into)
  return table === null ? DeltaTable.createWith(session, into, rows) : table.append(rows)
}
