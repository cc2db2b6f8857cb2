import { Arena, type ColumnarContext, type Heap, type MemoryAccount } from '@deltaworks/columnar'
import { rowTooLong, rowTooLongReason } from '../errors.js'
import type { ByteSource } from './byte-source.js'
import type { CsvDialect } from './csv-options.js'
import { dialectFrame, lineModes } from './dialect-frame.js'
import { csvKernels, frameField, noByte, type CsvKernels } from './frame.js'
import { slowIndex } from './slow-index.js'

/** Room behind the data for a line end that is missing at the end of the file, and for kernels that read whole vectors. */
const slackBytes = 128
const defaultWindowBytes = 4 * 1024 * 1024
const maxPositions = 1024 * 1024
/** So much of a row that is too long is kept. */
const cutBytes = 64 * 1024
/** Less than this left in the window: read on before looking for rows. */
const lowBytes = 256 * 1024

/** Rows found in the window; what the frame says of them holds until `next` is called again. */
export interface RowBlock {
  readonly rowCount: number
  /** Offset in the file of the window's first byte. */
  readonly baseOffset: number
  /** Set for a single row that was cut off: its quotes are never closed, or it is too long. */
  readonly damage: string | null
}

export interface CsvReaderOptions {
  readonly path: string
  readonly source: ByteSource
  readonly dialect: CsvDialect
  /** Bytes the file has from the source's offset on, as far as it is known: small files get a small window. */
  readonly sizeBytes: number
  /** Rows that start here or later are not given. */
  readonly endOffset: number
  readonly firstLine: number
  readonly maxRows: number
}

/**
 * Cuts a file into rows, a window at a time. A window always begins at the start of a row, so that the scanner's state need
 * not be carried from one to the next; what is left of an unfinished row is moved to the window's start and read again.
 */
export class CsvReader {
  readonly #heap: Heap
  readonly #kernels: CsvKernels
  readonly #arena: Arena
  readonly #options: CsvReaderOptions
  readonly #separator: Uint8Array
  readonly frame: number
  #window = 0
  #capacity: number
  #positionCapacity = 0
  #filled = 0
  #at = 0
  #base: number
  #line: number
  #ended = false
  /** Whether the line at hand was given up, so that reading goes on behind it. */
  #isCut = false
  #windowArena: Arena
  readonly #account: MemoryAccount

