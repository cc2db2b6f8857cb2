import { invalidProperty, unknownProperty } from './errors.js'

type Configuration = Readonly<Record<string, string>>

const dayMs = 86_400_000

/** Versions between automatic checkpoints. */
export const checkpointInterval = (configuration: Configuration): number =>
  positive(configuration, 'delta.checkpointInterval', 10)

/** Tombstones and files younger than this are kept by VACUUM. */
export const deletedFileRetentionMs = (configuration: Configuration): number =>
  interval(configuration, 'delta.deletedFileRetentionDuration', 7 * dayMs)

export const logRetentionMs = (configuration: Configuration): number =>
  interval(configuration, 'delta.logRetentionDuration', 30 * dayMs)

/** null: application transactions are kept for ever. */
export const transactionRetentionMs = (configuration: Configuration): number | null =>
  configuration['delta.setTransactionRetentionDuration'] === undefined
    ? null
    : interval(configuration, 'delta.setTransactionRetentionDuration', 0)

/** Expired commits and checkpoints are deleted when a checkpoint is written. */
export const cleansLog = (configuration: Configuration): boolean =>
  configuration['delta.enableExpiredLogCleanup']?.toLowerCase() !== 'false'

export const usesV2Checkpoints = (configuration: Configuration): boolean =>
  configuration['delta.checkpointPolicy']?.toLowerCase() === 'v2'

/** In which forms checkpoints keep statistics. */
export const writesStatisticsAs = (configuration: Configuration) => ({
  json: configuration['delta.checkpoint.writeStatsAsJson']?.toLowerCase() !== 'false',
  struct: configuration['delta.checkpoint.writeStatsAsStruct']?.toLowerCase() === 'true',
})

export const isAppendOnly = (configuration: Configuration): boolean =>
  configuration['delta.appendOnly']?.toLowerCase() === 'true'

export const usesInCommitTimestamps = (configuration: Configuration): boolean =>
  configuration['delta.enableInCommitTimestamps']?.toLowerCase() === 'true'

/** Whether writers should mark deleted rows instead of writing the others again. */
export const usesDeletionVectors = (configuration: Configuration): boolean =>
  configuration['delta.enableDeletionVectors']?.toLowerCase() === 'true'

/** Leaf columns with statistics, from the first on; -1 is all of them. */
export function indexedColumnCount(configuration: Configuration): number {
  const text = configuration['delta.dataSkippingNumIndexedCols']
  if (text === undefined) return 32
  if (!/^(-1|\d+)$/.test(text)) throw invalidProperty('delta.dataSkippingNumIndexedCols', text, 'a number, or -1')
  return Number(text)
}

/** Columns with statistics by name (dotted paths), if the table names them; null: the first ones. */
export function indexedColumns(configuration: Configuration): readonly string[] | null {
  const text = configuration['delta.dataSkippingStatsColumns']
  return text === undefined
    ? null
    : text
        .split(',')
        .map((name) => name.trim().replace(/^`(.*)`$/, '$1'))
        .filter((name) => name !== '')
}

export const isolationLevel = (configuration: Configuration): 'Serializable' | 'WriteSerializable' =>
  configuration['delta.isolationLevel'] === 'WriteSerializable' ? 'WriteSerializable' : 'Serializable'

export const targetFileBytes = (configuration: Configuration): number | null => {
  const text = configuration['delta.targetFileSize']
  if (text === undefined) return null
  const match = /^(\d+)\s*(b|k|kb|m|mb|g|gb)?$/i.exec(text.trim())
  if (match === null) throw invalidProperty('delta.targetFileSize', text, 'a size such as 128mb')
  const unit = { '': 1, b: 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 }[
    (match[2] ?? '').toLowerCase().replace(/(?<=.)b$/, '')
  ]
  return Number(match[1]) * (unit ?? 1)
}

/** Length of the random folders that data files stand in instead of their partitions', or null: `delta.randomizeFilePrefixes`. */
export function randomPrefixLength(configuration: Configuration): number | null {
  const length = positive(configuration, 'delta.randomPrefixLength', 2)
  return configuration['delta.randomizeFilePrefixes']?.toLowerCase() === 'true' ? length : null
}

/** Version of the data pages of Parquet files: `delta.parquet.format.version`. */
export const parquetPageVersion = (configuration: Configuration): 1 | 2 =>
  configuration['delta.parquet.format.version']?.startsWith('2.') === true ? 2 : 1

