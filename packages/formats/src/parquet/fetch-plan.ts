import type { ColumnChunk } from './metadata.js'
import type { PageLocation } from './page-index.js'
import { overlaps, type RowRange } from './row-ranges.js'

/*
 * What is read from a file for a row group, as data: which bytes in how many requests, and where in them the pages of each
 * chunk stand.
 */

/** Stretches that lie closer than this are read in one request, with what is between them. */
const coalesceGapBytes = 131_072

export interface FetchPlan {
  /** Ascending, apart from each other by more than the gap. */
  readonly requests: readonly FetchRequest[]
  /** One a chunk, in the order asked for. */
  readonly chunks: readonly (readonly FetchSegment[])[]
  readonly pagesTotal: number
  readonly pagesSkipped: number
}

export interface FetchRequest {
  readonly start: number
  readonly end: number
}

/** Consecutive pages of a chunk. */
export interface FetchSegment {
  readonly start: number
  readonly end: number
  /** Index in the row group of the first row in them. */
  readonly firstRow: number
}

export interface FetchChunk {
  readonly chunk: Pick<ColumnChunk, 'start' | 'compressedBytes'>
  /** Null: the chunk has no offset index, and is read whole. */
  readonly pages: readonly PageLocation[] | null
}

/** @param rows what is wanted of the row group; null: all */
export function fetchPlan(
  chunks: readonly FetchChunk[],
  rows: readonly RowRange[] | null,
  rowCount: number,
): FetchPlan {
  let pagesTotal = 0
  let pagesSkipped = 0
  const segments = chunks.map(({ chunk, pages }) => {
    const end = chunk.start + chunk.compressedBytes
    if (pages === null || rows === null) return [{ start: chunk.start, end, firstRow: 0 }]
    const kept = keptPages(pages, rows, rowCount)
    pagesTotal += pages.length
    pagesSkipped += pages.length - kept.length
    return segmentsOf(chunk.start, pages, kept)
  })
  return { requests: coalesce(segments.flat()), chunks: segments, pagesTotal, pagesSkipped }
}

/** Indexes of the pages that have wanted rows. */
function keptPages(pages: readonly PageLocation[], rows: readonly RowRange[], rowCount: number): number[] {
  const kept: number[] = []
  pages.forEach(({ firstRow }, i) => {
    if (overlaps(rows, firstRow, pages[i + 1]?.firstRow ?? rowCount)) kept.push(i)
  })
  return kept
}

/** What stands before the first page (a dictionary) is part of the first segment, or one of its own. */
function segmentsOf(chunkStart: number, pages: readonly PageLocation[], kept: readonly number[]): FetchSegment[] {
  const result: { start: number; end: number; firstRow: number }[] = []
  const dataStart = pages[0]?.offset ?? chunkStart
  if (dataStart > chunkStart) result.push({ start: chunkStart, end: dataStart, firstRow: 0 })
  for (const i of kept) {
    const { offset, sizeBytes, firstRow } = pages[i]!
    const last = result.at(-1)
    const continues = last !== undefined && last.end === offset && (kept.includes(i - 1) || i === 0)
    if (continues) last.end = offset + sizeBytes
    else result.push({ start: offset, end: offset + sizeBytes, firstRow })
  }
  // A chunk that is wanted has a segment, if only to say where its rows would begin.
  return result.length === 0 ? [{ start: chunkStart, end: chunkStart, firstRow: 0 }] : result
}

/** Ranges to read, ascending; every stretch is within exactly one. */
export function coalesce(stretches: readonly { readonly start: number; readonly end: number }[]): FetchRequest[] {
  const result: { start: number; end: number }[] = []
  for (const { start, end } of [...stretches].sort((a, b) => a.start - b.start)) {
    if (end === start) continue
    const last = result.at(-1)
    if (last !== undefined && start - last.end <= coalesceGapBytes) last.end = Math.max(last.end, end)
    else result.push({ start, end })
  }
  return result
}