  constructor(context: ColumnarContext, account: MemoryAccount, options: CsvReaderOptions) {
    this.#heap = context.heap
    this.#kernels = csvKernels(context)
    this.#account = account
    this.#arena = new Arena(context.heap, account)
    this.#windowArena = new Arena(context.heap, account)
    this.#options = options
    this.#separator = new TextEncoder().encode(options.dialect.separator)
    this.#base = options.source.offset
    this.#line = options.firstLine
    this.#capacity = Math.min(defaultWindowBytes, Math.max(4096, options.sizeBytes + 1))
    this.frame = dialectFrame(this.#arena, options.dialect, options.maxRows)
  }

  /** The physical line at which the next row starts. */
  get line(): number {
    return this.#line
  }

  /** Offset in the file at which the next row starts. */
  get offset(): number {
    return this.#base + this.#at
  }

  /**
   * @returns the next rows, at most `maxRows` (not more than in the options), or null at the end
   * @throws FormatError DW-FORMAT-0038 for a row that is too long, in mode `failfast`
   */
  async next(maxRows: number = this.#options.maxRows): Promise<RowBlock | null> {
    const { endOffset, dialect, path } = this.#options
    if (this.#window === 0) await this.#fill()
    for (;;) {
      if (this.#base + this.#at >= endOffset) return null
      if (this.#isCut) await this.#skipLine()
      if (!this.#ended && this.#filled - this.#at < Math.min(lowBytes, this.#capacity >> 2)) await this.#fill()
      if (this.#at >= this.#filled) {
        if (this.#ended) return null
        await this.#fill()
        continue
      }
      const found = this.#index(this.#scanEnd(), maxRows)
      const consumed = this.field(frameField.consumed)
      const long = consumed - this.#at > dialect.maxRowBytes ? this.#firstLongRow(found) : -1
      if (long > 0) {
        this.#cutBefore(long)
        return this.#block(long, null)
      }
      if (found > 0 && long < 0) return this.#block(found, null)
      if (long < 0 && consumed > this.#at) {
        this.#advance()
        continue
      }
      const left = this.#filled - this.#at
      if (long < 0 && !this.#ended && left <= dialect.maxRowBytes) {
        await this.#fill()
        continue
      }
      const damaged = this.#damagedRow()
      if (damaged === 'none yet') continue
      if (damaged !== null) return damaged
      if (dialect.mode === 'failfast') throw rowTooLong(path, this.#line, dialect.maxRowBytes)
      const cut = this.#cutRow()
      if (cut !== 'none yet') return cut
    }
  }

  /** Goes back to the first row of the last block, which must not be damaged. */
  rewind(): void {
    this.#at = this.field(frameField.from)
    this.#line = this.field(frameField.line)
  }

  /** No more rows come. */
  skipAll(): void {
    this.#at = this.#filled
    this.#ended = true
  }

  close(): void {
    this.#options.source.close?.()
    this.#windowArena.close()
    this.#arena.close()
  }

  field(offset: number): number {
    return this.#heap.u32[(this.frame + offset) >>> 2]!
  }

  setField(offset: number, value: number): void {
    this.#heap.u32[(this.frame + offset) >>> 2] = value
  }

  #block(found: number, damage: string | null): RowBlock | null {
    const { endOffset } = this.#options
    const starts = this.field(frameField.rowStart) >>> 2
    let rowCount = found
    // Rows that belong to the next range are behind the others.
    while (rowCount > 0 && this.#base + this.#heap.u32[starts + rowCount - 1]! >= endOffset) rowCount--
    const baseOffset = this.#base
    this.#advance()
    return rowCount === 0 ? null : { rowCount, baseOffset, damage }
  }

  #advance(): void {
    this.#at = this.field(frameField.consumed)
    this.#line = this.field(frameField.nextLine)
  }

  #index(end: number, maxRows: number, quote?: number): number {
    this.setField(frameField.from, this.#at)
    this.setField(frameField.end, end)
    this.setField(frameField.line, this.#line)
    this.setField(frameField.maxRows, maxRows)
    const usual = this.field(frameField.quote)
    if (quote !== undefined) this.setField(frameField.quote, quote)
    if (this.#separator.length === 1) this.#kernels.csvIndex(this.frame)
    else slowIndex(this.#heap, this.frame, this.#separator)
    if (quote !== undefined) this.setField(frameField.quote, usual)
    return this.field(frameField.rows)
  }

  /** @returns the number of the first row that is longer than the limit, or -1 */
  #firstLongRow(found: number): number {
    const { u32 } = this.#heap
    const starts = this.field(frameField.rowStart) >>> 2
    const first = this.field(frameField.rowFirst) >>> 2
    const fields = this.field(frameField.rowFields) >>> 2
    const positions = this.field(frameField.positions) >>> 2
    for (let row = 0; row < found; row++) {
      const end = u32[positions + u32[first + row]! + u32[fields + row]! - 1]!
      if (end - u32[starts + row]! > this.#options.dialect.maxRowBytes) return row
    }
    return -1
  }

  #cutBefore(row: number): void {
    const { u32 } = this.#heap
    this.setField(frameField.consumed, u32[(this.field(frameField.rowStart) >>> 2) + row]!)
    this.setField(frameField.nextLine, u32[(this.field(frameField.rowLine) >>> 2) + row]!)
  }

  /** A `\r` at the window's end may be the first half of `\r\n`. */
  #scanEnd(): number {
    const last = this.#heap.u8[this.#window + this.#filled - 1]
    return !this.#ended && this.#options.dialect.lineSeparator === 'auto' && last === 13
      ? this.#filled - 1
      : this.#filled
  }

  /**
   * A quote that is never closed (or not within the limit) takes its own line alone: that line becomes a malformed row, cut
   * at every separator, and reading goes on after it.
   */
  #damagedRow(): RowBlock | 'none yet' | null {
    const end = this.#lineEnd()
    if (end === null || end - this.#at > this.#options.dialect.maxRowBytes) return null
    const found = this.#index(end, 1, noByte)
    if (found === 0) {
      this.#advance()
      return 'none yet'
    }
    return this.#block(1, 'a quote is not closed')
  }

  /** A row that is too long is told by its start; no more of it stays in memory. */
  #cutRow(): RowBlock | 'none yet' | null {
    const { u8 } = this.#heap
    const { maxRowBytes } = this.#options.dialect
    let end = this.#at + Math.min(cutBytes, maxRowBytes)
    while (end > this.#at + 1 && (u8[this.#window + end]! & 0xc0) === 0x80) end--
    // Of its rest nothing is wanted, so a line end may stand there.
    const found = this.#index(this.#closed(end), 1, noByte)
    this.#isCut = true
    if (found > 0) return this.#block(1, rowTooLongReason(maxRowBytes))
    this.#advance()
    return 'none yet'
  }

  /** Goes on behind the end of the line. */
  async #skipLine(): Promise<void> {
    for (;;) {
      const end = this.#lineEnd(this.#scanEnd())
      this.#at = end ?? this.#scanEnd()
      if (end !== null || this.#ended) break
      await this.#fill()
    }
    this.#isCut = false
  }

  #lineEnd(until = this.#filled): number | null {
    const { u8 } = this.#heap
    const mode = lineModes[this.#options.dialect.lineSeparator]
    for (let i = this.#at; i < until; i++) {
      const byte = u8[this.#window + i]
      if (byte === 10 && mode < 2) return i + 1
      if (byte !== 13 || mode === 1) continue
      const paired = i + 1 < this.#filled && u8[this.#window + i + 1] === 10
      if (mode === 3 && !paired) continue
      return paired && mode !== 2 ? i + 2 : i + 1
    }
    return null
  }

  /** Moves what is left to the window's start, makes the window larger if that is most of it, and reads on. */
  async #fill(): Promise<void> {
    const left = this.#filled - this.#at
    if (this.#window === 0) this.#allocate(this.#capacity)
    else if (left * 2 > this.#capacity) this.#grow(left)
    else this.#heap.copy(this.#window, this.#window + this.#at, this.#filled - this.#at)
    this.#base += this.#at
    this.#at = 0
    this.#filled = left
    const { source, endOffset } = this.#options
    // Behind the range only the rest of its last row is wanted.
    const room = this.#capacity - left
    const wanted = Math.min(room, Math.max(endOffset - source.offset, 0) + 65_536)
    const target = this.#heap.u8.subarray(this.#window + left, this.#window + left + wanted)
    const count = await source.read(target)
    this.#filled += count
    if (count < wanted) this.#end()
  }

  #end(): void {
    this.#ended = true
    // An empty line, if there is a line end already, and those are left out.
    this.#filled = this.#closed(this.#filled)
  }

  /** Puts a line end there. @returns what is behind it */
  #closed(end: number): number {
    const mode = lineModes[this.#options.dialect.lineSeparator]
    const { u8 } = this.#heap
    let at = end
    if (mode >= 2) u8[this.#window + at++] = 13
    if (mode !== 2) u8[this.#window + at++] = 10
    return at
  }

  #grow(left: number): void {
    const former = this.#windowArena
    const source = this.#window + this.#at
    this.#windowArena = new Arena(this.#heap, this.#account)
    this.#capacity *= 2
    this.#allocate(this.#capacity)
    this.#heap.copy(this.#window, source, left)
    former.close()
  }

  #allocate(capacity: number): void {
    this.#window = this.#windowArena.allocate(capacity + slackBytes)
    this.#positionCapacity = Math.min(maxPositions, capacity + 128)
    this.setField(frameField.data, this.#window)
    this.setField(frameField.positions, this.#windowArena.allocate(4 * (this.#positionCapacity + 8)))
    this.setField(frameField.positionCapacity, this.#positionCapacity)
  }
}
