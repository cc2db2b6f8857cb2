import type { Schema, Value } from '@deltaworks/schema'
import type { ObjectStore } from '@deltaworks/storage'
import type { Column, ColumnarContext, Heap, MemoryAccount } from '@deltaworks/columnar'

/** What the log needs of Parquet: checkpoints and sidecars. A port, so that the log can be tested and used without a heap. */
export interface LogParquet {
  schema(store: ObjectStore, path: string, sizeBytes: number): Promise<Schema>
  /** All rows, with the columns (and members of structs) of `wanted` only. A batch holds until the next is asked for. */
  batches(store: ObjectStore, path: string, sizeBytes: number, wanted: Schema): AsyncIterable<LogBatch>
  /** A whole file. */
  file(schema: Schema, rows: Iterable<readonly Value[]>): Promise<LogParquetFile>
}

export interface LogBatch {
  readonly heap: Heap
  readonly rowCount: number
  readonly columns: readonly Column[]
  value(column: number, row: number): Value
}

export interface LogParquetFile {
  readonly parts: readonly Uint8Array[]
  readonly sizeBytes: number
}

const rowsABatch = 4096

/** The port by @deltaworks/formats, which is imported when a checkpoint is first read or written. */
export const logParquet = (context: () => ColumnarContext, account: MemoryAccount): LogParquet => ({
  async schema(store, path, sizeBytes) {
    const { readParquetMetadata } = await import('@deltaworks/formats')
    return (await readParquetMetadata(store, path, sizeBytes)).schema
  },
  async *batches(store, path, sizeBytes, wanted) {
    const [{ fileScan, scanParquet }, { readValue }] = await Promise.all([
      import('@deltaworks/formats'),
      import('@deltaworks/columnar'),
    ])
    const columnar = context()
    for await (const batch of scanParquet(columnar, account, fileScan({ store, path, sizeBytes, schema: wanted }))) {
      const { heap } = columnar
      const value = (column: number, row: number): Value => readValue(heap, batch.columns[column]!, row)
      yield { heap, rowCount: batch.rowCount, columns: batch.columns, value }
    }
  },
  async file(schema, rows) {
    const [{ ParquetWriter }, { Arena, batchFromRows }] = await Promise.all([
      import('@deltaworks/formats'),
      import('@deltaworks/columnar'),
    ])
    const columnar = context()
    const arena = new Arena(columnar.heap, account)
    const writer = new ParquetWriter(columnar, account, schema, { compression: 'snappy' })
    let pending: (readonly Value[])[] = []
    const flush = (): void => {
      if (pending.length === 0) return
      writer.write(batchFromRows(arena, schema, pending))
      pending = []
      arena.reset()
    }
    try {
      for (const row of rows) {
        pending.push(row)
        if (pending.length === rowsABatch) flush()
      }
      flush()
      return writer.finish()
    } finally {
      arena.close()
    }
  },
})
