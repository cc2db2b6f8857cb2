import type { Arena } from '@deltaworks/columnar'
import { unsupportedParquet } from '../errors.js'
import { corruptColumn, type DecodeContext } from './decode-context.js'
import type { DenseValues } from './dense-values.js'
import { encoding, physical } from './format.js'

/** Bytes of a value as a page holds it; 0 for byte arrays. Booleans are spread to bytes. */
export function physicalWidth(context: DecodeContext): number {
  const { node } = context
  switch (node.physical) {
    case physical.boolean:
      return 1
    case physical.int32:
    case physical.float:
      return 4
    case physical.int64:
    case physical.double:
      return 8
    case physical.int96:
      return 12
    case physical.fixed:
      if (node.element.typeLength < 1) throw corruptColumn(context, 'its values have no length')
      return node.element.typeLength
    case physical.byteArray:
      return 0
  }
}

/**
 * Decodes `count` values of any encoding but the dictionary ones.
 * @throws FormatError DW-FORMAT-0002, 0003
 */
export function decodeValues(
  context: DecodeContext,
  encodingId: number,
  source: number,
  length: number,
  count: number,
  arena: Arena,
): DenseValues {
  switch (encodingId) {
    case encoding.plain:
      return decodePlain(context, source, length, count, arena)
    case encoding.rle:
      return decodeBooleans(context, source, length, count, arena)
    case encoding.deltaBinaryPacked:
      return decodeDeltas(context, source, length, count, arena)
    case encoding.deltaLengthByteArray:
      return decodeDeltaLengths(context, source, length, count, arena)
    case encoding.deltaByteArray:
      return decodeDeltaBytes(context, source, length, count, arena)
    case encoding.byteStreamSplit:
      return decodeStreams(context, source, length, count, arena)
    default:
      throw unsupportedParquet(context.path, `encoding number ${encodingId} in column "${context.node.path.join('.')}"`)
  }
}

const tooShort = (context: DecodeContext): Error => corruptColumn(context, 'a page ends before its last value')

function decodePlain(context: DecodeContext, source: number, length: number, count: number, arena: Arena): DenseValues {
  const { kernels, node } = context
  const width = physicalWidth(context)
  if (width === 0) {
    if (count > length / 4) throw tooShort(context)
    const offsets = arena.allocate((count + 1) * 4)
    const bytes = arena.allocate(length)
    if (kernels.parquetPlainByteArrays(source, length, count, offsets, bytes) < 0) throw tooShort(context)
    return { kind: 'strings', offsets, bytes }
  }
  if (node.physical === physical.boolean) {
    if (count > length * 8) throw tooShort(context)
    const address = arena.allocate(count)
    kernels.parquetBitsToBytes(source, 0, count, address)
    return { kind: 'fixed', address, width: 1 }
  }
  if (count * width > length) throw tooShort(context)
  return { kind: 'fixed', address: source, width }
}

function decodeBooleans(
  context: DecodeContext,
  source: number,
  length: number,
  count: number,
  arena: Arena,
): DenseValues {
  const { heap, kernels, node } = context
  if (node.physical !== physical.boolean) throw corruptColumn(context, 'RLE is an encoding of booleans only')
  const address = arena.allocate(count + 8)
  if (count > 0) {
    if (length < 4) throw tooShort(context)
    const size = new DataView(heap.memory.buffer).getUint32(source, true)
    if (size > length - 4 || kernels.parquetDecodeLevels(source + 4, size, 1, count, address, 1) < 0) {
      throw tooShort(context)
    }
  }
  return { kind: 'fixed', address, width: 1 }
}

function decodeDeltas(
  context: DecodeContext,
  source: number,
  length: number,
  count: number,
  arena: Arena,
): DenseValues {
  const width = physicalWidth(context)
  if (context.node.physical !== physical.int32 && context.node.physical !== physical.int64) {
    throw corruptColumn(context, 'DELTA_BINARY_PACKED is an encoding of integers only')
  }
  const address = arena.allocate(count * width)
  if (context.kernels.parquetDecodeDelta(source, length, count, width, address) < 0) {
    throw corruptColumn(context, 'a DELTA_BINARY_PACKED page is damaged')
  }
  return { kind: 'fixed', address, width }
}

/** Lengths of `count` values at the start of a page. @returns their address, and the bytes that they took */
function decodeLengths(
  context: DecodeContext,
  source: number,
  length: number,
  count: number,
  arena: Arena,
): { readonly lengths: number; readonly used: number } {
  const lengths = arena.allocate(count * 4 + 4)
  const used = context.kernels.parquetDecodeDelta(source, length, count, 4, lengths)
  if (used < 0) throw corruptColumn(context, 'the lengths of a page are damaged')
  return { lengths, used }
}

function decodeDeltaLengths(
  context: DecodeContext,
  source: number,
  length: number,
  count: number,
  arena: Arena,
): DenseValues {
  if (context.node.physical !== physical.byteArray) {
    throw corruptColumn(context, 'DELTA_LENGTH_BYTE_ARRAY is an encoding of byte arrays only')
  }
  const { lengths, used } = decodeLengths(context, source, length, count, arena)
  const offsets = arena.allocate((count + 1) * 4)
  if (context.kernels.parquetLengthsToOffsets(lengths, count, length - used, offsets) < 0) throw tooShort(context)
  return { kind: 'strings', offsets, bytes: source + used }
}

function decodeDeltaBytes(
  context: DecodeContext,
  source: number,
  length: number,
  count: number,
  arena: Arena,
): DenseValues {
  const { heap, kernels, node } = context
  if (node.physical !== physical.byteArray && node.physical !== physical.fixed) {
    throw corruptColumn(context, 'DELTA_BYTE_ARRAY is an encoding of byte arrays only')
  }
  const prefixes = decodeLengths(context, source, length, count, arena)
  const rest = source + prefixes.used
  const suffixes = decodeLengths(context, rest, length - prefixes.used, count, arena)
  const text = rest + suffixes.used
  const total = kernels.parquetPrefixedBytes(prefixes.lengths, suffixes.lengths, count)
  // A value may repeat the whole of the one before it: what is claimed must stay within reason for the page.
  if (total < 0 || total > 1024 * (length + 65_536)) throw corruptColumn(context, 'a DELTA_BYTE_ARRAY page is damaged')
  const offsets = arena.allocate((count + 1) * 4)
  const bytes = arena.allocate(total)
  const left = length - prefixes.used - suffixes.used
  if (kernels.parquetJoinPrefixes(prefixes.lengths, suffixes.lengths, text, left, count, offsets, bytes) < 0) {
    throw tooShort(context)
  }
  if (node.physical === physical.byteArray) return { kind: 'strings', offsets, bytes }
  const width = physicalWidth(context)
  const view = heap.i32
  for (let i = 0; i <= count; i++) {
    if (view[(offsets >>> 2) + i] !== i * width) throw corruptColumn(context, 'a value has the wrong length')
  }
  return { kind: 'fixed', address: bytes, width }
}

function decodeStreams(
  context: DecodeContext,
  source: number,
  length: number,
  count: number,
  arena: Arena,
): DenseValues {
  const width = physicalWidth(context)
  if (width === 0 || context.node.physical === physical.boolean || context.node.physical === physical.int96) {
    throw corruptColumn(context, 'BYTE_STREAM_SPLIT is no encoding of its type')
  }
  if (count * width > length) throw tooShort(context)
  const address = arena.allocate(count * width)
  context.kernels.parquetJoinStreams(source, count, width, address)
  return { kind: 'fixed', address, width }
}
