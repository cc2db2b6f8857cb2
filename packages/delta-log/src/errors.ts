import { DeltaworksError, type ErrorDetails, type Fault } from '@deltaworks/schema'

/**
 * What a log can do to its reader or writer. `details.errorKind` names the class of failure where a judge of tables
 * (conformance suites, say) distinguishes them.
 *
 * | code          | meaning                                                  |
 * |---------------|----------------------------------------------------------|
 * | DW-DELTA-0001 | not a Delta table                                        |
 * | DW-DELTA-0002 | the log has a gap                                        |
 * | DW-DELTA-0003 | no metaData action in the log                            |
 * | DW-DELTA-0004 | no protocol action in the log                            |
 * | DW-DELTA-0005 | the version is not available                             |
 * | DW-DELTA-0006 | the timestamp is not available                           |
 * | DW-DELTA-0007 | a table feature that Deltaworks does not implement       |
 * | DW-DELTA-0008 | a protocol version that Deltaworks does not know         |
 * | DW-DELTA-0009 | a catalog-managed table                                  |
 * | DW-DELTA-0010 | a data file that the log names is missing                |
 * | DW-DELTA-0011 | a log file that is not what the protocol says            |
 * | DW-DELTA-0012 | a schema that is not what the protocol says              |
 * | DW-DELTA-0013 | a deletion vector that is missing or damaged             |
 * | DW-DELTA-0014 | a partition value that does not fit its type             |
 * | DW-DELTA-0015 | a checkpoint that cannot be read                         |
 * | DW-DELTA-0016 | lost a write conflict                                    |
 * | DW-DELTA-0017 | the table is append-only                                 |
 * | DW-DELTA-0018 | gave up after too many attempts                          |
 * | DW-DELTA-0019 | an invalid or unknown table property                     |
 * | DW-DELTA-0020 | a file without a row count in a table that tracks rows   |
 * | DW-DELTA-0021 | a version checksum that does not fit the version         |
 * | DW-DELTA-0022 | a commit that the table's features do not allow           |
 * | DW-DELTA-0023 | the table's catalog does not allow the operation          |
 * | DW-DELTA-0024 | a checkpoint or compaction of a version not published     |
 */
export class DeltaError extends DeltaworksError {
  override readonly name = 'DeltaError'
}

const make = (number: number, fault: Fault, message: string, details: ErrorDetails, cause?: unknown): DeltaError =>
  new DeltaError(`DW-DELTA-${String(number).padStart(4, '0')}`, fault, message, details, cause)

export const notADeltaTable = (table: string): DeltaError =>
  make(
    1,
    'usage',
    `${table} is not a Delta table: there is no commit or checkpoint in its _delta_log folder. Check the path, or create the table first.`,
    { table, errorKind: 'not-a-delta-table' },
  )

export const logGap = (table: string, missing: number, latest: number): DeltaError =>
  make(
    2,
    'data',
    `The log of ${table} has a gap: version ${missing} is missing, though there are later ones up to ${latest}. Restore the file ${versionName(missing)}.json from a backup; without it no later version can be read.`,
    { table, version: missing, latest, errorKind: 'log-gap' },
  )

export const missingMetadata = (table: string, version: number): DeltaError =>
  make(
    3,
    'data',
    `The log of ${table} up to version ${version} has no metaData action, so its schema is not known. The log is damaged, or was written by a faulty program; restore it from a backup.`,
    { table, version, errorKind: 'missing-metadata' },
  )

export const missingProtocol = (table: string, version: number): DeltaError =>
  make(
    4,
    'data',
    `The log of ${table} up to version ${version} has no protocol action, so it is not known how to read it. The log is damaged, or was written by a faulty program; restore it from a backup.`,
    { table, version, errorKind: 'missing-protocol' },
  )

export const versionNotAvailable = (table: string, version: number, earliest: number, latest: number): DeltaError =>
  make(5, 'usage', `${table} has no version ${version} to read: versions ${earliest} to ${latest} are available.`, {
    table,
    version,
    earliest,
    latest,
    errorKind: 'version-not-available',
  })

export const timestampNotAvailable = (table: string, requested: string, earliest: string): DeltaError =>
  make(6, 'usage', `${table} cannot be read as of ${requested}: its earliest available version is of ${earliest}.`, {
    table,
    requested,
    earliest,
    errorKind: 'version-not-available',
  })

export const unsupportedFeature = (table: string, features: readonly string[], operation: string): DeltaError =>
  make(
    7,
    'unsupported',
    `Cannot ${operation} ${table}: its protocol requires the table feature${features.length > 1 ? 's' : ''} ${features.map((name) => `"${name}"`).join(', ')}, which Deltaworks does not implement for this. Nothing was written. Drop the feature, or use an engine that has it.`,
    { table, features, operation, errorKind: 'unsupported-protocol' },
  )

export const unsupportedProtocolVersion = (table: string, side: 'reader' | 'writer', version: number): DeltaError =>
  make(
    8,
    'unsupported',
    `Cannot ${side === 'reader' ? 'read' : 'write'} ${table}: its protocol asks for ${side} version ${version}, and Deltaworks knows versions up to ${side === 'reader' ? 3 : 7}. Nothing was written. Use a newer Deltaworks.`,
    { table, side, version, errorKind: 'unsupported-protocol' },
  )

