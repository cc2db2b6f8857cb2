import { Arena, type ColumnarContext, type MemoryAccount } from '@deltaworks/columnar'
import type { DataType, Value } from '@deltaworks/schema'
import { corruptParquet } from '../errors.js'
import type { FileScan } from '../file-scan.js'
import { loadRanges } from './chunk-loading.js'
import type { OpenedFile } from './footer.js'
import { physical } from './format.js'
import { parquetKernels } from './kernels.js'
import type { FileRange } from './metadata.js'
import { decimalOfNode, integerOfNode, timeOfNode, timestampOfNode, type SchemaNode } from './schema-tree.js'
import { ThriftError, ThriftReader } from './thrift-reader.js'

/** Larger filters are not read: that would cost more than they save. */
const maxFilterBytes = 16 * 1024 * 1024
/** What is read at first where a file does not tell a filter's length. */
const headBytes = 64 * 1024

/** The bits of a Bloom filter; null if it is of a kind that we do not know. */
export async function loadBloomFilter(
  scan: Pick<FileScan, 'store' | 'path'>,
  file: OpenedFile,
  { offset, length }: FileRange,
): Promise<{ readonly bits: Uint8Array | null; readonly bytesRead: number }> {
  const atMost = file.sizeBytes - 8 - offset
  const first = { offset, length: length > 0 ? length : Math.min(headBytes, atMost) }
  if (first.length > maxFilterBytes) return { bits: null, bytesRead: 0 }
  const head = await loadRanges(scan, file, [first])
  const header = readHeader(scan.path, head.parts[0]!)
  if (header === null || header.sizeBytes > maxFilterBytes) return { bits: null, bytesRead: head.bytesRead }
  const end = header.headerBytes + header.sizeBytes
  if (end <= first.length) return { bits: head.parts[0]!.subarray(header.headerBytes, end), bytesRead: head.bytesRead }
  if (end > atMost) throw corruptParquet(scan.path, 'a Bloom filter lies outside the file')
  const body = await loadRanges(scan, file, [{ offset: offset + header.headerBytes, length: header.sizeBytes }])
  return { bits: body.parts[0]!, bytesRead: head.bytesRead + body.bytesRead }
}

/** Null if algorithm, hash or compression are others than the ones that there are today. */
function readHeader(
  path: string,
  bytes: Uint8Array,
): { readonly headerBytes: number; readonly sizeBytes: number } | null {
  const reader = new ThriftReader(bytes)
  let sizeBytes = -1
  let isKnown = true
  try {
    let id = 0
    while (reader.nextField(id)) {
      id = reader.fieldId
      if (id === 1) sizeBytes = reader.i32()
      else {
        let member = 0
        while (reader.nextField(member)) {
          member = reader.fieldId
          isKnown &&= member === 1
          reader.skip()
        }
      }
    }
  } catch (error) {
    if (!(error instanceof ThriftError)) throw error
    throw corruptParquet(path, `a Bloom filter cannot be read (${error.message})`)
  }
  if (sizeBytes < 32 || sizeBytes % 32 !== 0) throw corruptParquet(path, `a Bloom filter has ${sizeBytes} bytes`)
  return isKnown ? { headerBytes: reader.position, sizeBytes } : null
}

/** Whether any of the values may be among those that the filter was made of; true where that cannot be told. */
export function bloomMayHold(
  context: ColumnarContext,
  account: MemoryAccount,
  bits: Uint8Array,
  node: SchemaNode,
  type: DataType,
  values: readonly Exclude<Value, null>[],
): boolean {
  const plain: Uint8Array[] = []
  for (const value of values) {
    const bytes = plainBytes(node, type, value)
    if (bytes === 'unknown') return true
    if (bytes !== 'none') plain.push(bytes)
  }
  const { heap } = context
  const kernels = parquetKernels(context)
  const arena = new Arena(heap, account)
  try {
    const filter = arena.allocate(bits.length)
    heap.u8.set(bits, filter)
    const hash = arena.allocate(8)
    return plain.some((bytes) => {
      const at = arena.allocate(bytes.length)
      heap.u8.set(bytes, at)
      kernels.parquetHashPlain(at, bytes.length, 1, hash)
      return kernels.parquetBloomMayHold(filter, bits.length / 32, hash, 1) === 1
    })
  } finally {
    arena.close()
  }
}

/**
 * A value as PLAIN encoding has it in the file. `none`: the file's type cannot hold it; `unknown`: it has more than one form
 * (zeros and NaN, other units).
 */
function plainBytes(node: SchemaNode, type: DataType, value: Exclude<Value, null>): Uint8Array | 'none' | 'unknown' {
  switch (node.physical) {
    case physical.byteArray:
      if (value instanceof Uint8Array) return value.length === 0 ? 'unknown' : value
      return typeof value === 'string' && value !== '' && type.kind === 'string'
        ? new TextEncoder().encode(value)
        : 'unknown'
    case physical.int32:
    case physical.int64: {
      const unscaled = integerForm(node, type, value)
      if (unscaled === null) return 'unknown'
      return integerBytes(unscaled, node.physical === physical.int32 ? 4 : 8)
    }
    case physical.double:
    case physical.float: {
      if (typeof value !== 'number' || value === 0 || Number.isNaN(value) || !type.kind.startsWith('float'))
        return 'unknown'
      const view = new DataView(new ArrayBuffer(node.physical === physical.float ? 4 : 8))
      if (node.physical === physical.float) {
        if (Math.fround(value) !== value) return 'none'
        view.setFloat32(0, value, true)
      } else view.setFloat64(0, value, true)
      return new Uint8Array(view.buffer)
    }
    case physical.fixed: {
      if (typeof value !== 'bigint' || type.kind !== 'decimal' || decimalOfNode(node)?.scale !== type.scale)
        return 'unknown'
      const bytes = integerBytes(value, node.element.typeLength)
      return bytes === 'none' ? bytes : bytes.reverse()
    }
    default:
      return 'unknown'
  }
}

function integerForm(node: SchemaNode, type: DataType, value: Exclude<Value, null>): bigint | null {
  if (typeof value !== 'bigint' && typeof value !== 'number') return null
  switch (type.kind) {
    case 'int8':
    case 'int16':
    case 'int32':
    case 'int64':
      if ((timeOfNode(node) ?? 2) !== 2) return null
      return integerOfNode(node).signed && decimalOfNode(node) === null && timestampOfNode(node) === null
        ? BigInt(value)
        : null
    case 'date':
      return node.physical === physical.int32 ? BigInt(value) : null
    case 'decimal':
      return decimalOfNode(node)?.scale === type.scale ? BigInt(value) : null
    case 'timestamp':
    case 'timestamp_ntz':
      return timestampOfNode(node)?.unit === 2 ? BigInt(value) : null
    default:
      return null
  }
}

/** Little endian two's complement. */
function integerBytes(value: bigint, width: number): Uint8Array | 'none' {
  if (BigInt.asIntN(width * 8, value) !== value) return 'none'
  const bytes = new Uint8Array(width)
  for (let i = 0; i < width; i++) bytes[i] = Number((value >> BigInt(8 * i)) & 255n)
  return bytes
}
