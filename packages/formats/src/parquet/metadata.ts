import { corruptParquet, unsupportedParquet } from '../errors.js'
import { encoding, pageType, type PhysicalType } from './format.js'
import {
  schemaTree,
  type LogicalAnnotation,
  type SchemaElement,
  type SchemaNode,
  type SchemaTree,
} from './schema-tree.js'
import { ThriftError, ThriftReader } from './thrift-reader.js'

/** A file's footer, as far as reading needs it. */
export interface FileMetadata {
  readonly tree: SchemaTree
  readonly rowCount: number
  readonly rowGroups: readonly RowGroup[]
  readonly keyValue: Readonly<Record<string, string>>
  readonly createdBy: string
}

export interface RowGroup {
  readonly rowCount: number
  /** Index in the file of its first row. */
  readonly firstRow: number
  readonly totalBytes: number
  /** One a leaf of the schema, in its order. */
  readonly columns: readonly ColumnChunk[]
}

export interface ColumnChunk {
  readonly physical: PhysicalType
  readonly codec: number
  readonly valueCount: number
  readonly uncompressedBytes: number
  readonly compressedBytes: number
  /** Of the first page, a dictionary page if there is one. */
  readonly start: number
  /** Of the first data page. */
  readonly dataStart: number
  /** Every data page is of dictionary codes; false also where the file does not say. */
  readonly isAllDictionary: boolean
  /** Data pages by kind and encoding; empty where the file does not say. */
  readonly dataPages: readonly DataPages[]
  readonly statistics: RawStatistics | null
  /** Length 0: not told. */
  readonly bloomFilter: FileRange | null
  readonly columnIndex: FileRange | null
  readonly offsetIndex: FileRange | null
}

export interface DataPages {
  /** `pageType.data` or `pageType.dataV2` */
  readonly type: number
  readonly encoding: number
  readonly count: number
}

export interface FileRange {
  readonly offset: number
  readonly length: number
}

/** Bounds in the file's encoding; null where the file does not say, or where they cannot be trusted. */
export interface RawStatistics {
  readonly min: Uint8Array | null
  readonly max: Uint8Array | null
  /** Bounds are of the old fields `min` and `max`, which had signed order for everything. */
  readonly legacy: boolean
  readonly nullCount: number | null
}

/** Parses a footer (without its length and magic). @throws FormatError DW-FORMAT-0002, 0003 */
export function parseMetadata(path: string, footer: Uint8Array): FileMetadata {
  try {
    return readMetadata(path, new ThriftReader(footer))
  } catch (error) {
    if (error instanceof ThriftError) throw corruptParquet(path, `its footer cannot be read (${error.message})`)
    throw error
  }
}

function readMetadata(path: string, reader: ThriftReader): FileMetadata {
  let tree: SchemaTree | null = null
  let rowCount = 0
  let rowGroups: RowGroup[] = []
  const keyValue: Record<string, string> = {}
  let createdBy = ''
  let id = 0
  while (reader.nextField(id)) {
    id = reader.fieldId
    if (id === 2) tree = schemaTree(path, readSchema(reader))
    else if (id === 3) rowCount = reader.i64()
    else if (id === 4) {
      if (tree === null) throw new ThriftError('row groups come before the schema')
      rowGroups = readRowGroups(path, reader, tree)
    } else if (id === 5) readKeyValues(reader, keyValue)
    else if (id === 6) createdBy = reader.string()
    else reader.skip()
  }
  if (tree === null) throw new ThriftError('it has no schema')
  if (rowCount < 0) throw new ThriftError('the number of rows is negative')
  return { tree, rowCount, rowGroups, keyValue, createdBy }
}

function readSchema(reader: ThriftReader): SchemaElement[] {
  const count = reader.list()
  const elements: SchemaElement[] = []
  for (let i = 0; i < count; i++) elements.push(readSchemaElement(reader))
  return elements
}

function readSchemaElement(reader: ThriftReader): SchemaElement {
  let physical = -1
  let typeLength = 0
  let repetition = 0
  let name = ''
  let childCount = 0
  let converted = -1
  let scale = 0
  let precision = 0
  let fieldId = -1
  let annotation: LogicalAnnotation | null = null
  let id = 0
  while (reader.nextField(id)) {
    id = reader.fieldId
    if (id === 1) physical = reader.i32()
    else if (id === 2) typeLength = reader.i32()
    else if (id === 3) repetition = reader.i32()
    else if (id === 4) name = reader.string()
    else if (id === 5) childCount = reader.i32()
    else if (id === 6) converted = reader.i32()
    else if (id === 7) scale = reader.i32()
    else if (id === 8) precision = reader.i32()
    else if (id === 9) fieldId = reader.i32()
    else if (id === 10) annotation = readLogical(reader)
    else reader.skip()
  }
  return { physical, typeLength, repetition, name, childCount, converted, scale, precision, fieldId, annotation }
}

