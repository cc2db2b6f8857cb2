import { Arena, type ColumnarContext, type MemoryAccount, type RecordBatch } from '@deltaworks/columnar'
import type { Schema } from '@deltaworks/schema'
import { ParquetAssembler, type ParquetFile } from './parquet-assembler.js'
import { RowGroupEncoder } from './row-group-encoder.js'
import { holdsVariant, variantGroups, withVariantGroups } from './variant-groups.js'
import type { ParquetWriteOptions } from './write-options.js'

/**
 * Writes one Parquet file. Synchronous; batches are encoded at once and may go after `write` returns. Memory: the pages at
 * hand and the dictionaries in the heap, finished pages (compressed) in JavaScript memory until their row group ends.
 */
export class ParquetWriter {
  readonly #encoder: RowGroupEncoder
  readonly #assembler: ParquetAssembler
  readonly #rowGroupRows: number
  readonly #rowGroupBytes: number
  readonly #arena: Arena | null
  #rowCount = 0

  /** @throws FormatError DW-FORMAT-0006, 0007, 0010, 0011, 0012 */
  constructor(context: ColumnarContext, account: MemoryAccount, schema: Schema, options: ParquetWriteOptions = {}) {
    this.#rowGroupRows = options.rowGroupRows ?? 1_048_576
    this.#rowGroupBytes = options.rowGroupBytes ?? 134_217_728
    const groups = options.variants === 'binary' && schema.fields.some(({ type }) => holdsVariant(type))
    const stored = groups ? variantGroups(schema) : schema
    this.#arena = groups ? new Arena(context.heap, account) : null
    this.#encoder = new RowGroupEncoder(context, account, stored, options)
    this.#assembler = new ParquetAssembler(stored, options)
  }

  get rowCount(): number {
    return this.#rowCount
  }

  /** Bytes of the file so far, as far as they can be told: to end a file at a size. */
  get estimatedBytes(): number {
    return this.#assembler.sizeBytes + this.#encoder.bufferedBytes
  }

  /** Appends rows [start, start + rows) of a batch; its columns are the schema's, in order. */
  write(batch: RecordBatch, start = 0, rows = batch.rowCount - start): void {
    if (this.#arena === null) return this.#write(batch, start, start + rows)
    this.#write(withVariantGroups(this.#arena, batch), start, start + rows)
    this.#arena.reset()
  }

  #write(batch: RecordBatch, start: number, end: number): void {
    const encoder = this.#encoder
    let at = start
    while (at < end) {
      const rows = Math.min(end - at, this.#rowGroupRows - encoder.rowCount)
      encoder.write(batch, at, rows)
      at += rows
      this.#rowCount += rows
      if (encoder.rowCount >= this.#rowGroupRows || encoder.bufferedBytes >= this.#rowGroupBytes) this.#endGroup()
    }
  }

  #endGroup(): void {
    const group = this.#encoder.finish()
    if (group !== null) this.#assembler.append(group)
  }

  /** Ends the file. The writer's memory is free then. */
  finish(): ParquetFile {
    this.#endGroup()
    this.close()
    return this.#assembler.finish()
  }

  /** Frees memory without ending the file. */
  close(): void {
    this.#encoder.close()
    this.#arena?.close()
  }
}
