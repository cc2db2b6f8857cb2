import * as zlib from 'node:zlib'
import type { Arena, Heap } from '@deltaworks/columnar'
import { codecUnavailable } from '../errors.js'
import { codec } from './format.js'
import type { ParquetKernels } from './kernels.js'

export type ParquetCompression = 'snappy' | 'none' | 'zstd' | 'gzip' | 'brotli' | 'lz4_raw'

/** Compresses heap bytes; what it returns is valid until the next call. */
export interface PageCompressor {
  readonly codec: number
  compress(source: number, length: number): Uint8Array
  /** The same for 64-bit values behind `skip` bytes of anything; absent: there is no faster way for them. */
  compress64?(source: number, length: number, skip: number): Uint8Array
}

type ZstdCompress = (input: Uint8Array) => Uint8Array

/** @throws FormatError DW-FORMAT-0007 */
export function pageCompressor(
  compression: ParquetCompression,
  heap: Heap,
  kernels: ParquetKernels,
  arena: Arena,
): PageCompressor {
  switch (compression) {
    case 'none':
      return { codec: codec.none, compress: (source, length) => heap.u8.subarray(source, source + length) }
    case 'gzip':
      return {
        codec: codec.gzip,
        compress: (source, length) => zlib.gzipSync(heap.u8.slice(source, source + length), { level: 6 }),
      }
    case 'brotli':
      return {
        codec: codec.brotli,
        compress: (source, length) =>
          zlib.brotliCompressSync(heap.u8.slice(source, source + length), {
            params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 4, [zlib.constants.BROTLI_PARAM_SIZE_HINT]: length },
          }),
      }
    case 'zstd': {
      const zstd = (zlib as unknown as { zstdCompressSync?: ZstdCompress }).zstdCompressSync
      if (zstd === undefined) throw codecUnavailable('zstd')
      return { codec: codec.zstd, compress: (source, length) => zstd(heap.u8.slice(source, source + length)) }
    }
    case 'snappy':
      return kernelCompressor(codec.snappy, heap, arena, {
        run: (source, length, target, table) => kernels.parquetSnappyCompress(source, length, target, table),
        run64: (source, length, skip, target, table) =>
          kernels.parquetSnappyCompress64(source, length, skip, target, table),
      })
    case 'lz4_raw':
      return kernelCompressor(codec.lz4Raw, heap, arena, {
        run: (source, length, target, table) => kernels.lz4Compress(source, length, target, table),
      })
  }
}

/** What the kernels that compress want to work in. */
const tableBytes = 32_768

interface CompressionKernels {
  run(source: number, length: number, target: number, table: number): number
  run64?(source: number, length: number, skip: number, target: number, table: number): number
}

/** `arena` lives as long as the compressor. */
function kernelCompressor(
  codecId: number,
  heap: Heap,
  arena: Arena,
  { run, run64 }: CompressionKernels,
): PageCompressor {
  const table = arena.allocate(tableBytes)
  let target = 0
  let capacity = 0
  const into = (length: number, kernel: () => number): Uint8Array => {
    const worst = 64 + length + Math.ceil(length / 6)
    if (worst > capacity) {
      capacity = Math.max(worst, 8192, capacity * 2)
      target = arena.allocate(capacity)
    }
    const size = kernel()
    return heap.u8.subarray(target, target + size)
  }
  return {
    codec: codecId,
    compress: (source, length) => into(length, () => run(source, length, target, table)),
    ...(run64 === undefined
      ? {}
      : { compress64: (source, length, skip) => into(length, () => run64(source, length, skip, target, table)) }),
  }
}