function readLogical(reader: ThriftReader): LogicalAnnotation | null {
  let annotation: LogicalAnnotation | null = null
  let id = 0
  while (reader.nextField(id)) {
    id = reader.fieldId
    const fields = readLogicalFields(reader)
    annotation = { kind: id, ...fields }
  }
  return annotation
}

/** The members of a LogicalType: numbers and booleans by their ids, and a time unit as 1 ms, 2 µs, 3 ns. */
function readLogicalFields(reader: ThriftReader): Omit<LogicalAnnotation, 'kind'> {
  let first = 0
  let second = 0
  let flag = false
  let id = 0
  while (reader.nextField(id)) {
    id = reader.fieldId
    const type = reader.fieldType
    if (type === 1 || type === 2) flag = reader.boolean()
    else if (type === 3) first = ((reader.bytes[reader.position++] ?? 0) << 24) >> 24
    else if (type >= 4 && type <= 6) {
      if (id === 1) first = reader.i32()
      else second = reader.i32()
    } else if (type === 12) {
      let unit = 0
      while (reader.nextField(unit)) {
        unit = reader.fieldId
        first = unit
        reader.skip()
      }
    } else reader.skip()
  }
  return { first, second, flag }
}

function readKeyValues(reader: ThriftReader, into: Record<string, string>): void {
  const count = reader.list()
  for (let i = 0; i < count; i++) {
    let key = ''
    let value = ''
    let id = 0
    while (reader.nextField(id)) {
      id = reader.fieldId
      if (id === 1) key = reader.string()
      else if (id === 2) value = reader.string()
      else reader.skip()
    }
    into[key] = value
  }
}

function readRowGroups(path: string, reader: ThriftReader, tree: SchemaTree): RowGroup[] {
  const count = reader.list()
  const groups: RowGroup[] = []
  let firstRow = 0
  for (let i = 0; i < count; i++) {
    const group = readRowGroup(path, reader, tree, firstRow)
    groups.push(group)
    firstRow += group.rowCount
  }
  return groups
}

function readRowGroup(path: string, reader: ThriftReader, tree: SchemaTree, firstRow: number): RowGroup {
  const columns: ColumnChunk[] = []
  let totalBytes = 0
  let rowCount = -1
  let id = 0
  while (reader.nextField(id)) {
    id = reader.fieldId
    if (id === 1) {
      const count = reader.list()
      if (count !== tree.leaves.length) throw new ThriftError('a row group has other columns than the schema')
      for (let i = 0; i < count; i++) columns.push(readColumnChunk(path, reader, tree.leaves[i]!))
    } else if (id === 2) totalBytes = reader.i64()
    else if (id === 3) rowCount = reader.i64()
    else reader.skip()
  }
  if (rowCount < 0 || columns.length !== tree.leaves.length) throw new ThriftError('a row group is incomplete')
  tree.leaves.forEach((leaf, i) => {
    if (leaf.repetition === 0 && columns[i]!.valueCount !== rowCount) {
      throw new ThriftError(`column "${leaf.path.join('.')}" has ${columns[i]!.valueCount} values in ${rowCount} rows`)
    }
  })
  return { rowCount, firstRow, totalBytes, columns }
}

function readColumnChunk(path: string, reader: ThriftReader, leaf: SchemaNode): ColumnChunk {
  let chunk: ColumnChunk | null = null
  const index = { columnOffset: 0, columnLength: 0, offsetOffset: 0, offsetLength: 0 }
  let id = 0
  while (reader.nextField(id)) {
    id = reader.fieldId
    if (id === 1) {
      const file = reader.string()
      if (file !== '') throw unsupportedParquet(path, `column data in another file (${file})`)
    } else if (id === 3) chunk = readColumnMetadata(reader, leaf)
    else if (id === 4) index.offsetOffset = reader.i64()
    else if (id === 5) index.offsetLength = reader.i32()
    else if (id === 6) index.columnOffset = reader.i64()
    else if (id === 7) index.columnLength = reader.i32()
    else if (id === 8 || id === 9) throw unsupportedParquet(path, 'encryption')
    else reader.skip()
  }
  if (chunk === null) throw new ThriftError(`column "${leaf.path.join('.')}" has no metadata`)
  return {
    ...chunk,
    columnIndex: rangeOf(index.columnOffset, index.columnLength),
    offsetIndex: rangeOf(index.offsetOffset, index.offsetLength),
  }
}

