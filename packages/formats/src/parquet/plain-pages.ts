import type { BloomFilterBuilder } from './bloom-filter.js'
import type { DictionaryBuilder } from './dictionary-builder.js'
import { physical } from './format.js'
import { HeapBuffer, OwnedBuffer } from './heap-buffer.js'
import type { PageValues, PageWriterContext } from './page-writer.js'
import { plainWidth, valueEncoder, type ParquetValueEncoding, type ValueEncoder } from './value-encoding.js'
import type { WriteLeaf } from './write-schema.js'

/** The values of the page at hand that are not in a dictionary, in PLAIN encoding; and the encoding that they get in the file. */
export class PlainPages {
  readonly #leaf: WriteLeaf
  readonly #context: PageWriterContext
  readonly #buffer: OwnedBuffer
  /** Bytes of a value as it comes in; and in PLAIN encoding (0: byte arrays). */
  readonly #plainWidth: number
  #count = 0
  /** Null: to be found out on the first page. */
  #encoder: ValueEncoder | null

  constructor(leaf: WriteLeaf, context: PageWriterContext, encoding: ParquetValueEncoding, capacity: number) {
    this.#leaf = leaf
    this.#context = context
    this.#plainWidth = plainWidth(leaf)
    this.#buffer = new OwnedBuffer(context.arena, capacity)
    const isInteger = leaf.physical === physical.int32 || leaf.physical === physical.int64
    if (encoding === 'auto') this.#encoder = isInteger ? null : valueEncoder(leaf, 'plain')
    else this.#encoder = valueEncoder(leaf, encoding)
  }

  /** Bytes of the page at hand. */
  get length(): number {
    return this.#buffer.length
  }

  /** @param width of a value in the heap; 16 becomes the leaf's own */
  addFixed(values: number, width: number, count: number): void {
    const buffer = this.#buffer
    const size = count * this.#plainWidth
    if (width === 16) {
      buffer.reserve(size + 16)
      this.#context.kernels.parquetInt128ToFixed(values, this.#plainWidth, count, buffer.end)
      buffer.length += size
    } else buffer.append(values, size)
    this.#count += count
  }

  /** Slots [start, start + count) that `bitmap` (if not 0) has. */
  addStrings(offsets: number, bytes: number, bitmap: number, start: number, count: number): void {
    const { heap, kernels } = this.#context
    const buffer = this.#buffer
    const size = heap.i32[(offsets >>> 2) + start + count]! - heap.i32[(offsets >>> 2) + start]!
    buffer.reserve(size + 4 * count + 16)
    const written =
      bitmap === 0
        ? kernels.parquetEncodeByteArrays(offsets, bytes, start, count, buffer.end)
        : kernels.parquetEncodeByteArraysOf(offsets, bytes, bitmap, start, count, buffer.end)
    buffer.length += written
    this.#count +=
      bitmap === 0
        ? count
        : kernels.parquetBitsToLevels(bitmap, start, count, 1, 0, this.#context.scratch.allocate(count + 16))
  }

  addCoded(codes: number, count: number, dictionary: DictionaryBuilder): void {
    const { kernels } = this.#context
    const buffer = this.#buffer
    const size = kernels.parquetGatheredBytes(codes, count, dictionary.offsets)
    buffer.reserve(size + 4 * count + 16)
    buffer.length += kernels.parquetEncodeByteArraysByCode(
      codes,
      count,
      dictionary.offsets,
      dictionary.values,
      buffer.end,
    )
    this.#count += count
  }

  addTo(bloom: BloomFilterBuilder | null): void {
    bloom?.add(this.#buffer.address, this.#plainWidth, this.#count)
  }

  /** Valid until `clear`. */
  values(): PageValues {
    const { address, length } = this.#buffer
    const plain = { address, length, count: this.#count }
    const encoder = this.#encoder ?? this.#choose(plain)
    return {
      encoding: encoder.encoding,
      sizeBytes: length,
      append: (page) => encoder.append(this.#context, this.#context.scratch, plain, page),
    }
  }

  /** Deltas, if they make this page smaller, compressed as it will be. */
  #choose(plain: { readonly address: number; readonly length: number; readonly count: number }): ValueEncoder {
    const context = this.#context
    const usual = valueEncoder(this.#leaf, 'plain')
    if (plain.count === 0) return usual
    const deltas = valueEncoder(this.#leaf, 'delta_binary_packed')
    const page = new HeapBuffer(context.scratch, plain.length + 2048)
    deltas.append(context, context.scratch, plain, page)
    const inDeltas = context.compressor.compress(page.address, page.length).length
    const inPlain = context.compressor.compress(plain.address, plain.length).length
    // A twentieth less is not worth an encoding that old readers do not know.
    this.#encoder = inDeltas < inPlain * 0.95 ? deltas : usual
    return this.#encoder
  }

  clear(): void {
    this.#buffer.length = 0
    this.#count = 0
  }

  close(): void {
    this.#buffer.close()
  }
}
