import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { batchToRows, type ColumnarContext } from '@deltaworks/columnar'
import type { Schema, Value } from '@deltaworks/schema'
import { MemoryStore } from '@deltaworks/storage'
import { parquetReadObjects } from 'hyparquet'
import * as wasm from 'parquet-wasm/node'
import { fileScan } from '../file-scan.js'
import { readParquetSchema } from '../parquet/parquet-metadata.js'
import { scanFile, type FileKind } from '../scan-file.js'
import type { DuckRewrite } from './duck-rewrite.js'
import { account } from './hostile-files.js'

const store = new MemoryStore('memory://differential')

/** What our reader makes of a file, in batches of that many rows. */
export async function readOurs(
  context: ColumnarContext,
  kind: FileKind,
  bytes: Uint8Array,
  schema: Schema,
  batchRows: number,
): Promise<Value[][]> {
  await store.put('x', bytes, 'overwrite')
  const scan = fileScan({ store, path: 'x', sizeBytes: bytes.length, schema, batchRows })
  const rows: Value[][] = []
  for await (const batch of scanFile(context, account(), kind, scan, {})) rows.push(...batchToRows(context.heap, batch))
  if (context.heap.usedBytes !== 0) throw new Error(`${context.heap.usedBytes} bytes are not freed`)
  return rows
}

export async function schemaOf(bytes: Uint8Array): Promise<Schema> {
  await store.put('x', bytes, 'overwrite')
  return readParquetSchema(store, 'x', bytes.length)
}

/** The rows that another reader sees, or why it reads none. */
export type Testimony = readonly (readonly unknown[])[] | string

/** Another reader; what it gives is compared with `expected`, which is ours in the form that this reader's values have. */
export interface Witness {
  readonly name: string
  read(bytes: Uint8Array, schema: Schema): Promise<Testimony>
  /** Whether its values are exact, or need `comparable`. */
  readonly isExact: boolean
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error)).slice(0, 120)

/** arrow-rs, through Arrow IPC. */
export const parquetWasm = (context: ColumnarContext): Witness => ({
  name: 'parquet-wasm',
  isExact: true,
  async read(bytes, schema) {
    let stream: Uint8Array
    try {
      stream = wasm.readParquet(bytes).intoIPCStream()
    } catch (error) {
      return messageOf(error)
    }
    return readOurs(context, 'arrow', stream, schema, 16_384)
  },
})

/** DuckDB reads the file and writes its rows in the simplest form that there is, of which we read them. */
export const duckDb = (context: ColumnarContext, duck: DuckRewrite): Witness => ({
  name: 'duckdb',
  isExact: true,
  async read(bytes, schema) {
    const plain = await duck.rewrite(bytes, `codec 'uncompressed', parquet_version 'V1', dictionary_size_limit 1`)
    return typeof plain === 'string' ? plain.slice(0, 120) : readOurs(context, 'parquet', plain, schema, 16_384)
  },
})

export const hyparquet: Witness = {
  name: 'hyparquet',
  isExact: false,
  async read(bytes, schema) {
    const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer
    try {
      const compressors = {
        GZIP: (input: Uint8Array) => gunzipSync(input),
        BROTLI: (input: Uint8Array) => brotliDecompressSync(input),
      }
      const objects = await parquetReadObjects({ file, utf8: false, compressors })
      return objects.map((row) => schema.fields.map(({ name }) => row[name]))
    } catch (error) {
      return messageOf(error)
    }
  },
}
