import type { ColumnarContext } from '@deltaworks/columnar'

/** Byte positions in a CSV frame: twin of columnar/assembly/csv/frame.ts, which says what they are. */
export const frameField = {
  data: 0,
  from: 4,
  end: 8,
  positions: 12,
  positionCapacity: 16,
  rowEnds: 20,
  rowFirst: 24,
  rowStart: 28,
  rowFields: 32,
  rowLine: 36,
  maxRows: 40,
  separator: 44,
  quote: 48,
  escape: 52,
  comment: 56,
  lineMode: 60,
  flags: 64,
  expected: 68,
  line: 72,
  errors: 76,
  nulls: 80,
  rows: 92,
  consumed: 96,
  nextLine: 100,
  hasHigh: 104,
  irregular: 108,
  errorCount: 116,
  columnNulls: 120,
  separatorSize: 124,
  isRegular: 128,
  firstPosition: 132,
  hasEscapes: 136,
} as const

export const frameBytes = 144

/** Values of `flags`. */
export const frameFlag = {
  trimLeading: 1,
  trimTrailing: 2,
  bytewise: 4,
  nullsInQuotes: 8,
  emptyIsNull: 16,
  toClosingQuote: 32,
  singleLine: 64,
} as const
/** Stands for "the dialect has none" where a byte is expected. */
export const noByte = 256

/** The kernels of columnar/assembly/csv. */
export interface CsvKernels {
  csvIndex(frame: number): void
  csvCountLines(
    data: number,
    length: number,
    quote: number,
    separator: number,
    returnsBreak: number,
    counts: number,
  ): void
  csvColumnSize(frame: number, column: number, rows: number): number
  csvIsUtf8(address: number, length: number): number
  csvColumns(
    frame: number,
    program: number,
    columns: number,
    from: number,
    to: number,
    first: number,
    stop: number,
  ): number
  csvStrings(
    frame: number,
    column: number,
    from: number,
    to: number,
    offsets: number,
    target: number,
    validity: number,
  ): void
  csvDictionary(
    frame: number,
    column: number,
    from: number,
    to: number,
    state: number,
    known: number,
    codes: number,
    validity: number,
  ): number
  csvWiden(source: number, count: number, base: bigint, target: number): void
}

/** columnar compiles them into its one module; only this package calls them. */
export const csvKernels = (context: ColumnarContext): CsvKernels => context.kernels as unknown as CsvKernels
