import {
  Arena,
  byteWidth,
  plainColumn,
  sliceColumn,
  type Column,
  type ColumnarContext,
  type MemoryAccount,
  type RecordBatch,
} from '@deltaworks/columnar'
import type { Schema } from '@deltaworks/schema'
import { parquetKernels } from '../parquet/kernels.js'
import { bodyCodec, continuation, fileMagic, messageKind, metadataVersion } from './arrow-format.js'
import { schemaTable } from './arrow-schema.js'
import { bufferCompressor, type ArrowCompression, type BufferCompressor } from './body-compression.js'
import { flatBuffer, scalar, type FlatMember, type FlatMembers } from './flat-writer.js'

export interface ArrowWriteOptions {
  /** `file`: with an index of its record batches at the end. Default `stream`. */
  readonly form?: 'stream' | 'file'
  /** Of buffers; default none, which readers can use without copying. */
  readonly compression?: ArrowCompression
}

/** Where a message stands in a file. */
interface Block {
  readonly offset: number
  readonly metadataBytes: number
  readonly bodyBytes: number
}

/**
 * Batches as an Arrow IPC stream or file, a message a part. Buffers stand at multiples of 64 bytes, as readers that map them
 * want it. Dictionary-encoded text is written as text, a variant as its JSON text.
 * @throws FormatError DW-FORMAT-0007
 */
export async function* writeArrow(
  context: ColumnarContext,
  account: MemoryAccount,
  schema: Schema,
  batches: AsyncIterable<RecordBatch> | Iterable<RecordBatch>,
  options: ArrowWriteOptions = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  const { form = 'stream', compression = 'none' } = options
  const arena = new Arena(context.heap, account)
  const scratch = new Arena(context.heap, account)
  let written = 0
  const count = (part: Uint8Array): Uint8Array => {
    written += part.length
    return part
  }
  try {
    const compress = compression === 'none' ? null : bufferCompressor(compression, parquetKernels(context), scratch)
    if (form === 'file') yield count(fileStart())
    const table = schemaTable(schema)
    yield count(message(messageKind.schema, table, []).bytes)
    const blocks: Block[] = []
    for await (const batch of batches) {
      const body = new BodyWriter(context, arena, compress)
      batch.columns.forEach((column) => body.add(column))
      const { bytes, metadataBytes } = message(
        messageKind.recordBatch,
        recordBatchTable(batch.rowCount, body, compression),
        body.buffers,
      )
      blocks.push({ offset: written, metadataBytes, bodyBytes: bytes.length - metadataBytes })
      yield count(bytes)
      arena.reset()
    }
    const end = new Uint8Array(8)
    new DataView(end.buffer).setUint32(0, continuation, true)
    yield count(end)
    if (form === 'file') yield footer(table, blocks)
  } finally {
    arena.close()
    scratch.close()
  }
}

function fileStart(): Uint8Array {
  const start = new Uint8Array(8)
  start.set(fileMagic)
  return start
}

function footer(schema: FlatMembers, blocks: readonly Block[]): Uint8Array {
  const metadata = flatBuffer([
    scalar(2, metadataVersion),
    { kind: 'table', value: schema },
    null,
    // A block: offset int64, metadata's length int32 (and padding), body's length int64.
    {
      kind: 'structs',
      value: blocks.map(({ offset, metadataBytes, bodyBytes }) => [offset, metadataBytes, bodyBytes]),
    },
  ])
  const result = new Uint8Array(metadata.length + 4 + fileMagic.length)
  result.set(metadata)
  new DataView(result.buffer).setInt32(metadata.length, metadata.length, true)
  result.set(fileMagic, metadata.length + 4)
  return result
}

const alignment = 64
const padded = (bytes: number): number => Math.ceil(bytes / alignment) * alignment

/** A message with its body; metadata is padded so that the body begins at a multiple of 64 of the message. */
function message(
  kind: number,
  header: FlatMembers,
  buffers: readonly Uint8Array[],
): { readonly bytes: Uint8Array; readonly metadataBytes: number } {
  const bodyBytes = buffers.reduce((sum, { length }) => sum + padded(length), 0)
  const metadata = flatBuffer([
    scalar(2, metadataVersion),
    scalar(1, kind),
    { kind: 'table', value: header },
    scalar(8, bodyBytes),
  ])
  const metadataBytes = buffers.length === 0 ? 8 + metadata.length : padded(8 + metadata.length)
  const bytes = new Uint8Array(metadataBytes + bodyBytes)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, continuation, true)
  view.setInt32(4, metadataBytes - 8, true)
  bytes.set(metadata, 8)
  let at = metadataBytes
  for (const buffer of buffers) {
    bytes.set(buffer, at)
    at += padded(buffer.length)
  }
  return { bytes, metadataBytes }
}

