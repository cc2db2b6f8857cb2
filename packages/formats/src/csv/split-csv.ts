import type { ColumnarContext, MemoryAccount } from '@deltaworks/columnar'
import { isUtf8 } from './byte-source.js'
import { csvDialect, type CsvDialect, type CsvReadOptions } from './csv-options.js'
import { frameField } from './frame.js'
import { detectCsv, openCsv, type CsvFile, type CsvRange } from './open-csv.js'
import { PlainStretch, type RowStart } from './plain-stretch.js'

/** The ranges of `csvRanges`, once all of them are known. */
export async function splitCsv(
  context: ColumnarContext,
  account: MemoryAccount,
  file: CsvFile,
  options: CsvReadOptions,
  targetBytes: number,
): Promise<CsvRange[]> {
  const ranges: CsvRange[] = []
  for await (const range of csvRanges(context, account, file, options, targetBytes)) ranges.push(range)
  return ranges
}

/**
 * Cuts a file into ranges of about `targetBytes` that start at rows, whatever quotes do, and know their first line. This reads the
 * whole file once: where there are no quotes, line ends are counted; where there are, the scanner finds the rows. Files in other
 * encodings than UTF-8 are one range. A range is given as soon as its end is known, so that others read it meanwhile.
 */
export async function* csvRanges(
  context: ColumnarContext,
  account: MemoryAccount,
  file: CsvFile,
  options: CsvReadOptions,
  targetBytes: number,
): AsyncGenerator<CsvRange, void, undefined> {
  let from: RowStart = { offset: 0, line: 1, row: 0 }
  for await (const next of rangeStarts(context, account, file, options, targetBytes)) {
    yield rangeOf(from, next.offset)
    from = next
  }
  yield rangeOf(from, file.sizeBytes)
}

const rangeOf = ({ offset, line, row }: RowStart, end: number): CsvRange => ({ start: offset, end, line, row })

/** Where ranges begin, but for the first. */
async function* rangeStarts(
  context: ColumnarContext,
  account: MemoryAccount,
  file: CsvFile,
  options: CsvReadOptions,
  targetBytes: number,
): AsyncGenerator<RowStart, void, undefined> {
  if (file.sizeBytes <= targetBytes) return
  const dialect = csvDialect(options)
  const text = await detectCsv(file, dialect, undefined)
  if (!isUtf8(text.encoding)) return
  const scanned = (from: RowStart | null, wanted: number): Promise<RowStart | null> =>
    scannedRow(context, account, file, options, dialect, from, wanted)
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
      yield at
    }
  } finally {
    plain?.close()
  }
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
