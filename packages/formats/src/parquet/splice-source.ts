import { isNested, typesEqual, type Field, type Schema, type Value } from '@deltaworks/schema'
import type { ByteRange, ObjectStore } from '@deltaworks/storage'
import type { WrittenChunk } from './column-writer.js'
import type { FooterCache } from './footer-cache.js'
import { codec, encoding, pageType, physical } from './format.js'
import type { ColumnChunk, RowGroup } from './metadata.js'
import { isOptional, timeOfNode, timestampOfNode, typeOfNode, type SchemaNode } from './schema-tree.js'
import { writeSchema, type WriteLeaf } from './write-schema.js'

/** A Parquet file whose column chunks are to stand in another one as they are. */
export interface SpliceFile {
  readonly store: ObjectStore
  readonly path: string
  readonly sizeBytes: number
  /** Columns with one value in the whole file that are not in it, by logical name. */
  readonly constants: Readonly<Record<string, Value>>
  /** Logical name → name in the file, where they differ. */
  readonly physicalNames: Readonly<Record<string, string>> | null
}

export interface SpliceSource {
  readonly file: SpliceFile
  readonly footers: FooterCache
  /** Of the spliced file: the wanted one, with nulls allowed where this file's pages allow for them. */
  readonly schema: Schema
  /** Equal for sources of one wanted schema that can stand in one file. */
  readonly nulls: string
  /** Columns that are written anew: the file does not have them, or has them in another form. */
  readonly made: Schema
  /** Those of them that their file has without a dictionary: it did not pay there. */
  readonly withoutDictionary: readonly string[]
  readonly rowGroups: readonly SpliceRowGroup[]
}

export interface SpliceRowGroup {
  /** Its place in the file. */
  readonly index: number
  readonly rowCount: number
  /** One a leaf of the schema, in its order; null: it is made. */
  readonly chunks: readonly (SplicedChunk | RepackedChunk | null)[]
}

/** Its bytes are copied. */
export interface SplicedChunk {
  readonly kind: 'spliced'
  readonly range: ByteRange
  /** Offsets are of the chunk's start. */
  readonly chunk: WrittenChunk
}

/** Its pages are written anew in an encoding that every reader knows. */
export interface RepackedChunk {
  readonly kind: 'repacked'
  readonly range: ByteRange
  /** As it is in the file. */
  readonly chunk: WrittenChunk
  readonly node: SchemaNode
}

/** What every reader of Parquet knows, those of warehouses too. */
const knownCodecs: readonly number[] = [codec.none, codec.snappy, codec.gzip]
const knownEncodings: readonly number[] = [
  encoding.plain,
  encoding.plainDictionary,
  encoding.rle,
  encoding.rleDictionary,
]
/** Of integers, and not known to them all: the manuals of Redshift and Snowflake name no encodings. */
const repackedEncodings: readonly number[] = [...knownEncodings, encoding.deltaBinaryPacked]
/** parquet-cpp 1.2 and older left dictionary headers out of the sizes of chunks (PARQUET-816); Arrow has another name since. */
const badSizes = /^parquet-cpp version/
/** Spark's marks of a calendar that is not the one of the format. */
const otherCalendars = ['org.apache.spark.legacyDateTime', 'org.apache.spark.legacyINT96']
/** A file of whose bytes more than this part is to be decoded is decoded as a whole, by others. */
const mostDecoded = 0.5

/**
 * How a file's chunks can stand in a file of the wanted schema. Integers in DELTA_BINARY_PACKED are repacked; columns of another
 * type, encoding or codec, and those that the file does not have, are made. Null: most of the file would be. Reads the footer only.
 * @throws FormatError DW-FORMAT-0001, 0002, 0003; StorageError
 */
export async function spliceSource(
  file: SpliceFile,
  wanted: Schema,
  footers: FooterCache,
): Promise<SpliceSource | null> {
  const { metadata, sizeBytes } = await footers.open(file.store, file.path, file.sizeBytes)
  const { createdBy, keyValue, tree, rowGroups } = metadata
  if (badSizes.test(createdBy) || otherCalendars.some((name) => name in keyValue)) return null
  const columns = wanted.fields.map((field) => columnOf(field, file, tree.root.children, rowGroups, sizeBytes))
  if (decodedBytes(columns, rowGroups) > mostDecoded * sizeBytes) return null
  const schema: Schema = { fields: columns.map(({ field }) => field) }
  return {
    file,
    footers,
    schema,
    nulls: columns.map(({ field }) => (field.nullable ? '?' : '!')).join(''),
    made: { fields: columns.flatMap(({ field, way }) => (way === 'made' ? [field] : [])) },
    withoutDictionary: columns.flatMap(({ field, node, way }) =>
      way === 'made' && node !== null && hasNoDictionary(rowGroups, node) ? [field.name] : [],
    ),
    rowGroups: rowGroups.flatMap((group, i) => (group.rowCount === 0 ? [] : [spliceGroup(group, i, columns, schema)])),
  }
}

interface SourceColumn {
  readonly field: Field
  /** Where it is in the file; null: it is not there, or a constant. */
  readonly node: SchemaNode | null
  readonly way: 'spliced' | 'repacked' | 'made'
}