export const catalogManaged = (table: string): DeltaError =>
  make(
    9,
    'unsupported',
    `${table} is a catalog-managed table (feature "catalogManaged"): its latest commits are known to its catalog alone, so it cannot be read or written by its path. Open it through its catalog.`,
    { table, features: ['catalogManaged'], errorKind: 'catalog-managed' },
  )

export const missingDataFile = (table: string, path: string, cause?: unknown): DeltaError =>
  make(
    10,
    'data',
    `The data file ${path} of ${table} is missing: the log names it, but it is not there. It was deleted by something else than VACUUM, or VACUUM ran with too short a retention; read an older version, or restore the file.`,
    { table, path, errorKind: 'missing-data-file' },
    cause,
  )

export const invalidLogFile = (
  table: string,
  path: string,
  line: number,
  reason: string,
  cause?: unknown,
): DeltaError =>
  make(
    11,
    'data',
    `Line ${line} of ${path} in the log of ${table} cannot be read: ${reason}. The file is damaged; restore it from a backup.`,
    { table, path, line, reason },
    cause,
  )

export const invalidSchema = (where: string, reason: string): DeltaError =>
  make(12, 'data', `The schema of ${where} cannot be read: ${reason}.`, { where, reason })

export const missingSchema = (table: string): DeltaError =>
  make(
    12,
    'data',
    `The metaData action of ${table} has no schema. The log is damaged, or was written by a faulty program; restore it from a backup.`,
    { table, errorKind: 'missing-metadata' },
  )

export const unsupportedType = (where: string, type: string): DeltaError =>
  make(
    12,
    'unsupported',
    `The column ${where} has the type "${type}", which Deltaworks does not know. Read the table with an engine that has this type.`,
    { where, type, errorKind: 'unsupported-protocol' },
  )

export const unsupportedFormat = (table: string, provider: string): DeltaError =>
  make(
    12,
    'unsupported',
    `The files of ${table} are of the format "${provider}"; Deltaworks reads Delta tables of Parquet files. Read it with an engine that has this format.`,
    { table, format: provider, errorKind: 'unsupported-protocol' },
  )

export const invalidDeletionVector = (table: string, path: string, reason: string, cause?: unknown): DeltaError =>
  make(
    13,
    'data',
    `The deletion vector of ${path} in ${table} cannot be read: ${reason}. Without it deleted rows would come back, so the file is not read; restore the deletion vector from a backup, or read another version.`,
    { table, path, reason },
    cause,
  )

export const invalidPartitionValue = (column: string, value: string, type: string): DeltaError =>
  make(14, 'data', `The partition value "${value}" of column ${column} is not a valid ${type}.`, {
    column,
    value,
    type,
  })

export const invalidCheckpoint = (table: string, path: string, reason: string, cause?: unknown): DeltaError =>
  make(
    15,
    'data',
    `The checkpoint ${path} of ${table} cannot be read: ${reason}. No earlier checkpoint or commit can stand in for it.`,
    { table, path, reason },
    cause,
  )

export const appendOnly = (table: string, operation: string): DeltaError =>
  make(
    17,
    'usage',
    `Cannot ${operation} ${table}: it is append-only (table property delta.appendOnly). Nothing was written. Unset the property first, if rows may really be removed.`,
    { table, operation },
  )

export const tooManyAttempts = (table: string, attempts: number, version: number): DeltaError =>
  make(
    18,
    'conflict',
    `Could not commit to ${table}: ${attempts} attempts were overtaken by other writers, the last one at version ${version}. Nothing was written to the log. Run it again when fewer writers are at work.`,
    { table, attempts, version },
  )

export const invalidProperty = (property: string, value: string, expected: string): DeltaError =>
  make(19, 'usage', `The table property ${property} is "${value}", but should be ${expected}.`, {
    property,
    value,
    expected,
  })

export const unknownProperty = (property: string, known: readonly string[]): DeltaError =>
  make(
    19,
    'usage',
    `There is no table property "${property}" (names that begin with "delta." belong to the protocol). Known are: ${known.join(', ')}.`,
    { property, known },
  )

export const rowCountMissing = (table: string, path: string): DeltaError =>
  make(
    20,
    'data',
    `${table} gives every row an id (feature rowTracking), but the log does not say how many rows ${path} has. Nothing was written. Write the file again with statistics.`,
    { table, path },
  )

export const checksumMismatch = (
  table: string,
  version: number,
  what: string,
  recorded: string,
  found: string,
): DeltaError =>
  make(
    21,
    'data',
    `Version ${version} of ${table} does not fit its checksum: ${what} is ${found}, recorded is ${recorded}. The log was changed after it was written, or by a faulty program; restore it from a backup.`,
    { table, version, what, recorded, found },
  )

export const badDefinition = (table: string, reason: string): DeltaError =>
  make(22, 'usage', `${table} cannot be committed like this: ${reason}. Nothing was written.`, { table, reason })

export const catalogRefuses = (table: string, operation: string): DeltaError =>
  make(
    23,
    'usage',
    `The catalog that manages ${table} does not allow ${operation}. Nothing was changed. Let the catalog do it, or have it permit this to clients.`,
    { table, operation },
  )

export const unpublishedVersion = (log: string, version: number): DeltaError =>
  make(
    24,
    'usage',
    `Version ${version} in ${log} is not published by its catalog yet, so nothing may stand for it. Try again later.`,
    { log, version },
  )

/** What other modules of this package make errors with; see the table above. */
export const conflictError = (message: string, details: ErrorDetails): DeltaError =>
  make(16, 'conflict', message, details)

const versionName = (version: number): string => String(version).padStart(20, '0')
