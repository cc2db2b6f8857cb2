import type { DataType, Field, Json, Schema } from '@deltaworks/schema'
import type { Metadata } from '../actions/metadata.js'

/**
 * What somebody wants to do. `write` adds rows or removes whole files (append, overwrite, optimize); `rewrite` changes rows
 * inside files (delete, update, merge).
 */
export type Operation = 'read' | 'write' | 'rewrite'

/** Facts about one table feature; the list of them is the support matrix. */
export interface TableFeature {
  readonly name: string
  readonly kind: 'writer' | 'readerWriter'
  /** Protocol versions that imply it without naming it; null: only by name. */
  readonly legacyReader: number | null
  readonly legacyWriter: number | null
  readonly supports: Readonly<Record<Operation, boolean>>
  /**
   * Whether the table uses what the protocol allows. A feature that asks nothing of writers while it is not used does not
   * stop them.
   */
  readonly isActive: (metadata: Metadata, schema: Schema) => boolean
}

const all = { read: true, write: true, rewrite: true }
const readOnly = { read: true, write: false, rewrite: false }

const always = (): boolean => true
const enabledBy =
  (property: string) =>
  (metadata: Metadata): boolean =>
    metadata.configuration[property]?.toLowerCase() === 'true'

const writer = (
  name: string,
  supports: TableFeature['supports'],
  isActive: TableFeature['isActive'] = always,
  legacyWriter: number | null = null,
): TableFeature => ({ name, kind: 'writer', legacyReader: null, legacyWriter, supports, isActive })

const readerWriter = (
  name: string,
  supports: TableFeature['supports'],
  isActive: TableFeature['isActive'] = always,
): TableFeature => ({ name, kind: 'readerWriter', legacyReader: null, legacyWriter: null, supports, isActive })

const mappingMode = (metadata: Metadata): boolean =>
  (metadata.configuration['delta.columnMapping.mode'] ?? 'none').toLowerCase() !== 'none'

/** Every feature that we know, with what we do about it; one that is not here is refused by name. */
export const tableFeatures: readonly TableFeature[] = [
  writer('appendOnly', all, enabledBy('delta.appendOnly'), 2),
  writer('invariants', all, (_, schema) => anyField(schema, has('delta.invariants')), 2),
  writer('checkConstraints', all, (m) => anyProperty(m, 'delta.constraints.'), 3),
  writer('changeDataFeed', all, enabledBy('delta.enableChangeDataFeed'), 4),
  writer('generatedColumns', all, (_, schema) => anyField(schema, has('delta.generationExpression')), 4),
  { ...readerWriter('columnMapping', all, mappingMode), legacyReader: 2, legacyWriter: 5 },
  writer('identityColumns', all, (_, schema) => anyField(schema, has('delta.identity.start')), 6),
  writer('allowColumnDefaults', all, (_, schema) => anyField(schema, has('CURRENT_DEFAULT'))),
  writer('domainMetadata', all),
  writer('inCommitTimestamp', all, enabledBy('delta.enableInCommitTimestamps')),
  writer('rowTracking', all),
  writer('clustering', all),
  writer('materializePartitionColumns', all),
  writer('icebergCompatV1', all, enabledBy('delta.enableIcebergCompatV1')),
  writer('icebergCompatV2', all, enabledBy('delta.enableIcebergCompatV2')),
  writer('icebergCompatV3', all, enabledBy('delta.enableIcebergCompatV3')),
  writer('icebergWriterCompatV1', readOnly, enabledBy('delta.enableIcebergWriterCompatV1')),
  writer('checkpointProtection', all),
  writer('collations', readOnly),
  writer('collations-preview', readOnly),
  readerWriter('deletionVectors', all),
  readerWriter('timestampNtz', all),
  readerWriter('v2Checkpoint', all),
  readerWriter('vacuumProtocolCheck', all),
  readerWriter('typeWidening', all),
  readerWriter('typeWidening-preview', all),
  readerWriter('variantType', all),
  readerWriter('variantType-preview', all),
  readerWriter('variantShredding', all),
  readerWriter('variantShredding-preview', all),
  // Only through a catalog: see `requireCatalog`.
  readerWriter('catalogManaged', all),
  readerWriter('catalogOwned-preview', all),
]

const byName: ReadonlyMap<string, TableFeature> = new Map(tableFeatures.map((feature) => [feature.name, feature]))

export const tableFeature = (name: string): TableFeature | undefined => byName.get(name)

const anyProperty = (metadata: Metadata, prefix: string): boolean =>
  Object.keys(metadata.configuration).some((key) => key.startsWith(prefix))

const has =
  (key: string) =>
  (metadata: Readonly<Record<string, Json>>): boolean =>
    key in metadata

/** Whether a field, at any depth, has metadata that satisfies the test. */
function anyField(of: Schema, test: (metadata: Readonly<Record<string, Json>>) => boolean): boolean {
  const inField = (f: Field): boolean => (f.metadata !== undefined && test(f.metadata)) || inType(f.type)
  const inType = (type: DataType): boolean => {
    switch (type.kind) {
      case 'struct':
        return type.fields.some(inField)
      case 'list':
        return inType(type.element)
      case 'map':
        return inType(type.key) || inType(type.value)
      default:
        return false
    }
  }
  return of.fields.some(inField)
}
