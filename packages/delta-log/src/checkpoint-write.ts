import { randomUUID } from 'node:crypto'
import { joinPath } from '@deltaworks/storage'
import { actionToJson } from './actions/action.js'
import { sidecarToJson, type Sidecar } from './actions/sidecar.js'
import {
  addColumn,
  checkpointMetadataRow,
  checkpointSchema,
  fileRows,
  liveTransactions,
  otherRows,
  rowsOf,
  sidecarRow,
  sidecarSchema,
  type AddColumn,
  type CheckpointRow,
} from './checkpoint-rows.js'
import { writerFeaturesOf } from './features/protocol-check.js'
import { writeLastCheckpoint } from './last-checkpoint.js'
import { checkpointFileName, versionDigits } from './log-file.js'
import type { LogParquet, LogParquetFile } from './log-parquet.js'
import type { Snapshot } from './snapshot.js'
import { logFolder } from './table-location.js'
import { usesV2Checkpoints } from './table-properties.js'

/** Where a checkpoint was written. */
export interface CheckpointResult {
  readonly version: number
  readonly path: string
  readonly sizeBytes: number
  readonly actionCount: number
}

export interface CheckpointOptions {
  /** How the top level of a V2 checkpoint is written. Default `json`. */
  readonly topLevel?: 'json' | 'parquet'
  /** File actions of one sidecar. Default 100,000. */
  readonly actionsASidecar?: number
  /**
   * Writes the V2 checkpoint under the classic name as well, from which clients that know no V2 checkpoints learn that the table is
   * not for them. Default: for every tenth version.
   */
  readonly classicName?: boolean
}

/**
 * Writes the snapshot as a checkpoint, classic or (by `delta.checkpointPolicy`) V2 with sidecars, and points `_last_checkpoint` to it.
 * Writing the same version twice is harmless: both say the same.
 */
export async function writeCheckpoint(
  snapshot: Snapshot,
  parquet: LogParquet,
  nowMs: number,
  options: CheckpointOptions = {},
): Promise<CheckpointResult> {
  const { protocol, metadata, location, version } = snapshot
  const isV2 = usesV2Checkpoints(metadata.configuration) && writerFeaturesOf(protocol).includes('v2Checkpoint')
  const result = isV2
    ? await writeV2Checkpoint(snapshot, parquet, nowMs, options)
    : await writeClassicCheckpoint(snapshot, parquet, nowMs)
  await writeLastCheckpoint(location, {
    version,
    size: result.actionCount,
    sizeInBytes: result.sizeBytes,
    numOfAddFiles: snapshot.files.size,
  })
  return result
}

async function writeClassicCheckpoint(
  snapshot: Snapshot,
  parquet: LogParquet,
  nowMs: number,
): Promise<CheckpointResult> {
  const { location, version } = snapshot
  const add = addColumn(snapshot)
  const schema = checkpointSchema(add, false)
  const rows = counted(joined(otherRows(snapshot, nowMs), fileRows(snapshot, add, nowMs)))
  const file = await parquet.file(schema, rowsOf(schema, rows))
  const path = joinPath(logFolder(location), checkpointFileName(version))
  await location.store.put(path, file.parts, 'overwrite')
  return { version, path, sizeBytes: file.sizeBytes, actionCount: rows.count }
}

async function writeV2Checkpoint(
  snapshot: Snapshot,
  parquet: LogParquet,
  nowMs: number,
  options: CheckpointOptions,
): Promise<CheckpointResult> {
  const { location, version } = snapshot
  const add = addColumn(snapshot)
  const { sidecars, actionCount: fileActions } = await writeSidecars(snapshot, add, parquet, nowMs, options)
  const tags = {
    sidecarNumActions: String(fileActions),
    sidecarSizeInBytes: String(sidecars.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)),
    numOfAddFiles: String(snapshot.files.size),
  }
  const topLevel = [checkpointMetadataRow(version, tags), ...otherRows(snapshot, nowMs), ...sidecars.map(sidecarRow)]
  const schema = checkpointSchema(add, true)
  const asParquet = (): Promise<LogParquetFile> => parquet.file(schema, rowsOf(schema, topLevel))
  const format = options.topLevel ?? 'json'
  const name = `${versionDigits(version)}.checkpoint.${randomUUID()}.${format}`
  const path = joinPath(logFolder(location), name)
  const parts = format === 'json' ? [topLevelJson(snapshot, tags, sidecars, nowMs)] : (await asParquet()).parts
  await location.store.put(path, parts, 'create')
  if (options.classicName ?? version % 10 === 0) {
    const classic = joinPath(logFolder(location), checkpointFileName(version))
    await location.store.put(classic, (await asParquet()).parts, 'overwrite')
  }
  const sizeBytes = [...parts.map((part) => part.byteLength), ...sidecars.map((s) => s.sizeBytes)].reduce(
    (a, b) => a + b,
    0,
  )
  return { version, path, sizeBytes, actionCount: topLevel.length + fileActions }
}

async function writeSidecars(
  snapshot: Snapshot,
  add: AddColumn,
  parquet: LogParquet,
  nowMs: number,
  options: CheckpointOptions,
): Promise<{ readonly sidecars: readonly Sidecar[]; readonly actionCount: number }> {
  const { location } = snapshot
  const schema = sidecarSchema(add)
  const rows = fileRows(snapshot, add, nowMs)
  const sidecars: Sidecar[] = []
  let actionCount = 0
  for (;;) {
    const group = counted(taken(rows, options.actionsASidecar ?? 100_000))
    const file = await parquet.file(schema, rowsOf(schema, group))
    if (group.count === 0) return { sidecars, actionCount }
    const path = `${randomUUID()}.parquet`
    await location.store.put(joinPath(logFolder(location), '_sidecars', path), file.parts, 'create')
    sidecars.push({ kind: 'sidecar', path, sizeBytes: file.sizeBytes, modificationTimeMs: nowMs })
    actionCount += group.count
  }
}

function topLevelJson(
  snapshot: Snapshot,
  tags: Readonly<Record<string, string>>,
  sidecars: readonly Sidecar[],
  nowMs: number,
): Uint8Array {
  const { protocol, metadata, version } = snapshot
  const lines = [
    { checkpointMetadata: { version, tags } },
    ...[protocol, metadata, ...liveTransactions(snapshot, nowMs), ...snapshot.domains.values()].map(actionToJson),
    ...sidecars.map((sidecar) => ({ sidecar: sidecarToJson(sidecar) })),
  ]
  return Buffer.from(`${lines.map((line) => JSON.stringify(line)).join('\n')}\n`)
}

function* joined(...parts: readonly Iterable<CheckpointRow>[]): Generator<CheckpointRow> {
  for (const part of parts) yield* part
}

/** At most so many; the rest stays in the iterator. */
function* taken<T>(from: Iterator<T>, most: number): Generator<T> {
  for (let i = 0; i < most; i++) {
    const next = from.next()
    if (next.done === true) return
    yield next.value
  }
}

interface Counted<T> extends Iterable<T> {
  readonly count: number
}

function counted<T>(of: Iterable<T>): Counted<T> {
  let count = 0
  return {
    get count() {
      return count
    },
    *[Symbol.iterator]() {
      for (const item of of) {
        count++
        yield item
      }
    },
  }
}
