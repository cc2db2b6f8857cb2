import type { ColumnarContext, MemoryAccount } from '@deltaworks/columnar'
import { isUtf8 } from './byte-source.js'
import { csvDialect, type CsvDialect, type CsvReadOptions } from './csv-options.js'
import { frameField } from './frame.js'
import { detectCsv, openCsv, type CsvFile, type CsvRange } from './open-csv.js'
import { PlainStretch, type RowStart } from './plain-stretch.js'

/**
 * Cuts a file into ranges of about `targetBytes` that start at rows, whatever quotes do, and know their first line. This reads the
 * whole file once: where there are no quotes, line ends are counted; where there are, the scanner finds the rows. Files in other
 * encodings than UTF-8 are one range.
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
  const scanned = (from: RowStart | null, wanted: number): Promise<RowStart | null> =>
    scannedRow(context, account, file, options, dialect, from, wanted)
  const starts: RowStart[] = []
  const plain = PlainStretch.create(context, account, file, dialect)
  try {
    // The first row is behind the header, which only the scanner knows.
    let at = await scanned(null, 0)
    for (let wanted = targetBytes; at !== null && wanted < file.sizeBytes; wanted = at.offset + targetBytes) {
      if (at.offset < wanted) {
        const from: RowStart = at
        at = (await plain?.rowAt(from, wanted)) ?? (await scanned(from, wanted))
      }
      if (at === null) break
      starts.push(at)
    }
  } finally {
    plain?.close()
  }
  const first: RowStart = { offset: 0, line: 1, row: 0 }
  return [first, ...starts].map(({ offset, line, row }, i) => ({
    start: offset,
    end: starts[i]?.offset ?? file.sizeBytes,
    line,
    row,
  }))
}

/** The first row at or behind an offset, as the scanner finds it from a row's start on (null: the file's); null if there is none. */
async function scannedRow(
  context: ColumnarContext,
  account: MemoryAccount,
  file: CsvFile,
  options: CsvReadOptions,
  dialect: CsvDialect,
  from: RowStart | null,
  wanted: number,
): Promise<RowStart | null> {
  const range =
    from === null ? {} : { byteRange: { start: from.offset, end: Infinity, line: from.line, row: from.row } }
  const { reader } = await openCsv(context, account, { ...file, ...range }, options, dialect, 65_536)
  try {
    let row = from?.row ?? 0
    for (let block = await reader.next(); block !== null; block = await reader.next()) {
      const starting = reader.field(frameField.rowStart) >>> 2
      const lines = reader.field(frameField.rowLine) >>> 2
      const { u32 } = context.heap
      const last = block.baseOffset + u32[starting + block.rowCount - 1]!
      for (let i = 0; last >= wanted && i < block.rowCount; i++) {
        const offset = block.baseOffset + u32[starting + i]!
        if (offset >= wanted) return { offset, line: u32[lines + i]!, row: row + i }
      }
      row += block.rowCount
    }
    return null
  } finally {
    reader.close()
  }
}
