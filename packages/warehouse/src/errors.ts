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

/** Where two sides differ, as far as it was looked for. */
export interface Differences {
  readonly columns: readonly string[]
  /** `name=value` of partitions. */
  readonly partitions: readonly string[]
  /** Texts of primary keys: those that only one side has, and those with other values. */
  readonly keys: readonly string[]
}

export const notReconciled = (
  table: string,
  column: string | null,
  total: string,
  expected: string,
  actual: string,
  differences: Differences,
): WarehouseError => {
  const { columns, partitions, keys } = differences
  const where = [
    ...(columns.length > (column === null ? 0 : 1) ? [`Columns that differ: ${columns.join(', ')}.`] : []),
    ...(partitions.length > 0 ? [`Partitions that differ: ${partitions.join(', ')}.`] : []),
    ...(keys.length > 0 ? [`Keys that differ: ${keys.join('; ')}.`] : []),
  ]
  return new WarehouseError(
    'DW-WAREHOUSE-0003',
    'data',
    [
      `Table "${table}" does not reconcile: ${column === null ? total : `${total} of column "${column}"`} is ${expected} in the lake and ${actual} in the warehouse.`,
      ...where,
      'The load was rolled back; the warehouse is as it was before.',
    ].join(' '),
    { table, column, total, expected, actual, ...differences },
  )
}

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

export const invalidLayout = (table: string, problem: string): WarehouseError =>
  new WarehouseError(
    'DW-WAREHOUSE-0007',
    'usage',
    `The warehouse layout of table "${table}" is not valid: ${problem}. Correct it in the table's definition or the layout file.`,
    { table },
  )

export const valueTooLong = (
  dialect: string,
  table: string,
  column: string,
  bytes: number,
  limit: number,
): WarehouseError =>
  new WarehouseError(
    'DW-WAREHOUSE-0008',
    'data',
    `Column "${column}" of table "${table}" has a value of ${bytes} bytes, and in ${dialect} it holds ${limit}. Declare a longer type, or shorten the values.`,
    { dialect, table, column, bytes, limit },
  )

export const driftRefused = (table: string, changes: readonly string[], remedy: string): WarehouseError =>
  new WarehouseError(
    'DW-WAREHOUSE-0009',
    'usage',
    `Table "${table}" in the warehouse is not made as its definition says, and the load would ${changes.join('; ')}. ${remedy}`,
    { table, changes },
  )

export const cannotAppend = (table: string, reason: string): WarehouseError =>
  new WarehouseError(
    'DW-WAREHOUSE-0010',
    'data',
    `Table "${table}" cannot be loaded by appending: ${reason}. Load it with the mode "incremental" or "full".`,
    { table },
  )

export const noPrimaryKey = (table: string, mode: string): WarehouseError =>
  new WarehouseError(
    'DW-WAREHOUSE-0011',
    'usage',
    `Table "${table}" has no primary key, which the mode "${mode}" finds rows by. Declare one, or load it with the mode "full".`,
    { table, mode },
  )

export const lostRace = (location: string, attempts: number): WarehouseError =>
  new WarehouseError(
    'DW-WAREHOUSE-0012',
    'conflict',
    `Other exports published into ${location} while this one was loading, ${attempts} times in a row. Run it again when they are done.`,
    { location, attempts },
  )

export const statementFailed = (location: string, sql: string, reason: string, cause: unknown): WarehouseError =>
  new WarehouseError(
    'DW-WAREHOUSE-0013',
    'storage',
    `${location} refused a statement: ${reason}. The statement was: ${sql.length > 300 ? `${sql.slice(0, 300)} …` : sql}`,
    { location, sql, reason },
    cause,
  )

export const nothingToReadRows = (table: string): WarehouseError =>
  new WarehouseError(
    'DW-WAREHOUSE-0014',
    'usage',
    `The rows of table "${table}" are in files that this warehouse cannot read, and no reader was given for them. Give the table its \`rows\`.`,
    { table },
  )

