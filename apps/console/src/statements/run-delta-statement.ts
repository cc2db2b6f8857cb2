import { deleteRows, insertRows, mergeRows, truncateTable, updateRows } from './change-rows.js'
import { alterTable, cloneTable, convertTable, createTable } from './define-table.js'
import type { DeltaStatement } from './delta-statement.js'
import {
  describeColumns,
  describeDetail,
  describeHistory,
  showColumns,
  showPartitions,
  showProperties,
} from './describe-table.js'
import {
  generateManifest,
  optimizeTable,
  purgeTable,
  repairTable,
  restoreTable,
  vacuumTable,
} from './maintain-table.js'
import type { StatementResult } from './statement-result.js'
import type { TableCatalog } from './table-catalog.js'

/** Does what a statement says. */
export function runDeltaStatement(catalog: TableCatalog, statement: DeltaStatement): Promise<StatementResult> {
  switch (statement.kind) {
    case 'create':
      return createTable(catalog, statement)
    case 'clone':
      return cloneTable(catalog, statement)
    case 'convert':
      return convertTable(catalog, statement)
    case 'alter':
      return alterTable(catalog, statement.table, statement.alteration)
    case 'insert':
      return insertRows(catalog, statement)
    case 'update':
      return updateRows(catalog, statement)
    case 'delete':
      return deleteRows(catalog, statement)
    case 'truncate':
      return truncateTable(catalog, statement.table)
    case 'merge':
      return mergeRows(catalog, statement)
    case 'optimize':
      return optimizeTable(catalog, statement)
    case 'reorg':
      return purgeTable(catalog, statement)
    case 'vacuum':
      return vacuumTable(catalog, statement)
    case 'restore':
      return restoreTable(catalog, statement)
    case 'generate':
      return generateManifest(catalog, statement)
    case 'fsck':
      return repairTable(catalog, statement)
    case 'describe-history':
      return describeHistory(catalog, statement)
    case 'describe-detail':
      return describeDetail(catalog, statement)
    case 'describe':
      return describeColumns(catalog, statement)
    case 'show-properties':
      return showProperties(catalog, statement)
    case 'show-columns':
      return showColumns(catalog, statement)
    case 'show-partitions':
      return showPartitions(catalog, statement)
  }
}
