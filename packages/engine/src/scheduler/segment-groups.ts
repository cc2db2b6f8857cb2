import { splitBytes, type MorselSegment } from './stage.js'

const partitionBytes = 16 * 1024 * 1024

/** The same for every number of threads. */
export function partitionCount(bytes: number): number {
  let partitions = 8
  while (partitions < 128 && partitions * partitionBytes < bytes) partitions *= 2
  return partitions
}

export function byPartition(segments: readonly MorselSegment[], partitions: number): MorselSegment[][] {
  const result: MorselSegment[][] = Array.from({ length: partitions }, () => [])
  for (const segment of segments) result[segment.partition]!.push(segment)
  return result
}

export function byMorsel(segments: readonly MorselSegment[]): MorselSegment[][] {
  const result = new Map<number, MorselSegment[]>()
  for (const segment of segments) {
    const own = result.get(segment.morsel)
    if (own === undefined) result.set(segment.morsel, [segment])
    else own.push(segment)
  }
  return [...result.values()]
}

/** Segments in lists of about a morsel's size, in order. */
export function groupSegments(segments: readonly MorselSegment[]): MorselSegment[][] {
  const groups: MorselSegment[][] = []
  let bytes = Number.POSITIVE_INFINITY
  for (const segment of segments) {
    if (bytes + splitBytes(segment.split) > partitionBytes) {
      groups.push([])
      bytes = 0
    }
    groups[groups.length - 1]!.push(segment)
    bytes += splitBytes(segment.split)
  }
  return groups
}