const rangeOf = (offset: number, length: number): FileRange | null =>
  offset >= 4 && length > 0 ? { offset, length } : null

function readColumnMetadata(reader: ThriftReader, leaf: SchemaNode): ColumnChunk {
  let physical = -1
  let codec = 0
  let valueCount = -1
  let uncompressedBytes = 0
  let compressedBytes = -1
  let dataOffset = -1
  let dictionaryOffset = -1
  let statistics: RawStatistics | null = null
  let dataPages: readonly DataPages[] = []
  let bloomOffset = -1
  let bloomLength = 0
  let id = 0
  while (reader.nextField(id)) {
    id = reader.fieldId
    if (id === 1) physical = reader.i32()
    else if (id === 4) codec = reader.i32()
    else if (id === 5) valueCount = reader.i64()
    else if (id === 6) uncompressedBytes = reader.i64()
    else if (id === 7) compressedBytes = reader.i64()
    else if (id === 9) dataOffset = reader.i64()
    else if (id === 11) dictionaryOffset = reader.i64()
    else if (id === 12) statistics = readStatistics(reader)
    else if (id === 13) dataPages = readEncodingStats(reader)
    else if (id === 14) bloomOffset = reader.i64()
    else if (id === 15) bloomLength = reader.i32()
    else reader.skip()
  }
  const name = leaf.path.join('.')
  if (physical !== leaf.physical) throw new ThriftError(`column "${name}" has two physical types`)
  // Some writers put 0 for "no dictionary page".
  const start = dictionaryOffset > 0 && dictionaryOffset < dataOffset ? dictionaryOffset : dataOffset
  // Empty row groups of some writers have columns at offset 0.
  if (valueCount < 0 || compressedBytes < 0 || (start < 4 && valueCount > 0))
    throw new ThriftError(`column "${name}" lies outside the file`)
  return {
    physical: leaf.physical,
    codec,
    valueCount,
    uncompressedBytes,
    compressedBytes,
    start,
    dataStart: dataOffset,
    isAllDictionary: dataPages.length > 0 && dataPages.every(isOfCodes),
    dataPages,
    statistics,
    bloomFilter: bloomOffset >= 4 ? { offset: bloomOffset, length: Math.max(0, bloomLength) } : null,
    columnIndex: null,
    offsetIndex: null,
  }
}

const isOfCodes = (pages: DataPages): boolean =>
  pages.encoding === encoding.plainDictionary || pages.encoding === encoding.rleDictionary

function readEncodingStats(reader: ThriftReader): readonly DataPages[] {
  const length = reader.list()
  const dataPages: DataPages[] = []
  for (let i = 0; i < length; i++) {
    let type = -1
    let used = -1
    let count = 0
    let id = 0
    while (reader.nextField(id)) {
      id = reader.fieldId
      if (id === 1) type = reader.i32()
      else if (id === 2) used = reader.i32()
      else if (id === 3) count = reader.i32()
      else reader.skip()
    }
    if (type === pageType.data || type === pageType.dataV2) dataPages.push({ type, encoding: used, count })
  }
  return dataPages
}

function readStatistics(reader: ThriftReader): RawStatistics {
  let oldMin: Uint8Array | null = null
  let oldMax: Uint8Array | null = null
  let min: Uint8Array | null = null
  let max: Uint8Array | null = null
  let nullCount: number | null = null
  let id = 0
  while (reader.nextField(id)) {
    id = reader.fieldId
    if (id === 1) oldMax = reader.binary()
    else if (id === 2) oldMin = reader.binary()
    else if (id === 3) nullCount = reader.i64()
    else if (id === 5) max = reader.binary()
    else if (id === 6) min = reader.binary()
    else reader.skip()
  }
  const legacy = min === null && max === null && (oldMin !== null || oldMax !== null)
  return legacy ? { min: oldMin, max: oldMax, legacy, nullCount } : { min, max, legacy, nullCount }
}
