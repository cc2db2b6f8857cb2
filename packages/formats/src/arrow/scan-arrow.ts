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
  type MemoryAccount,
  type RecordBatch,
} from '@deltaworks/columnar'
import { boundColumn, castTo, commonTypeOf } from '@deltaworks/expression'
import { typeName, typesEqual, type DataType, type Field, type Schema } from '@deltaworks/schema'
import type { ObjectStore } from '@deltaworks/storage'
import { corruptArrow, notArrow, typeMismatch } from '../errors.js'
import { scanMetrics, type FileScan, type ScanMetrics } from '../file-scan.js'
import { ArrowColumnReader, extendDictionary, maxLength } from './arrow-columns.js'
import { fileMagic } from './arrow-format.js'
import { arrowMessages, guarded, type ArrowMessage, type ReadBytes } from './arrow-message.js'
import { fieldOf, readFields, type ArrowField } from './arrow-schema.js'
import { sameLayout } from './same-layout.js'

/** The columns of an Arrow IPC file or stream. @throws FormatError DW-FORMAT-0070 to 0072; StorageError */
export async function readArrowSchema(store: ObjectStore, path: string, sizeBytes?: number): Promise<Schema> {
  const size = sizeBytes !== undefined && sizeBytes > 0 ? sizeBytes : (await store.head(path)).sizeBytes
  for await (const { kind, header } of openArrow(store, path, size)) {
    if (kind !== 'schema') break
    return { fields: guarded(path, () => readFields(path, header.tables(1)).map(fieldOf)) }
  }
  throw notArrow(path, 'it does not begin with a schema')
}

/**
 * Reads an Arrow IPC file or stream, front to back, its record batches in pieces of at most `batchRows` rows. Columns are found
 * by name; those of another type are converted if every value fits. Memory: one message, uncompressed, and the dictionaries.
 * @throws FormatError DW-FORMAT-0004, 0070 to 0072; StorageError
 */
export async function* scanArrow(
  context: ColumnarContext,
  account: MemoryAccount,
  scan: FileScan,
  metrics: ScanMetrics = scanMetrics(),
): AsyncGenerator<RecordBatch, void, undefined> {
  const { store, path } = scan
  const keep = new Arena(context.heap, account)
  const arena = new Arena(context.heap, account)
  const dictionaries = new Map<number, Column>()
  let fields: readonly ArrowField[] | null = null
  const maker = new BatchMaker(context, scan, metrics)
  let firstRow = 0
  metrics.filesRead++
  try {
    for await (const message of openArrow(store, path, scan.sizeBytes)) {
      if (message.kind === 'schema') {
        const { header } = message
        fields = guarded(path, () => readFields(path, header.tables(1)))
        continue
      }
      if (fields === null) throw notArrow(path, 'it does not begin with a schema')
      const target = message.kind === 'dictionary' ? keep : arena
      const body = { address: target.allocate(message.bodyBytes), length: message.bodyBytes }
      const view = context.heap.u8.subarray(body.address, body.address + body.length)
      if ((await store.getInto(path, message.bodyOffset, view)) !== body.length)
        throw corruptArrow(path, 'it ends within a message')
      metrics.bytesRead += body.length
      if (message.kind === 'dictionary') {
        guarded(path, () => readDictionary(context, path, keep, dictionaries, fields!, message, body))
        continue
      }
      const { header } = message
      const { rowCount, columns } = guarded(path, () => {
        const length = header.length(0)
        if (length > maxLength) throw corruptArrow(path, `a record batch claims ${length} rows`)
        const reader = new ArrowColumnReader(context, path, arena, dictionaries, header, body)
        return { rowCount: length, columns: fields!.map((field) => reader.column(field, length)) }
      })
      yield* maker.batches(arena, fields, columns, rowCount, firstRow)
      firstRow += rowCount
      arena.reset()
    }
    if (fields === null) throw notArrow(path, 'it does not begin with a schema')
  } finally {
    arena.close()
    keep.close()
  }
}

/** The messages of a file (behind its magic) or of a stream. */
async function* openArrow(store: ObjectStore, path: string, sizeBytes: number): AsyncGenerator<ArrowMessage> {
  const read: ReadBytes = (start, length) => store.get(path, { start, end: Math.min(sizeBytes, start + length) })
  const head = sizeBytes === 0 ? new Uint8Array(0) : await read(0, 8)
  if (head.length < 8) throw notArrow(path, `it has only ${head.length} bytes`)
  const isFile = fileMagic.every((byte, i) => head[i] === byte)
  yield* arrowMessages(path, read, isFile ? 8 : 0, sizeBytes)
}

function readDictionary(
  context: ColumnarContext,
  path: string,
  arena: Arena,
  dictionaries: Map<number, Column>,
  fields: readonly ArrowField[],
  { header }: ArrowMessage,
  body: { readonly address: number; readonly length: number },
): void {
  const id = header.length(0)
  const data = header.table(1)
  const field = findCoded(fields, id)
  if (data === null || field === null) throw corruptArrow(path, `it has a dictionary ${id} that no column uses`)
  const reader = new ArrowColumnReader(context, path, arena, dictionaries, data, body)
  const column = reader.column({ ...field, dictionary: null }, data.length(0))
  const isDelta = header.boolean(2)
  dictionaries.set(id, extendDictionary(arena, field.type, isDelta ? dictionaries.get(id) : undefined, column))
}

function findCoded(fields: readonly ArrowField[], id: number): ArrowField | null {
  for (const field of fields) {
    if (field.dictionary?.id === id) return field
    const below = findCoded(field.children, id)
    if (below !== null) return below
  }
  return null
}

/** Makes the scan's batches of a record batch's columns. */
class BatchMaker {
  readonly #context: ColumnarContext
  readonly #scan: FileScan
  readonly #metrics: ScanMetrics

  constructor(context: ColumnarContext, scan: FileScan, metrics: ScanMetrics) {
    this.#context = context
    this.#scan = scan
    this.#metrics = metrics
  }

  *batches(
    arena: Arena,
    fields: readonly ArrowField[],
    columns: readonly Column[],
    rowCount: number,
    firstRow: number,
  ): Generator<RecordBatch, void, undefined> {
    const { schema } = this.#scan
    const own: Schema = { fields: fields.map(fieldOf) }
    const whole = recordBatch(own, rowCount, columns)
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
