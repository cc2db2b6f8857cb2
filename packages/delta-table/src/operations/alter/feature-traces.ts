import {
  columnMappingMode,
  formatSchema,
  tableFeature,
  typeChangesKey,
  usesV2Checkpoints,
  type Action,
  type AddFile,
  type Metadata,
  type Snapshot,
} from '@deltaworks/delta-log'
import type { DataType, Field, Json, Schema } from '@deltaworks/schema'
import { clusteringDomain } from '../../clustering.js'
import { badAlteration } from '../../errors.js'

/** What has to happen so that a version no longer needs a feature. */
export interface FeatureTraces {
  readonly metadata: Metadata
  readonly schema: Schema
  /** Files that must be written again. */
  readonly files: readonly AddFile[]
  readonly actions: readonly Action[]
}

/** Properties that switch a feature on, and are unset with it. */
const properties: Readonly<Record<string, readonly string[]>> = {
  appendOnly: ['delta.appendOnly'],
  changeDataFeed: ['delta.enableChangeDataFeed'],
  deletionVectors: ['delta.enableDeletionVectors'],
  icebergCompatV1: ['delta.enableIcebergCompatV1'],
  icebergCompatV2: ['delta.enableIcebergCompatV2'],
  icebergCompatV3: ['delta.enableIcebergCompatV3'],
  inCommitTimestamp: [
    'delta.enableInCommitTimestamps',
    'delta.inCommitTimestampEnablementVersion',
    'delta.inCommitTimestampEnablementTimestamp',
  ],
  rowTracking: [
    'delta.enableRowTracking',
    'delta.rowTracking.materializedRowIdColumnName',
    'delta.rowTracking.materializedRowCommitVersionColumnName',
  ],
  typeWidening: ['delta.enableTypeWidening'],
  'typeWidening-preview': ['delta.enableTypeWidening'],
  columnMapping: ['delta.columnMapping.mode', 'delta.columnMapping.maxColumnId'],
  variantShredding: ['delta.enableVariantShredding'],
}

/** @returns null if the version does not need the feature @throws DeltaTableError DW-TABLE-0020 if only its user can tell what to do */
export function tracesOf(table: string, snapshot: Snapshot, name: string): FeatureTraces | null {
  const { metadata, schema } = snapshot
  const named = properties[name] ?? []
  const unset = Object.fromEntries(Object.entries(metadata.configuration).filter(([key]) => !named.includes(key)))
  const isSet = Object.keys(unset).length < Object.keys(metadata.configuration).length
  const plain: Metadata = isSet ? { ...metadata, configuration: unset } : metadata
  const traces = (parts: Partial<FeatureTraces>): FeatureTraces | null => {
    const all = { metadata: plain, schema, files: [], actions: [], ...parts }
    return all.metadata === metadata && all.files.length === 0 && all.actions.length === 0 ? null : all
  }
  const files = [...snapshot.files.values()]
  switch (name) {
    case 'deletionVectors':
      return traces({ files: files.filter((file) => file.deletionVector !== null) })
    case 'v2Checkpoint': {
      if (!usesV2Checkpoints(metadata.configuration)) return null
      return traces({ metadata: { ...metadata, configuration: { ...unset, 'delta.checkpointPolicy': 'classic' } } })
    }
    case 'typeWidening':
    case 'typeWidening-preview':
      return hasKey(schema, typeChangesKey)
        ? traces({ ...withSchemaOf(plain, withoutKeys(schema, [typeChangesKey])), files })
        : traces({})
    case 'columnMapping':
      if (columnMappingMode(metadata) === 'none') return traces({})
      return traces({ ...withSchemaOf(plain, withoutKeys(schema, mappingKeys)), files })
    case 'rowTracking':
      return traces({ actions: withoutRowIds(snapshot, files) })
    case 'clustering': {
      const domain = snapshot.domains.get(clusteringDomain)
      return traces({ actions: domain === undefined ? [] : [{ ...domain, removed: true }] })
    }
    default:
      requireUnused(table, snapshot, name)
      return traces({})
  }
}

const mappingKeys = [
  'delta.columnMapping.id',
  'delta.columnMapping.physicalName',
  'delta.columnMapping.nested.ids',
] as const

const withSchemaOf = (metadata: Metadata, schema: Schema) => ({
  metadata: { ...metadata, schemaString: formatSchema(schema) },
  schema,
})

function withoutRowIds(snapshot: Snapshot, files: readonly AddFile[]): readonly Action[] {
  const domain = snapshot.domains.get('delta.rowTracking')
  const tracked = files.filter((file) => file.baseRowId !== null || file.defaultRowCommitVersion !== null)
  return [
    ...tracked.map((file) => ({ ...file, baseRowId: null, defaultRowCommitVersion: null, dataChange: false })),
    ...(domain === undefined ? [] : [{ ...domain, removed: true }]),
  ]
}

/** Features whose traces are a user's own: what to do about them is not for a command to say. */
function requireUnused(table: string, snapshot: Snapshot, name: string): void {
  const feature = tableFeature(name)
  const neverAsked = ['checkpointProtection', 'materializePartitionColumns', 'vacuumProtocolCheck']
  if (feature === undefined || neverAsked.includes(name) || properties[name] !== undefined) return
  const refuse = (reason: string): never => {
    throw badAlteration(table, `Feature ${name}`, reason)
  }
  if (name === 'domainMetadata') {
    if (snapshot.domains.size > 0) refuse(`the domain ${[...snapshot.domains.keys()][0]!} is there; remove it first`)
    return
  }
  const type = { timestampNtz: 'timestamp_ntz', variantType: 'variant', 'variantType-preview': 'variant' }[name]
  if (type !== undefined) {
    const column = snapshot.schema.fields.find((f) => holdsType(f.type, type as DataType['kind']))
    if (column !== undefined) refuse(`column ${column.name} is of its type`)
    return
  }
  if (feature.isActive(snapshot.metadata, snapshot.schema))
    refuse('the table uses it; take what it stands for away first')
}

function holdsType(type: DataType, kind: DataType['kind']): boolean {
  switch (type.kind) {
    case 'struct':
      return type.fields.some((f) => holdsType(f.type, kind))
    case 'list':
      return holdsType(type.element, kind)
    case 'map':
      return holdsType(type.key, kind) || holdsType(type.value, kind)
    default:
      return type.kind === kind
  }
}

const hasKey = (of: Schema, key: string): boolean => JSON.stringify(withoutKeys(of, [key])) !== JSON.stringify(of)

/** A schema whose fields, at any depth, have lost these keys of their metadata. */
export function withoutKeys(of: Schema, keys: readonly string[]): Schema {
  const inField = (member: Field): Field => {
    const { metadata, ...plain } = { ...member, type: inType(member.type) }
    const kept = Object.entries(metadata ?? {}).filter(([key]) => !keys.includes(key))
    return kept.length === 0 ? plain : { ...plain, metadata: Object.fromEntries(kept) as Record<string, Json> }
  }
  const inType = (type: DataType): DataType => {
    switch (type.kind) {
      case 'struct':
        return { ...type, fields: type.fields.map(inField) }
      case 'list':
        return { ...type, element: inType(type.element) }
      case 'map':
        return { ...type, key: inType(type.key), value: inType(type.value) }
      default:
        return type
    }
  }
  return { fields: of.fields.map(inField) }
}
