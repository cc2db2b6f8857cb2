import type { Arena, Heap } from '@deltaworks/columnar'
import { corruptParquet } from '../errors.js'
import type { FileScan } from '../file-scan.js'
import type { OpenedFile } from './footer.js'
import type { ColumnChunk } from './metadata.js'

/** Chunks that lie closer than this are read in one request, with what is between them. */
const coalesceGapBytes = 131_072

export interface LoadedChunks {
  /** Heap addresses, in the order of the chunks asked for. */
  readonly addresses: readonly number[]
  readonly bytesRead: number
}

interface ChunkRange {
  start: number
  end: number
  readonly chunks: number[]
}

/** Brings column chunks into the heap: from the file's content if that is there, else in as few requests as sensible. */
export async function loadChunks(
  scan: FileScan,
  file: OpenedFile,
  chunks: readonly ColumnChunk[],
  heap: Heap,
  arena: Arena,
): Promise<LoadedChunks> {
  for (const { start, compressedBytes } of chunks) {
    if (start + compressedBytes > file.sizeBytes - 8) throw corruptParquet(scan.path, 'a column lies outside the file')
  }
  const addresses = new Array<number>(chunks.length).fill(0)
  if (file.content !== null) {
    chunks.forEach(({ start, compressedBytes }, i) => {
      addresses[i] = arena.allocate(compressedBytes)
      heap.u8.set(file.content!.subarray(start, start + compressedBytes), addresses[i])
    })
    return { addresses, bytesRead: 0 }
  }
  const ranges = coalesce(chunks)
  let bytesRead = 0
  await Promise.all(
    ranges.map(async ({ start, end, chunks: members }) => {
      const size = end - start
      const address = arena.allocate(size)
      for (const i of members) addresses[i] = address + chunks[i]!.start - start
      const read = await scan.store.getInto(scan.path, start, heap.u8.subarray(address, address + size))
      if (read !== size)
        throw corruptParquet(scan.path, `it has fewer than the ${file.sizeBytes} bytes that were expected`)
      bytesRead += size
    }),
  )
  return { addresses, bytesRead }
}

/** Ranges to read, ascending; every chunk is within exactly one. */
export function coalesce(chunks: readonly Pick<ColumnChunk, 'start' | 'compressedBytes'>[]): readonly ChunkRange[] {
  const order = chunks.map((_, i) => i).sort((a, b) => chunks[a]!.start - chunks[b]!.start)
  const ranges: ChunkRange[] = []
  for (const i of order) {
    const { start, compressedBytes } = chunks[i]!
    const end = start + compressedBytes
    const last = ranges.at(-1)
    if (last !== undefined && start - last.end <= coalesceGapBytes) {
      last.end = Math.max(last.end, end)
      last.chunks.push(i)
    } else ranges.push({ start, end, chunks: [i] })
  }
  return ranges
}
