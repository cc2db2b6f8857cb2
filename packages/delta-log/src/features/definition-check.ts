import type { DataType, Schema } from '@deltaworks/schema'
import type { Action } from '../actions/action.js'
import type { Metadata } from '../actions/metadata.js'
import type { Protocol } from '../actions/protocol.js'
import { badDefinition } from '../errors.js'
import { pathKey } from '../file-path.js'
import { parseStatistics } from '../statistics.js'
import { firstWith, icebergCompatibility, icebergFault } from './iceberg-compat.js'
import { isCatalogManaged, writerFeaturesOf } from './protocol-check.js'

/** What a commit would leave the table as. */
export interface ResultingTable {
  readonly protocol: Protocol
  readonly metadata: Metadata
  readonly schema: Schema
  /** The table before the commit; null: it is created. */
  readonly before: { readonly partitionColumns: readonly string[] } | null
}

/**
 * Rules of the protocol for a whole commit: that its actions do not reconcile with each other, and that features which exclude or
 * need one another are not put together.
 * @throws DeltaError DW-DELTA-0022
 */
export function checkDefinition(table: string, result: ResultingTable, actions: readonly Action[]): void {
  const { protocol, metadata, schema, before } = result
  const refuse = (reason: string | null): void => {
    if (reason !== null) throw badDefinition(table, reason)
  }
  refuse(repeatedAction(actions))
  const definesTable = actions.some(({ kind }) => kind === 'metaData' || kind === 'protocol')
  if (definesTable) {
    refuse(protocolFault(protocol))
    refuse(propertiesFault(protocol, metadata))
    refuse(icebergFault(protocol, metadata, schema, before))
  }
  const adds = actions.filter((action) => action.kind === 'add')
  if (adds.length === 0) return
  refuse(voidFault(schema))
  const needsCounts = icebergCompatibility(protocol, metadata).length > 0
  const uncounted = needsCounts
    ? adds.find(({ stats }) => (parseStatistics(stats)?.rowCount ?? null) === null)
    : undefined
  if (uncounted !== undefined) refuse(`${uncounted.path} has no row count, which Iceberg compatibility needs`)
}

/** PROTOCOL.md, "Delta Log Entries": at most one action of those that reconcile with each other. */
function repeatedAction(actions: readonly Action[]): string | null {
  const seen = new Set<string>()
  for (const action of actions) {
    const key = keyOf(action)
    if (key === null) continue
    if (seen.has(key)) return `one commit has two actions for ${key}`
    seen.add(key)
  }
  return null
}

function keyOf(action: Action): string | null {
  switch (action.kind) {
    case 'add':
      return `the file ${pathKey(action.path)} (add)`
    case 'remove':
      return `the file ${pathKey(action.path)} (remove)`
    case 'txn':
      return `the application ${action.appId}`
    case 'domainMetadata':
      return `the domain ${action.domain}`
    case 'metaData':
      return 'the metadata'
    case 'protocol':
      return 'the protocol'
    case 'cdc':
    case 'commitInfo':
      return null
  }
}

function protocolFault({
  minReaderVersion,
  minWriterVersion,
  readerFeatures,
  writerFeatures,
}: Protocol): string | null {
  if (minReaderVersion >= 3 && minWriterVersion < 7) return 'reader version 3 needs writer version 7'
  if (minReaderVersion >= 3 && readerFeatures === null) return 'reader version 3 needs a list of reader features'
  if (minWriterVersion >= 7 && writerFeatures === null) return 'writer version 7 needs a list of writer features'
  const alone = (readerFeatures ?? []).find((name) => writerFeatures?.includes(name) !== true)
  return alone === undefined ? null : `the reader feature ${alone} is not among the writer features`
}

function propertiesFault(protocol: Protocol, { configuration, partitionColumns }: Metadata): string | null {
  const features = writerFeaturesOf(protocol)
  const isOn = (key: string): boolean => configuration[key]?.toLowerCase() === 'true'
  if (features.includes('clustering') && partitionColumns.length > 0) {
    return 'a clustered table has no partition columns'
  }
  if (isOn('delta.enableRowTracking') && isOn('delta.rowTrackingSuspended')) {
    return 'row tracking cannot be enabled while delta.rowTrackingSuspended is set'
  }
  if (isCatalogManaged(protocol) && !isOn('delta.enableInCommitTimestamps')) {
    return 'a catalog-managed table needs delta.enableInCommitTimestamps'
  }
  for (const [feature, needed] of dependencies) {
    if (features.includes(feature) && !features.includes(needed)) return `the feature ${feature} needs ${needed}`
  }
  return null
}

const dependencies: readonly (readonly [feature: string, needed: string])[] = [
  ['rowTracking', 'domainMetadata'],
  ['clustering', 'domainMetadata'],
  ['catalogManaged', 'inCommitTimestamp'],
  ['variantShredding', 'variantType'],
  ['icebergCompatV1', 'columnMapping'],
  ['icebergCompatV2', 'columnMapping'],
  ['icebergCompatV3', 'columnMapping'],
]

/** PROTOCOL.md, "Void Type": such tables can be read and altered, but no file can be written for them. */
function voidFault(schema: Schema): string | null {
  const isVoid = (type: DataType): boolean => type.kind === 'null'
  const container = firstWith(
    schema,
    (type) =>
      (type.kind === 'list' && holdsVoid(type.element)) ||
      (type.kind === 'map' && (holdsVoid(type.key) || holdsVoid(type.value))),
  )
  if (container !== null) return `no file can be written while column ${container} holds a void type`
  const empty = firstWith(
    schema,
    (type) => type.kind === 'struct' && type.fields.length > 0 && type.fields.every((member) => isVoid(member.type)),
  )
  if (empty !== null) return `no file can be written while every member of column ${empty} is void`
  const all = schema.fields.length > 0 && schema.fields.every((column) => isVoid(column.type))
  return all ? 'no file can be written while every column is void' : null
}

const holdsVoid = (type: DataType): boolean =>
  firstWith({ fields: [{ name: '', type, nullable: true }] }, (inner) => inner.kind === 'null') !== null
