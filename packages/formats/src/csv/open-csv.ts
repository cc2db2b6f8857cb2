import type { ColumnarContext, MemoryAccount } from '@deltaworks/columnar'
import { emptyFile, notText, rowTooLong, rowTooLongReason, tooManyColumns } from '../errors.js'
import type { FileScan, ScanMetrics } from '../file-scan.js'
import {
  detectText,
  FileSource,
  HeadSource,
  isUtf8,
  TranscodingSource,
  type ByteSource,
  type TextStart,
} from './byte-source.js'
import type { CsvDialect, CsvReadOptions } from './csv-options.js'
import { CsvReader } from './csv-reader.js'
import { fieldText } from './field-text.js'
import { frameField } from './frame.js'

/** A range as `splitCsv` makes it: it starts at a row, and knows which. */
export interface CsvRange {
  readonly start: number
  readonly end: number
  /** Physical line and number (0-based, header not counted) of its first row. */
  readonly line?: number
  readonly row?: number
}

export interface OpenedCsv {
  /** Stands before the first row of the scan. */
  readonly reader: CsvReader
  /** Names of the file's columns. */
  readonly header: readonly string[]
  /** Number of that row in the file. */
  readonly firstRow: number
}

export type CsvFile = Pick<FileScan, 'store' | 'path' | 'sizeBytes' | 'digest'> & {
  readonly byteRange?: CsvRange | null
}

const wholeFile: CsvRange = { start: 0, end: Infinity }
/** What a file is tells itself in its first bytes. */
const detectedBytes = 4096
/** Bytes of the header that are read when the rest of the file's start is not wanted. */
const headerBytes = 64 * 1024

/**
 * Opens a CSV file, reads its header, and goes to where its range starts.
 * @throws FormatError DW-FORMAT-0032 (empty), 0033 (not text), 0037 (too many columns)
 */
export async function openCsv(
  context: ColumnarContext,
  account: MemoryAccount,
  file: CsvFile,
  options: CsvReadOptions,
  dialect: CsvDialect,
  maxRows: number,
  metrics?: ScanMetrics,
): Promise<OpenedCsv> {
  const head = await HeadSource.open(context.heap, account, file, metrics)
  try {
    return await openFrom(head, context, account, file, options, dialect, maxRows, metrics)
  } catch (error) {
    head.close()
    throw error
  }
}

/** @param head the reader that is given closes it */
async function openFrom(
  head: HeadSource,
  context: ColumnarContext,
  account: MemoryAccount,
  file: CsvFile,
  options: CsvReadOptions,
  dialect: CsvDialect,
  maxRows: number,
  metrics?: ScanMetrics,
): Promise<OpenedCsv> {
  const text = textOf(file, dialect, head.head(detectedBytes))
  // Offsets in another encoding mean nothing in the UTF-8 text: all rows belong to the range that starts at 0.
  const range: CsvRange = isUtf8(text.encoding)
    ? (file.byteRange ?? wholeFile)
    : (file.byteRange?.start ?? 0) > 0
      ? { start: 0, end: 0 }
      : wholeFile
  const open = (source: ByteSource, sizeBytes: number, endOffset: number, firstLine: number): CsvReader => {
    // A row has a byte at least.
    const rows = Math.min(maxRows, Math.max(1, sizeBytes))
    return new CsvReader(context, account, {
      path: file.path,
      source,
      dialect,
      sizeBytes,
      endOffset,
      firstLine,
      maxRows: rows,
    })
  }
  const fromStart = (sizeBytes: number, endOffset: number): CsvReader =>
    open(sourceOf(head, text), sizeBytes, endOffset, 1)

  if (range.start > 0 && range.line !== undefined && range.row !== undefined) {
    const first = fromStart(Math.min(file.sizeBytes, headerBytes), headerBytes)
    let header: readonly string[]
    try {
      header = await readHeader(context, first, file.path, options, dialect)
    } finally {
      first.close()
    }
    const source = new FileSource(file.store, file.path, range.start, metrics)
    const reader = open(source, Math.min(file.sizeBytes, range.end) - range.start, range.end, range.line)
    reader.setField(frameField.expected, header.length)
    return { reader, header, firstRow: range.row }
  }
  const reader = fromStart(file.sizeBytes, range.end <= 0 ? Infinity : range.end)
  try {
    const header = await readHeader(context, reader, file.path, options, dialect)
    reader.setField(frameField.expected, header.length)
    if (range.end <= 0) reader.skipAll()
    if (range.start <= 0) return { reader, header, firstRow: 0 }
    // The range may start anywhere, also inside quotes: only reading from the file's start tells.
    const position = await skipTo(context, reader, range.start)
    reader.close()
    const source = new FileSource(file.store, file.path, position.offset, metrics)
    const moved = open(source, file.sizeBytes - position.offset, range.end, position.line)
    moved.setField(frameField.expected, header.length)
    return { reader: moved, header, firstRow: position.row }
  } catch (error) {
    reader.close()
    throw error
  }
}

export async function detectCsv(
  file: CsvFile,
  dialect: CsvDialect,
  metrics: ScanMetrics | undefined,
): Promise<TextStart> {
  const head = new Uint8Array(Math.min(detectedBytes, Math.max(1, file.sizeBytes)))
  const count = await new FileSource(file.store, file.path, 0, metrics).read(head)
  return textOf(file, dialect, head.subarray(0, count))
}

function textOf({ path }: CsvFile, dialect: CsvDialect, head: Uint8Array): TextStart {
  if (head.byteLength === 0 && dialect.header) throw emptyFile(path)
  return detectText(path, 'CSV', head, dialect.encoding)
}

function sourceOf(head: HeadSource, { encoding, skip }: TextStart): ByteSource {
  head.offset = skip
  return isUtf8(encoding) ? head : new TranscodingSource(head, encoding)
}

async function readHeader(
  context: ColumnarContext,
  reader: CsvReader,
  path: string,
  options: CsvReadOptions,
  dialect: CsvDialect,
): Promise<readonly string[]> {
  const declared = options.columnNames ?? options.schema?.fields.map((field) => field.name)
  if (!dialect.header && declared !== undefined) return declared
  const block = await reader.next(1)
  if (block === null) {
    if (!dialect.header) return []
    throw emptyFile(path)
  }
  if (block.damage === rowTooLongReason(dialect.maxRowBytes)) throw rowTooLong(path, 1, dialect.maxRowBytes)
  if (block.damage !== null) throw notText(path, 'CSV', `a quote of its first line is not closed`)
  const count = context.heap.u32[reader.field(frameField.rowFields) >>> 2]!
  if (count > dialect.maxColumns) throw tooManyColumns(path, count, dialect.maxColumns)
  const names = Array.from({ length: count }, (_, column) => fieldText(context.heap, reader.frame, 0, column)!.text)
  if (dialect.header) return names
  reader.rewind()
  return names.map((_, i) => `_c${i}`)
}

/** Goes on to the first row that starts at `offset` or later. */
async function skipTo(
  context: ColumnarContext,
  reader: CsvReader,
  offset: number,
): Promise<{ readonly offset: number; readonly line: number; readonly row: number }> {
  let row = 0
  for (let block = await reader.next(); block !== null; block = await reader.next()) {
    const starts = reader.field(frameField.rowStart) >>> 2
    const lines = reader.field(frameField.rowLine) >>> 2
    const { u32 } = context.heap
    for (let i = 0; i < block.rowCount; i++, row++) {
      const start = block.baseOffset + u32[starts + i]!
      if (start >= offset) return { offset: start, line: u32[lines + i]!, row }
    }
  }
  return { offset: reader.offset, line: reader.line, row }
}
