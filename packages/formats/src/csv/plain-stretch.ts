import { Arena, type ColumnarContext, type MemoryAccount } from '@deltaworks/columnar'
import type { CsvDialect } from './csv-options.js'
import { csvKernels, noByte } from './frame.js'
import { FileSource } from './byte-source.js'
import type { CsvFile } from './open-csv.js'

/** Where a row starts: its offset in the file, its physical line, and its number. */
export interface RowStart {
  readonly offset: number
  readonly line: number
  readonly row: number
}

const pieceBytes = 1024 * 1024

/** Whether rows end at line ends outside of quotes and nowhere else, and every line that is not empty is a row. */
const isCountable = (dialect: CsvDialect): boolean =>
  dialect.comment === '' && !dialect.trimLeading && !dialect.trimTrailing && dialect.lineSeparator !== '\r'

/** Whether a quote opens or closes where RFC 4180 says. One that is not closed within a piece is left to the scanner. */
const isPlainlyQuoted = (dialect: CsvDialect): boolean =>
  dialect.separator.length === 1 &&
  dialect.separator.charCodeAt(0) < 128 &&
  dialect.escape === '' &&
  dialect.multiLine &&
  dialect.maxRowBytes >= 2 * pieceBytes

/** What `csvCountLines` writes, in its order. */
interface Counts {
  readonly lineFeeds: number
  readonly returns: number
  readonly pairs: number
  readonly empty: number
  readonly emptyPairs: number
  readonly quotedLineFeeds: number
  readonly quotedReturns: number
  readonly quotedPairs: number
  readonly irregular: number
}

const countsBytes = 44
const stateField = 36
const previousField = 40
const inQuotes = 2

/**
 * Looks for the first row at or behind an offset in stretches whose quotes stand where RFC 4180 wants them: there counting line
 * ends tells as much as cutting fields does, at several times the speed.
 */
export class PlainStretch {
  readonly #context: ColumnarContext
  readonly #file: CsvFile
  readonly #dialect: CsvDialect
  readonly #arena: Arena
  readonly #piece: number
  readonly #counts: number
  readonly #quote: number
  readonly #separator: number

  /** Null if the dialect is of another kind. */
  static create(
    context: ColumnarContext,
    account: MemoryAccount,
    file: CsvFile,
    dialect: CsvDialect,
  ): PlainStretch | null {
    return isCountable(dialect) ? new PlainStretch(context, account, file, dialect) : null
  }

  private constructor(context: ColumnarContext, account: MemoryAccount, file: CsvFile, dialect: CsvDialect) {
    this.#context = context
    this.#file = file
    this.#dialect = dialect
    this.#quote = dialect.quote === '' ? noByte : dialect.quote.charCodeAt(0)
    this.#separator = isPlainlyQuoted(dialect) ? dialect.separator.charCodeAt(0) : noByte
    this.#arena = new Arena(context.heap, account)
    this.#counts = this.#arena.allocate(countsBytes)
    this.#piece = this.#arena.allocate(pieceBytes + 64)
  }

  /**
   * @param from a row's start
   * @param wanted an offset behind it
   * @returns null if an odd quote or line end is on the way, or the file ends
   */
  async rowAt(from: RowStart, wanted: number): Promise<RowStart | null> {
    const { heap } = this.#context
    const source = new FileSource(this.#file.store, this.#file.path, from.offset, undefined)
    let { line, row } = from
    // A row's start stands behind a line end: an empty line there is told by it.
    heap.u32[(this.#counts + previousField) >>> 2] = 10
    heap.u32[(this.#counts + stateField) >>> 2] = 0
    for (let offset = from.offset; ;) {
      // The line end before the row that is looked for may be the last two bytes before `wanted`.
      const size = Math.min(pieceBytes, offset < wanted - 2 ? wanted - 2 - offset : pieceBytes)
      const read = await source.read(heap.u8.subarray(this.#piece, this.#piece + size))
      const isBehind = offset >= wanted - 2
      if (!isBehind && read < size) return null
      let length = isBehind ? this.#firstRowBreak(read, wanted - offset) : read
      if (length < 0) return null
      if (!isBehind && length > 1 && heap.u8[this.#piece + length - 1] === 13) {
        // What follows tells whether it is half of a line end.
        length--
        source.offset--
      }
      const counts = this.#count(length)
      const lines = this.#lines(counts)
      if (lines === null || (this.#isInQuotes() && counts.lineFeeds === 0 && size === pieceBytes)) return null
      line += lines.all
      row += lines.rows
      if (isBehind && length > 0) return { offset: offset + length, line, row }
      offset += length
    }
  }

  close(): void {
    this.#arena.close()
  }

  #isInQuotes(): boolean {
    return this.#context.heap.u32[(this.#counts + stateField) >>> 2] === inQuotes
  }

  /** Bytes, at least `least`, up to a line end outside of quotes that a line with something in it follows; -1 if there is none. */
  #firstRowBreak(read: number, least: number): number {
    const bytes = this.#context.heap.u8.subarray(this.#piece, this.#piece + read)
    let isQuoted = this.#isInQuotes()
    for (let at = 0; at < read - 1; at++) {
      if (bytes[at] === this.#quote) isQuoted = !isQuoted
      const next = bytes[at + 1]
      if (bytes[at] === 10 && !isQuoted && at + 1 >= least && next !== 10 && next !== 13) return at + 1
    }
    return -1
  }

  #count(length: number): Counts {
    const { heap } = this.#context
    const returnsBreak = Number(this.#dialect.lineSeparator !== '\n')
    csvKernels(this.#context).csvCountLines(
      this.#piece,
      length,
      this.#quote,
      this.#separator,
      returnsBreak,
      this.#counts,
    )
    const at = this.#counts >>> 2
    const [lineFeeds = 0, returns = 0, pairs = 0, empty = 0, emptyPairs = 0, ...quoted] = heap.u32.subarray(at, at + 9)
    const [quotedLineFeeds = 0, quotedReturns = 0, quotedPairs = 0, irregular = 1] = quoted
    return {
      lineFeeds,
      returns,
      pairs,
      empty,
      emptyPairs,
      quotedLineFeeds,
      quotedReturns,
      quotedPairs,
      irregular,
    }
  }

  /** Line ends, and rows that end; null if bytes are there that may mean something else. */
  #lines(counts: Counts): { readonly all: number; readonly rows: number } | null {
    const { lineFeeds, returns, pairs, empty, emptyPairs } = counts
    if (counts.irregular > 0) return null
    switch (this.#dialect.lineSeparator) {
      case '\n':
        return { all: lineFeeds + counts.quotedLineFeeds, rows: lineFeeds - empty }
      case '\r\n':
        if (lineFeeds !== pairs || returns !== pairs) return null
        return { all: pairs + counts.quotedPairs, rows: pairs - emptyPairs }
      default: {
        const quoted = counts.quotedLineFeeds + counts.quotedReturns - counts.quotedPairs
        // A lone return is a line end, too: then it is not so simple.
        if (returns === 0) return { all: lineFeeds + quoted, rows: lineFeeds - empty }
        if (returns !== pairs || lineFeeds !== pairs) return null
        return { all: pairs + quoted, rows: pairs - emptyPairs }
      }
    }
  }
}
