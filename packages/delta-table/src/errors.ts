import { DeltaworksError, type ErrorDetails, type Fault } from '@deltaworks/schema'

/**
 * | code          | meaning                                                       |
 * |---------------|---------------------------------------------------------------|
 * | DW-TABLE-0001 | a column that the table does not have                         |
 * | DW-TABLE-0002 | a column that the rows lack                                   |
 * | DW-TABLE-0003 | a column of the wrong type                                    |
 * | DW-TABLE-0004 | null in a column that is not nullable                         |
 * | DW-TABLE-0005 | partition columns that do not fit                             |
 * | DW-TABLE-0006 | rows outside of replaceWhere                                  |
 * | DW-TABLE-0007 | several source rows for one target row in a merge             |
 * | DW-TABLE-0008 | a predicate that is not over partition columns alone          |
 * | DW-TABLE-0009 | retention below the table's limit                             |
 * | DW-TABLE-0010 | files of an earlier version are gone (restore)                |
 * | DW-TABLE-0011 | the table exists already                                      |
 * | DW-TABLE-0012 | a reference in a merge that is unknown or ambiguous           |
 * | DW-TABLE-0013 | a column that cannot be ordered by, or has no statistics      |
 * | DW-TABLE-0014 | a range of changes that is not one                            |
 * | DW-TABLE-0015 | changes of a version that did not record them                 |
 * | DW-TABLE-0016 | a row that breaks a constraint of the table                   |
 * | DW-TABLE-0017 | an expression of the table's metadata that is not one         |
 * | DW-TABLE-0018 | an identity column that has no further values                 |
 * | DW-TABLE-0019 | a value for a column whose values the writer makes            |
 * | DW-TABLE-0020 | a change of the table's definition that cannot be made        |
 * | DW-TABLE-0021 | a source of a clone or conversion that does not fit           |
 * | DW-TABLE-0022 | a stream that cannot go on                                    |
 */
export class DeltaTableError extends DeltaworksError {
  override readonly name = 'DeltaTableError'
}

const make = (number: number, fault: Fault, message: string, details: ErrorDetails, cause?: unknown): DeltaTableError =>
  new DeltaTableError(`DW-TABLE-${String(number).padStart(4, '0')}`, fault, message, details, cause)

const nothingWritten = 'Nothing was written.'

export const extraColumns = (table: string, columns: readonly string[], known: readonly string[]): DeltaTableError =>
  make(
    1,
    'data',
    `The rows for ${table} have ${columns.length > 1 ? 'columns' : 'the column'} ${columns.join(', ')}, which the table does not have. ${nothingWritten} Drop them, or write with mergeSchema to add them to the table. Columns of the table: ${known.join(', ')}.`,
    { table, columns, known },
  )

export const missingColumn = (table: string, column: string): DeltaTableError =>
  make(
    2,
    'data',
    `The rows for ${table} have no column ${column}, which must not be null. ${nothingWritten} Add it to the rows.`,
    { table, column },
  )

export const wrongType = (table: string, column: string, expected: string, found: string): DeltaTableError =>
  make(
    3,
    'data',
    `Column ${column} of ${table} is ${expected}, but the rows have ${found}, which may not fit. ${nothingWritten} Cast it explicitly.`,
    { table, column, expected, found },
  )

export const nullInRequired = (table: string, column: string, count: number): DeltaTableError =>
  make(
    4,
    'data',
    `Column ${column} of ${table} must not be null, but it is in ${count} of the rows. ${nothingWritten} Filter or fill them.`,
    { table, column, count },
  )

export const badPartitioning = (table: string, reason: string): DeltaTableError =>
  make(5, 'usage', `The partitioning of ${table} does not fit: ${reason}. ${nothingWritten}`, { table, reason })

export const outsideReplaceWhere = (table: string, predicate: string): DeltaTableError =>
  make(
    6,
    'data',
    `Some of the rows for ${table} do not satisfy replaceWhere (${predicate}), so they would not be replaced by the next run. ${nothingWritten} Filter the rows by the same predicate.`,
    { table, predicate },
  )

export const duplicateMatch = (table: string, rows: number): DeltaTableError =>
  make(
    7,
    'data',
    `The merge into ${table} matches ${rows} target row${rows > 1 ? 's' : ''} with more than one source row, so the result would depend on chance. ${nothingWritten} Make the source unique by the merge key.`,
    { table, rows },
  )

export const notPartitionPredicate = (table: string, operation: string, columns: readonly string[]): DeltaTableError =>
  make(
    8,
    'usage',
    `${operation} of ${table} takes a predicate over partition columns only, but it names ${columns.join(', ')}. ${nothingWritten}`,
    { table, operation, columns },
  )

