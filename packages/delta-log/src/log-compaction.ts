import type { CommitFile, CompactedFile } from './log-segment.js'

/*
 * `<x>.<y>.compacted.json` (PROTOCOL.md, "Log Compaction Files"): the actions of commits x to y, reconciled among themselves.
 */

/**
 * Commits with runs of them replaced by the compactions that cover them. The last commit stays: its provenance is in it alone, and to
 * apply it again behind its compaction changes nothing.
 * @param commits without a gap, ascending
 */
export function withCompactions(
  commits: readonly CommitFile[],
  compactions: readonly CompactedFile[],
): readonly CommitFile[] {
  if (compactions.length === 0 || commits.length < 3) return commits
  const last = commits.at(-1)!
  const byStart = new Map<number, CompactedFile>()
  for (const compaction of compactions) {
    if (compaction.version > last.version) continue
    const known = byStart.get(compaction.first)
    if (known === undefined || known.version < compaction.version) byStart.set(compaction.first, compaction)
  }
  const result: CommitFile[] = []
  for (let i = 0; i < commits.length;) {
    const compaction = byStart.get(commits[i]!.version)
    result.push(compaction ?? commits[i]!)
    i += compaction === undefined ? 1 : compaction.version - compaction.first + 1
  }
  if (result.at(-1) !== last) result.push(last)
  return result
}

export const isCompacted = (file: CommitFile): file is CompactedFile => 'first' in file
