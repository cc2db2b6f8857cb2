import {
  Arena,
  dictionaryColumn,
  fixedColumn,
  variableColumn,
  type Column,
  type MemoryAccount,
} from '@deltaworks/columnar'
import { binary, type DataType } from '@deltaworks/schema'
import { unsupportedParquet } from '../errors.js'
import { corruptColumn, type DecodeContext } from './decode-context.js'
import { decompress } from './decompress.js'
import { denseFrom, joinDense, type DensePiece, type DenseValues } from './dense-values.js'
import { encoding, pageType } from './format.js'
import type { ColumnChunk } from './metadata.js'
import { readPageHeader, type PageHeader } from './page-header.js'
import { decodeValues } from './page-values.js'
import { ThriftError } from './thrift-reader.js'
import { valueConversion, type ValueConversion } from './value-conversion.js'

/** The levels and values of some whole records of a leaf. */
export interface LeafRun {
  readonly levelCount: number
  /** A byte a level; 0: all are the leaf's greatest. */
  readonly definitions: number
  /** A byte a level; 0 if nothing repeats. */
  readonly repetitions: number
  readonly values: DenseValues
  readonly valueCount: number
}

interface Page {
  readonly levelCount: number
  readonly definitions: number
  readonly repetitions: number
  readonly values: DenseValues
  readonly valueCount: number
  readonly arena: Arena | null
  position: number
  valuePosition: number
}

interface Piece {
  readonly page: Page
  readonly start: number
  readonly end: number
  readonly values: DenseValues
  readonly valueCount: number
}

/**
 * Reads a column chunk that lies in the heap, page by page, as many records at a time as are asked for. What `read` returns
 * may point into pages; it is valid until the next `read`.
 */
export class ColumnReader {
  readonly #context: DecodeContext
  readonly #chunk: ColumnChunk
  readonly #end: number
  readonly #convert: ValueConversion
  /** For what lives as long as the chunk: the dictionary. */
  readonly #chunkArena: Arena
  /** Makes arenas of pages; null: pages live in the arena of the batch (which then holds the whole row group). */
  readonly #account: MemoryAccount | null
  #position: number
  #levelsRead = 0
  #dictionary: DenseValues | null = null
  #dictionaryCount = 0
  #dictionaryColumn: Column | null = null
  #page: Page | null = null
  readonly #retired: Arena[] = []
  readonly #spare: Arena[] = []
  readonly #type: DataType

  /** @param type what the values are wanted as; null: only the levels are wanted */
  constructor(
    context: DecodeContext,
    chunk: ColumnChunk,
    address: number,
    type: DataType | null,
    chunkArena: Arena,
    account: MemoryAccount | null,
  ) {
    this.#context = context
    this.#chunk = chunk
    this.#position = address
    this.#end = address + chunk.compressedBytes
    this.#type = type ?? binary
    this.#convert = type === null ? (values) => values : valueConversion(context, type)
    this.#chunkArena = chunkArena
    this.#account = account
  }

