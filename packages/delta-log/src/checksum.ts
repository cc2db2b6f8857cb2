import type { Json } from '@deltaworks/schema'
import { joinPath, objectNotFoundCode } from '@deltaworks/storage'
import { appTransactionToJson } from './actions/app-transaction.js'
import { domainMetadataToJson } from './actions/domain-metadata.js'
import { metadataFromJson, metadataToJson } from './actions/metadata.js'
import { protocolFromJson, protocolToJson } from './actions/protocol.js'
import { deletedRecordCountsHistogram, fileSizeHistogram } from './checksum-histogram.js'
import { checksumMismatch } from './errors.js'
import { writerFeaturesOf } from './features/protocol-check.js'
import { isObject, numberOf, type JsonObject } from './json.js'
import { versionDigits } from './log-file.js'
import type { Snapshot } from './snapshot.js'
import { logFolder, type TableLocation } from './table-location.js'
import { usesInCommitTimestamps } from './table-properties.js'

/*
 * `<version>.crc` (PROTOCOL.md, "Version Checksum File"): what a version comes to, written behind its commit, so that a log that
 * was changed afterwards can be found out.
 */

/** What a version checksum says; a field that the file lacks is null. */
export interface VersionChecksum {
  readonly tableSizeBytes: number | null
  readonly numFiles: number | null
  readonly inCommitTimestampMs: number | null
  readonly numDeletedRecords: number | null
  readonly numDeletionVectors: number | null
  readonly metadata: JsonObject | null
  readonly protocol: JsonObject | null
  readonly setTransactions: readonly JsonObject[] | null
  readonly domainMetadata: readonly JsonObject[] | null
}

export const checksumPath = (location: TableLocation, version: number): string =>
  joinPath(logFolder(location), `${versionDigits(version)}.crc`)

function totalsOf(snapshot: Snapshot) {
  let tableSizeBytes = 0
  let numDeletedRecords = 0
  let numDeletionVectors = 0
  for (const { sizeBytes, deletionVector } of snapshot.files.values()) {
    tableSizeBytes += sizeBytes
    if (deletionVector === null) continue
    numDeletionVectors++
    numDeletedRecords += deletionVector.cardinality
  }
  return { tableSizeBytes, numFiles: snapshot.files.size, numDeletedRecords, numDeletionVectors }
}

function checksumOf(snapshot: Snapshot, txnId: string | null): JsonObject {
  const { protocol, metadata, commitInfo } = snapshot
  const { tableSizeBytes, numFiles, numDeletedRecords, numDeletionVectors } = totalsOf(snapshot)
  const hasVectors = writerFeaturesOf(protocol).includes('deletionVectors')
  const inCommit = usesInCommitTimestamps(metadata.configuration) ? (commitInfo?.inCommitTimestampMs ?? null) : null
  return {
    ...(txnId !== null && { txnId }),
    tableSizeBytes,
    numFiles,
    numMetadata: 1,
    numProtocol: 1,
    ...(inCommit !== null && { inCommitTimestampOpt: inCommit }),
    setTransactions: [...snapshot.appTransactions.values()].map(appTransactionToJson),
    domainMetadata: [...snapshot.domains.values()].map(domainMetadataToJson),
    metadata: metadataToJson(metadata),
    protocol: protocolToJson(protocol),
    fileSizeHistogram: fileSizeHistogram(snapshot.files.values()),
    ...(hasVectors && {
      numDeletedRecordsOpt: numDeletedRecords,
      numDeletionVectorsOpt: numDeletionVectors,
      deletedRecordCountsHistogramOpt: deletedRecordCountsHistogram(snapshot.files.values()),
    }),
  }
}

/** Writes a version's checksum; one that is there already stays. Only behind the version's commit. */
export async function writeChecksum(snapshot: Snapshot, txnId: string | null = null): Promise<void> {
  const { location, version } = snapshot
  const data = Buffer.from(JSON.stringify(checksumOf(snapshot, txnId)))
  await location.store.put(checksumPath(location, version), data, 'create')
}

