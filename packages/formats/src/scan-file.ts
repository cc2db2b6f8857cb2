import type { ColumnarContext, MemoryAccount, RecordBatch } from '@deltaworks/columnar'
import type { Json } from '@deltaworks/schema'
import type { FileScan, ScanMetrics } from './file-scan.js'

/** Formats that can be scanned; each is loaded when its first file comes. */
export type FileKind = 'parquet' | 'csv' | 'json' | 'arrow' | 'avro'

/**
 * Scans a file of any format. `options` are those of the format's reader (Parquet, Arrow and Avro have none).
 * A batch is valid until the next one is asked for.
 */
export async function* scanFile(
  context: ColumnarContext,
  account: MemoryAccount,
  kind: FileKind,
  scan: FileScan,
  options: Json,
  metrics?: ScanMetrics,
): AsyncGenerator<RecordBatch, void, undefined> {
  switch (kind) {
    case 'parquet': {
      const { scanParquet } = await import('./parquet/scan-parquet.js')
      yield* scanParquet(context, account, scan, metrics)
      return
    }
    case 'csv': {
      const { scanCsv } = await import('./csv/scan-csv.js')
      yield* scanCsv(context, account, scan, options as never, metrics)
      return
    }
    case 'json': {
      const { scanJson } = await import('./json/scan-json.js')
      yield* scanJson(context, account, scan, options as never, metrics)
      return
    }
    case 'arrow': {
      const { scanArrow } = await import('./arrow/scan-arrow.js')
      yield* scanArrow(context, account, scan, metrics)
      return
    }
    case 'avro': {
      const { scanAvro } = await import('./avro/scan-avro.js')
      yield* scanAvro(context, account, scan, metrics)
      return
    }
  }
}

/**
 * Scans small files of one format in their order, whole, where only the values of constants and the places differ. What can be
 * read together is.
 */
export async function* scanFiles(
  context: ColumnarContext,
  account: MemoryAccount,
  kind: FileKind,
  scans: readonly FileScan[],
  options: Json,
  metrics?: ScanMetrics,
): AsyncGenerator<RecordBatch, void, undefined> {
  if (kind === 'csv') {
    const { scanCsvFiles } = await import('./csv/scan-csv-files.js')
    yield* scanCsvFiles(context, account, scans, options as never, metrics)
    return
  }
  for (const scan of scans) yield* scanFile(context, account, kind, scan, options, metrics)
}
