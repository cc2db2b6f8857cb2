import { targetBatchRows, type ColumnarContext, type MemoryAccount, type RecordBatch } from '@deltaworks/columnar'
import type { FileScan, ScanMetrics } from '../file-scan.js'
import type { CsvReadOptions } from './csv-options.js'
import { CsvFileGroup, isGroupable } from './file-group.js'
import { knownDialect } from './known-mappings.js'
import { scanCsv } from './scan-csv.js'

/**
 * Reads small CSV files, in their order, as `scanCsv` reads each. Files that follow each other and have the same header make
 * batches together.
 * @param scans whole files, and the same columns of each, of which constants alone may have other values
 */
export async function* scanCsvFiles(
  context: ColumnarContext,
  account: MemoryAccount,
  scans: readonly FileScan[],
  options: CsvReadOptions,
  metrics?: ScanMetrics,
): AsyncGenerator<RecordBatch, void, undefined> {
  const dialect = knownDialect(options)
  const together = isGroupable(dialect, options)
  for (let next = 0; next < scans.length;) {
    const left = scans.slice(next)
    if (!together || left.length === 1) {
      yield* scanCsv(context, account, scans[next++]!, options, metrics)
      continue
    }
    const size = {
      bytes: left.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
      files: left.length,
      maxRows: left[0]!.batchRows ?? targetBatchRows,
    }
    const group = new CsvFileGroup(context, account, options, dialect, size, metrics)
    let isWhole = true
    try {
      while (next < scans.length && (isWhole = await group.add(scans[next]!))) next++
      const batch = group.take()
      if (batch !== null) yield batch
    } finally {
      group.close()
    }
    // The one that did not fit behind others may fit in a group of its own.
    if (!isWhole && group.isEmpty) yield* scanCsv(context, account, scans[next++]!, options, metrics)
  }
}
