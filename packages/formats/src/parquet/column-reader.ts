import { Arena, type MemoryAccount, type SelectionVector } from '@deltaworks/columnar'
import { binary, type DataType } from '@deltaworks/schema'
import { corruptColumn, type DecodeContext } from './decode-context.js'
import { denseFrom, joinDense, joinRows, type DensePiece, type DenseValues, type PageValues } from './dense-values.js'
import { pageType } from './format.js'
import type { ColumnChunk } from './metadata.js'
import { emptyValues, PageDecoder, type DecodedPage } from './page-decoder.js'
import { readPageHeader, type PageHeader } from './page-header.js'
import { ThriftError } from './thrift-reader.js'
import { valueConversion } from './value-conversion.js'

/** The levels and values of some whole records of a leaf. */
export interface LeafRun {
  readonly levelCount: number
  /** A byte a level; 0: all are the leaf's greatest. */
  readonly definitions: number
  /** A byte a level; 0 if nothing repeats. */
  readonly repetitions: number
  readonly values: DenseValues
  readonly valueCount: number
}

/** A stretch of a chunk's pages that lies in the heap. */
export interface ChunkSegment {
  readonly address: number
  readonly end: number
  /** Index in the row group of the first record in it; of a dictionary page: that of the segment behind it. */
  readonly firstRow: number
}

interface Page extends DecodedPage {
  readonly arena: Arena | null
  position: number
  valuePosition: number
}

interface Piece {
  readonly page: Page
  readonly start: number
  readonly end: number
  readonly values: PageValues
  readonly valueCount: number
}

/**
 * Reads a column chunk that lies in the heap, page by page, as many records at a time as are asked for. What `read` returns
 * may point into pages; it is valid until the next `read`.
 */
export class ColumnReader {
  readonly #context: DecodeContext
  readonly #chunk: ColumnChunk
  readonly #segments: readonly ChunkSegment[]
  readonly #decoder: PageDecoder
  /** Makes arenas of pages; null: pages live in the arena of the batch (which then holds the whole row group). */
  readonly #account: MemoryAccount | null
  readonly #type: DataType
  #segment = 0
  #position: number
  #end: number
  /** The next record. */
  #row = 0
  #levelsRead = 0
  #page: Page | null = null
  readonly #retired: Arena[] = []
  readonly #spare: Arena[] = []

  /**
   * @param segments ascending, at least one
   * @param type what the values are wanted as; null: only the levels are wanted
   */
  constructor(
    context: DecodeContext,
    chunk: ColumnChunk,
    segments: readonly ChunkSegment[],
    type: DataType | null,
    chunkArena: Arena,
    account: MemoryAccount | null,
  ) {
    this.#context = context
    this.#chunk = chunk
    this.#segments = segments
    this.#position = segments[0]!.address
    this.#end = segments[0]!.end
    this.#row = segments[0]!.firstRow
    this.#type = type ?? binary
    const convert = type === null ? (values: DenseValues) => values : valueConversion(context, type)
    this.#decoder = new PageDecoder(context, chunk.codec, this.#type, convert, chunkArena)
    this.#account = account
  }

