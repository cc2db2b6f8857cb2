import { readerFeaturesOf, writerFeaturesOf, type Snapshot } from '@deltaworks/delta-log'
import { clusteringColumns } from './clustering.js'
import { visibleRowCount } from './file-statistics-source.js'

/** DESCRIBE DETAIL. */
export interface TableDetail {
  readonly format: 'delta'
  readonly id: string
  readonly name: string | null
  readonly description: string | null
  readonly location: string
  readonly version: number
  readonly createdAtMs: number | null
  readonly lastModifiedMs: number
  readonly partitionColumns: readonly string[]
  /** Dotted names; empty if the table is not clustered. */
  readonly clusteringColumns: readonly string[]
  readonly numFiles: number
  readonly sizeInBytes: number
  /** null if a file has no statistics. */
  readonly numRows: number | null
  readonly properties: Readonly<Record<string, string>>
  readonly minReaderVersion: number
  readonly minWriterVersion: number
  readonly tableFeatures: readonly string[]
}

export function tableDetail(snapshot: Snapshot): TableDetail {
  const { metadata, protocol } = snapshot
  let sizeInBytes = 0
  let numRows: number | null = 0
  snapshot.files.forEachFacts((facts) => {
    sizeInBytes += facts.sizeBytes
    const rows = visibleRowCount(facts)
    numRows = numRows === null || rows === null ? null : numRows + rows
  })
  return {
    format: 'delta',
    id: metadata.id,
    name: metadata.name,
    description: metadata.description,
    location: snapshot.location.uri,
    version: snapshot.version,
    createdAtMs: metadata.createdTimeMs,
    lastModifiedMs: snapshot.timestampMs,
    partitionColumns: metadata.partitionColumns,
    clusteringColumns: clusteringColumns(snapshot) ?? [],
    numFiles: snapshot.files.size,
    sizeInBytes,
    numRows,
    properties: metadata.configuration,
    minReaderVersion: protocol.minReaderVersion,
    minWriterVersion: protocol.minWriterVersion,
    tableFeatures: [...new Set([...readerFeaturesOf(protocol), ...writerFeaturesOf(protocol)])].sort(),
  }
}