export const statementTimeout = (location: string, sql: string, seconds: number): WarehouseError =>
  new WarehouseError(
    'DW-WAREHOUSE-0015',
    'storage',
    `${location} did not finish a statement within ${seconds} seconds, and was told to cancel it. Give it more time, or look at what it waits for. The statement was: ${sql.slice(0, 300)}`,
    { location, sql, seconds },
  )

export const badTargetOption = (option: string, problem: string): WarehouseError =>
  new WarehouseError('DW-WAREHOUSE-0016', 'usage', `The option ${option} of the warehouse is not valid: ${problem}.`, {
    option,
  })

export const outcomeUnknown = (location: string, loadId: string, cause: unknown): WarehouseError =>
  new WarehouseError(
    'DW-WAREHOUSE-0017',
    'storage',
    `The connection to ${location} was lost while the load ${loadId} was being committed, and it cannot be asked whether it was. Run the export again: what is loaded is not loaded twice.`,
    { location, loadId },
    cause,
  )

/** The warehouse gave up on a statement for reasons of its own; what it is part of may be tried again. */
export const statementAborted = (location: string, sql: string, reason: string): WarehouseError =>
  new WarehouseError(
    'DW-WAREHOUSE-0018',
    'storage',
    `${location} gave a statement up: ${reason}. The statement was: ${sql.length > 300 ? `${sql.slice(0, 300)} …` : sql}`,
    { location, sql, reason, transient: true },
  )

/** @param memoryBytes what the warehouse had for it */
export const memoryTooLow = (location: string, memoryBytes: number, reason: string, cause: unknown): WarehouseError =>
  new WarehouseError(
    'DW-WAREHOUSE-0023',
    'resources',
    `${location} needs more than the ${Math.floor(memoryBytes / 2 ** 20)} MiB of memory that there were for it (${reason}). Give the export four times as much by --memory, or leave that out. The warehouse is as it was before.`,
    { location, memoryBytes, reason },
    cause,
  )

/** The session is gone, and with it the transaction that it had open. */
export const sessionLost = (location: string, reason: string, cause: unknown): WarehouseError =>
  new WarehouseError(
    'DW-WAREHOUSE-0019',
    'storage',
    `The session with ${location} was lost: ${reason}. What it had not committed is rolled back; run the export again.`,
    { location, transient: true },
    cause,
  )

export const invalidUnload = (location: string, problem: string): WarehouseError =>
  new WarehouseError('DW-WAREHOUSE-0020', 'usage', `What was asked of ${location} cannot be unloaded: ${problem}.`, {
    location,
  })

export const incompleteUnload = (location: string, file: string): WarehouseError =>
  new WarehouseError(
    'DW-WAREHOUSE-0021',
    'storage',
    `${location} says that it unloaded ${file}, which is not there in the length that it says. Nothing was written to the lake; unload again.`,
    { location, file },
  )

export const notUnloaded = (
  location: string,
  column: string | null,
  total: string,
  warehouse: string,
  files: string,
): WarehouseError =>
  new WarehouseError(
    'DW-WAREHOUSE-0022',
    'data',
    `What was unloaded does not reconcile: ${column === null ? total : `${total} of column "${column}"`} is ${warehouse} in ${location} and ${files} in its files. Nothing was written to the lake.`,
    { location, column, total, warehouse, files },
  )

/** Whether doing the same again may go well. */
export const isTransient = (error: unknown): boolean =>
  error instanceof WarehouseError && (error.details['transient'] === true || error.code === 'DW-WAREHOUSE-0017')

/** A load's failure, with what the warehouse's own records of it say. */
export const withLoadErrors = (error: WarehouseError, found: readonly string[]): WarehouseError =>
  new WarehouseError(
    error.code,
    error.fault,
    `${error.message} Its load errors: ${found.join('; ')}.`,
    { ...error.details, loadErrors: found },
    error,
  )
