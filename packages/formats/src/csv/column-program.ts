import { byteWidth, type Arena, type ColumnarContext, type Heap } from '@deltaworks/columnar'
import { fixedOffsetMicros } from '@deltaworks/expression'
import { maxInt64DecimalPrecision, pow10 } from '@deltaworks/schema'
import type { ParsedColumn } from './column-mapping.js'
import { csvKernels, frameField, type CsvKernels } from './frame.js'
import type { TextDictionaries, TextDictionary } from './text-dictionary.js'

/** Where a column's values go. */
export interface Target {
  /** Codes where the texts are in a dictionary. */
  readonly values: number
  readonly validity: number
  readonly offsets: number
  readonly dictionary: TextDictionary | null
  /** Address of the pattern's program; 0: ISO 8601. */
  readonly pattern: number
  nullCount: number
  readonly failed: number[]
}

/** Twin of the list in columnar/assembly/csv/columns.ts, in words. */
const entryWords = 12
const entryWord = {
  kind: 0,
  column: 1,
  values: 2,
  validity: 3,
  nulls: 4,
  first: 5,
  second: 6,
  third: 7,
  limit: 8,
} as const
const kinds = {
  none: 0,
  integers: 1,
  floats: 2,
  decimals: 3,
  booleans: 4,
  temporals: 5,
  strings: 6,
  dictionary: 7,
} as const
const outcomes = { done: 0, full: 1, flagged: 2 } as const
const kernelStripeRows = 64

/** Rows between two looks at whether dictionaries pay. */
const trialRows = 1024

export interface ColumnProgramOptions {
  readonly frame: number
  readonly columns: readonly ParsedColumn[]
  readonly dictionaries: TextDictionaries | null
  /** Makes room for a column's values; texts as they are in place of a dictionary that is given up. */
  readonly allocate: (column: number, dictionary: TextDictionary | null) => Target
}

/** Parses a frame's rows into columns: what kernels do with each is told to them once a batch, and they go from stripe to stripe. */
export class ColumnProgram {
  readonly #heap: Heap
  readonly #kernels: CsvKernels
  readonly #options: ColumnProgramOptions
  readonly #entries: number
  readonly #stop: number
  readonly targets: Target[]

  constructor(context: ColumnarContext, arena: Arena, rowCount: number, options: ColumnProgramOptions) {
    const { columns, dictionaries, allocate } = options
    this.#heap = context.heap
    this.#kernels = csvKernels(context)
    this.#options = options
    this.#entries = arena.allocateZeroed(4 * entryWords * columns.length)
    this.#stop = arena.allocate(8)
    this.targets = columns.map(({ type }, c) => {
      const isText = type.kind === 'string' || type.kind === 'binary'
      return allocate(c, isText ? (dictionaries?.of(c, type, rowCount) ?? null) : null)
    })
    columns.forEach((_, c) => this.#describe(c))
  }

  /** What kernels flag is in the targets' `failed`. */
  run(rowCount: number): void {
    for (let from = 0; from < rowCount; from += trialRows) {
      const to = Math.min(rowCount, from + trialRows)
      this.#stretch(from, to)
      this.targets.forEach(({ dictionary }, c) => {
        if (dictionary !== null && !dictionary.pays(to - from)) this.#giveUp(c, to)
      })
    }
    this.targets.forEach((target, c) => (target.nullCount += this.#entry(c)[entryWord.nulls]!))
  }

  #entry(column: number): Uint32Array {
    const at = (this.#entries >>> 2) + entryWords * column
    return this.#heap.u32.subarray(at, at + entryWords)
  }

  #stretch(from: number, to: number): void {
    const { frame, columns } = this.#options
    let [row, first] = [from, 0]
    for (;;) {
      const outcome = this.#kernels.csvColumns(frame, this.#entries, columns.length, row, to, first, this.#stop)
      if (outcome === outcomes.done) return
      const { u32 } = this.#heap
      row = u32[this.#stop >>> 2]!
      const column = u32[(this.#stop >>> 2) + 1]!
      const end = Math.min(to, row + kernelStripeRows)
      if (outcome === outcomes.full) this.#insert(column, row, end)
      else this.#keepFlagged(column)
      first = column + 1
    }
  }

  /** Rows of a stripe that did not fit into a dictionary as it was. */
  #insert(column: number, from: number, to: number): void {
    const { frame, columns } = this.#options
    const { u32 } = this.#heap
    const { dictionary, values, validity } = this.targets[column]!
    u32[(frame + frameField.errorCount) >>> 2] = 0
    u32[(frame + frameField.columnNulls) >>> 2] = 0
    if (!dictionary!.insert(frame, columns[column]!.index, from, to, values, validity)) {
      this.#giveUp(column, to)
      return
    }
    this.#entry(column)[entryWord.nulls]! += u32[(frame + frameField.columnNulls) >>> 2]!
    this.#keepFlagged(column)
  }

  #keepFlagged(column: number): void {
    const { frame } = this.#options
    const { u32 } = this.#heap
    const errors = u32[(frame + frameField.errors) >>> 2]! >>> 2
    const count = u32[(frame + frameField.errorCount) >>> 2]!
    for (let i = 0; i < count; i++) this.targets[column]!.failed.push(u32[errors + i]!)
  }

  /** Its texts repeat too seldom: they are taken as they are, from the first row on. */
  #giveUp(column: number, to: number): void {
    const { frame, columns, dictionaries, allocate } = this.#options
    dictionaries!.giveUp(column)
    const target = allocate(column, null)
    this.targets[column] = target
    this.#describe(column)
    const { u32 } = this.#heap
    u32[(frame + frameField.errorCount) >>> 2] = 0
    u32[(frame + frameField.columnNulls) >>> 2] = 0
    this.#kernels.csvStrings(frame, columns[column]!.index, 0, to, target.offsets, target.values, target.validity)
    this.#entry(column)[entryWord.nulls] = u32[(frame + frameField.columnNulls) >>> 2]!
    this.#keepFlagged(column)
  }

  /** Tells kernels what to do with a column. */
  #describe(c: number): void {
    const { type, index, format, isInterpreted } = this.#options.columns[c]!
    const { values, validity, offsets, dictionary, pattern } = this.targets[c]!
    const entry = this.#entry(c)
    const set = (kind: number, first = 0, second = 0, third = 0): void => {
      entry.set([kind, index, values, validity, 0, first, second, third])
    }
    if (isInterpreted) return
    switch (type.kind) {
      case 'string':
      case 'binary':
        if (dictionary === null) set(kinds.strings, offsets)
        else set(kinds.dictionary, dictionary.state, dictionary.known)
        return
      case 'boolean':
        return set(kinds.booleans)
      case 'float32':
      case 'float64':
        return set(kinds.floats, byteWidth(type))
      case 'decimal': {
        const limit = pow10(Math.min(type.precision, maxInt64DecimalPrecision))
        set(kinds.decimals, type.scale, type.precision > maxInt64DecimalPrecision ? 1 : 0)
        entry[entryWord.limit] = Number(limit & 0xffff_ffffn)
        entry[entryWord.limit + 1] = Number(limit >> 32n)
        return
      }
      case 'date':
      case 'timestamp':
      case 'timestamp_ntz': {
        const isZoned = type.kind !== 'timestamp' || fixedOffsetMicros(format.timezone) === 0n
        return set(kinds.temporals, byteWidth(type), pattern, isZoned ? 1 : 0)
      }
      default:
        return set(kinds.integers, byteWidth(type))
    }
  }
}
