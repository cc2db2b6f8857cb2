import { createdBy } from './created-by.js'
import type { WrittenChunk } from './column-writer.js'
import { encoding, pageType } from './format.js'
import { thrift } from './thrift-reader.js'
import { ThriftWriter } from './thrift-writer.js'
import { boundWidth, encodeBound } from './write-bounds.js'
import type { WriteAnnotation, WriteElement, WriteSchema } from './write-schema.js'
import { logical } from './format.js'

export interface WrittenRowGroup {
  readonly rowCount: number
  readonly startOffset: number
  readonly chunks: readonly WrittenChunk[]
}

/** A part of a file. */
export interface WrittenRange {
  readonly offset: number
  readonly length: number
}

/** Where what belongs to a chunk stands behind the row groups. */
export interface ChunkExtras {
  readonly bloomFilter: WrittenRange | null
  readonly columnIndex: WrittenRange | null
  readonly offsetIndex: WrittenRange | null
}

/**
 * FileMetaData, its length, and the magic at the end.
 * @param extrasOf by the position of row group and chunk
 */
export function writeFooter(
  schema: WriteSchema,
  rowGroups: readonly WrittenRowGroup[],
  extrasOf: (group: number, chunk: number) => ChunkExtras,
  keyValue: Readonly<Record<string, string>>,
): Uint8Array {
  const writer = new ThriftWriter(512 + schema.elements.length * 48 + rowGroups.length * schema.leaves.length * 128)
  writer.begin()
  writer.i32(1, 2)
  writer.list(2, thrift.struct, schema.elements.length)
  const parts = schemaParts(schema)
  writer.append(parts.elements)
  writer.i64(
    3,
    rowGroups.reduce((sum, group) => sum + group.rowCount, 0),
  )
  writer.list(4, thrift.struct, rowGroups.length)
  rowGroups.forEach((group, i) => writeRowGroup(writer, group, i, parts, extrasOf))
  const entries = Object.entries(keyValue)
  if (entries.length > 0) {
    writer.list(5, thrift.struct, entries.length)
    for (const [key, value] of entries) {
      writer.begin()
      writer.string(1, key)
      writer.string(2, value)
      writer.end()
    }
  }
  writer.string(6, createdBy)
  // TypeDefinedOrder for every column: bounds compare as their logical type says.
  writer.list(7, thrift.struct, schema.leaves.length)
  writer.append(parts.orders)
  writer.end()
  const footer = writer.bytes()
  const result = new Uint8Array(footer.length + 8)
  result.set(footer)
  new DataView(result.buffer).setUint32(footer.length, footer.length, true)
  result.set(parquetMagic, footer.length + 4)
  return result
}

/** What all files of a schema have in their footers. */
interface SchemaParts {
  readonly elements: Uint8Array
  /** The names of each leaf. */
  readonly paths: readonly Uint8Array[]
  readonly orders: Uint8Array
}
const knownParts = new WeakMap<WriteSchema, SchemaParts>()

function schemaParts(schema: WriteSchema): SchemaParts {
  let parts = knownParts.get(schema)
  if (parts !== undefined) return parts
  const elements = new ThriftWriter(schema.elements.length * 48)
  for (const element of schema.elements) writeElement(elements, element)
  const paths = schema.leaves.map(({ filePath }) => {
    const names = new ThriftWriter(64)
    for (const name of filePath) names.stringElement(name)
    return names.bytes()
  })
  const orders = new ThriftWriter(schema.leaves.length * 4)
  for (let i = 0; i < schema.leaves.length; i++) {
    orders.begin()
    orders.begin(1)
    orders.end()
    orders.end()
  }
  parts = { elements: elements.bytes(), paths, orders: orders.bytes() }
  knownParts.set(schema, parts)
  return parts
}

export const parquetMagic = Uint8Array.of(0x50, 0x41, 0x52, 0x31)

function writeElement(writer: ThriftWriter, element: WriteElement): void {
  writer.begin()
  if (element.physical !== null) writer.i32(1, element.physical)
  if (element.typeLength > 0) writer.i32(2, element.typeLength)
  if (element.repetition !== null) writer.i32(3, element.repetition)
  writer.string(4, element.name)
  if (element.physical === null) writer.i32(5, element.childCount)
  if (element.converted !== null) writer.i32(6, element.converted)
  if (element.annotation?.kind === logical.decimal) {
    writer.i32(7, element.annotation.first!)
    writer.i32(8, element.annotation.second!)
  }
  if (element.fieldId !== null) writer.i32(9, element.fieldId)
  if (element.annotation !== null) writeAnnotation(writer, element.annotation)
  writer.end()
}

