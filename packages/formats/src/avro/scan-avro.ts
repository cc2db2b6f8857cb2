import {
  Arena,
  batchFromRows,
  targetBatchRows,
  type ColumnarContext,
  type MemoryAccount,
  type RecordBatch,
} from '@deltaworks/columnar'
import type { Schema, Value } from '@deltaworks/schema'
import type { ObjectStore } from '@deltaworks/storage'
import { scanMetrics, type FileScan, type ScanMetrics } from '../file-scan.js'
import { ScanBatches } from '../scan-batches.js'
import { AvroBlocks, readAvroHeader } from './avro-container.js'
import { AvroCursor } from './avro-cursor.js'
import { avroColumns, columnField } from './avro-schema.js'

/** The columns of an Avro object container file. @throws FormatError DW-FORMAT-0080 to 0082; StorageError */
export async function readAvroSchema(store: ObjectStore, path: string, sizeBytes?: number): Promise<Schema> {
  const size = sizeBytes !== undefined && sizeBytes > 0 ? sizeBytes : (await store.head(path)).sizeBytes
  const { schema } = await readAvroHeader(store, path, size)
  return { fields: avroColumns(path, schema).map(columnField) }
}

/**
 * Reads an Avro object container file (specification 1.12), block by block; compressed by deflate or snappy, or not at all. Columns
 * are found by name; those of another type are converted if every value fits. Memory: one block, uncompressed.
 * @throws FormatError DW-FORMAT-0004, 0080 to 0082; StorageError
 */
export async function* scanAvro(
  context: ColumnarContext,
  account: MemoryAccount,
  scan: FileScan,
  metrics: ScanMetrics = scanMetrics(),
): AsyncGenerator<RecordBatch, void, undefined> {
  const { store, path, sizeBytes } = scan
  const header = await readAvroHeader(store, path, sizeBytes)
  const columns = avroColumns(path, header.schema)
  const own: Schema = { fields: columns.map(columnField) }
  const leastBytes = columns.reduce((sum, { reader }) => sum + reader.leastBytes, 0)
  const batches = new ScanBatches(context, scan, metrics)
  const size = Math.max(1, Math.min(scan.batchRows ?? targetBatchRows, 65_536))
  const arena = new Arena(context.heap, account)
  let firstRow = 0
  let rows: Value[][] = []
  const batch = function* (): Generator<RecordBatch, void, undefined> {
    yield* batches.of(arena, batchFromRows(arena, own, rows), firstRow)
    firstRow += rows.length
    rows = []
    arena.reset()
  }
  metrics.filesRead++
  metrics.bytesRead += sizeBytes
  try {
    for await (const { rowCount, bytes } of new AvroBlocks(context, account, scan, header)) {
      const cursor = new AvroCursor(path, bytes)
      const count = cursor.claim(rowCount, leastBytes)
      for (let i = 0; i < count; i++) {
        rows.push(columns.map(({ reader }) => reader.read(cursor)))
        if (rows.length >= size) yield* batch()
      }
      if (cursor.remaining > 0) throw cursor.damaged('a block holds more than its rows')
    }
    if (rows.length > 0) yield* batch()
  } finally {
    arena.close()
  }
}
