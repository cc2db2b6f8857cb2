import {
  Arena,
  columnFromValues,
  concatColumns,
  constantColumn,
  dictionaryColumn,
  fixedColumn,
  type Column,
  type ColumnarContext,
  type MemoryAccount,
  type RecordBatch,
} from '@deltaworks/columnar'
import { int64, type Field, type Value } from '@deltaworks/schema'
import { keepDigest } from '../content-digest.js'
import type { FileScan, ScanMetrics } from '../file-scan.js'
import { BatchMaker } from './batch-maker.js'
import { detectText, isUtf8 } from './byte-source.js'
import type { ColumnSource } from './column-mapping.js'
import type { CsvDialect, CsvReadOptions } from './csv-options.js'
import { dialectFrame, lineModes } from './dialect-frame.js'
import { fieldText } from './field-text.js'
import { csvKernels, frameField } from './frame.js'
import { knownMapping } from './known-mappings.js'
import { nulIn } from './nul-byte.js'

/** Kernels read whole vectors. */
const slackBytes = 128
const lineFeed = 10
/** What a file is tells itself in its first bytes. */
const detectedBytes = 4096

/** A file of the group. */
interface Member {
  readonly scan: FileScan
  /** Its rows in the frame. */
  readonly first: number
  readonly end: number
  /** Where in the window its first byte is. */
  readonly start: number
}

/** The bytes that all files of a group begin with. */
interface GroupHeader {
  readonly bytes: Uint8Array
  readonly names: readonly string[]
  /** The physical line behind them. */
  readonly line: number
}

/** Whether rows of several files can be told apart, and are cut alike. */
export const isGroupable = (dialect: CsvDialect, options: CsvReadOptions): boolean =>
  dialect.header &&
  isUtf8(dialect.encoding) &&
  dialect.separator.length === 1 &&
  dialect.separator.charCodeAt(0) < 128 &&
  dialect.lineSeparator !== '\r' &&
  dialect.mode === 'permissive' &&
  options.badRecordsPath === undefined

/**
 * Rows of many small files with the same header, cut and parsed together: what is done once a batch is done once for all of
 * them. Each file is cut by itself, so that nothing that is wrong in one reaches into the next.
 */
export class CsvFileGroup {
  readonly frame: number
  readonly #context: ColumnarContext
  readonly #arena: Arena
  readonly #options: CsvReadOptions
  readonly #dialect: CsvDialect
  readonly #metrics: ScanMetrics | undefined
  readonly #maxRows: number
  readonly #window: number
  readonly #members: Member[] = []
  #header: GroupHeader | null = null
  #filled = 0
  #rows = 0
  #positions = 0
  #hasHigh = false
  #isRegular = true
  #hasEscapes = false
  #irregular = 0

