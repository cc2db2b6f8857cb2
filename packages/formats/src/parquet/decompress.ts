import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import * as zlib from 'node:zlib'
import type { Arena } from '@deltaworks/columnar'
import { unsupportedParquet } from '../errors.js'
import { corruptColumn, type DecodeContext } from './decode-context.js'
import { codec, codecNames } from './format.js'

/**
 * Uncompresses heap bytes into the arena. What a page claims is believed only within what its codec can reach, so that a
 * damaged length cannot ask for gigabytes.
 * @returns the address of exactly `uncompressedBytes` bytes
 * @throws FormatError DW-FORMAT-0002, 0003
 */
export function decompress(
  context: DecodeContext,
  codecId: number,
  source: number,
  length: number,
  uncompressedBytes: number,
  arena: Arena,
): number {
  if (uncompressedBytes === 0) return source
  switch (codecId) {
    case codec.none:
      if (length < uncompressedBytes) throw corruptColumn(context, 'a page is shorter than its header says')
      return source
    case codec.snappy: {
      // A snappy copy of 3 bytes makes at most 64.
      if (uncompressedBytes > length * 22 + 64) throw corruptColumn(context, 'a page claims more than snappy can hold')
      const target = arena.allocate(uncompressedBytes)
      if (context.kernels.parquetSnappyUncompress(source, length, target, uncompressedBytes) !== 0) {
        throw corruptColumn(context, 'a snappy page is damaged')
      }
      return target
    }
    case codec.lz4Raw:
    case codec.lz4: {
      if (uncompressedBytes > length * 255 + 64) throw corruptColumn(context, 'a page claims more than LZ4 can hold')
      const target = arena.allocate(uncompressedBytes)
      const isDone =
        (codecId === codec.lz4 && hadoopLz4(context, source, length, target, uncompressedBytes)) ||
        context.kernels.parquetLz4Uncompress(source, length, target, uncompressedBytes) === uncompressedBytes
      if (!isDone) throw corruptColumn(context, 'an LZ4 page is damaged')
      return target
    }
    case codec.zstd:
      return uncompressZstd(context, source, length, uncompressedBytes, arena)
    case codec.gzip:
    case codec.brotli: {
      const input = context.heap.u8.slice(source, source + length)
      const options = { maxOutputLength: uncompressedBytes }
      return place(
        context,
        () => (codecId === codec.gzip ? gunzipSync(input, options) : brotliDecompressSync(input, options)),
        uncompressedBytes,
        arena,
      )
    }
    default:
      throw unsupportedParquet(context.path, `the compression ${codecNames[codecId] ?? `number ${codecId}`}`)
  }
}

function place(context: DecodeContext, inflate: () => Uint8Array, uncompressedBytes: number, arena: Arena): number {
  let output: Uint8Array
  try {
    output = inflate()
  } catch {
    throw corruptColumn(context, 'a compressed page is damaged')
  }
  if (output.length !== uncompressedBytes)
    throw corruptColumn(context, 'a compressed page has another length than its header says')
  const target = arena.allocate(uncompressedBytes)
  context.heap.u8.set(output, target)
  return target
}

/** Working memory of the zstd kernel. */
export const zstdTableBytes = 12_288 + 131_072 + 64

type ZstdDecompress = (input: Uint8Array, options?: { maxOutputLength?: number }) => Uint8Array
/** Node 22.15 and newer bring zstd; Node 20 uses the kernel. */
const nativeZstd = (zlib as unknown as { zstdDecompressSync?: ZstdDecompress }).zstdDecompressSync

function uncompressZstd(
  context: DecodeContext,
  source: number,
  length: number,
  uncompressedBytes: number,
  arena: Arena,
): number {
  // An RLE block of 4 bytes makes at most 128 KiB.
  if (uncompressedBytes > length * 32_768) throw corruptColumn(context, 'a page claims more than zstd can hold')
  if (nativeZstd !== undefined) {
    const input = context.heap.u8.slice(source, source + length)
    return place(context, () => nativeZstd(input, { maxOutputLength: uncompressedBytes }), uncompressedBytes, arena)
  }
  const tables = arena.allocate(zstdTableBytes)
  const target = arena.allocate(uncompressedBytes)
  const done = context.kernels.parquetZstdUncompress(source, length, target, uncompressedBytes, tables)
  if (done !== uncompressedBytes) throw corruptColumn(context, 'a zstd page is damaged')
  return target
}

/** Hadoop's framing of the deprecated codec LZ4: big-endian lengths (uncompressed, compressed) before every block. */
function hadoopLz4(context: DecodeContext, source: number, length: number, target: number, limit: number): boolean {
  const { u8 } = context.heap
  const word = (at: number): number => ((u8[at]! << 24) | (u8[at + 1]! << 16) | (u8[at + 2]! << 8) | u8[at + 3]!) >>> 0
  let read = 0
  let written = 0
  while (length - read >= 8) {
    const size = word(source + read)
    const compressed = word(source + read + 4)
    read += 8
    if (compressed > length - read || size > limit - written) return false
    const done = context.kernels.parquetLz4Uncompress(source + read, compressed, target + written, size)
    if (done !== size) return false
    read += compressed
    written += size
  }
  return read === length && written === limit
}
