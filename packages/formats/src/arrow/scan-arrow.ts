import {
  Arena,
  recordBatch,
  type Column,
  type ColumnarContext,
  type MemoryAccount,
  type RecordBatch,
} from '@deltaworks/columnar'
import type { Schema } from '@deltaworks/schema'
import type { ObjectStore } from '@deltaworks/storage'
import { corruptArrow, notArrow } from '../errors.js'
import { scanMetrics, type FileScan, type ScanMetrics } from '../file-scan.js'
import { ScanBatches } from '../scan-batches.js'
import { ArrowColumnReader, extendDictionary, maxLength } from './arrow-columns.js'
import { fileMagic } from './arrow-format.js'
import { arrowMessages, guarded, type ArrowMessage, type ReadBytes } from './arrow-message.js'
import { fieldOf, readFields, type ArrowField } from './arrow-schema.js'

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
  const batches = new ScanBatches(context, scan, metrics)
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
      yield* batches.of(arena, recordBatch({ fields: fields.map(fieldOf) }, rowCount, columns), firstRow)
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