  /** @param bytes that the files have together */
  constructor(
    context: ColumnarContext,
    account: MemoryAccount,
    options: CsvReadOptions,
    dialect: CsvDialect,
    size: { readonly bytes: number; readonly files: number; readonly maxRows: number },
    metrics: ScanMetrics | undefined,
  ) {
    this.#context = context
    this.#arena = new Arena(context.heap, account)
    this.#options = options
    this.#dialect = dialect
    this.#metrics = metrics
    // A row has a byte at least.
    this.#maxRows = Math.min(size.maxRows, size.bytes)
    // Behind each file one byte tells whether it has grown, or a line end that may be missing stands there.
    const capacity = size.bytes + 2 * size.files + slackBytes
    this.#window = this.#arena.allocate(capacity)
    this.frame = dialectFrame(this.#arena, dialect, this.#maxRows)
    this.#set(frameField.data, this.#window)
    // Most fields have a byte, and one behind them; files that have more fields are read by themselves.
    const positions = (capacity >> 1) + slackBytes
    this.#set(frameField.positions, this.#arena.allocate(4 * (positions + 8)))
    this.#set(frameField.positionCapacity, positions)
  }

  /** Rows of the group, which is over then; null: there are none. Valid until it is closed. */
  take(): RecordBatch | null {
    const { scan } = this.#members[0] ?? {}
    if (scan === undefined) return null
    const { names } = this.#header!
    // Columns that are missing are told of files without rows, too.
    const mapping = knownMapping(scan, this.#options, names)
    if (this.#rows === 0) return null
    this.#set(frameField.hasHigh, this.#hasHigh ? 1 : 0)
    this.#set(frameField.isRegular, this.#isRegular ? 1 : 0)
    this.#set(frameField.hasEscapes, this.#hasEscapes ? 1 : 0)
    this.#set(frameField.irregular, this.#irregular)
    const maker = new BatchMaker({
      dictionaries: null,
      context: this.#context,
      arena: this.#arena,
      reader: { frame: this.frame, field: (offset) => this.#field(offset) },
      scan,
      dialect: this.#dialect,
      mapping,
      header: names,
      metrics: this.#metrics,
      bad: null,
      placeColumn: (field, source, rowCount) => this.#placeColumn(field, source, rowCount),
    })
    return maker.make({ rowCount: this.#rows, baseOffset: 0, damage: null }, 0)
  }

  get isEmpty(): boolean {
    return this.#members.length === 0
  }

  close(): void {
    this.#arena.close()
  }

  /** Reads a file. @returns whether its rows are in the group; one that has another header, or anything odd, is not */
  async add(scan: FileScan): Promise<boolean> {
    const { heap } = this.#context
    const start = this.#filled
    const at = this.#window + start
    const count = await scan.store.getInto(scan.path, 0, heap.u8.subarray(at, at + scan.sizeBytes + 1))
    if (count !== scan.sizeBytes || count === 0) return false
    keepDigest(scan, heap.u8.subarray(at, at + count))
    if (nulIn(heap.u8.subarray(at, at + Math.min(count, detectedBytes))) >= 0) return false
    const end = this.#closed(start + count)
    const header = this.#header ?? this.#readHeader(scan, start, end)
    if (header === null || !this.#begins(header.bytes, start, count)) return false
    const found = this.#index(start + header.bytes.byteLength, end, header.line)
    if (found === null) return false
    this.#header = header
    this.#members.push({ scan, start, first: this.#rows, end: this.#rows + found })
    this.#rows += found
    this.#filled = end
    if (this.#metrics !== undefined) {
      this.#metrics.filesRead++
      this.#metrics.bytesRead += count
    }
    return true
  }

  #field(offset: number): number {
    return this.#context.heap.u32[(this.frame + offset) >>> 2]!
  }

  #set(offset: number, value: number): void {
    this.#context.heap.u32[(this.frame + offset) >>> 2] = value
  }

  /** Puts a line end behind a file; an empty line, if it has one already, is none. @returns the file's end */
  #closed(end: number): number {
    const { u8 } = this.#context.heap
    let at = this.#window + end
    if (lineModes[this.#dialect.lineSeparator] === lineModes['\r\n']) u8[at++] = 13
    u8[at++] = lineFeed
    return at - this.#window
  }

  #begins(bytes: Uint8Array, start: number, count: number): boolean {
    if (count < bytes.byteLength) return false
    const { u8 } = this.#context.heap
    const at = this.#window + start
    for (let i = 0; i < bytes.byteLength; i++) if (u8[at + i] !== bytes[i]) return false
    return true
  }

  #readHeader(scan: FileScan, start: number, end: number): GroupHeader | null {
    const { heap } = this.#context
    const head = heap.u8.subarray(this.#window + start, this.#window + Math.min(end, start + detectedBytes))
    const { encoding, skip } = detectText(scan.path, 'CSV', head, this.#dialect.encoding)
    if (!isUtf8(encoding)) return null
    this.#cut(start + skip, end, 1, 1)
    const after = this.#field(frameField.consumed)
    // What follows a lone \r might be its \n.
    if (this.#field(frameField.rows) === 0 || heap.u8[this.#window + after - 1] !== lineFeed) return null
    const count = heap.u32[this.#field(frameField.rowFields) >>> 2]!
    if (count > this.#dialect.maxColumns || after - start > this.#dialect.maxRowBytes) return null
    const names = Array.from({ length: count }, (_, column) => fieldText(heap, this.frame, 0, column)!.text)
    this.#set(frameField.expected, count)
    const bytes = heap.u8.slice(this.#window + start, this.#window + after)
    return { bytes, names, line: this.#field(frameField.nextLine) }
  }

  #cut(from: number, end: number, line: number, maxRows: number): void {
    this.#set(frameField.from, from)
    this.#set(frameField.end, end)
    this.#set(frameField.line, line)
    this.#set(frameField.maxRows, maxRows)
    csvKernels(this.#context).csvIndex(this.frame)
  }

  /** Finds rows behind those that were found. @returns how many, or null if that are not all of the file */
  #index(from: number, end: number, line: number): number | null {
    const { u32 } = this.#context.heap
    const room = this.#maxRows - this.#rows
    if (end - from > this.#dialect.maxRowBytes) return null
    const arrays = ['rowFirst', 'rowStart', 'rowFields', 'rowLine'] as const
    for (const name of arrays) this.#set(frameField[name], this.#field(frameField[name]) + 4 * this.#rows)
    this.#set(frameField.firstPosition, this.#positions)
    this.#cut(from, end, line, room)
    const found = this.#field(frameField.rows)
    const isWhole = this.#field(frameField.consumed) === end
    if (isWhole && found > 0) {
      const last = (this.#field(frameField.rowFirst) >>> 2) + found - 1
      const fields = (this.#field(frameField.rowFields) >>> 2) + found - 1
      this.#positions = u32[last]! + u32[fields]!
      this.#hasHigh ||= this.#field(frameField.hasHigh) !== 0
      this.#isRegular &&= this.#field(frameField.isRegular) !== 0
      this.#hasEscapes ||= this.#field(frameField.hasEscapes) !== 0
      this.#irregular += this.#field(frameField.irregular)
    }
    for (const name of arrays) this.#set(frameField[name], this.#field(frameField[name]) - 4 * this.#rows)
    return isWhole ? found : null
  }

  #placeColumn(field: Field, source: ColumnSource, rowCount: number): Column | null {
    if (source.kind === 'constant') return this.#byFile(field, rowCount, ({ scan }) => scan.constants[field.name]!)
    if (source.kind !== 'virtual') return null
    switch (source.what) {
      case 'file_path':
        return this.#byFile(field, rowCount, ({ scan }) => scan.path)
      case 'byte_offset':
        return this.#offsets(rowCount)
      case 'row_index':
        return this.#indexes(rowCount)
      case 'line':
      case 'raw_record':
      case 'corrupt_reason':
        return null
    }
  }

  /** A column with one value a file. */
  #byFile({ type }: Field, rowCount: number, valueOf: (member: Member) => Value): Column {
    const arena = this.#arena
    const values = this.#members.map(valueOf)
    if (type.kind !== 'string' || values.includes(null)) {
      const parts = this.#members.map(({ first, end }, i) => constantColumn(arena, type, values[i]!, end - first))
      return concatColumns(arena, type, parts)
    }
    const codes = arena.allocate(4 * rowCount)
    const slots = this.#context.heap.i32.subarray(codes >>> 2, (codes >>> 2) + rowCount)
    for (const [code, { first, end }] of this.#members.entries()) slots.fill(code, first, end)
    return dictionaryColumn(columnFromValues(arena, type, values), rowCount, codes)
  }

  #offsets(rowCount: number): Column {
    const values = this.#arena.allocate(8 * rowCount)
    const starts = this.#field(frameField.rowStart)
    for (const { first, end, start } of this.#members)
      csvKernels(this.#context).csvWiden(starts + 4 * first, end - first, BigInt(-start), values + 8 * first)
    return fixedColumn(int64, rowCount, values)
  }

  #indexes(rowCount: number): Column {
    const values = this.#arena.allocate(8 * rowCount)
    const { i64 } = this.#context.heap
    for (const { first, end } of this.#members)
      for (let row = first; row < end; row++) i64[(values >>> 3) + row] = BigInt(row - first)
    return fixedColumn(int64, rowCount, values)
  }
}
