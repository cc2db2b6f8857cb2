import type { AddFile } from './actions/add-file.js'
import type { JsonObject } from './json.js'

const kib = 1024
const mib = 1024 * kib
const gib = 1024 * mib

const steps = (from: number, to: number, step: number): number[] =>
  Array.from({ length: (to - from) / step + 1 }, (_, i) => from + i * step)
const doublings = (from: number, to: number): number[] => {
  const result: number[] = []
  for (let size = from; size <= to; size *= 2) result.push(size)
  return result
}

/** The bins that Delta's writers use, so that they can go on with a histogram of ours. */
export const fileSizeBins: readonly number[] = [
  0,
  ...doublings(8 * kib, 4 * mib),
  ...steps(8 * mib, 40 * mib, 4 * mib),
  ...steps(48 * mib, 120 * mib, 8 * mib),
  ...steps(124 * mib, 144 * mib, 4 * mib),
  ...steps(160 * mib, 576 * mib, 16 * mib),
  ...steps(640 * mib, 1408 * mib, 64 * mib),
  ...steps(1536 * mib, 2048 * mib, 128 * mib),
  ...steps(2304 * mib, 4096 * mib, 256 * mib),
  ...doublings(8 * gib, 256 * gib),
]

function binOf(bins: readonly number[], value: number): number {
  let low = 0
  let high = bins.length - 1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if (bins[middle]! <= value) low = middle
    else high = middle - 1
  }
  return low
}

/** `fileSizeHistogram` of a version checksum. */
export function fileSizeHistogram(files: Iterable<AddFile>): JsonObject {
  const fileCounts = new Array<number>(fileSizeBins.length).fill(0)
  const totalBytes = new Array<number>(fileSizeBins.length).fill(0)
  for (const { sizeBytes } of files) {
    const bin = binOf(fileSizeBins, sizeBytes)
    fileCounts[bin]!++
    totalBytes[bin]! += sizeBytes
  }
  return { sortedBinBoundaries: fileSizeBins, fileCounts, totalBytes }
}

const deletedCountBins = [0, 1, 10, 100, 1000, 10_000, 100_000, 1_000_000, 10_000_000, 2_147_483_647]

/** `deletedRecordCountsHistogramOpt` of a version checksum: how many files have how many deleted rows. */
export function deletedRecordCountsHistogram(files: Iterable<AddFile>): JsonObject {
  const deletedRecordCounts = new Array<number>(deletedCountBins.length).fill(0)
  for (const { deletionVector } of files)
    deletedRecordCounts[binOf(deletedCountBins, deletionVector?.cardinality ?? 0)]!++
  return { deletedRecordCounts }
}
