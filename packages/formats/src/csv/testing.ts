import { batchToRows, createContext, unlimited, type ColumnarContext } from '@deltaworks/columnar'
import { schema as schemaOf, string, field, int64, type Field, type Schema, type Value } from '@deltaworks/schema'
import { MemoryStore } from '@deltaworks/storage'
import { fileScan, scanMetrics, type FileScan, type ScanMetrics, type VirtualColumn } from '../file-scan.js'
import type { CsvReadOptions } from './csv-options.js'
import { scanCsv } from './scan-csv.js'

let shared: ColumnarContext | undefined
/** One memory for a test file. */
export const testContext = (): ColumnarContext => (shared ??= createContext())

export const textColumns = (...names: string[]): Schema => schemaOf(names.map((name) => field(name, string)))

/** Columns that tell of malformed rows. */
export const provenance: Readonly<Record<string, VirtualColumn>> = {
  _line: 'line',
  _offset: 'byte_offset',
  _reason: 'corrupt_reason',
  _raw: 'raw_record',
}
export const provenanceFields: readonly Field[] = [
  field('_line', int64),
  field('_offset', int64),
  field('_reason', string),
  field('_raw', string),
]

export interface CsvReading {
  readonly rows: Value[][]
  readonly metrics: ScanMetrics
  readonly store: MemoryStore
}

/** Reads a text (or bytes) as a CSV file. */
export async function readCsvText(
  text: string | Uint8Array,
  schema: Schema,
  options: CsvReadOptions = {},
  overrides: Partial<FileScan> = {},
): Promise<CsvReading> {
  const store = new MemoryStore('csv')
  const bytes = typeof text === 'string' ? new TextEncoder().encode(text) : text
  await store.put('t.csv', bytes, 'overwrite')
  const scan = fileScan({ store, path: 't.csv', sizeBytes: bytes.byteLength, schema, ...overrides })
  const metrics = scanMetrics()
  const rows: Value[][] = []
  const context = testContext()
  for await (const batch of scanCsv(context, unlimited, scan, options, metrics)) {
    rows.push(...batchToRows(context.heap, batch))
  }
  return { rows, metrics, store }
}