  /** The values of the dictionary page, if the chunk begins with one. */
  readDictionary(): { readonly values: DenseValues; readonly count: number } | null {
    if (this.#position < this.#end && this.#header().type === pageType.dictionary) this.#step(this.#header())
    return this.#decoder.dictionary
  }

  /** Goes on to a record of the row group, decoding as little as possible. @throws FormatError DW-FORMAT-0002 */
  skipTo(row: number, arena: Arena): void {
    if (row === this.#row) return
    this.#recycle()
    this.#jump(row)
    const records = row - this.#row
    if (records <= 0) {
      if (records < 0) throw corruptColumn(this.#context, 'its page index does not fit its pages')
      return
    }
    this.#pass(records, arena, true, () => undefined)
  }

  /** The next `records` records. @throws FormatError DW-FORMAT-0002 if the chunk has fewer */
  read(records: number, arena: Arena): LeafRun {
    this.#recycle()
    const pieces: Piece[] = []
    this.#pass(records, arena, false, (page, end) => pieces.push(this.#take(page, end)))
    return this.#join(pieces, arena)
  }

  /**
   * The next `records` records of a leaf that does not repeat, or some of them alone where that is less work.
   * @throws FormatError DW-FORMAT-0002 if the chunk has fewer
   */
  readRows(
    records: number,
    selection: SelectionVector,
    arena: Arena,
  ): { readonly run: LeafRun; readonly isSelected: boolean } {
    this.#recycle()
    const pieces: Piece[] = []
    this.#pass(records, arena, false, (page, end) => pieces.push(this.#take(page, end)))
    if (pieces.every(({ page }) => page.definitions === 0)) {
      const dense = pieces.map(({ values, valueCount }): DensePiece => ({ values, count: valueCount }))
      const values = joinRows(this.#context, dense, selection, arena)
      const { count } = selection
      if (values !== null) {
        const run = { levelCount: count, definitions: 0, repetitions: 0, values, valueCount: count }
        return { run, isSelected: true }
      }
    }
    return { run: this.#join(pieces, arena), isSelected: false }
  }

  /** To the last segment that begins at or before a record, if that is further on. */
  #jump(row: number): void {
    const segments = this.#segments
    let target = this.#segment
    while (target + 1 < segments.length && segments[target + 1]!.firstRow <= row) target++
    if (target === this.#segment) return
    // A dictionary, which comes first, is not passed over.
    while (this.#segment === 0 && this.#levelsRead === 0 && this.#position < this.#end) {
      const header = this.#header()
      if (header.type === pageType.data || header.type === pageType.dataV2) break
      this.#step(header)
    }
    this.#retirePage()
    this.#enter(target)
    this.#row = segments[target]!.firstRow
  }

  #enter(segment: number): void {
    this.#segment = segment
    this.#position = this.#segments[segment]!.address
    this.#end = this.#segments[segment]!.end
  }

  /** Goes through whole records; `use` gets their parts of pages, unless whole pages may be passed over. */
  #pass(records: number, arena: Arena, mayPassPages: boolean, use: (page: Page, end: number) => void): void {
    const { repetition } = this.#context.node
    let left = records
    while (left > 0 || repetition > 0) {
      let page = this.#page
      if (page === null || page.position === page.levelCount) {
        if (!this.#findPage(left)) break
        if (mayPassPages) left = this.#passPages(left)
        if (left === 0 && repetition === 0) break
        if (!this.#findPage(left)) break
        page = this.#nextPage(arena)
      }
      const start = page.position
      const { kernels } = this.#context
      const end =
        repetition === 0
          ? Math.min(page.levelCount, start + left)
          : kernels.parquetRecordEnd(page.repetitions, start, page.levelCount, left)
      if (end > start) {
        use(page, end)
        if (page.position !== end) this.#take(page, end)
      }
      if (repetition === 0) left -= end - start
      else {
        left -= kernels.parquetCountRecords(page.repetitions, start, end)
        if (end < page.levelCount) break
      }
    }
    if (left !== 0) throw corruptColumn(this.#context, 'it has fewer rows than its row group')
    this.#row += records
  }

  /** Whether another page follows, in this segment or in one that continues it. */
  #findPage(left: number): boolean {
    if (this.#levelsRead >= this.#chunk.valueCount) return false
    if (this.#position < this.#end) return true
    const next = this.#segments[this.#segment + 1]
    if (next === undefined || left === 0) return false
    this.#enter(this.#segment + 1)
    return true
  }

  /** Leaves out pages of which no record is wanted, by their headers alone. @returns records still to pass */
  #passPages(records: number): number {
    const isFlat = this.#context.node.repetition === 0
    let left = records
    while (left > 0 && this.#position < this.#end && this.#levelsRead < this.#chunk.valueCount) {
      const header = this.#header()
      const isData = header.type === pageType.data || header.type === pageType.dataV2
      const rows = isFlat ? header.valueCount : header.rowCount
      if (isData && (rows === null || rows > left)) break
      this.#step(header)
      if (!isData) continue
      this.#levelsRead += header.valueCount
      left -= rows ?? 0
    }
    return left
  }

  /** Frees pages; the arenas that were handed in are their owners'. */
  close(): void {
    this.#recycle()
    if (this.#page?.arena) this.#page.arena.close()
    for (const arena of this.#spare) arena.close()
    this.#page = null
  }

  #recycle(): void {
    for (const arena of this.#retired) {
      arena.reset()
      this.#spare.push(arena)
    }
    this.#retired.length = 0
  }

  #take(page: Page, end: number): Piece {
    const start = page.position
    const { node, kernels } = this.#context
    const valueCount =
      page.definitions === 0
        ? end - start
        : start === 0 && end === page.levelCount
          ? page.valueCount
          : kernels.parquetCountAtLeast(page.definitions + start, end - start, node.definition)
    const values = denseFrom(page.values, page.valuePosition)
    page.position = end
    page.valuePosition += valueCount
    return { page, start, end, values, valueCount }
  }

  #join(pieces: readonly Piece[], arena: Arena): LeafRun {
    if (pieces.length === 1) {
      const { page, start, end, values, valueCount } = pieces[0]!
      return {
        levelCount: end - start,
        definitions: page.definitions === 0 ? 0 : page.definitions + start,
        repetitions: page.repetitions === 0 ? 0 : page.repetitions + start,
        values: joinDense(this.#context, [{ values, count: valueCount }], arena),
        valueCount,
      }
    }
    if (pieces.length === 0) {
      const values = emptyValues(this.#type, arena)
      return { levelCount: 0, definitions: 0, repetitions: 0, values, valueCount: 0 }
    }
    const levelCount = pieces.reduce((sum, piece) => sum + piece.end - piece.start, 0)
    const all = pieces.map(({ values, valueCount }): DensePiece => ({ values, count: valueCount }))
    const some = all.filter(({ count }) => count > 0)
    const dense = some.length === 0 ? all.slice(0, 1) : some
    return {
      levelCount,
      definitions: pieces.every(({ page }) => page.definitions === 0)
        ? 0
        : this.#joinLevels(pieces, levelCount, arena, ({ page }) => page.definitions),
      repetitions:
        this.#context.node.repetition === 0
          ? 0
          : this.#joinLevels(pieces, levelCount, arena, ({ page }) => page.repetitions),
      values: joinDense(this.#context, dense, arena),
      valueCount: dense.reduce((sum, piece) => sum + piece.count, 0),
    }
  }

  #joinLevels(pieces: readonly Piece[], count: number, arena: Arena, levelsOf: (piece: Piece) => number): number {
    const address = arena.allocate(count)
    const { heap, node } = this.#context
    let at = address
    for (const piece of pieces) {
      const levels = levelsOf(piece)
      const size = piece.end - piece.start
      if (levels === 0) heap.fill(at, node.definition, size)
      else heap.copy(at, levels + piece.start, piece.end - piece.start)
      at += size
    }
    return address
  }

  #retirePage(): void {
    if (this.#page?.arena) this.#retired.push(this.#page.arena)
    this.#page = null
  }

  #nextPage(batchArena: Arena): Page {
    this.#retirePage()
    const arena = this.#account === null ? null : (this.#spare.pop() ?? new Arena(batchArena.heap, this.#account))
    let page: DecodedPage | null = null
    try {
      while (page === null) page = this.#decodePage(arena ?? batchArena)
    } finally {
      if (page === null && arena !== null) arena.close()
    }
    this.#levelsRead += page.levelCount
    const { levelCount, definitions, repetitions, values, valueCount } = page
    // Named one by one: a spread makes objects that everything after it is slow with.
    this.#page = { levelCount, definitions, repetitions, values, valueCount, arena, position: 0, valuePosition: 0 }
    return this.#page
  }

  #header(): PageHeader {
    try {
      return readPageHeader(this.#context.heap.u8, this.#position, this.#end)
    } catch (error) {
      if (error instanceof ThriftError)
        throw corruptColumn(this.#context, `a page header cannot be read (${error.message})`)
      throw error
    }
  }

  /** Past a page; a dictionary is kept. @returns where the page's body stands */
  #step(header: PageHeader): number {
    const body = this.#position + header.headerBytes
    if (header.compressedBytes > this.#end - body)
      throw corruptColumn(this.#context, 'a page is longer than its column')
    this.#position = body + header.compressedBytes
    if (header.type === pageType.dictionary) this.#decoder.readDictionary(header, body)
    else if (header.type !== pageType.index && header.valueCount > this.#chunk.valueCount - this.#levelsRead) {
      throw corruptColumn(this.#context, 'its pages hold more values than its metadata says')
    }
    return body
  }

  /** The page at the cursor, or null if it was a dictionary or an index, or has no values. */
  #decodePage(arena: Arena): DecodedPage | null {
    const header = this.#header()
    const body = this.#step(header)
    if (header.type === pageType.index || header.type === pageType.dictionary || header.valueCount === 0) return null
    return this.#decoder.dataPage(header, body, arena)
  }
}
