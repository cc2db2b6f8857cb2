import { variableColumn, type Arena, type Column } from '@deltaworks/columnar'
import type { DataType } from '@deltaworks/schema'
import { unsupportedParquet } from '../errors.js'
import { corruptColumn, type DecodeContext } from './decode-context.js'
import { decompress } from './decompress.js'
import { decodeCodes, type DenseValues, type FixedValues, type PageValues } from './dense-values.js'
import { encoding, pageType } from './format.js'
import type { PageHeader } from './page-header.js'
import { decodeValues } from './page-values.js'
import type { ValueConversion } from './value-conversion.js'

/** The levels and values of a page. */
export interface DecodedPage {
  readonly levelCount: number
  /** A byte a level; 0: all are the leaf's greatest. */
  readonly definitions: number
  /** A byte a level; 0 if nothing repeats. */
  readonly repetitions: number
  readonly values: PageValues
  readonly valueCount: number
}

/** Decodes the pages of a chunk, and keeps its dictionary. */
export class PageDecoder {
  readonly #context: DecodeContext
  readonly #codec: number
  readonly #type: DataType
  readonly #convert: ValueConversion
  /** For what lives as long as the chunk: the dictionary. */
  readonly #chunkArena: Arena
  #dictionary: DenseValues | null = null
  #dictionaryCount = 0
  #dictionaryColumn: Column | null = null

  constructor(context: DecodeContext, codec: number, type: DataType, convert: ValueConversion, chunkArena: Arena) {
    this.#context = context
    this.#codec = codec
    this.#type = type
    this.#convert = convert
    this.#chunkArena = chunkArena
  }

  /** The dictionary's values, once its page was read. */
  get dictionary(): { readonly values: DenseValues; readonly count: number } | null {
    return this.#dictionary === null ? null : { values: this.#dictionary, count: this.#dictionaryCount }
  }

  dataPage(header: PageHeader, body: number, arena: Arena): DecodedPage {
    return header.type === pageType.data ? this.#version1(header, body, arena) : this.#version2(header, body, arena)
  }

  readDictionary(header: PageHeader, body: number): void {
    const arena = this.#chunkArena
    const { compressedBytes, uncompressedBytes, valueCount } = header
    if (this.#dictionary !== null) throw corruptColumn(this.#context, 'it has two dictionaries')
    const data = decompress(this.#context, this.#codec, body, compressedBytes, uncompressedBytes, arena)
    const plain = decodeValues(this.#context, encoding.plain, data, uncompressedBytes, valueCount, arena)
    this.#dictionary = this.#convert(plain, valueCount, arena)
    this.#dictionaryCount = valueCount
    if (this.#dictionary.kind === 'strings') {
      const { offsets, bytes } = this.#dictionary
      this.#dictionaryColumn = variableColumn(this.#type, valueCount, offsets, bytes)
    }
  }

  #version1(header: PageHeader, body: number, arena: Arena): DecodedPage {
    const { compressedBytes, uncompressedBytes, valueCount: count } = header
    const { node } = this.#context
    let at = decompress(this.#context, this.#codec, body, compressedBytes, uncompressedBytes, arena)
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
    return { levelCount: count, definitions, repetitions, values, valueCount }
  }

  #version2(header: PageHeader, body: number, arena: Arena): DecodedPage {
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
    const codecId = header.isCompressed ? this.#codec : 0
    const source = body + levelBytes
    const at = decompress(this.#context, codecId, source, header.compressedBytes - levelBytes, size, arena)
    const values = this.#values(header.encoding, at, size, valueCount, arena)
    return { levelCount: count, definitions, repetitions, values, valueCount }
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

  #values(encodingId: number, at: number, size: number, count: number, arena: Arena): PageValues {
    if (encodingId !== encoding.plainDictionary && encodingId !== encoding.rleDictionary) {
      const raw = decodeValues(this.#context, encodingId, at, size, count, arena)
      return this.#convert(raw, count, arena)
    }
    if (this.#dictionary === null) {
      if (count === 0) return emptyValues(this.#type, arena)
      throw corruptColumn(this.#context, 'a page refers to a dictionary that is not there')
    }
    if (count > 0 && size < 1) throw corruptColumn(this.#context, 'a page ends before its values')
    const codeWidth = count > 0 ? this.#context.heap.u8[at]! : 0
    const stream = { source: at + 1, length: size - 1, codeWidth, cursor: arena.allocateZeroed(8) }
    if (this.#dictionaryColumn === null) {
      const { address, width } = this.#dictionary as FixedValues
      return { kind: 'fixedCodes', stream, skip: 0, address, width, limit: this.#dictionaryCount }
    }
    const codes = arena.allocate((count + 8) * 4)
    decodeCodes(this.#context, stream, 0, count, this.#dictionaryCount, codes)
    return { kind: 'codes', codes, dictionary: this.#dictionaryColumn }
  }
}

/** Values of a run that has none. */
export function emptyValues(type: DataType, arena: Arena): DenseValues {
  const address = arena.allocateZeroed(16)
  // Nothing but nulls comes of it: slots of the greatest width do for every type.
  return isStrings(type) ? { kind: 'strings', offsets: address, bytes: address } : { kind: 'fixed', address, width: 16 }
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
