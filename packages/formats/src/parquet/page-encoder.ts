import type { Heap } from '@deltaworks/columnar'
import { encoding, pageType } from './format.js'
import type { HeapBuffer } from './heap-buffer.js'
import type { ParquetKernels } from './kernels.js'
import { ThriftWriter } from './thrift-writer.js'

/* The parts of a page, appended to a buffer one after the other; and the headers of pages. */

export interface PageEncoderContext {
  readonly heap: Heap
  readonly kernels: ParquetKernels
}

/** Bits of the codes 0 … count - 1. */
export const bitWidth = (count: number): number => (count <= 1 ? 0 : 32 - Math.clz32(count - 1))

/**
 * `count` levels, behind their length in bytes if `withLength`. `isUniform`: all of them are `maximum`, whatever the buffer
 * holds.
 */
export function appendLevels(
  { heap, kernels }: PageEncoderContext,
  page: HeapBuffer,
  levels: HeapBuffer,
  count: number,
  maximum: number,
  isUniform: boolean,
  withLength: boolean,
): void {
  if (maximum === 0) return
  page.reserve(32 + 2 * count)
  const start = page.end
  const target = withLength ? start + 4 : start
  const size = isUniform
    ? writeRun(heap, target, count, maximum)
    : kernels.parquetEncodeHybrid(levels.address, 1, count, bitWidth(maximum + 1), target)
  if (!withLength) {
    page.length += size
    return
  }
  const { u8 } = heap
  u8[start] = size & 255
  u8[start + 1] = (size >> 8) & 255
  u8[start + 2] = (size >> 16) & 255
  u8[start + 3] = size >>> 24
  page.length += 4 + size
}

/** One run of a hybrid stream, of a value below 256. @returns its bytes */
function writeRun(heap: Heap, address: number, count: number, value: number): number {
  const { u8 } = heap
  let at = address
  let header = count * 2
  for (; header >= 128; header = Math.floor(header / 128)) u8[at++] = (header % 128) | 128
  u8[at++] = header
  u8[at++] = value
  return at - address
}

/** Dictionary codes behind their width. */
export function appendCodes(
  { heap, kernels }: PageEncoderContext,
  page: HeapBuffer,
  codes: HeapBuffer,
  dictionaryCount: number,
): void {
  const count = codes.length / 4
  // At least 1, as parquet-mr writes it: some readers stumble over width 0.
  const width = Math.max(1, bitWidth(dictionaryCount))
  page.reserve(64 + count * 5)
  heap.u8[page.end] = width
  page.length += 1
  page.length += kernels.parquetEncodeHybrid(codes.address, 4, count, width, page.end)
}

export function dataPageHeader(
  levelCount: number,
  valueEncoding: number,
  uncompressedBytes: number,
  compressedBytes: number,
): Uint8Array {
  const header = new ThriftWriter(48)
  header.begin()
  header.i32(1, pageType.data)
  header.i32(2, uncompressedBytes)
  header.i32(3, compressedBytes)
  header.begin(5)
  header.i32(1, levelCount)
  header.i32(2, valueEncoding)
  header.i32(3, encoding.rle)
  header.i32(4, encoding.rle)
  header.end()
  header.end()
  return header.bytes()
}

export interface PageHeaderV2 {
  readonly levelCount: number
  readonly nullCount: number
  readonly rowCount: number
  readonly valueEncoding: number
  readonly definitionBytes: number
  readonly repetitionBytes: number
  readonly uncompressedBytes: number
  readonly compressedBytes: number
  readonly isCompressed: boolean
}

export function dataPageHeaderV2(page: PageHeaderV2): Uint8Array {
  const header = new ThriftWriter(64)
  header.begin()
  header.i32(1, pageType.dataV2)
  header.i32(2, page.uncompressedBytes)
  header.i32(3, page.compressedBytes)
  header.begin(8)
  header.i32(1, page.levelCount)
  header.i32(2, page.nullCount)
  header.i32(3, page.rowCount)
  header.i32(4, page.valueEncoding)
  header.i32(5, page.definitionBytes)
  header.i32(6, page.repetitionBytes)
  header.boolean(7, page.isCompressed)
  header.end()
  header.end()
  return header.bytes()
}

export function dictionaryPageHeader(count: number, uncompressedBytes: number, compressedBytes: number): Uint8Array {
  const header = new ThriftWriter(48)
  header.begin()
  header.i32(1, pageType.dictionary)
  header.i32(2, uncompressedBytes)
  header.i32(3, compressedBytes)
  header.begin(7)
  header.i32(1, count)
  header.i32(2, encoding.plain)
  header.end()
  header.end()
  return header.bytes()
}
