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

/** Whether rows end at line ends and nowhere else where there are no quotes, and every line that is not empty is a row. */
const isCountable = (dialect: CsvDialect): boolean =>
  dialect.comment === '' && !dialect.trimLeading && !dialect.trimTrailing && dialect.lineSeparator !== '\r'

/**
 * Looks for the first row at or behind an offset in stretches without quotes, where counting line ends tells as much as cutting
 * fields does, at several times the speed.
 */
export class PlainStretch {
  readonly #context: ColumnarContext
  readonly #file: CsvFile
  readonly #dialect: CsvDialect
  readonly #arena: Arena
  readonly #piece: number
  readonly #counts: number
  readonly #quote: number

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
    this.#arena = new Arena(context.heap, account)
    this.#counts = this.#arena.allocate(24)
    this.#piece = this.#arena.allocate(pieceBytes + 64)
  }

  /**
   * @param from a row's start
   * @param wanted an offset behind it
   * @returns null if a quote or an odd line end is on the way, or the file ends
   */
  async rowAt(from: RowStart, wanted: number): Promise<RowStart | null> {
    const { heap } = this.#context
    const source = new FileSource(this.#file.store, this.#file.path, from.offset, undefined)
    let { line, row } = from
    // A row's start stands behind a line end: an empty line there is told by it.
    let previous = 10
    for (let offset = from.offset; ;) {
      // The line end before the row that is looked for may be the last byte before `wanted`.
      const size = Math.min(pieceBytes, offset < wanted - 1 ? wanted - 1 - offset : pieceBytes)
      const read = await source.read(heap.u8.subarray(this.#piece, this.#piece + size))
      const isBehind = offset >= wanted - 1
      if (!isBehind && read < size) return null
      let length = isBehind ? this.#firstRowBreak(read) : read
      if (length < 0) return null
      if (!isBehind && length > 1 && heap.u8[this.#piece + length - 1] === 13) {
        // What follows tells whether it is half of a line end.
        length--
        source.offset--
      }
      const lines = this.#count(length, previous)
      if (lines === null) return null
      line += lines.all
      row += lines.all - lines.empty
      if (isBehind && length > 0) return { offset: offset + length, line, row }
      previous = length > 0 ? heap.u8[this.#piece + length - 1]! : previous
      offset += length
    }
  }

  close(): void {
    this.#arena.close()
  }

  /** Bytes up to a line end that a line with something in it follows; -1 if there is none. */
  #firstRowBreak(read: number): number {
    const bytes = this.#context.heap.u8.subarray(this.#piece, this.#piece + read)
    for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) {
      const next = bytes[at + 1]
      if (next === undefined) return -1
      if (next !== 10 && next !== 13) return at + 1
    }
    return -1
  }

  /** Line ends, and those of empty lines; null if bytes are there that may mean something else. */
  #count(length: number, previous: number): { readonly all: number; readonly empty: number } | null {
    csvKernels(this.#context).csvCountLines(this.#piece, length, this.#quote, previous, this.#counts)
    const at = this.#counts >>> 2
    const [quotes, lineFeeds, returns, pairs, empty, emptyPairs] = this.#context.heap.u32.subarray(at, at + 6)
    if (quotes! > 0) return null
    switch (this.#dialect.lineSeparator) {
      case '\n':
        return { all: lineFeeds!, empty: empty! }
      case '\r\n':
        return lineFeeds === pairs && returns === pairs ? { all: pairs!, empty: emptyPairs! } : null
      default:
        // A lone return is a line end, too: then it is not so simple.
        if (returns === 0) return { all: lineFeeds!, empty: empty! }
        return returns === pairs && lineFeeds === pairs ? { all: pairs!, empty: emptyPairs! } : null
    }
  }
}
