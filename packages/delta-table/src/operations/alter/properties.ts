import {
  checkProperties,
  columnMappingMode,
  invalidProperty,
  rowIdBackfill,
  rowTrackingColumns,
  tableFeature,
  withSchema,
  type Metadata,
  type Snapshot,
} from '@deltaworks/delta-log'
import { badAlteration } from '../../errors.js'
import type { OperationContext, OperationResult } from '../../operation-context.js'
import type { WriteOptions } from '../../write/write-options.js'
import { alterTable } from './alter-table.js'

type Properties = Readonly<Record<string, string>>

const featurePrefix = 'delta.feature.'

/** Versions that every table of ours has at least; they are no properties. */
const protocolProperties: readonly (readonly [key: string, lowest: number])[] = [
  ['delta.minReaderVersion', 3],
  ['delta.minWriterVersion', 7],
]
const isProtocolVersion = (key: string): boolean => protocolProperties.some(([name]) => name === key)

/** `delta.feature.NAME = supported` asks for a feature, and is no property. */
export function splitFeatures(
  table: string,
  properties: Properties,
): { readonly properties: Properties; readonly features: readonly string[] } {
  const entries = Object.entries(properties)
  const features = entries
    .filter(([key]) => key.startsWith(featurePrefix))
    .map(([key]) => key.slice(featurePrefix.length))
  for (const [key, lowest] of protocolProperties) {
    const given = properties[key]
    if (given !== undefined && !/^\d+$/.test(given)) throw invalidProperty(key, given, 'a protocol version')
    if (given !== undefined && Number(given) > lowest) {
      throw badAlteration(table, key, `name the features instead, as delta.feature.NAME = supported`)
    }
  }
  for (const name of features) {
    const feature = tableFeature(name)
    if (feature === undefined || !feature.supports.read || !feature.supports.write) {
      throw badAlteration(table, `Feature ${name}`, 'Deltaworks does not write tables with it')
    }
  }
  return {
    features,
    properties: Object.fromEntries(
      entries.filter(([key]) => !key.startsWith(featurePrefix) && !isProtocolVersion(key)),
    ),
  }
}

/**
 * ALTER TABLE … SET TBLPROPERTIES. The protocol is raised where a property needs it; column mapping takes the columns' names
 * as they are, and row tracking gives ids to the rows that are there.
 * @throws DeltaError DW-DELTA-0019, DeltaTableError DW-TABLE-0020
 */
export function setProperties(
  context: OperationContext,
  snapshot: Snapshot,
  given: Properties,
  options: WriteOptions,
): Promise<OperationResult | null> {
  const table = context.location.uri
  return alterTable(context, snapshot, options, (base) => {
    const { properties, features } = splitFeatures(table, given)
    for (const key of Object.keys(properties)) {
      if (key.startsWith('delta.constraints.')) throw badAlteration(table, key, 'add it as a constraint')
    }
    checkProperties(properties)
    const plain: Metadata = { ...base.metadata, configuration: { ...base.metadata.configuration, ...properties } }
    requireMappingChange(table, base, plain)
    const tracked = rowTrackingColumns(plain)
    const mapped = withSchema(tracked, base.schema, 'own')
    if (features.length === 0 && JSON.stringify(mapped.metadata) === JSON.stringify(base.metadata)) {
      return Promise.resolve(null)
    }
    return Promise.resolve({
      ...mapped,
      features,
      actions: rowIdBackfill(base, mapped.metadata),
      name: 'SET TBLPROPERTIES',
      parameters: { properties: JSON.stringify(given) },
    })
  })
}

function requireMappingChange(table: string, base: Snapshot, next: Metadata): void {
  const [from, to] = [columnMappingMode(base.metadata), columnMappingMode(next)]
  if (from === to || (from === 'none' && to === 'name')) return
  throw badAlteration(table, 'delta.columnMapping.mode', `it cannot go from "${from}" to "${to}" with files there`)
}

/** ALTER TABLE … UNSET TBLPROPERTIES. Features stay in the protocol. @throws DeltaTableError DW-TABLE-0020 */
export function unsetProperties(
  context: OperationContext,
  snapshot: Snapshot,
  keys: readonly string[],
  options: WriteOptions & { readonly ifExists?: boolean },
): Promise<OperationResult | null> {
  const table = context.location.uri
  return alterTable(context, snapshot, options, (base) => {
    const before = base.metadata.configuration
    for (const key of keys) {
      if (before[key] === undefined && options.ifExists !== true) throw badAlteration(table, key, 'it is not set')
      if (key.startsWith('delta.constraints.')) throw badAlteration(table, key, 'drop it as a constraint')
    }
    const configuration = Object.fromEntries(Object.entries(before).filter(([key]) => !keys.includes(key)))
    const metadata: Metadata = { ...base.metadata, configuration }
    requireMappingChange(table, base, metadata)
    if (Object.keys(before).length === Object.keys(configuration).length) return Promise.resolve(null)
    return Promise.resolve({
      metadata,
      schema: base.schema,
      name: 'UNSET TBLPROPERTIES',
      parameters: { properties: JSON.stringify(keys), ifExists: String(options.ifExists === true) },
    })
  })
}
