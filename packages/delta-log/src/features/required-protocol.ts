import type { DataType, Field, Json, Schema } from '@deltaworks/schema'
import { protocol, type Protocol } from '../actions/protocol.js'
import { tableFeature, tableFeatures } from './table-feature.js'
import { readerFeaturesOf, writerFeaturesOf } from './protocol-check.js'

type Configuration = Readonly<Record<string, string>>

/** The features that a schema and properties ask for, beside those of protocol (1,2). */
export function requiredFeatures(of: Schema, configuration: Configuration): readonly string[] {
  const isOn = (key: string): boolean => configuration[key]?.toLowerCase() === 'true'
  const anyMetadata = (key: string): boolean => of.fields.some((f) => hasMetadata(f, key))
  const wanted: readonly (readonly [name: string, isNeeded: boolean])[] = [
    ['timestampNtz', of.fields.some((f) => holds(f.type, 'timestamp_ntz'))],
    ['inCommitTimestamp', isOn('delta.enableInCommitTimestamps')],
    ['deletionVectors', isOn('delta.enableDeletionVectors')],
    ['v2Checkpoint', configuration['delta.checkpointPolicy'] === 'v2'],
    ['checkConstraints', Object.keys(configuration).some((key) => key.startsWith('delta.constraints.'))],
    ['changeDataFeed', isOn('delta.enableChangeDataFeed')],
    ['generatedColumns', anyMetadata('delta.generationExpression')],
    ['columnMapping', (configuration['delta.columnMapping.mode'] ?? 'none').toLowerCase() !== 'none'],
    ['identityColumns', anyMetadata('delta.identity.start')],
    ['allowColumnDefaults', anyMetadata('CURRENT_DEFAULT')],
    ['rowTracking', isOn('delta.enableRowTracking')],
    ['variantType', of.fields.some((f) => holds(f.type, 'variant'))],
    ['variantShredding', isOn('delta.enableVariantShredding')],
    ['icebergCompatV1', isOn('delta.enableIcebergCompatV1')],
    ['icebergCompatV2', isOn('delta.enableIcebergCompatV2')],
    ['icebergCompatV3', isOn('delta.enableIcebergCompatV3')],
    ['typeWidening', isOn('delta.enableTypeWidening') || anyMetadata('delta.typeChanges')],
  ]
  return wanted.filter(([, isNeeded]) => isNeeded).flatMap(([name]) => [name, ...neededBy(name)])
}

/** Features without which another may not be in a protocol. */
export const neededBy = (name: string): readonly string[] =>
  name === 'rowTracking' || name === 'clustering'
    ? ['domainMetadata']
    : name === 'variantShredding'
      ? ['variantType']
      : name.startsWith('icebergCompatV')
        ? ['columnMapping', ...(name === 'icebergCompatV3' ? ['rowTracking', 'domainMetadata'] : [])]
        : []

/**
 * The smallest protocol that a new table with this schema and these properties needs: (1,2) unless something asks for more,
 * so that old readers read it.
 */
export const requiredProtocol = (of: Schema, configuration: Configuration): Protocol =>
  withFeatures(protocol(1, 2), requiredFeatures(of, configuration))

/**
 * A protocol that allows all that another does, and these features: with the old version numbers as long as they can say it
 * without implying what was not asked for, except for features that nobody need act on.
 */
export function withFeatures(from: Protocol, features: readonly string[]): Protocol {
  const known = new Set(writerFeaturesOf(from))
  const added = [...new Set(features.flatMap((name) => [name, ...neededBy(name)]))].filter((name) => !known.has(name))
  if (added.length === 0) return from
  const facts = added.map((name) => tableFeature(name))
  const named = facts.some((feature) => feature === undefined || feature.legacyWriter === null)
  if (from.minWriterVersion < 7 && !named) {
    const reader = Math.max(from.minReaderVersion, ...facts.map((feature) => feature!.legacyReader ?? 1))
    return protocol(reader, Math.max(from.minWriterVersion, ...facts.map((feature) => feature!.legacyWriter!)))
  }
  const legacy = from.minWriterVersion < 7 ? [...known] : []
  const kept = from.minWriterVersion < 7 ? [] : (from.writerFeatures ?? [])
  const writer = [...kept, ...added.filter(isNamed), ...legacy, ...added.filter((name) => !isNamed(name))]
  const readers = new Set(readerFeaturesOf(from))
  const reader = writer.filter((name) => readers.has(name) || tableFeature(name)?.kind === 'readerWriter')
  return reader.length === 0 ? protocol(1, 7, null, writer) : protocol(3, 7, reader, writer)
}

/** A protocol without a feature. Its version numbers stay, or become those that the others need at least. */
export function withoutFeature(from: Protocol, name: string): Protocol {
  const writer = writerFeaturesOf(from).filter((feature) => feature !== name)
  const reader = readerFeaturesOf(from).filter((feature) => feature !== name)
  const base = tableFeatures.filter((f) => f.legacyWriter === 2).map((f) => f.name)
  if (writer.every((feature) => base.includes(feature)) && writer.length === base.length && reader.length === 0) {
    return protocol(1, 2)
  }
  return reader.length === 0 ? protocol(1, 7, null, writer) : protocol(3, 7, reader, writer)
}

const isNamed = (name: string): boolean => (tableFeature(name)?.legacyWriter ?? null) === null

function hasMetadata(of: Field, key: string): boolean {
  const metadata: Readonly<Record<string, Json>> = of.metadata ?? {}
  return key in metadata || inType(of.type, (f) => hasMetadata(f, key))
}

function inType(type: DataType, test: (of: Field) => boolean): boolean {
  switch (type.kind) {
    case 'struct':
      return type.fields.some(test)
    case 'list':
      return inType(type.element, test)
    case 'map':
      return inType(type.key, test) || inType(type.value, test)
    default:
      return false
  }
}

function holds(type: DataType, kind: DataType['kind']): boolean {
  switch (type.kind) {
    case 'struct':
      return type.fields.some((f) => holds(f.type, kind))
    case 'list':
      return holds(type.element, kind)
    case 'map':
      return holds(type.key, kind) || holds(type.value, kind)
    default:
      return type.kind === kind
  }
}
