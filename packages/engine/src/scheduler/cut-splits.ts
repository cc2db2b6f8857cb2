import type { ColumnarContext } from '@deltaworks/columnar'
import { columnsOf } from '@deltaworks/expression'
import { readParquetMetadata, splitCsv } from '@deltaworks/formats'
import type { FileSplit, ScanSplit, TableScan } from '@deltaworks/plan'
import { openStore } from '@deltaworks/storage'
import type { MemoryPool } from '../memory-pool.js'

/** Bytes that a morsel reads, about: large enough that its start costs little, small enough that the last ones end together. */
const minMorselBytes = 4 * 1024 * 1024
const maxMorselBytes = 32 * 1024 * 1024
const morselsWanted = 64
/** Fewer than those wanted are better than ones below this: starting one costs about a tenth of reading 4 MiB. */
const worthwhileBytes = 10 * 1024 * 1024
const fewestMorsels = 8
/** Columnar memory that a byte of a file becomes, about; for text it stands for the work of parsing it. */
const expansion = { parquet: 4, csv: 2, json: 2, arrow: 1, avro: 3 } as const

export interface SizedSplit {
  readonly split: ScanSplit
  /** Memory that its wanted columns take, about. */
  readonly bytes: number
}

/** What scanning a split brings into memory, about. */
export function splitBytes(split: ScanSplit, scan: TableScan): number {
  const columns = new Set([...scan.projection, ...scan.filters.flatMap(columnsOf)]).size
  const share = Math.min(1, (columns + 1) / Math.max(1, scan.table.schema.fields.length))
  switch (split.kind) {
    case 'rows':
      return split.rowCount * scan.projection.length * 16
    case 'segment':
      return split.segment.byteLength * share
    case 'file': {
      const bytes = split.byteRange === null ? split.sizeBytes : split.byteRange.end - split.byteRange.start
      return bytes * expansion[split.format.kind] * (split.format.kind === 'parquet' ? share : 1)
    }
  }
}

/** Target size of morsels: the same for every number of threads, so that results are. */
const morselBytes = (total: number): number =>
  Math.max(
    minMorselBytes,
    Math.min(worthwhileBytes, total / fewestMorsels),
    Math.min(maxMorselBytes, total / morselsWanted),
  )

/** Cuts files that are larger than a morsel: Parquet by row groups, CSV where rows start. */
export async function cutSplits(
  splits: readonly ScanSplit[],
  scan: TableScan,
  columnar: ColumnarContext,
  pool: MemoryPool,
  wantedBytes: number | undefined,
): Promise<readonly SizedSplit[]> {
  const sized = splits.map((split) => ({ split, bytes: splitBytes(split, scan) }))
  const target = wantedBytes ?? morselBytes(sized.reduce((sum, { bytes }) => sum + bytes, 0))
  const cut: SizedSplit[] = []
  for (const { split, bytes } of sized) {
    if (split.kind !== 'file' || bytes <= target * 1.5) cut.push({ split, bytes })
    else if (split.format.kind === 'parquet') cut.push(...(await byRowGroups(split, bytes, target)))
    else if (split.format.kind === 'csv') cut.push(...(await byByteRanges(split, bytes, target, columnar, pool)))
    else cut.push({ split, bytes })
  }
  return cut
}

async function byRowGroups(split: FileSplit, bytes: number, target: number): Promise<SizedSplit[]> {
  const { rowGroups } = await readParquetMetadata(openStore(split.store), split.path, split.sizeBytes)
  const { first, end } = split.rowGroups ?? { first: 0, end: rowGroups.length }
  const total = rowGroups.slice(first, end).reduce((sum, group) => sum + group.totalBytes, 0)
  const cut: SizedSplit[] = []
  let from = first
  let pending = 0
  for (let group = first; group < end; group++) {
    pending += (rowGroups[group]!.totalBytes / Math.max(1, total)) * bytes
    if (pending < target && group + 1 < end) continue
    cut.push({ split: { ...split, rowGroups: { first: from, end: group + 1 } }, bytes: pending })
    from = group + 1
    pending = 0
  }
  return cut.length === 0 ? [{ split, bytes }] : cut
}

async function byByteRanges(
  split: FileSplit,
  bytes: number,
  target: number,
  columnar: ColumnarContext,
  pool: MemoryPool,
): Promise<SizedSplit[]> {
  if (split.byteRange !== null) return [{ split, bytes }]
  const account = pool.account(`split of ${split.path}`)
  try {
    const file = { store: openStore(split.store), path: split.path, sizeBytes: split.sizeBytes }
    const rangeBytes = Math.max(minMorselBytes, (target * split.sizeBytes) / bytes)
    const ranges = await splitCsv(columnar, account, file, split.format.options as never, rangeBytes)
    return ranges.map((byteRange) => ({
      split: { ...split, byteRange },
      bytes: (bytes * (byteRange.end - byteRange.start)) / split.sizeBytes,
    }))
  } finally {
    account.close()
  }
}

/** Neighbouring splits together, until they are worth a morsel. */
export function groupSplits(
  splits: readonly SizedSplit[],
  wantedBytes: number | undefined,
): readonly (readonly SizedSplit[])[] {
  const target = wantedBytes ?? morselBytes(splits.reduce((sum, { bytes }) => sum + bytes, 0))
  const groups: SizedSplit[][] = []
  let current: SizedSplit[] = []
  let bytes = 0
  for (const split of splits) {
    if (current.length > 0 && bytes + split.bytes > target * 1.25) {
      groups.push(current)
      current = []
      bytes = 0
    }
    current.push(split)
    bytes += split.bytes
  }
  if (current.length > 0) groups.push(current)
  return groups
}
