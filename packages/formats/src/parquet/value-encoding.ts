import type { Arena } from '@deltaworks/columnar'
import { unwritableEncoding } from '../errors.js'
import { encoding, physical } from './format.js'
import type { HeapBuffer } from './heap-buffer.js'
import type { PageEncoderContext } from './page-encoder.js'
import type { WriteLeaf } from './write-schema.js'

/** How values that are not in a dictionary are written. `auto`: DELTA_BINARY_PACKED where it makes pages smaller, else PLAIN. */
export type ParquetValueEncoding =
  | 'auto'
  | 'plain'
  | 'rle'
  | 'delta_binary_packed'
  | 'delta_length_byte_array'
  | 'delta_byte_array'
  | 'byte_stream_split'

/** The values of a page in PLAIN encoding (booleans as bytes) in the heap. */
export interface PlainValues {
  readonly address: number
  readonly length: number
  readonly count: number
}

export interface ValueEncoder {
  readonly encoding: number
  append(context: PageEncoderContext, scratch: Arena, values: PlainValues, page: HeapBuffer): void
}

/** @throws FormatError DW-FORMAT-0010 if the column's type has no such encoding */
export function valueEncoder(leaf: WriteLeaf, wanted: Exclude<ParquetValueEncoding, 'auto'>): ValueEncoder {
  const isInteger = leaf.physical === physical.int32 || leaf.physical === physical.int64
  const refuse = (): Error => unwritableEncoding(leaf.path.join('.'), wanted)
  switch (wanted) {
    case 'plain':
      return leaf.physical === physical.boolean ? plainBooleans : plain
    case 'rle':
      if (leaf.physical !== physical.boolean) throw refuse()
      return rleBooleans
    case 'delta_binary_packed':
      if (!isInteger) throw refuse()
      return deltas(leaf.physical === physical.int64 ? 8 : 4)
    case 'delta_length_byte_array':
      if (leaf.physical !== physical.byteArray) throw refuse()
      return deltaLengths
    case 'delta_byte_array':
      if (leaf.physical !== physical.byteArray) throw refuse()
      return deltaBytes
    case 'byte_stream_split': {
      const width = plainWidth(leaf)
      if (width < 4) throw refuse()
      return streams(width)
    }
  }
}

/** Bytes of a PLAIN value; 0 for byte arrays, 1 for booleans (which stand in bytes here). */
export function plainWidth(leaf: WriteLeaf): number {
  switch (leaf.physical) {
    case physical.boolean:
      return 1
    case physical.int32:
    case physical.float:
      return 4
    case physical.int64:
    case physical.double:
      return 8
    case physical.fixed:
      return leaf.typeLength
    default:
      return 0
  }
}

const plain: ValueEncoder = {
  encoding: encoding.plain,
  append: (_context, _scratch, { address, length }, page) => page.append(address, length),
}

const plainBooleans: ValueEncoder = {
  encoding: encoding.plain,
  append: ({ kernels }, _scratch, { address, length }, page) => {
    page.reserve(length + 16)
    kernels.parquetBytesToBits(address, length, 1, page.end)
    page.length += (length + 7) >> 3
  },
}

const rleBooleans: ValueEncoder = {
  encoding: encoding.rle,
  append: ({ heap, kernels }, _scratch, { address, count }, page) => {
    page.reserve(64 + 2 * count)
    const size = kernels.parquetEncodeHybrid(address, 1, count, 1, page.end + 4)
    for (let i = 0; i < 4; i++) heap.u8[page.end + i] = (size >>> (8 * i)) & 255
    page.length += 4 + size
  },
}

/** What parquetEncodeDelta asks room for. */
const deltaRoom = (count: number, size: number): number => 128 + (count + 32) * size * 2 + Math.ceil(count / 4)

const deltas = (size: number): ValueEncoder => ({
  encoding: encoding.deltaBinaryPacked,
  append: ({ kernels }, _scratch, { address, count }, page) => {
    page.reserve(deltaRoom(count, size))
    page.length += kernels.parquetEncodeDelta(address, count, size, page.end)
  },
})

const deltaLengths: ValueEncoder = {
  encoding: encoding.deltaLengthByteArray,
  append: ({ kernels }, scratch, { address, length, count }, page) => {
    const lengths = scratch.allocate(4 * count + 16)
    const bytes = scratch.allocate(length + 16)
    const size = kernels.parquetSplitByteArrays(address, count, lengths, bytes)
    appendDeltas(kernels, page, lengths, count)
    page.append(bytes, size)
  },
}

const deltaBytes: ValueEncoder = {
  encoding: encoding.deltaByteArray,
  append: ({ kernels }, scratch, { address, length, count }, page) => {
    const prefixes = scratch.allocate(4 * count + 16)
    const suffixes = scratch.allocate(4 * count + 16)
    const bytes = scratch.allocate(length + 16)
    const size = kernels.parquetSplitPrefixes(address, count, prefixes, suffixes, bytes)
    appendDeltas(kernels, page, prefixes, count)
    appendDeltas(kernels, page, suffixes, count)
    page.append(bytes, size)
  },
}

const streams = (width: number): ValueEncoder => ({
  encoding: encoding.byteStreamSplit,
  append: ({ kernels }, _scratch, { address, length, count }, page) => {
    page.reserve(length + 16)
    kernels.parquetSplitStreams(address, count, width, page.end)
    page.length += length
  },
})

function appendDeltas(kernels: PageEncoderContext['kernels'], page: HeapBuffer, values: number, count: number): void {
  page.reserve(deltaRoom(count, 4))
  page.length += kernels.parquetEncodeDelta(values, count, 4, page.end)
}
