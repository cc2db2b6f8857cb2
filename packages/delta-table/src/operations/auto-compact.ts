import { DeltaError, isAllowed, type AddFile, type Snapshot } from '@deltaworks/delta-log'
import { runOperation, type OperationContext, type OperationResult } from '../operation-context.js'
import { partitionKey } from '../predicates.js'
import { optimizeIntent } from './optimize.js'

/*
 * `delta.autoOptimize.autoCompact`: a write that leaves many small files in a partition is followed by an OPTIMIZE of these, with the
 * thresholds of Delta: 50 files below 64 MiB become files of 128 MiB.
 */

const targetBytes = 128 * 1024 * 1024
const smallBytes = targetBytes / 2
const fewFiles = 50

const isAsked = ({ metadata }: Snapshot): boolean =>
  ['true', 'auto'].includes(metadata.configuration['delta.autoOptimize.autoCompact']?.toLowerCase() ?? '')

/** Small files of partitions that have too many of them. */
function crowdedFiles(snapshot: Snapshot): ReadonlySet<AddFile> {
  const partitions = new Map<string, AddFile[]>()
  for (const file of snapshot.files.values()) {
    if (file.sizeBytes >= smallBytes) continue
    const key = partitionKey(snapshot, file)
    const known = partitions.get(key)
    if (known === undefined) partitions.set(key, [file])
    else known.push(file)
  }
  return new Set([...partitions.values()].filter((files) => files.length >= fewFiles).flat())
}

/**
 * What comes behind a write of a table that asks for it. The write stands whether or not it could be done: who loses a conflict leaves it to
 * the next one.
 * @returns null if there was nothing to do
 */
export async function compactAfterWrite(
  context: OperationContext,
  snapshot: Snapshot,
  nowMs: number | undefined,
): Promise<OperationResult | null> {
  if (!isAsked(snapshot) || !isAllowed(snapshot, 'OPTIMIZE') || crowdedFiles(snapshot).size === 0) return null
  const options = { targetFileBytes: targetBytes, maxRetries: 1, ...(nowMs !== undefined && { nowMs }) }
  try {
    return await runOperation(context, snapshot, options, (base, at) => {
      const crowded = crowdedFiles(base)
      return optimizeIntent(context, base, { ...options, only: (file) => crowded.has(file), auto: true }, at)
    })
  } catch (error) {
    if (error instanceof DeltaError && error.fault === 'conflict') return null
    throw error
  }
}
