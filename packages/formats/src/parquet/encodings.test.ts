import { batchToRows, createContext, unlimited } from '@deltaworks/columnar'
import type { Schema, Value } from '@deltaworks/schema'
import { MemoryStore } from '@deltaworks/storage'
import { Table, tableToIPC, vectorFromArray, Float32, Float64, Int32, Int64, Utf8 } from 'apache-arrow'
import * as wasm from 'parquet-wasm'
import { fileScan } from '../file-scan.js'
import { readParquetSchema } from './parquet-metadata.js'
import { scanParquet } from './scan-parquet.js'

/* arrow-rs (parquet-wasm) writes every encoding; both page versions. */

const context = createContext()
const store = new MemoryStore('memory://encodings')

const count = 3000
const indexes = Array.from({ length: count }, (_, i) => i)
const columns = {
  i32: indexes.map((i) => (i % 11 === 0 ? null : (i * 7919) % 1000)),
  i64: indexes.map((i) => (i % 13 === 0 ? null : BigInt(i) ** 5n * (i % 2 === 0 ? 1n : -1n))),
  f32: indexes.map((i) => (i % 5 === 0 ? null : i / 4)),
  f64: indexes.map((i) => i / 3),
  text: indexes.map((i) => (i % 7 === 0 ? null : `some/common/prefix/${'é'.repeat(i % 5)}${i}`)),
}
const types = { i32: new Int32(), i64: new Int64(), f32: new Float32(), f64: new Float64(), text: new Utf8() }

function write(encoding: wasm.Encoding, names: readonly string[], version: wasm.WriterVersion): Uint8Array {
  const vectors = Object.fromEntries(
    Object.entries(columns).map(([name, values]) => [name, vectorFromArray(values, types[name as keyof typeof types])]),
  )
  const table = wasm.Table.fromIPCStream(tableToIPC(new Table(vectors), 'stream'))
  let properties = new wasm.WriterPropertiesBuilder()
    .setDictionaryEnabled(false)
    .setWriterVersion(version)
    .setCompression(wasm.Compression.ZSTD)
    .setMaxRowGroupSize(1111)
  for (const name of names) properties = properties.setColumnEncoding(name, encoding)
  return wasm.writeParquet(table, properties.build())
}

const { Encoding, WriterVersion } = wasm

describe('encodings of arrow-rs', () => {
  it.each([
    ['PLAIN', Encoding.PLAIN, Object.keys(columns)],
    ['DELTA_BINARY_PACKED', Encoding.DELTA_BINARY_PACKED, ['i32', 'i64']],
    ['DELTA_LENGTH_BYTE_ARRAY', Encoding.DELTA_LENGTH_BYTE_ARRAY, ['text']],
    ['DELTA_BYTE_ARRAY', Encoding.DELTA_BYTE_ARRAY, ['text']],
    ['BYTE_STREAM_SPLIT', Encoding.BYTE_STREAM_SPLIT, ['f32', 'f64', 'i32', 'i64']],
  ])('E-27: %s', async (_, encoding, names) => {
    for (const version of [WriterVersion.V1, WriterVersion.V2]) {
      const bytes = write(encoding, names, version)
      await store.put('e.parquet', bytes, 'overwrite')
      const schema: Schema = await readParquetSchema(store, 'e.parquet')
      const rows: Value[][] = []
      const scan = fileScan({ store, path: 'e.parquet', sizeBytes: bytes.length, schema, batchRows: 500 })
      for await (const batch of scanParquet(context, unlimited, scan)) rows.push(...batchToRows(context.heap, batch))
      expect(rows).toEqual(indexes.map((i) => Object.values(columns).map((values) => values[i]!)))
    }
  })
})
