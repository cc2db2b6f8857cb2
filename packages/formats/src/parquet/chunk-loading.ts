import type { Arena, Heap } from '@deltaworks/columnar'
import { corruptParquet } from '../errors.js'
import type { FileScan } from '../file-scan.js'
import type { ChunkSegment } from './column-reader.js'
import { coalesce, type FetchPlan } from './fetch-plan.js'
import type { OpenedFile } from './footer.js'
import type { FileRange } from './metadata.js'

type ScannedFile = Pick<FileScan, 'store' | 'path'>

export interface LoadedChunks {
  /** One a chunk of the plan. */
  readonly chunks: readonly (readonly ChunkSegment[])[]
  readonly bytesRead: number
}

/** Brings what a plan asks for into the heap: from the file's content if that is there, else by its requests. */
export async function loadChunks(
  scan: ScannedFile,
  file: OpenedFile,
  plan: FetchPlan,
  heap: Heap,
  arena: Arena,
): Promise<LoadedChunks> {
  for (const { end } of plan.requests) {
    if (end > file.sizeBytes - 8) throw corruptParquet(scan.path, 'a column lies outside the file')
  }
  const loaded = plan.requests.map(({ start, end }) => ({ start, end, address: arena.allocate(end - start) }))
  let bytesRead = 0
  if (file.content !== null) {
    for (const { start, end, address } of loaded) heap.u8.set(file.content.subarray(start, end), address)
  } else {
    await Promise.all(
      loaded.map(async ({ start, end, address }) => {
        const size = end - start
        const read = await scan.store.getInto(scan.path, start, heap.u8.subarray(address, address + size))
        if (read !== size) throw tooShort(scan.path, file)
        bytesRead += size
      }),
    )
  }
  const chunks = plan.chunks.map((segments) =>
    segments.map(({ start, end, firstRow }) => {
      const request = loaded.find((range) => range.start <= start && range.end >= end)
      const address = request === undefined ? 0 : request.address + start - request.start
      return { address, end: address + end - start, firstRow }
    }),
  )
  return { chunks, bytesRead }
}

const tooShort = (path: string, file: OpenedFile): Error =>
  corruptParquet(path, `it has fewer than the ${file.sizeBytes} bytes that were expected`)

/** Reads small parts of a file (indexes, filters) in as few requests as sensible. */
export async function loadRanges(
  scan: ScannedFile,
  file: OpenedFile,
  ranges: readonly FileRange[],
): Promise<{ readonly parts: readonly Uint8Array[]; readonly bytesRead: number }> {
  for (const { offset, length } of ranges) {
    if (offset < 4 || offset + length > file.sizeBytes - 8)
      throw corruptParquet(scan.path, 'an index of a column lies outside the file')
  }
  if (file.content !== null) {
    const { content } = file
    return { parts: ranges.map(({ offset, length }) => content.subarray(offset, offset + length)), bytesRead: 0 }
  }
  const requests = coalesce(ranges.map(({ offset, length }) => ({ start: offset, end: offset + length })))
  const read = await Promise.all(requests.map(({ start, end }) => scan.store.get(scan.path, { start, end })))
  const parts = ranges.map(({ offset, length }) => {
    const i = requests.findIndex(({ start, end }) => start <= offset && end >= offset + length)
    const from = offset - (requests[i]?.start ?? 0)
    const part = read[i]?.subarray(from, from + length) ?? new Uint8Array(0)
    if (part.length !== length) throw tooShort(scan.path, file)
    return part
  })
  return { parts, bytesRead: read.reduce((sum, { length }) => sum + length, 0) }
}
