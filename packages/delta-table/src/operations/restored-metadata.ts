import {
  formatSchema,
  withFeatures,
  writerFeaturesOf,
  type Action,
  type Metadata,
  type Snapshot,
} from '@deltaworks/delta-log'
import type { Schema } from '@deltaworks/schema'
import { identityOf, withHighWaterMark } from '../write/column-rules.js'

const maxIdKey = 'delta.columnMapping.maxColumnId'
const keptFromNow = [
  'delta.rowTracking.materializedRowIdColumnName',
  'delta.rowTracking.materializedRowCommitVersionColumnName',
  'delta.enableInCommitTimestamps',
  'delta.inCommitTimestampEnablementVersion',
  'delta.inCommitTimestampEnablementTimestamp',
  'delta.requireCheckpointProtectionBeforeVersion',
]

/**
 * The definition of an earlier version as it can stand now: what only goes up (column ids, identity values) does not go back, and what
 * later commits rely on stays.
 */
export function restoredMetadata(wanted: Snapshot, base: Snapshot): Metadata {
  const before = wanted.metadata.configuration
  const now = base.metadata.configuration
  const configuration: Record<string, string> = { ...before }
  for (const key of keptFromNow) if (now[key] !== undefined) configuration[key] = now[key]
  if (before[maxIdKey] !== undefined || now[maxIdKey] !== undefined) {
    configuration[maxIdKey] = String(Math.max(Number(before[maxIdKey] ?? 0), Number(now[maxIdKey] ?? 0)))
  }
  const schema = withLatestMarks(wanted.schema, base.schema)
  const schemaString = schema === wanted.schema ? wanted.metadata.schemaString : formatSchema(schema)
  return { ...wanted.metadata, schemaString, configuration }
}

function withLatestMarks(wanted: Schema, now: Schema): Schema {
  let moved = false
  const fields = wanted.fields.map((column) => {
    const before = identityOf(column)
    const latest = now.fields.find(({ name }) => name === column.name)
    const mark = latest === undefined ? null : (identityOf(latest)?.highWaterMark ?? null)
    if (before === null || mark === null || before.highWaterMark === mark) return column
    moved = true
    return withHighWaterMark(column, mark)
  })
  return moved ? { fields } : wanted
}

/** Protocol and domains of an earlier version, where they differ: features are added, none is taken away. */
export function restoredActions(wanted: Snapshot, base: Snapshot): readonly Action[] {
  const protocol = withFeatures(base.protocol, writerFeaturesOf(wanted.protocol))
  const isRestored = (domain: string): boolean => domain !== 'delta.rowTracking'
  const changed = [...wanted.domains.values()].filter(
    ({ domain, configuration }) => isRestored(domain) && base.domains.get(domain)?.configuration !== configuration,
  )
  const gone = [...base.domains.values()].filter(({ domain }) => isRestored(domain) && !wanted.domains.has(domain))
  return [
    ...(protocol === base.protocol ? [] : [protocol]),
    ...changed,
    ...gone.map((domain) => ({ ...domain, removed: true })),
  ]
}
