/*
 * Names in `_delta_log` (PROTOCOL.md, "Delta Log Entries", "Checkpoint Naming Scheme"):
 *
 *   00000000000000000010.json                                      commit
 *   00000000000000000010.checkpoint.parquet                        classic checkpoint
 *   00000000000000000010.checkpoint.0000000001.0000000003.parquet  part 1 of 3
 *   00000000000000000010.checkpoint.<uuid>.(json|parquet)          V2 checkpoint
 *   00000000000000000004.00000000000000000006.compacted.json       log compaction
 *   00000000000000000010.crc                                       version checksum
 */

export type LogFile = CommitLogFile | CheckpointLogFile | CompactedLogFile

/** A log compaction of versions `first` to `version`. */
export interface CompactedLogFile {
  readonly kind: 'compacted'
  readonly first: number
  readonly version: number
}

export interface CommitLogFile {
  readonly kind: 'commit'
  readonly version: number
}

export interface CheckpointLogFile {
  readonly kind: 'checkpoint'
  readonly version: number
  readonly form: 'classic' | 'multi-part' | 'v2'
  /** 1-based; 1 of 1 for the other forms. */
  readonly part: number
  readonly parts: number
  readonly format: 'parquet' | 'json'
}

const commitName = /^(\d{20})\.json$/
const classicName = /^(\d{20})\.checkpoint\.parquet$/
const multiPartName = /^(\d{20})\.checkpoint\.(\d{10})\.(\d{10})\.parquet$/
const compactedName = /^(\d{20})\.(\d{20})\.compacted\.json$/
const checksumName = /^(\d{20})\.crc$/
const v2Name = /^(\d{20})\.checkpoint\.[0-9a-fA-F-]{36}\.(json|parquet)$/

export const versionDigits = (version: number): string => String(version).padStart(20, '0')
export const commitFileName = (version: number): string => `${versionDigits(version)}.json`
export const checkpointFileName = (version: number): string => `${versionDigits(version)}.checkpoint.parquet`
export const lastCheckpointFileName = '_last_checkpoint'

/** @returns what the file is, or null: something that a snapshot does not need (checksums, temporary files) */
export function parseLogFileName(name: string): LogFile | null {
  let match = commitName.exec(name)
  if (match !== null) return { kind: 'commit', version: Number(match[1]) }
  match = classicName.exec(name)
  if (match !== null) return checkpoint(Number(match[1]), 'classic', 1, 1, 'parquet')
  match = multiPartName.exec(name)
  if (match !== null) return checkpoint(Number(match[1]), 'multi-part', Number(match[2]), Number(match[3]), 'parquet')
  match = v2Name.exec(name)
  if (match !== null) return checkpoint(Number(match[1]), 'v2', 1, 1, match[2] === 'json' ? 'json' : 'parquet')
  match = compactedName.exec(name)
  if (match !== null && Number(match[1]) < Number(match[2])) {
    return { kind: 'compacted', first: Number(match[1]), version: Number(match[2]) }
  }
  return null
}

/** The version of a checksum file; null for other names. */
export function checksumVersion(name: string): number | null {
  const match = checksumName.exec(name)
  return match === null ? null : Number(match[1])
}

const checkpoint = (
  version: number,
  form: CheckpointLogFile['form'],
  part: number,
  parts: number,
  format: CheckpointLogFile['format'],
): CheckpointLogFile => ({ kind: 'checkpoint', version, form, part, parts, format })
