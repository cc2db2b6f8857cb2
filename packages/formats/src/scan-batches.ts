import {
  Arena,
  constantColumn,
  createEvaluator,
  nullColumn,
  recordBatch,
  sliceBatch,
  takeBatch,
  targetBatchRows,
  type Column,
  type ColumnarContext,
  type RecordBatch,
} from '@deltaworks/columnar'
import { boundColumn, castTo, commonTypeOf } from '@deltaworks/expression'
import { typeName, typesEqual, type DataType, type Field } from '@deltaworks/schema'
import { sameLayout } from './arrow/same-layout.js'
import { typeMismatch } from './errors.js'
import type { FileScan, ScanMetrics } from './file-scan.js'

/**
 * Makes a scan's batches of columns as a file has them: found by name, converted if every value fits, in pieces of at most `batchRows`
 * rows, without deleted ones.
 * @throws FormatError DW-FORMAT-0004
 */
export class ScanBatches {
  readonly #context: ColumnarContext
  readonly #scan: FileScan
  readonly #metrics: ScanMetrics

  constructor(context: ColumnarContext, scan: FileScan, metrics: ScanMetrics) {
    this.#context = context
    this.#scan = scan
    this.#metrics = metrics
  }

  /** @param firstRow the index in the file of the first row of `whole`, which the arena has */
  *of(arena: Arena, whole: RecordBatch, firstRow: number): Generator<RecordBatch, void, undefined> {
    const { schema } = this.#scan
    const { rowCount } = whole
    const size = Math.max(1, Math.min(this.#scan.batchRows ?? targetBatchRows, 65_536))
    const piece = new Arena(this.#context.heap, arena.account)
    try {
      for (let at = 0; at < rowCount; at += size) {
        const end = Math.min(rowCount, at + size)
        const part = rowCount <= size ? whole : sliceBatch(piece, whole, at, end)
        const output = schema.fields.map((field) => this.#column(piece, part, field, firstRow + at))
        const batch = this.#withoutDeleted(piece, recordBatch(schema, end - at, output), firstRow + at)
        this.#metrics.rowsScanned += batch.rowCount
        if (batch.rowCount > 0) yield batch
        piece.reset()
      }
    } finally {
      piece.close()
    }
  }

  #column(arena: Arena, batch: RecordBatch, field: Field, firstRow: number): Column {
    const { constants, virtualColumns, physicalNames, path } = this.#scan
    const { rowCount } = batch
    if (Object.hasOwn(constants, field.name)) {
      return constantColumn(arena, field.type, constants[field.name]!, rowCount)
    }
    const virtual = virtualColumns[field.name]
    if (virtual === 'file_path') return constantColumn(arena, field.type, path, rowCount)
    if (virtual === 'row_index') return rowIndexes(arena, field, firstRow, rowCount)
    if (virtual !== undefined) return nullColumn(arena, field.type, rowCount)
    const wanted = (physicalNames?.[field.name] ?? field.name).toLowerCase()
    const index = batch.schema.fields.findIndex(({ name }) => name.toLowerCase() === wanted)
    if (index < 0) return nullColumn(arena, field.type, rowCount)
    const { type } = batch.schema.fields[index]!
    if (typesEqual(type, field.type)) return batch.columns[index]!
    if (sameLayout(type, field.type)) return { ...batch.columns[index]!, type: field.type }
    const common = commonTypeOf([type, field.type])
    if (isText(type) || common === null || !typesEqual(common, field.type))
      throw typeMismatch(path, field.name, typeName(type), typeName(field.type))
    const cast = castTo(boundColumn(batch.schema, index), field.type)
    return createEvaluator(this.#context, [cast], batch.schema).project(arena, batch)[0]!
  }

  #withoutDeleted(arena: Arena, batch: RecordBatch, firstRow: number): RecordBatch {
    const deleted = this.#scan.deletedRows
    if (deleted === null || deleted.length === 0) return batch
    const gone = new Set(deleted.filter((row) => row >= firstRow && row < firstRow + batch.rowCount))
    if (gone.size === 0) return batch
    this.#metrics.rowsDeleted += gone.size
    const address = arena.allocate(4 * batch.rowCount)
    const { i32 } = this.#context.heap
    let count = 0
    for (let row = 0; row < batch.rowCount; row++) {
      if (!gone.has(firstRow + row)) i32[(address >>> 2) + count++] = row
    }
    return takeBatch(this.#context, arena, batch, { address, count })
  }
}

const isText = (type: DataType): boolean => type.kind === 'string' || type.kind === 'binary'

function rowIndexes(arena: Arena, { type }: Field, firstRow: number, rowCount: number): Column {
  const values = arena.allocate(8 * rowCount)
  const slots = arena.heap.i64.subarray(values >>> 3, (values >>> 3) + rowCount)
  for (let row = 0; row < rowCount; row++) slots[row] = BigInt(firstRow + row)
  return { ...nullColumn(arena, type, 0), length: rowCount, validity: 0, nullCount: 0, values }
}
