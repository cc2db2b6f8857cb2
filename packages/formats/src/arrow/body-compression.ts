import * as zlib from 'node:zlib'
import type { Arena } from '@deltaworks/columnar'
import { codecUnavailable, corruptArrow } from '../errors.js'
import type { ParquetKernels } from '../parquet/kernels.js'
import { zstdTableBytes } from '../parquet/decompress.js'
import { bodyCodec } from './arrow-format.js'

/*
 * Buffers of compressed bodies: their uncompressed length in 8 bytes (-1: what follows is not compressed), then an LZ4 frame
 * or zstd.
 */

export type ArrowCompression = 'none' | 'lz4' | 'zstd'

/** A buffer in the heap. */
export interface HeapRange {
  readonly address: number
  readonly length: number
}

/** @throws FormatError DW-FORMAT-0071 */
export function uncompressBuffer(
  path: string,
  kernels: ParquetKernels,
  arena: Arena,
  codec: number,
  { address, length }: HeapRange,
): HeapRange {
  if (length === 0) return { address, length: 0 }
  const damaged = (): Error => corruptArrow(path, 'a compressed buffer is damaged')
  if (length < 8) throw damaged()
  const view = new DataView(arena.heap.memory.buffer, address, 8)
  const size = view.getBigInt64(0, true)
  const body = { address: address + 8, length: length - 8 }
  if (size === -1n) return aligned(arena, body)
  // LZ4 makes at most 255 bytes of one, zstd 32 KiB of one.
  const most = body.length * (codec === bodyCodec.lz4Frame ? 255 : 32_768)
  if (size < 0n || size > BigInt(most) || size > 0x7fff_ffffn) throw damaged()
  const uncompressed = Number(size)
  const target = arena.allocate(uncompressed)
  const done =
    codec === bodyCodec.lz4Frame
      ? uncompressFrame(kernels, arena, body, target, uncompressed)
      : kernels.parquetZstdUncompress(body.address, body.length, target, uncompressed, arena.allocate(zstdTableBytes))
  if (done !== uncompressed) throw damaged()
  return { address: target, length: uncompressed }
}

/** Buffers behind the 8 bytes of a length stand at a multiple of 8 as well; others are moved. */
export function aligned(arena: Arena, range: HeapRange): HeapRange {
  if (range.address % 8 === 0) return range
  const address = arena.allocate(range.length)
  arena.heap.u8.copyWithin(address, range.address, range.address + range.length)
  return { address, length: range.length }
}

/** An LZ4 frame (lz4_Frame_format.md); checksums are passed over. @returns bytes, or -1 */
function uncompressFrame(
  kernels: ParquetKernels,
  { heap }: Arena,
  { address, length }: HeapRange,
  target: number,
  limit: number,
): number {
  const end = address + length
  const { u8 } = heap
  const word = (at: number): number => (u8[at]! | (u8[at + 1]! << 8) | (u8[at + 2]! << 16) | (u8[at + 3]! << 24)) >>> 0
  if (length < 7 || word(address) !== 0x184d2204) return -1
  const flags = u8[address + 4]!
  let at = address + 7 + (flags & 8 ? 8 : 0) + (flags & 1 ? 4 : 0)
  let written = 0
  while (at + 4 <= end) {
    const header = word(at)
    at += 4
    if (header === 0) return written
    const size = header & 0x7fff_ffff
    if (size > end - at) return -1
    if (header >= 0x8000_0000) {
      if (size > limit - written) return -1
      u8.copyWithin(target + written, at, at + size)
      written += size
    } else {
      const done = kernels.lz4UncompressLinked(at, size, target, target + written, limit - written)
      if (done < 0) return -1
      written += done
    }
    at += size + (flags & 16 ? 4 : 0)
  }
  return -1
}

/** Makes a buffer's compressed form; what does not shrink stays as it is, behind -1. */
export type BufferCompressor = (bytes: Uint8Array) => Uint8Array

type ZstdCompress = (input: Uint8Array) => Uint8Array

/** @throws FormatError DW-FORMAT-0007 */
export function bufferCompressor(
  compression: Exclude<ArrowCompression, 'none'>,
  kernels: ParquetKernels,
  scratch: Arena,
): BufferCompressor {
  let compress: (bytes: Uint8Array) => Uint8Array
  if (compression === 'zstd') {
    const zstd = (zlib as unknown as { zstdCompressSync?: ZstdCompress }).zstdCompressSync
    if (zstd === undefined) throw codecUnavailable('zstd')
    compress = zstd
  } else compress = (bytes) => lz4Frame(kernels, scratch, bytes)
  return (bytes) => {
    if (bytes.length === 0) return bytes
    const packed = compress(bytes)
    const isSmaller = packed.length < bytes.length
    const result = new Uint8Array(8 + (isSmaller ? packed.length : bytes.length))
    new DataView(result.buffer).setBigInt64(0, isSmaller ? BigInt(bytes.length) : -1n, true)
    result.set(isSmaller ? packed : bytes, 8)
    return result
  }
}

/** Blocks of up to 4 MiB, each by itself, without checksums. The header's own checksum is fixed, as its bytes are. */
const frameHeader = Uint8Array.of(0x04, 0x22, 0x4d, 0x18, 0x60, 0x70, 0x73)
const blockBytes = 4 * 1024 * 1024

function lz4Frame(kernels: ParquetKernels, scratch: Arena, bytes: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [frameHeader]
  const { heap } = scratch
  for (let at = 0; at < bytes.length; at += blockBytes) {
    const part = bytes.subarray(at, at + blockBytes)
    const source = scratch.allocate(part.length)
    heap.u8.set(part, source)
    const target = scratch.allocate(part.length + Math.ceil(part.length / 255) + 64)
    const size = kernels.lz4Compress(source, part.length, target, scratch.allocate(16_384))
    const isSmaller = size < part.length
    const header = new Uint8Array(4)
    new DataView(header.buffer).setUint32(0, isSmaller ? size : (part.length | 0x8000_0000) >>> 0, true)
    parts.push(header, isSmaller ? heap.u8.slice(target, target + size) : part)
    scratch.reset()
  }
  parts.push(new Uint8Array(4))
  return Buffer.concat(parts)
}
