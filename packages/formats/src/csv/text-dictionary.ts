import { Arena, variableColumn, type Column, type ColumnarContext, type MemoryAccount } from '@deltaworks/columnar'
import type { DataType } from '@deltaworks/schema'
import { DictionaryBuilder } from '../parquet/dictionary-builder.js'
import { parquetKernels } from '../parquet/kernels.js'
import { csvKernels, type CsvKernels } from './frame.js'

/** Fewer rows than these have little use for a dictionary. */
const leastRows = 128
/** Texts that differ: more of them are not worth a table that does not stay in a core's cache. */
const maxEntries = 4096
/** Of each text so many rows, on average, once `trialRows` were seen. */
const rowsPerEntry = 2
const trialRows = 1024
/** What kernels keep of fields that they have seen: see columnar/assembly/csv/known-fields.ts. */
const knownHeadBytes = 12
const knownTableBytes = 65_536

/** The texts of one column of a scan, each once, as long as they repeat. */
export class TextDictionary {
  readonly #kernels: CsvKernels
  readonly #builder: DictionaryBuilder
  readonly #type: DataType
  readonly #known: number
  readonly #arena: Arena
  readonly #knownTable: number
  #rows = 0
  #entries: Column | null = null

  constructor(context: ColumnarContext, arena: Arena, type: DataType) {
    this.#kernels = csvKernels(context)
    this.#builder = new DictionaryBuilder(arena, parquetKernels(context), 0)
    this.#type = type
    this.#known = arena.allocateZeroed(knownHeadBytes)
    arena.account.reserve(knownTableBytes)
    this.#arena = arena
    this.#knownTable = arena.heap.allocate(knownTableBytes)
    arena.heap.fill(this.#knownTable, 0xff, knownTableBytes)
    arena.heap.u32[this.#known >>> 2] = this.#knownTable
  }

  /** What kernels know it by, and the fields that they have seen. */
  get state(): number {
    return this.#builder.state
  }
  get known(): number {
    return this.#known
  }

  /** Codes of rows [from, to) of the frame. @returns false if they do not fit: then they say nothing */
  insert(frame: number, column: number, from: number, to: number, codes: number, validity: number): boolean {
    for (let next = from; next < to;) {
      next = this.#kernels.csvDictionary(frame, column, next, to, this.state, this.#known, codes, validity)
      if (next < to && !this.#builder.grow()) return false
    }
    return true
  }

  /** Whether texts repeat often enough, now that so many more rows are in it. */
  pays(rows: number): boolean {
    const { count } = this.#builder
    this.#rows += rows
    return count <= maxEntries && (this.#rows < trialRows || count * rowsPerEntry <= this.#rows)
  }

  /** They are the same column as long as there are no more of them, so that what was made of it can be kept. */
  entries(): Column {
    const { count, offsets, values } = this.#builder
    if (this.#entries?.length !== count) this.#entries = variableColumn(this.#type, count, offsets, values)
    return this.#entries
  }

  close(): void {
    this.#builder.close()
    this.#arena.heap.free(this.#knownTable, knownTableBytes)
    this.#arena.account.release(knownTableBytes)
  }
}

/** Dictionaries of the text columns of a scan; batches of it share them. */
export class TextDictionaries {
  readonly #context: ColumnarContext
  readonly #arena: Arena
  /** By the column's place; null: its texts repeat too seldom. */
  readonly #columns = new Map<number, TextDictionary | null>()

  constructor(context: ColumnarContext, account: MemoryAccount) {
    this.#context = context
    this.#arena = new Arena(context.heap, account)
  }

  of(column: number, type: DataType, rowCount: number): TextDictionary | null {
    if (rowCount < leastRows) return null
    let known = this.#columns.get(column)
    if (known === undefined) {
      known = new TextDictionary(this.#context, this.#arena, type)
      this.#columns.set(column, known)
    }
    return known
  }

  giveUp(column: number): void {
    this.#columns.get(column)?.close()
    this.#columns.set(column, null)
  }

  close(): void {
    for (const dictionary of this.#columns.values()) dictionary?.close()
    this.#arena.close()
  }
}