function writeAnnotation(writer: ThriftWriter, annotation: WriteAnnotation): void {
  writer.begin(10)
  writer.begin(annotation.kind)
  if (annotation.kind === logical.decimal) {
    writer.i32(1, annotation.first!)
    writer.i32(2, annotation.second!)
  } else if (annotation.kind === logical.timestamp) {
    writer.boolean(1, annotation.flag!)
    writer.begin(2)
    writer.begin(annotation.first!)
    writer.end()
    writer.end()
  } else if (annotation.kind === logical.integer) {
    writer.byte(1, annotation.first!)
    writer.boolean(2, annotation.flag!)
  }
  writer.end()
  writer.end()
}

function writeRowGroup(
  writer: ThriftWriter,
  group: WrittenRowGroup,
  ordinal: number,
  parts: SchemaParts,
  extrasOf: (group: number, chunk: number) => ChunkExtras,
): void {
  writer.begin()
  writer.list(1, thrift.struct, group.chunks.length)
  group.chunks.forEach((chunk, i) => writeChunk(writer, chunk, parts, extrasOf(ordinal, i)))
  writer.i64(
    2,
    sum(group.chunks, (chunk) => chunk.uncompressedBytes),
  )
  writer.i64(3, group.rowCount)
  writer.i64(5, group.startOffset)
  writer.i64(
    6,
    sum(group.chunks, (chunk) => chunk.compressedBytes),
  )
  if (ordinal < 32_768) writer.i16(7, ordinal)
  writer.end()
}

const sum = <T>(items: readonly T[], of: (item: T) => number): number =>
  items.reduce((total, item) => total + of(item), 0)

function writeChunk(writer: ThriftWriter, chunk: WrittenChunk, { paths }: SchemaParts, extras: ChunkExtras): void {
  const { leaf } = chunk
  writer.begin()
  writer.i64(2, chunk.dictionaryOffset ?? chunk.dataOffset)
  writer.begin(3)
  writer.i32(1, leaf.physical)
  const encodings = encodingsOf(chunk)
  writer.list(2, thrift.i32, encodings.length)
  for (const used of encodings) writer.i32Element(used)
  writer.list(3, thrift.binary, leaf.filePath.length)
  writer.append(paths[leaf.index]!)
  writer.i32(4, chunk.codec)
  writer.i64(5, chunk.valueCount)
  writer.i64(6, chunk.uncompressedBytes)
  writer.i64(7, chunk.compressedBytes)
  writer.i64(9, chunk.dataOffset)
  if (chunk.dictionaryOffset !== null) writer.i64(11, chunk.dictionaryOffset)
  writeStatistics(writer, chunk)
  writeEncodingStats(writer, chunk)
  if (extras.bloomFilter !== null) {
    writer.i64(14, extras.bloomFilter.offset)
    writer.i32(15, extras.bloomFilter.length)
  }
  writer.end()
  if (extras.offsetIndex !== null) {
    writer.i64(4, extras.offsetIndex.offset)
    writer.i32(5, extras.offsetIndex.length)
  }
  if (extras.columnIndex !== null) {
    writer.i64(6, extras.columnIndex.offset)
    writer.i32(7, extras.columnIndex.length)
  }
  writer.end()
}

/** Levels are RLE; a dictionary's own page is PLAIN. */
function encodingsOf(chunk: WrittenChunk): readonly number[] {
  const used = new Set<number>([encoding.rle, ...chunk.encodings.keys()])
  if (chunk.dictionaryOffset !== null) used.add(encoding.plain)
  return [...used].sort((a, b) => a - b)
}

/** Pages by kind and encoding: a reader sees that every value is in the dictionary. */
function writeEncodingStats(writer: ThriftWriter, chunk: WrittenChunk): void {
  const dataPage = chunk.pageVersion === 2 ? pageType.dataV2 : pageType.data
  const stats: [page: number, encoding: number, count: number][] = [...chunk.encodings].map(([used, count]) => [
    dataPage,
    used,
    count,
  ])
  if (chunk.dictionaryOffset !== null) stats.unshift([pageType.dictionary, encoding.plain, 1])
  writer.list(13, thrift.struct, stats.length)
  for (const [page, used, count] of stats) {
    writer.begin()
    writer.i32(1, page)
    writer.i32(2, used)
    writer.i32(3, count)
    writer.end()
  }
}

function writeStatistics(writer: ThriftWriter, { leaf, min, max, nullCount }: WrittenChunk): void {
  const width = boundWidth(leaf.physical, leaf.typeLength)
  const least = min === null ? null : encodeBound(width, leaf.type, min, false)
  const greatest = max === null ? null : encodeBound(width, leaf.type, max, true)
  writer.begin(12)
  writer.i64(3, nullCount)
  if (greatest !== null) writer.binary(5, greatest.bytes)
  if (least !== null) writer.binary(6, least.bytes)
  if (greatest !== null) writer.boolean(7, greatest.isExact)
  if (least !== null) writer.boolean(8, least.isExact)
  writer.end()
}