function columnOf(
  field: Field,
  file: SpliceFile,
  nodes: readonly SchemaNode[],
  rowGroups: readonly RowGroup[],
  sizeBytes: number,
): SourceColumn {
  const { name, type, nullable } = field
  if (Object.hasOwn(file.constants, name)) {
    const hasNull = file.constants[name] === null
    return { field: { name, type, nullable: nullable || hasNull }, node: null, way: 'made' }
  }
  const node = nodes.find((candidate) => candidate.name === (file.physicalNames?.[name] ?? name)) ?? null
  // The same whether the column is spliced or made: files of one writer can stand in one file then.
  const hasLevels = node === null || isNested(type) ? nullable : isOptional(node)
  return { field: { name, type, nullable: hasLevels }, node, way: wayOf(file.path, node, field, rowGroups, sizeBytes) }
}

function wayOf(
  path: string,
  node: SchemaNode | null,
  field: Field,
  rowGroups: readonly RowGroup[],
  sizeBytes: number,
): SourceColumn['way'] {
  if (node === null || !isSameLeaf(path, node, field)) return 'made'
  const canBe = (encodings: readonly number[]): boolean =>
    rowGroups.every((group) => canCopy(group, node, sizeBytes, encodings))
  if (canBe(knownEncodings)) return 'spliced'
  const isInteger = node.physical === physical.int32 || node.physical === physical.int64
  return isInteger && canBe(repackedEncodings) ? 'repacked' : 'made'
}

/** Whether the pages of a file's column are what would be written for the field. */
function isSameLeaf(path: string, node: SchemaNode, field: Field): boolean {
  if (isNested(field.type) || node.leaf < 0 || node.repetition > 0) return false
  const [leaf] = writeSchema({ fields: [field] }, { physicalNames: null, fieldIds: null }).leaves
  if (node.physical !== leaf!.physical || timeOfNode(node) !== null) return false
  if (leaf!.typeLength > 0 && node.element.typeLength !== leaf!.typeLength) return false
  return (timestampOfNode(node)?.unit ?? 2) === 2 && typesEqual(typeOfNode(path, node), field.type)
}

/** Whether pages of a column can be taken one by one, with these encodings. */
function canCopy(
  { rowCount, columns }: RowGroup,
  node: SchemaNode,
  sizeBytes: number,
  encodings: readonly number[],
): boolean {
  const { codec: used, dataPages, start, dataStart, compressedBytes, valueCount, statistics } = columns[node.leaf]!
  return (
    valueCount === rowCount &&
    (!isOptional(node) || typeof statistics?.nullCount === 'number') &&
    knownCodecs.includes(used) &&
    dataPages.length > 0 &&
    dataPages.every(({ type, encoding: of }) => type === pageType.data && encodings.includes(of)) &&
    dataStart < start + compressedBytes &&
    start + compressedBytes <= sizeBytes
  )
}

const hasNoDictionary = (rowGroups: readonly RowGroup[], { leaf }: SchemaNode): boolean =>
  leaf >= 0 && rowGroups.every(({ columns }) => columns[leaf]!.start === columns[leaf]!.dataStart)

function decodedBytes(columns: readonly SourceColumn[], rowGroups: readonly RowGroup[]): number {
  const leaves = columns.flatMap(({ node, way }) => (way === 'made' && node !== null ? leavesUnder(node) : []))
  let bytes = 0
  for (const { columns: chunks } of rowGroups) for (const leaf of leaves) bytes += chunks[leaf]!.compressedBytes
  return bytes
}

const leavesUnder = (node: SchemaNode): readonly number[] =>
  node.leaf >= 0 ? [node.leaf] : node.children.flatMap(leavesUnder)

function spliceGroup(
  { rowCount, columns: chunks }: RowGroup,
  index: number,
  columns: readonly SourceColumn[],
  schema: Schema,
): SpliceRowGroup {
  const { leaves } = writeSchema(schema, { physicalNames: null, fieldIds: null })
  const byName = new Map(columns.map((column) => [column.field.name, column]))
  return {
    index,
    rowCount,
    chunks: leaves.map((leaf) => {
      const { node, way } = byName.get(leaf.path[0]!)!
      if (way === 'made') return null
      const { range, chunk } = copiedChunk(chunks[node!.leaf]!, leaf)
      return way === 'spliced' ? { kind: way, range, chunk } : { kind: way, range, chunk, node: node! }
    }),
  }
}

const copiedChunk = (chunk: ColumnChunk, leaf: WriteLeaf): Omit<SplicedChunk, 'kind'> => ({
  range: { start: chunk.start, end: chunk.start + chunk.compressedBytes },
  chunk: {
    leaf,
    codec: chunk.codec,
    valueCount: chunk.valueCount,
    nullCount: leaf.nullable ? chunk.statistics!.nullCount! : 0,
    min: null,
    max: null,
    encodings: new Map(chunk.dataPages.map(({ encoding: used, count }) => [used, count])),
    dictionaryOffset: chunk.start < chunk.dataStart ? 0 : null,
    dataOffset: chunk.dataStart - chunk.start,
    uncompressedBytes: chunk.uncompressedBytes,
    compressedBytes: chunk.compressedBytes,
    pageVersion: 1,
    pages: [],
    bloomFilter: null,
  },
})
