import type { DataType, Field, Schema } from '@deltaworks/schema'
import type { Metadata } from '../actions/metadata.js'
import type { Protocol } from '../actions/protocol.js'
import { columnMappingMode } from '../column-mapping.js'
import { isIcebergTypeChange, typeChangesOf } from '../type-changes.js'
import { writerFeaturesOf } from './protocol-check.js'

/*
 * What a table must keep to be convertible to Iceberg (PROTOCOL.md, "Iceberg Compatibility V1", "V2"; RFC "IcebergCompatV3").
 */

export type IcebergCompatibility = 1 | 2 | 3

const versions: readonly IcebergCompatibility[] = [1, 2, 3]

export const icebergProperty = (version: IcebergCompatibility): string => `delta.enableIcebergCompatV${version}`
const featureName = (version: IcebergCompatibility): string => `icebergCompatV${version}`

const isOn = ({ configuration }: Metadata, key: string): boolean => configuration[key]?.toLowerCase() === 'true'

/** The versions that a table's properties ask for; more than one is refused. */
export const icebergCompatibility = (protocol: Protocol, metadata: Metadata): readonly IcebergCompatibility[] =>
  versions.filter(
    (version) => isOn(metadata, icebergProperty(version)) && writerFeaturesOf(protocol).includes(featureName(version)),
  )

/** Whether data files must hold the partition columns too. */
export const materializesPartitions = (protocol: Protocol, metadata: Metadata): boolean =>
  icebergCompatibility(protocol, metadata).length > 0 ||
  writerFeaturesOf(protocol).includes('materializePartitionColumns') ||
  isOn(metadata, 'delta.writePartitionColumnsToParquet')

/** @returns why the definition is not allowed, or null */
export function icebergFault(
  protocol: Protocol,
  metadata: Metadata,
  schema: Schema,
  before: { readonly partitionColumns: readonly string[] } | null,
): string | null {
  const active = icebergCompatibility(protocol, metadata)
  if (active.length > 1) return `icebergCompatV${active[0]} and V${active[1]} exclude each other`
  const version = active[0]
  if (version === undefined) return null
  const name = featureName(version)
  if (columnMappingMode(metadata) === 'none')
    return `${name} needs column mapping; set delta.columnMapping.mode to "name"`
  const features = writerFeaturesOf(protocol)
  if (version === 1 && features.includes('deletionVectors')) return `${name} excludes the feature deletionVectors`
  if (version === 2 && features.includes('deletionVectors') && isOn(metadata, 'delta.enableDeletionVectors')) {
    return `${name} excludes deletion vectors; unset delta.enableDeletionVectors`
  }
  if (version === 3 && !isOn(metadata, 'delta.enableRowTracking')) return `${name} needs delta.enableRowTracking`
  const column = firstWith(schema, (type) => !allowedTypes[version].has(type.kind))
  if (column !== null) return `${name} does not allow the type of column ${column}`
  const renamed =
    before !== null &&
    before.partitionColumns.length > 0 &&
    before.partitionColumns.join('\n') !== metadata.partitionColumns.join('\n')
  if (renamed) return `${name} does not allow other partition columns than (${before.partitionColumns.join(', ')})`
  const change = typeChangesOf(schema, '').find(({ from, to }) => !isIcebergTypeChange(from, to))
  return change === undefined ? null : `${name} does not allow the change of type of column ${change.column.slice(1)}`
}

type Kinds = ReadonlySet<DataType['kind']>
const scalars: readonly DataType['kind'][] = [
  'int8',
  'int16',
  'int32',
  'int64',
  'float32',
  'float64',
  'decimal',
  'string',
  'binary',
  'boolean',
  'timestamp',
  'timestamp_ntz',
  'date',
  'struct',
]
const allowedTypes: Readonly<Record<IcebergCompatibility, Kinds>> = {
  1: new Set([...scalars, 'variant']),
  2: new Set([...scalars, 'list', 'map']),
  3: new Set([...scalars, 'list', 'map', 'variant']),
}

/** Dotted path of the first column, members and elements included, whose type satisfies the test. */
export function firstWith(schema: Schema, test: (type: DataType) => boolean): string | null {
  const inField = (of: Field, path: string): string | null => inType(of.type, path)
  const inType = (type: DataType, path: string): string | null => {
    if (test(type)) return path
    switch (type.kind) {
      case 'struct':
        return firstOf(type.fields.map((member) => () => inField(member, `${path}.${member.name}`)))
      case 'list':
        return inType(type.element, `${path}.element`)
      case 'map':
        return inType(type.key, `${path}.key`) ?? inType(type.value, `${path}.value`)
      default:
        return null
    }
  }
  return firstOf(schema.fields.map((of) => () => inField(of, of.name)))
}

function firstOf(searches: readonly (() => string | null)[]): string | null {
  for (const search of searches) {
    const found = search()
    if (found !== null) return found
  }
  return null
}