  /** The next `records` records. @throws FormatError DW-FORMAT-0002 if the chunk has fewer */
  read(records: number, arena: Arena): LeafRun {
    this.#recycle()
    const { repetition } = this.#context.node
    const pieces: Piece[] = []
    let left = records
    while (left > 0 || repetition > 0) {
      let page = this.#page
      if (page === null || page.position === page.levelCount) {
        if (this.#levelsRead >= this.#chunk.valueCount) break
        page = this.#nextPage(arena)
      }
      const start = page.position
      const end =
        repetition === 0
          ? Math.min(page.levelCount, start + left)
          : this.#context.kernels.parquetRecordEnd(page.repetitions, start, page.levelCount, left)
      if (end > start) pieces.push(this.#take(page, end))
      if (repetition === 0) left -= end - start
      else {
        left -= this.#context.kernels.parquetCountRecords(page.repetitions, start, end)
        if (end < page.levelCount) break
      }
    }
    if (left !== 0) throw corruptColumn(this.#context, 'it has fewer rows than its row group')
    return this.#join(pieces, arena)
  }

  /** Frees pages; the arenas that were handed in are their owners'. */
  close(): void {
    this.#recycle()
    if (this.#page?.arena) this.#page.arena.close()
    for (const arena of this.#spare) arena.close()
    this.#page = null
  }

  #recycle(): void {
    for (const arena of this.#retired) {
      arena.reset()
      this.#spare.push(arena)
    }
    this.#retired.length = 0
  }

  #take(page: Page, end: number): Piece {
    const start = page.position
    const { node, kernels } = this.#context
    const valueCount =
      page.definitions === 0
        ? end - start
        : start === 0 && end === page.levelCount
          ? page.valueCount
          : kernels.parquetCountAtLeast(page.definitions + start, end - start, node.definition)
    const values = denseFrom(page.values, page.valuePosition)
    page.position = end
    page.valuePosition += valueCount
    return { page, start, end, values, valueCount }
  }

  #join(pieces: readonly Piece[], arena: Arena): LeafRun {
    if (pieces.length === 1) {
      const { page, start, end, values, valueCount } = pieces[0]!
      return {
        levelCount: end - start,
        definitions: page.definitions === 0 ? 0 : page.definitions + start,
        repetitions: page.repetitions === 0 ? 0 : page.repetitions + start,
        values,
        valueCount,
      }
    }
    if (pieces.length === 0) {
      const values = this.#emptyValues(arena)
      return { levelCount: 0, definitions: 0, repetitions: 0, values, valueCount: 0 }
    }
    const levelCount = pieces.reduce((sum, piece) => sum + piece.end - piece.start, 0)
    const all = pieces.map(({ values, valueCount }): DensePiece => ({ values, count: valueCount }))
    const some = all.filter(({ count }) => count > 0)
    const dense = some.length === 0 ? all.slice(0, 1) : some
    return {
      levelCount,
      definitions: pieces.every(({ page }) => page.definitions === 0)
        ? 0
        : this.#joinLevels(pieces, levelCount, arena, ({ page }) => page.definitions),
      repetitions:
        this.#context.node.repetition === 0
          ? 0
          : this.#joinLevels(pieces, levelCount, arena, ({ page }) => page.repetitions),
      values: joinDense(this.#context, dense, arena),
      valueCount: dense.reduce((sum, piece) => sum + piece.count, 0),
    }
  }

  #emptyValues(arena: Arena): DenseValues {
    const address = arena.allocateZeroed(16)
    const none: DenseValues = { kind: 'strings', offsets: address, bytes: address }
    // Nothing but nulls comes of it: slots of the greatest width do for every type.
    return isStrings(this.#type) ? none : { kind: 'fixed', address, width: 16 }
  }

  #joinLevels(pieces: readonly Piece[], count: number, arena: Arena, levelsOf: (piece: Piece) => number): number {
    const address = arena.allocate(count)
    const { heap, node } = this.#context
    let at = address
    for (const piece of pieces) {
      const levels = levelsOf(piece)
      const size = piece.end - piece.start
      if (levels === 0) heap.u8.fill(node.definition, at, at + size)
      else heap.u8.copyWithin(at, levels + piece.start, levels + piece.end)
      at += size
    }
    return address
  }

  #nextPage(batchArena: Arena): Page {
    const before = this.#page
    if (before?.arena) this.#retired.push(before.arena)
    this.#page = null
    const arena = this.#account === null ? null : (this.#spare.pop() ?? new Arena(batchArena.heap, this.#account))
    let page: Page | null = null
    try {
      while (page === null) page = this.#decodePage(arena ?? batchArena, arena)
    } finally {
      if (page === null && arena !== null) arena.close()
    }
    this.#page = page
    this.#levelsRead += page.levelCount
    return page
  }

  #header(): PageHeader {
    try {
      return readPageHeader(this.#context.heap.u8, this.#position, this.#end)
    } catch (error) {
      if (error instanceof ThriftError)
        throw corruptColumn(this.#context, `a page header cannot be read (${error.message})`)
      throw error
    }
  }

  /** The page at the cursor, or null if it was a dictionary or an index. */
  #decodePage(arena: Arena, owned: Arena | null): Page | null {
    const header = this.#header()
    const body = this.#position + header.headerBytes
    if (header.compressedBytes > this.#end - body)
      throw corruptColumn(this.#context, 'a page is longer than its column')
    this.#position = body + header.compressedBytes
    if (header.type === pageType.index) return null
    if (header.type === pageType.dictionary) {
      this.#readDictionary(header, body)
      return null
    }
    if (header.valueCount > this.#chunk.valueCount - this.#levelsRead) {
      throw corruptColumn(this.#context, 'its pages hold more values than its metadata says')
    }
    if (header.valueCount === 0) return null
    return header.type === pageType.data
      ? this.#dataPage(header, body, arena, owned)
      : this.#dataPageV2(header, body, arena, owned)
  }

  #readDictionary(header: PageHeader, body: number): void {
    const arena = this.#chunkArena
    const { compressedBytes, uncompressedBytes, valueCount } = header
    if (this.#dictionary !== null) throw corruptColumn(this.#context, 'it has two dictionaries')
    const data = decompress(this.#context, this.#chunk.codec, body, compressedBytes, uncompressedBytes, arena)
    const plain = decodeValues(this.#context, encoding.plain, data, uncompressedBytes, valueCount, arena)
    this.#dictionary = this.#convert(plain, valueCount, arena)
    this.#dictionaryCount = valueCount
    if (this.#dictionary.kind === 'strings') {
      const { offsets, bytes } = this.#dictionary
      this.#dictionaryColumn = variableColumn(this.#type, valueCount, offsets, bytes)
    }
  }

  #dataPage(header: PageHeader, body: number, arena: Arena, owned: Arena | null): Page {
    const { compressedBytes, uncompressedBytes, valueCount: count } = header
    const { node } = this.#context
    let at = decompress(this.#context, this.#chunk.codec, body, compressedBytes, uncompressedBytes, arena)
    const end = at + uncompressedBytes
    let repetitions = 0
    let definitions = 0
    let valueCount = count
    if (node.repetition > 0) {
      const size = this.#levelBytes(at, end, header.levelEncodings.repetition)
      repetitions = this.#decodeLevels(at + 4, size, node.repetition, count, arena)
      at += 4 + size
    }
    if (node.definition > 0) {
      const size = this.#levelBytes(at, end, header.levelEncodings.definition)
      ;[definitions, valueCount] = this.#definitions(at + 4, size, count, arena)
      at += 4 + size
    }
    const values = this.#values(header.encoding, at, end - at, valueCount, arena)
    return {
      levelCount: count,
      definitions,
      repetitions,
      values,
      valueCount,
      arena: owned,
      position: 0,
      valuePosition: 0,
    }
  }

  #dataPageV2(header: PageHeader, body: number, arena: Arena, owned: Arena | null): Page {
    const { repetitionBytes, definitionBytes, valueCount: count } = header
    const { node } = this.#context
    const levelBytes = repetitionBytes + definitionBytes
    if (
      repetitionBytes < 0 ||
      definitionBytes < 0 ||
      levelBytes > header.compressedBytes ||
      levelBytes > header.uncompressedBytes
    ) {
      throw corruptColumn(this.#context, 'the levels of a page are longer than it')
    }
    const repetitions =
      node.repetition > 0 ? this.#decodeLevels(body, repetitionBytes, node.repetition, count, arena) : 0
    let definitions = 0
    let valueCount = count
    if (node.definition > 0) {
      ;[definitions, valueCount] = this.#definitions(body + repetitionBytes, definitionBytes, count, arena)
    }
    const size = header.uncompressedBytes - levelBytes
    const codecId = header.isCompressed ? this.#chunk.codec : 0
    const source = body + levelBytes
    const at = decompress(this.#context, codecId, source, header.compressedBytes - levelBytes, size, arena)
    const values = this.#values(header.encoding, at, size, valueCount, arena)
    return {
      levelCount: count,
      definitions,
      repetitions,
      values,
      valueCount,
      arena: owned,
      position: 0,
      valuePosition: 0,
    }
  }

  #levelBytes(at: number, end: number, encodingId: number): number {
    if (encodingId !== encoding.rle) {
      throw unsupportedParquet(this.#context.path, `levels in encoding number ${encodingId}`)
    }
    if (end - at < 4) throw corruptColumn(this.#context, 'a page ends before its levels')
    const { u8 } = this.#context.heap
    const size = u8[at]! + u8[at + 1]! * 256 + u8[at + 2]! * 65_536 + u8[at + 3]! * 16_777_216
    if (size > end - at - 4) throw corruptColumn(this.#context, 'the levels of a page are longer than it')
    return size
  }

  #decodeLevels(source: number, size: number, maximum: number, count: number, arena: Arena): number {
    const width = 32 - Math.clz32(maximum)
    const target = arena.allocate(count + 8)
    if (this.#context.kernels.parquetDecodeLevels(source, size, width, count, target, maximum) < 0) {
      throw corruptColumn(this.#context, 'the levels of a page are damaged')
    }
    return target
  }

  /** @returns the levels (0 if all are the greatest, and nothing repeats) and the number of values that are present */
  #definitions(source: number, size: number, count: number, arena: Arena): [number, number] {
    const { node, kernels, heap } = this.#context
    if (node.repetition === 0 && isOneRun(heap.u8, source, size, node.definition, count)) return [0, count]
    const levels = this.#decodeLevels(source, size, node.definition, count, arena)
    const present = kernels.parquetCountAtLeast(levels, count, node.definition)
    return [present === count && node.repetition === 0 ? 0 : levels, present]
  }

  #values(encodingId: number, at: number, size: number, count: number, arena: Arena): DenseValues {
    if (encodingId !== encoding.plainDictionary && encodingId !== encoding.rleDictionary) {
      const raw = decodeValues(this.#context, encodingId, at, size, count, arena)
      return this.#convert(raw, count, arena)
    }
    const { kernels, heap } = this.#context
    if (this.#dictionary === null) {
      if (count === 0) return this.#emptyValues(arena)
      throw corruptColumn(this.#context, 'a page refers to a dictionary that is not there')
    }
    const codes = arena.allocate((count + 8) * 4)
    if (count > 0) {
      if (size < 1) throw corruptColumn(this.#context, 'a page ends before its values')
      const width = heap.u8[at]!
      if (kernels.parquetDecodeCodes(at + 1, size - 1, width, count, codes, this.#dictionaryCount) < 0) {
        throw corruptColumn(this.#context, 'the dictionary codes of a page are damaged')
      }
    }
    if (this.#dictionaryColumn !== null) return { kind: 'codes', codes, dictionary: this.#dictionaryColumn }
    const { address, width } = this.#dictionary as Extract<DenseValues, { kind: 'fixed' }>
    const target = arena.allocate(count * width)
    kernels.parquetGather(codes, count, address, width, target)
    return { kind: 'fixed', address: target, width }
  }
}

const isStrings = (type: DataType): boolean =>
  type.kind === 'string' || type.kind === 'binary' || type.kind === 'variant'

/** Whether a stream of levels is one run of `value` for all `count` of them: the usual form of "no nulls". */
function isOneRun(bytes: Uint8Array, source: number, size: number, value: number, count: number): boolean {
  let header = 0
  let shift = 0
  let at = source
  const end = source + size
  while (at < end && shift < 28) {
    const byte = bytes[at++]!
    header |= (byte & 127) << shift
    if (byte < 128) return (header & 1) === 0 && header >>> 1 >= count && at < end && bytes[at] === value
    shift += 7
  }
  return false
}

/**
 * Dense values to a column of `slots` rows.
 * @param validity bitmap, 0 if no slot is null
 */
export function columnOfValues(
  context: DecodeContext,
  type: DataType,
  values: DenseValues,
  slots: number,
  validity: number,
  nullCount: number,
  arena: Arena,
): Column {
  const { kernels } = context
  switch (values.kind) {
    case 'fixed': {
      let { address } = values
      if (validity !== 0) {
        address = arena.allocate(slots * values.width)
        kernels.parquetSpread(values.address, values.width, validity, slots, address)
      }
      if (type.kind === 'boolean') {
        const bits = arena.allocate((slots >> 3) + 2)
        kernels.parquetBytesToBits(address, slots, 1, bits)
        address = bits
      }
      return fixedColumn(type, slots, address, validity, nullCount)
    }
    case 'strings': {
      let { offsets } = values
      if (validity !== 0) {
        offsets = arena.allocate((slots + 1) * 4)
        kernels.parquetSpreadOffsets(values.offsets, validity, slots, offsets)
      }
      return variableColumn(type, slots, offsets, values.bytes, validity, nullCount)
    }
    case 'codes': {
      let { codes } = values
      if (validity !== 0) {
        codes = arena.allocate(slots * 4)
        kernels.parquetSpread(values.codes, 4, validity, slots, codes)
      }
      return dictionaryColumn(values.dictionary, slots, codes, validity, nullCount)
    }
  }
}
