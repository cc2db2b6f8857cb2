import { DeltaworksError } from '@deltaworks/schema'

export class WarehouseError extends DeltaworksError {
  override readonly name = 'WarehouseError'
}

export const cannotOpen = (location: string, reason: string, cause: unknown): WarehouseError =>
  new WarehouseError(
    'DW-WAREHOUSE-0001',
    'storage',
    `Cannot open the warehouse ${location}: ${reason}. Check the path, and that no other process has the file open for writing.`,
    { location },
    cause,
  )

export const loadFailed = (table: string, location: string, reason: string, cause: unknown): WarehouseError =>
  new WarehouseError(
    'DW-WAREHOUSE-0002',
    'storage',
    `Cannot load table "${table}" into ${location}: ${reason}. The warehouse is as it was before.`,
    { table, location },
    cause,
  )

export const notReconciled = (
  table: string,
  column: string | null,
  total: string,
  expected: string,
  actual: string,
): WarehouseError =>
  new WarehouseError(
    'DW-WAREHOUSE-0003',
    'data',
    `Table "${table}" does not reconcile: ${column === null ? total : `${total} of column "${column}"`} is ${expected} in the lake and ${actual} in the warehouse. ` +
      'The load was rolled back; the warehouse is as it was before.',
    { table, column, total, expected, actual },
  )

export const unsupportedType = (dialect: string, table: string, column: string, type: string): WarehouseError =>
  new WarehouseError(
    'DW-WAREHOUSE-0004',
    'unsupported',
    `Column "${column}" of table "${table}" has the type ${type}, which ${dialect} has no type for. Cast it in the table's build, or leave the table out of the export.`,
    { dialect, table, column, type },
  )

export const duplicateTable = (name: string): WarehouseError =>
  new WarehouseError(
    'DW-WAREHOUSE-0005',
    'usage',
    `Two tables (or aliases) of this export are called "${name}" in the warehouse. Rename one of them.`,
    { table: name },
  )

export const driverMissing = (driver: string, cause: unknown): WarehouseError =>
  new WarehouseError(
    'DW-WAREHOUSE-0006',
    'usage',
    `The package ${driver} cannot be loaded on this machine. Install it (npm install ${driver}), or export to another target.`,
    { driver },
    cause,
  )
