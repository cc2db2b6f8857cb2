import type { ColumnarContext, MemoryAccount } from '@deltaworks/columnar'
import { isUtf8 } from './byte-source.js'
import { csvDialect, type CsvReadOptions } from './csv-options.js'
import { frameField } from './frame.js'
import { detectCsv, openCsv, type CsvFile, type CsvRange } from './open-csv.js'

/**
 * Cuts a file into ranges of about `targetBytes` that start at rows, whatever quotes do, and know their first line. This reads the whole
 * file once through the scanner alone (above 1 GB a second); files in other encodings than UTF-8 are one range.
 */
export async function splitCsv(
  context: ColumnarContext,
  account: MemoryAccount,
  file: CsvFile,
  options: CsvReadOptions,
  targetBytes: number,
): Promise<CsvRange[]> {
  const whole: CsvRange = { start: 0, end: file.sizeBytes, line: 1, row: 0 }
  if (file.sizeBytes <= targetBytes) return [whole]
  const dialect = csvDialect(options)
  const text = await detectCsv(file, dialect, undefined)
  if (!isUtf8(text.encoding)) return [whole]
  const { reader } = await openCsv(context, account, file, options, dialect, 65_536)
  const starts: { offset: number; line: number; row: number }[] = []
  try {
    let row = 0
    let wanted = targetBytes
    for (let block = await reader.next(); block !== null; block = await reader.next()) {
      const starting = reader.field(frameField.rowStart) >>> 2
      const lines = reader.field(frameField.rowLine) >>> 2
      const { u32 } = context.heap
      const last = block.baseOffset + u32[starting + block.rowCount - 1]!
      for (let i = 0; last >= wanted && i < block.rowCount; i++) {
        const offset = block.baseOffset + u32[starting + i]!
        if (offset < wanted) continue
        starts.push({ offset, line: u32[lines + i]!, row: row + i })
        wanted = offset + targetBytes
      }
      row += block.rowCount
    }
  } finally {
    reader.close()
  }
  const first = { offset: 0, line: 1, row: 0 }
  return [first, ...starts].map(({ offset, line, row }, i) => ({
    start: offset,
    end: starts[i]?.offset ?? file.sizeBytes,
    line,
    row,
  }))
}