/** @returns null if there is none, or none that can be understood: nobody depends on it */
export async function readChecksum(location: TableLocation, version: number): Promise<VersionChecksum | null> {
  let json: Json
  try {
    json = JSON.parse(Buffer.from(await location.store.get(checksumPath(location, version))).toString('utf8')) as Json
  } catch (error) {
    if (error instanceof SyntaxError || (error as { code?: string }).code === objectNotFoundCode) return null
    throw error
  }
  if (!isObject(json)) return null
  const objects = (of: Json | undefined): readonly JsonObject[] | null =>
    Array.isArray(of) ? of.filter((item): item is JsonObject => isObject(item as Json)) : null
  return {
    tableSizeBytes: numberOf(json['tableSizeBytes']),
    numFiles: numberOf(json['numFiles']),
    inCommitTimestampMs: numberOf(json['inCommitTimestampOpt']),
    numDeletedRecords: numberOf(json['numDeletedRecordsOpt']),
    numDeletionVectors: numberOf(json['numDeletionVectorsOpt']),
    metadata: isObject(json['metadata']) ? json['metadata'] : null,
    protocol: isObject(json['protocol']) ? json['protocol'] : null,
    setTransactions: objects(json['setTransactions']),
    domainMetadata: objects(json['domainMetadata']),
  }
}

/**
 * Compares a version, replayed from its log, with its checksum.
 * @returns whether there is a checksum to compare with
 * @throws DeltaError DW-DELTA-0021
 */
export async function verifyChecksum(snapshot: Snapshot): Promise<boolean> {
  const recorded = await readChecksum(snapshot.location, snapshot.version)
  if (recorded === null) return false
  const found = totalsOf(snapshot)
  const differ = (what: string, theirs: string | number | null, ours: string | number): void => {
    if (theirs === null || theirs === ours) return
    throw checksumMismatch(snapshot.location.uri, snapshot.version, what, String(theirs), String(ours))
  }
  differ('the size of the files in bytes', recorded.tableSizeBytes, found.tableSizeBytes)
  differ('the number of files', recorded.numFiles, found.numFiles)
  differ('the number of deletion vectors', recorded.numDeletionVectors, found.numDeletionVectors)
  differ('the number of deleted rows', recorded.numDeletedRecords, found.numDeletedRecords)
  const { metadata, protocol, commitInfo } = snapshot
  if (recorded.metadata !== null) {
    differ(
      'the metadata',
      canonical(metadataToJson(metadataFromJson(recorded.metadata))),
      canonical(metadataToJson(metadata)),
    )
  }
  if (recorded.protocol !== null) {
    differ(
      'the protocol',
      canonical(protocolToJson(protocolFromJson(recorded.protocol))),
      canonical(protocolToJson(protocol)),
    )
  }
  const inCommit = commitInfo?.inCommitTimestampMs ?? null
  if (inCommit !== null) differ('the in-commit timestamp', recorded.inCommitTimestampMs, inCommit)
  if (recorded.setTransactions !== null && snapshot.appTransactions.size > 0) {
    differ(
      'the number of application transactions',
      recorded.setTransactions.length === 0 ? null : recorded.setTransactions.length,
      snapshot.appTransactions.size,
    )
  }
  return true
}

/** Text that is equal for equal JSON: members and feature names in order. */
function canonical(json: Json): string {
  if (Array.isArray(json)) {
    const items = (json as readonly Json[]).map(canonical)
    return `[${(items.every((item) => item.startsWith('"')) ? items.sort() : items).join(',')}]`
  }
  if (!isObject(json)) return JSON.stringify(json)
  const members = Object.keys(json).sort()
  return `{${members.map((key) => `${JSON.stringify(key)}:${canonical(json[key]!)}`).join(',')}}`
}
