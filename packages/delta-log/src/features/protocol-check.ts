import type { Schema } from '@deltaworks/schema'
import type { Metadata } from '../actions/metadata.js'
import type { Protocol } from '../actions/protocol.js'
import { unsupportedFeature, unsupportedProtocolVersion } from '../errors.js'
import { tableFeature, tableFeatures, type Operation } from './table-feature.js'

const maxReaderVersion = 3
const maxWriterVersion = 7

/** Names of the features that the protocol asks of readers: named, or implied by an old version. */
export const readerFeaturesOf = (protocol: Protocol): readonly string[] =>
  protocol.minReaderVersion >= 3
    ? (protocol.readerFeatures ?? [])
    : tableFeatures
        .filter((feature) => feature.legacyReader !== null && feature.legacyReader <= protocol.minReaderVersion)
        .map((feature) => feature.name)

export const writerFeaturesOf = (protocol: Protocol): readonly string[] =>
  protocol.minWriterVersion >= 7
    ? (protocol.writerFeatures ?? [])
    : tableFeatures
        .filter((feature) => feature.legacyWriter !== null && feature.legacyWriter <= protocol.minWriterVersion)
        .map((feature) => feature.name)

/** @throws DeltaError DW-DELTA-0007, DW-DELTA-0008: the table cannot be read */
export function checkReadable(table: string, protocol: Protocol): void {
  const names = readerFeaturesOf(protocol)
  if (protocol.minReaderVersion > maxReaderVersion) {
    throw unsupportedProtocolVersion(table, 'reader', protocol.minReaderVersion)
  }
  const refused = names.filter((name) => tableFeature(name)?.supports.read !== true)
  if (refused.length > 0) throw unsupportedFeature(table, refused, 'read')
}

/**
 * @throws DeltaError DW-DELTA-0007, DW-DELTA-0008: nothing may be written to the table, or not in this way
 */
export function checkWritable(
  table: string,
  protocol: Protocol,
  metadata: Metadata,
  schema: Schema,
  operation: Exclude<Operation, 'read'>,
): void {
  checkReadable(table, protocol)
  if (protocol.minWriterVersion > maxWriterVersion) {
    throw unsupportedProtocolVersion(table, 'writer', protocol.minWriterVersion)
  }
  const refused = writerFeaturesOf(protocol).filter((name) => {
    const feature = tableFeature(name)
    return feature === undefined || (!feature.supports[operation] && feature.isActive(metadata, schema))
  })
  if (refused.length > 0)
    throw unsupportedFeature(table, refused, operation === 'write' ? 'write to' : 'change rows of')
}

/** Whether the commits are a catalog's to decide. */
export const isCatalogManaged = (protocol: Protocol): boolean =>
  [...readerFeaturesOf(protocol), ...writerFeaturesOf(protocol)].some(
    (name) => name === 'catalogManaged' || name === 'catalogOwned-preview',
  )