export const retentionTooShort = (table: string, retentionMs: number, limitMs: number): DeltaTableError =>
  make(
    9,
    'usage',
    `VACUUM of ${table} with a retention of ${hours(retentionMs)} hours could delete files that running readers and writers need: the table keeps ${hours(limitMs)} hours. Nothing was deleted. Use a longer retention, or switch the check off explicitly if nobody else uses the table.`,
    { table, retentionMs, limitMs },
  )

export const filesGone = (table: string, version: number, files: readonly string[]): DeltaTableError =>
  make(
    10,
    'data',
    `${table} cannot be restored to version ${version}: ${files.length} of its files are gone (${files.slice(0, 3).join(', ')}${files.length > 3 ? ', …' : ''}), deleted by VACUUM. ${nothingWritten} Choose a later version.`,
    { table, version, files: files.slice(0, 100) },
  )

export const tableExists = (table: string): DeltaTableError =>
  make(11, 'usage', `There is already a table at ${table}. ${nothingWritten} Open it instead of creating it.`, {
    table,
  })

export const unknownReference = (table: string, name: string, reason: string): DeltaTableError =>
  make(12, 'usage', `"${name}" in the merge into ${table} ${reason}. ${nothingWritten}`, { table, name, reason })

export const notOrderable = (table: string, column: string, reason: string): DeltaTableError =>
  make(13, 'usage', `${table} cannot be z-ordered by ${column}: ${reason}. ${nothingWritten}`, {
    table,
    column,
    reason,
  })

export const badChangeRange = (table: string, from: number, to: number, latest: number): DeltaTableError =>
  make(
    14,
    'usage',
    `The changes of ${table} cannot be read from version ${from} to ${to}: a range goes from 0 or later to the latest version, ${latest}, and not backwards.`,
    { table, from, to, latest },
  )

export const changesNotRecorded = (table: string, version: number): DeltaTableError =>
  make(
    15,
    'usage',
    `${table} did not record its changes at version ${version}: delta.enableChangeDataFeed was not set. Begin the range at a version from which it is set without a break.`,
    { table, version },
  )

/** The kinds of rule that a row can break. */
export type ConstraintKind = 'CHECK constraint' | 'column invariant' | 'generated column' | 'length of column'

export const constraintViolated = (
  table: string,
  kind: ConstraintKind,
  name: string,
  expression: string,
  row: Readonly<Record<string, string>>,
): DeltaTableError =>
  make(
    16,
    'data',
    `A row for ${table} breaks the ${kind} ${name} (${expression}): ${Object.entries(row)
      .map(([column, value]) => `${column} = ${value}`)
      .join(', ')}. ${nothingWritten} Filter or correct such rows.`,
    {
      table,
      kind,
      constraint: name,
      expression,
      row: Object.entries(row).map(([column, value]) => `${column} = ${value}`),
    },
  )

export const invalidExpression = (
  table: string,
  what: string,
  text: string,
  reason: string,
  cause?: unknown,
): DeltaTableError =>
  make(
    17,
    'unsupported',
    `The ${what} of ${table} is "${text}", which cannot be evaluated here: ${reason.replace(/\.$/, '')}. ${nothingWritten} Change it, or write with an engine that has what it uses.`,
    { table, what, expression: text, reason },
    cause,
  )

export const identityExhausted = (column: string): DeltaTableError =>
  make(
    18,
    'resources',
    `The identity column ${column} has passed 2^53, beyond which its values are not exact here. ${nothingWritten}`,
    { column },
  )

export const valueNotAllowed = (table: string, column: string, reason: string): DeltaTableError =>
  make(19, 'usage', `Column ${column} of ${table} takes no value: ${reason}. ${nothingWritten} Leave it out.`, {
    table,
    column,
    reason,
  })

export const badAlteration = (table: string, subject: string, reason: string): DeltaTableError =>
  make(20, 'usage', `${subject} of ${table} cannot be changed in this way: ${reason}. ${nothingWritten}`, {
    table,
    subject,
    reason,
  })

export const badSource = (source: string, reason: string): DeltaTableError =>
  make(21, 'usage', `${source} cannot be the source: ${reason}. ${nothingWritten}`, { source, reason })

export const logTooShort = (table: string, from: number, earliest: number): DeltaTableError =>
  make(
    30,
    'usage',
    `VACUUM LITE of ${table} needs the commits from version ${from} on, but the log begins at version ${earliest}: files that were removed before would never be found. Nothing was deleted. Run a full VACUUM.`,
    { table, from, earliest },
  )

export const badInventory = (table: string, reason: string): DeltaTableError =>
  make(
    31,
    'usage',
    `The inventory for VACUUM of ${table} cannot be used: ${reason}. Nothing was deleted. Give the columns path, length, isDir and modificationTime of files in the table's folder.`,
    { table, reason },
  )

export const streamStopped = (table: string, version: number, reason: string): DeltaTableError =>
  make(22, 'data', `The stream from ${table} stops before version ${version}: ${reason}.`, { table, version, reason })

const hours = (ms: number): string => String(Math.round((ms / 3_600_000) * 10) / 10)