/** What Delta itself reads; a property beyond these that begins with `delta.` would be a typing error kept for ever. */
export const knownProperties: readonly string[] = [
  'delta.appendOnly',
  'delta.autoOptimize.autoCompact',
  'delta.autoOptimize.optimizeWrite',
  'delta.checkpoint.writeStatsAsJson',
  'delta.checkpoint.writeStatsAsStruct',
  'delta.checkpointInterval',
  'delta.checkpointPolicy',
  'delta.compatibility.symlinkFormatManifest.enabled',
  'delta.columnMapping.maxColumnId',
  'delta.columnMapping.mode',
  'delta.dataSkippingNumIndexedCols',
  'delta.dataSkippingStatsColumns',
  'delta.deletedFileRetentionDuration',
  'delta.enableChangeDataFeed',
  'delta.enableDeletionVectors',
  'delta.enableExpiredLogCleanup',
  'delta.enableInCommitTimestamps',
  'delta.enableIcebergCompatV1',
  'delta.enableIcebergCompatV2',
  'delta.enableIcebergCompatV3',
  'delta.enableRowTracking',
  'delta.enableTypeWidening',
  'delta.enableVariantShredding',
  'delta.isolationLevel',
  'delta.logRetentionDuration',
  'delta.minReaderVersion',
  'delta.minWriterVersion',
  'delta.parquet.compression.codec',
  'delta.parquet.format.version',
  'delta.randomizeFilePrefixes',
  'delta.randomPrefixLength',
  'delta.requireCheckpointProtectionBeforeVersion',
  'delta.rowTrackingSuspended',
  'delta.setTransactionRetentionDuration',
  'delta.targetFileSize',
  'delta.tuneFileSizesForRewrites',
  'delta.writePartitionColumnsToParquet',
]

const flag = ['true', 'false']
const allowedValues: Readonly<Record<string, readonly string[]>> = {
  'delta.appendOnly': flag,
  'delta.checkpoint.writeStatsAsJson': flag,
  'delta.checkpoint.writeStatsAsStruct': flag,
  'delta.checkpointPolicy': ['classic', 'v2'],
  'delta.columnMapping.mode': ['none', 'name', 'id'],
  'delta.enableChangeDataFeed': flag,
  'delta.enableDeletionVectors': flag,
  'delta.enableExpiredLogCleanup': flag,
  'delta.enableInCommitTimestamps': flag,
  'delta.enableIcebergCompatV1': flag,
  'delta.enableIcebergCompatV2': flag,
  'delta.enableIcebergCompatV3': flag,
  'delta.enableRowTracking': flag,
  'delta.enableVariantShredding': flag,
  'delta.parquet.compression.codec': ['uncompressed', 'none', 'snappy', 'gzip', 'zstd'],
  'delta.randomizeFilePrefixes': flag,
  'delta.rowTrackingSuspended': flag,
  'delta.writePartitionColumnsToParquet': flag,
  'delta.enableTypeWidening': flag,
  'delta.isolationLevel': ['serializable', 'writeserializable'],
}

/** For properties that a user sets. @throws DeltaError DW-DELTA-0019 */
export function checkProperties(configuration: Configuration): void {
  for (const [key, value] of Object.entries(configuration)) {
    const isKnown = knownProperties.includes(key) || key.startsWith('delta.constraints.')
    if (key.startsWith('delta.') && !isKnown) throw unknownProperty(key, knownProperties)
    const allowed = allowedValues[key]
    if (allowed !== undefined && !allowed.includes(value.toLowerCase())) {
      throw invalidProperty(key, value, `one of ${allowed.join(', ')}`)
    }
  }
  const page = configuration['delta.parquet.format.version']
  if (page !== undefined && !/^(1\.0\.0|2\.\d+\.\d+)$/.test(page)) {
    throw invalidProperty('delta.parquet.format.version', page, '1.0.0 or 2.MINOR.PATCH')
  }
  checkpointInterval(configuration)
  randomPrefixLength(configuration)
  deletedFileRetentionMs(configuration)
  logRetentionMs(configuration)
  transactionRetentionMs(configuration)
  indexedColumnCount(configuration)
  targetFileBytes(configuration)
}

function positive(configuration: Configuration, key: string, otherwise: number): number {
  const text = configuration[key]
  if (text === undefined) return otherwise
  if (!/^[1-9]\d{0,8}$/.test(text)) throw invalidProperty(key, text, 'a positive number')
  return Number(text)
}

const unitsMs: Readonly<Record<string, number>> = {
  week: 7 * dayMs,
  day: dayMs,
  hour: 3_600_000,
  minute: 60_000,
  second: 1000,
  millisecond: 1,
  microsecond: 0.001,
}

/** Spark's interval text: `interval 1 week`, `30 days`, `interval 2 days 3 hours`. */
function interval(configuration: Configuration, key: string, otherwise: number): number {
  const text = configuration[key]
  if (text === undefined) return otherwise
  const parts = text
    .trim()
    .toLowerCase()
    .replace(/^interval\s+/, '')
    .split(/\s+/)
  let total = 0
  for (let i = 0; i < parts.length; i += 2) {
    const unit = unitsMs[(parts[i + 1] ?? '').replace(/s$/, '')]
    if (unit === undefined || !/^\d+$/.test(parts[i]!))
      throw invalidProperty(key, text, 'an interval such as "interval 7 days"')
    total += Number(parts[i]) * unit
  }
  return total
}
