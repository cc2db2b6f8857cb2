import {
  cleanLog,
  listLog,
  readerFeaturesOf,
  readEverything,
  readSnapshot,
  tableFeature,
  withFeatures,
  withoutFeature,
  writeCheckpoint,
  writerFeaturesOf,
  type Action,
  type Snapshot,
} from '@deltaworks/delta-log'
import { badAlteration } from '../../errors.js'
import { runOperation, type OperationContext, type OperationResult } from '../../operation-context.js'
import { emptyReport } from '../../write-report.js'
import type { WriteOptions } from '../../write/write-options.js'
import { nothing } from '../../write/write-rows.js'
import { rewriteFiles } from '../rewrite-files.js'
import { tracesOf } from './feature-traces.js'

export interface DropFeatureOptions extends WriteOptions {
  /**
   * Takes the versions away that need the feature, instead of protecting a checkpoint in front of which old readers stop. Asks for
   * them to be older than 24 hours.
   */
  readonly truncateHistory?: boolean
}

const protectionProperty = 'delta.requireCheckpointProtectionBeforeVersion'
const truncationWaitMs = 24 * 3_600_000

/**
 * ALTER TABLE … DROP FEATURE: what uses the feature is taken away (files are written again where they need it), then its name leaves
 * the protocol.
 *
 * Readers of a version replay what came before it, so a reader feature may leave only where no such replay is left: behind a checkpoint
 * that stays (feature `checkpointProtection`), or when the history before is deleted.
 * @throws DeltaTableError DW-TABLE-0020
 */
export async function dropFeature(
  context: OperationContext,
  snapshot: Snapshot,
  name: string,
  options: DropFeatureOptions,
): Promise<OperationResult | null> {
  const { location, parquet } = context
  requireDroppable(location.uri, snapshot, name)
  const bare = await removeTraces(context, snapshot, name, options)
  const base = bare?.snapshot ?? snapshot
  const needsBarrier = tableFeature(name)?.kind === 'readerWriter' || name === 'checkpointProtection'
  if (!needsBarrier) return leaveProtocol(context, base, name, {}, options)
  if (options.truncateHistory === true || name === 'checkpointProtection') {
    await truncateHistory(context, base, name, options)
    return leaveProtocol(context, base, name, {}, options)
  }
  const protection = { [protectionProperty]: String(base.version + 1) }
  const result = await leaveProtocol(context, base, name, protection, options)
  if (result !== null) await writeCheckpoint(result.snapshot, parquet, options.nowMs ?? Date.now())
  return result
}

function requireDroppable(table: string, { protocol }: Snapshot, name: string): void {
  const subject = `Feature ${name}`
  if (![...readerFeaturesOf(protocol), ...writerFeaturesOf(protocol)].includes(name)) {
    throw badAlteration(table, subject, 'the protocol of the table does not have it')
  }
  if (tableFeature(name) === undefined)
    throw badAlteration(table, subject, 'it is not known here what it leaves behind')
}

/** One commit that leaves nothing in the current version that needs the feature. */
function removeTraces(
  context: OperationContext,
  snapshot: Snapshot,
  name: string,
  options: WriteOptions,
): Promise<OperationResult | null> {
  return runOperation(context, snapshot, options, async (base, nowMs) => {
    const traces = tracesOf(context.location.uri, base, name)
    if (traces === null) return null
    const { metadata, schema, files, actions } = traces
    const target = { protocol: base.protocol, metadata, schema }
    const rewritten = files.length === 0 ? null : await rewriteFiles(context, base, files, target, options, nowMs)
    return {
      base,
      actions: [
        ...(metadata === base.metadata ? [] : [metadata]),
        ...actions,
        ...(rewritten?.actions ?? []),
      ] satisfies readonly Action[],
      written: rewritten?.written ?? nothing,
      operation: { name: 'DROP FEATURE', parameters: { featureName: name, phase: 'remove traces' }, metrics: {} },
      reads: readEverything,
      isolation: 'Serializable',
      report: { ...emptyReport, committed: true, filesRemoved: files.length },
    }
  })
}

function leaveProtocol(
  context: OperationContext,
  snapshot: Snapshot,
  name: string,
  protection: Readonly<Record<string, string>>,
  options: WriteOptions,
): Promise<OperationResult | null> {
  return runOperation(context, snapshot, options, (base) => {
    requireDroppable(context.location.uri, base, name)
    if (tracesOf(context.location.uri, base, name) !== null) {
      throw badAlteration(context.location.uri, `Feature ${name}`, 'another writer used it meanwhile; run it again')
    }
    const isProtected = Object.keys(protection).length > 0
    const kept = isProtected ? withFeatures(base.protocol, ['checkpointProtection']) : base.protocol
    const { [protectionProperty]: before, ...others } = base.metadata.configuration
    const configuration = name === 'checkpointProtection' ? others : { ...base.metadata.configuration, ...protection }
    const metadata = { ...base.metadata, configuration }
    const changed = isProtected || (name === 'checkpointProtection' && before !== undefined)
    return Promise.resolve({
      base,
      actions: [withoutFeature(kept, name), ...(changed ? [metadata] : [])],
      written: nothing,
      operation: {
        name: 'DROP FEATURE',
        parameters: { featureName: name, truncateHistory: String(!isProtected) },
        metrics: {},
      },
      reads: readEverything,
      isolation: 'Serializable',
      report: { ...emptyReport, committed: true },
    })
  })
}

/** Deletes the versions that need the feature. @throws DeltaTableError DW-TABLE-0020 while some are too young */
async function truncateHistory(
  context: OperationContext,
  snapshot: Snapshot,
  name: string,
  options: WriteOptions,
): Promise<void> {
  const { location, parquet } = context
  const nowMs = options.nowMs ?? Date.now()
  await writeCheckpoint(snapshot, parquet, nowMs)
  await cleanLog(snapshot, parquet, nowMs, { retentionMs: truncationWaitMs, exactly: true })
  const { commits, checkpoints } = await listLog(location)
  const first = Math.min(commits[0]?.version ?? Infinity, checkpoints[0]?.version ?? Infinity)
  for (let version = first; version < snapshot.version; version++) {
    const earlier = await readSnapshot(location, parquet, { version }).catch(() => null)
    const needsIt =
      earlier === null ||
      (name === 'checkpointProtection'
        ? version < Number(snapshot.metadata.configuration[protectionProperty] ?? 0)
        : tracesOf(location.uri, earlier, name) !== null)
    if (!needsIt) continue
    const reason = `version ${version} still needs it, and its history is younger than 24 hours; run it again when that has passed`
    throw badAlteration(location.uri, `Feature ${name}`, reason)
  }
}
