import {
  Arena,
  targetBatchRows,
  type ColumnarContext,
  type MemoryAccount,
  type RecordBatch,
} from '@deltaworks/columnar'
import type { FileScan, ScanMetrics } from '../file-scan.js'
import { BatchMaker } from './batch-maker.js'
import type { CsvReadOptions } from './csv-options.js'
import { BadRecords } from '../bad-records.js'
import { knownDialect, knownMapping } from './known-mappings.js'
import { openCsv } from './open-csv.js'
import { TextDictionaries } from './text-dictionary.js'

/**
 * Reads a CSV file, or the rows of it that start in a byte range, as batches. Columns are found by their names in the header;
 * see `CsvReadOptions` for what a row is, and what becomes of malformed ones.
 * Memory: the window (4 MiB, more only for longer rows), as much again for positions, and one batch.
 */
export async function* scanCsv(
  context: ColumnarContext,
  account: MemoryAccount,
  scan: FileScan,
  options: CsvReadOptions,
  metrics?: ScanMetrics,
): AsyncGenerator<RecordBatch, void, undefined> {
  const dialect = knownDialect(options)
  const maxRows = scan.batchRows ?? targetBatchRows
  const { reader, header, firstRow } = await openCsv(context, account, scan, options, dialect, maxRows, metrics)
  if (metrics !== undefined) metrics.filesRead++
  const arena = new Arena(context.heap, account)
  const dictionaries = new TextDictionaries(context, account)
  try {
    const mapping = knownMapping(scan, options, header)
    const bad = options.badRecordsPath === undefined ? null : new BadRecords(scan, options.badRecordsPath)
    const files = new BatchMaker({
      context,
      arena,
      reader,
      scan,
      dialect,
      mapping,
      header,
      metrics,
      bad,
      dictionaries,
    })
    let rowIndex = firstRow
    for (let block = await reader.next(); block !== null; block = await reader.next()) {
      const batch = files.make(block, rowIndex)
      rowIndex += block.rowCount
      if (batch.rowCount > 0) yield batch
      arena.reset()
    }
    await bad?.write()
  } finally {
    dictionaries.close()
    arena.close()
    reader.close()
  }
}
