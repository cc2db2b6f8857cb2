import { cannotAppend, noPrimaryKey } from './errors.js'
import type { LoadMode, LoadRecord, TableLoad } from './target.js'
import type { TableChanges, WarehouseTable } from './warehouse-table.js'

export interface Chosen {
  readonly mode: TableLoad['mode']
  readonly changes: TableChanges | null
}

/** How a table is loaded, of what was asked for and what can be told. @throws WarehouseError DW-WAREHOUSE-0010, 0011 */
export async function chooseMode(
  table: WarehouseTable,
  record: LoadRecord | undefined,
  { drifted, isRebuilt }: { readonly drifted: boolean; readonly isRebuilt: boolean },
  { mode = 'auto', force }: { readonly mode?: LoadMode; readonly force?: boolean },
): Promise<Chosen> {
  const full: Chosen = { mode: 'full', changes: null }
  const isKeyed = table.primaryKey.length > 0
  const isSameTable = record !== undefined && record.identity === table.identity && !isRebuilt
  switch (mode) {
    case 'full':
      return full
    case 'merge':
      if (!isKeyed) throw noPrimaryKey(table.name, mode)
      return isRebuilt ? full : { mode, changes: null }
    case 'append':
      return appendMode(table, record, isSameTable)
    case 'incremental':
    case 'auto': {
      const asked = mode === 'incremental'
      // A column that is new may have values in rows that have not changed otherwise.
      if (!isSameTable || force === true || (!asked && drifted)) return full
      const changes = await changesSince(table, record)
      if (changes === null) return full
      if (changes.insertsOnly || isKeyed) return { mode: 'incremental', changes }
      if (asked) throw noPrimaryKey(table.name, mode)
      return full
    }
  }
}

async function appendMode(
  table: WarehouseTable,
  record: LoadRecord | undefined,
  isSameTable: boolean,
): Promise<Chosen> {
  if (record === undefined) return { mode: 'full', changes: null }
  if (!isSameTable)
    throw cannotAppend(table.name, 'the warehouse has rows of another table, or of another definition of it')
  const changes = await changesSince(table, record)
  if (changes === null)
    throw cannotAppend(table.name, `what has changed since version ${record.deltaVersion} cannot be told`)
  if (!changes.insertsOnly)
    throw cannotAppend(table.name, `rows were changed or deleted since version ${record.deltaVersion}`)
  return { mode: 'append', changes }
}

const changesSince = async (table: WarehouseTable, record: LoadRecord): Promise<TableChanges | null> =>
  table.changes === undefined || record.deltaVersion > table.deltaVersion ? null : table.changes(record.deltaVersion)