function recordBatchTable(rowCount: number, body: BodyWriter, compression: ArrowCompression): FlatMembers {
  let offset = 0
  const places = body.buffers.map(({ length }) => {
    const place = [offset, length]
    offset += padded(length)
    return place
  })
  const codec = compression === 'zstd' ? bodyCodec.zstd : bodyCodec.lz4Frame
  const packed: FlatMember = compression === 'none' ? null : { kind: 'table', value: [scalar(1, codec), scalar(1, 0)] }
  return [scalar(8, rowCount), { kind: 'structs', value: body.nodes }, { kind: 'structs', value: places }, packed]
}

/** The nodes and buffers of a batch's columns, depth first. */
class BodyWriter {
  readonly #context: ColumnarContext
  readonly #arena: Arena
  readonly #compress: BufferCompressor | null
  readonly nodes: (readonly number[])[] = []
  readonly buffers: Uint8Array[] = []

  constructor(context: ColumnarContext, arena: Arena, compress: BufferCompressor | null) {
    this.#context = context
    this.#arena = arena
    this.#compress = compress
  }

  add(encoded: Column): void {
    const column = plainColumn(this.#arena, encoded)
    const { type, length, validity } = column
    if (type.kind === 'null') {
      this.nodes.push([length, length])
      return
    }
    const bitmapBytes = (length + 7) >> 3
    const nulls = validity === 0 ? 0 : length - parquetKernels(this.#context).parquetCountBits(validity, length)
    this.nodes.push([length, nulls])
    this.#bytes(validity, nulls === 0 ? 0 : bitmapBytes)
    switch (type.kind) {
      case 'boolean':
        this.#bytes(column.values, bitmapBytes)
        return
      case 'string':
      case 'binary':
      case 'variant': {
        const { first, last } = this.#offsets(column)
        this.#bytes(column.values + first, last - first)
        return
      }
      case 'decimal':
        this.#decimals(column)
        return
      case 'struct':
        for (const child of column.children) this.add(child)
        return
      case 'list': {
        const { first, last } = this.#offsets(column)
        this.#elements(column.children[0]!, first, last)
        return
      }
      case 'map': {
        const { first, last } = this.#offsets(column)
        this.nodes.push([last - first, 0])
        this.buffers.push(new Uint8Array(0))
        for (const child of column.children) this.#elements(child, first, last)
        return
      }
      default:
        this.#bytes(column.values, length * byteWidth(type))
    }
  }

  #elements(child: Column, first: number, last: number): void {
    this.add(first === 0 && last === child.length ? child : sliceColumn(this.#arena, child, first, last))
  }

  #push(bytes: Uint8Array): void {
    this.buffers.push(this.#compress === null ? bytes : this.#compress(bytes))
  }

  #bytes(address: number, length: number): void {
    this.#push(this.#context.heap.u8.slice(address, address + length))
  }

  /** Offsets from 0. @returns what they were: the first and the last of them */
  #offsets({ offsets, length }: Column): { readonly first: number; readonly last: number } {
    const { i32 } = this.#context.heap
    const copy = i32.slice(offsets >>> 2, (offsets >>> 2) + length + 1)
    const first = copy[0] ?? 0
    const last = copy[length] ?? 0
    if (first !== 0) for (let i = 0; i <= length; i++) copy[i]! -= first
    this.#push(new Uint8Array(copy.buffer, 0, 4 * (length + 1)))
    return { first, last }
  }

  /** Of 16 bytes always: readers know no narrower ones everywhere. */
  #decimals({ type, values, length }: Column): void {
    if (byteWidth(type) === 16) {
      this.#bytes(values, 16 * length)
      return
    }
    const wide = this.#arena.allocate(16 * length)
    parquetKernels(this.#context).parquetWiden128(values, length, 1n, 0, wide)
    this.#bytes(wide, 16 * length)
  }
}
