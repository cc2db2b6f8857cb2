/*
 * The values that lines of one template have in their holes, hole by hole. A column whose values are all equal keeps one of
 * them; values of one length need no offsets.
 */

interface ValueColumn {
  readonly base: number
  /** Bytes of every value; -1: see `ends`. */
  readonly width: number
  readonly isConstant: boolean
  /** End of each value behind `base`. */
  readonly ends: Uint32Array | null
}

/** Columns of byte strings, all of them in one buffer. */
export class ValueColumns {
  readonly bytes: Uint8Array
  /** The same bytes: it decodes a part without making a view of it. */
  readonly #text: Buffer
  readonly #columns: readonly ValueColumn[]

  constructor(bytes: Uint8Array, columns: readonly ValueColumn[]) {
    this.bytes = bytes
    this.#text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#columns = columns
  }

  start(column: number, row: number): number {
    const { base, width, isConstant, ends } = this.#columns[column]!
    if (isConstant) return base
    return ends === null ? base + width * row : row === 0 ? base : base + ends[row - 1]!
  }

  end(column: number, row: number): number {
    const { base, width, isConstant, ends } = this.#columns[column]!
    if (isConstant) return base + width
    return ends === null ? base + width * (row + 1) : base + ends[row]!
  }

  isConstant(column: number): boolean {
    return this.#columns[column]!.isConstant
  }

  text(column: number, row: number): string {
    return this.#text.toString('utf8', this.start(column, row), this.end(column, row))
  }

  get sizeBytes(): number {
    return this.#columns.reduce((sum, { ends }) => sum + (ends?.byteLength ?? 0), this.bytes.byteLength)
  }
}

export const textOf = (bytes: Uint8Array, start: number, end: number): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('utf8')

/**
 * Copies values out of a text.
 * @param view over the same bytes as `text`
 * @param places start and end of each value: row by row, column by column
 */
export function valueColumns(
  text: Uint8Array,
  view: DataView,
  places: Int32Array,
  rowCount: number,
  columnCount: number,
): ValueColumns {
  const shapes = new Shapes(columnCount, rowCount)
  forRows(rowCount, (first, end) => shapes.look(text, places, first, end))
  const { columns, sizeBytes } = shapes.columns(places)
  const bytes = new Uint8Array(sizeBytes)
  const target = new DataView(bytes.buffer)
  const next = columns.map(({ base }) => base)
  forRows(rowCount, (first, end) => {
    columns.forEach(({ isConstant }, column) => {
      const last = isConstant ? Math.min(1, end) : end
      next[column] = copyValues(text, view, places, columnCount * 2, column * 2, first, last, target, next[column]!)
    })
  })
  return new ValueColumns(bytes, columns)
}

/** Some rows of all columns at a time, while their text is in the cache. */
function forRows(rowCount: number, visit: (first: number, end: number) => void): void {
  const rows = 64
  for (let first = 0; first < rowCount; first += rows) visit(first, Math.min(rowCount, first + rows))
}

function copyValues(
  text: Uint8Array,
  view: DataView,
  places: Int32Array,
  stride: number,
  offset: number,
  firstRow: number,
  endRow: number,
  target: DataView,
  to: number,
): number {
  for (let row = firstRow, at = firstRow * stride + offset; row < endRow; row++, at += stride) {
    const end = places[at + 1]!
    let from = places[at]!
    for (; from + 4 <= end; from += 4, to += 4) target.setInt32(to, view.getInt32(from, true), true)
    for (; from < end; from++, to++) target.setUint8(to, text[from]!)
  }
  return to
}

/** What is common to the values of each column. */
class Shapes {
  readonly #rowCount: number
  readonly #isConstant: Uint8Array
  readonly #isFixed: Uint8Array
  readonly #sizes: Float64Array

  constructor(columnCount: number, rowCount: number) {
    this.#rowCount = rowCount
    this.#isConstant = new Uint8Array(columnCount).fill(1)
    this.#isFixed = new Uint8Array(columnCount).fill(1)
    this.#sizes = new Float64Array(columnCount)
  }

  look(text: Uint8Array, places: Int32Array, firstRow: number, endRow: number): void {
    const stride = this.#sizes.length * 2
    for (let column = 0; column < this.#sizes.length; column++) {
      const first = places[column * 2]!
      const width = places[column * 2 + 1]! - first
      let isConstant = this.#isConstant[column] === 1
      let sizeBytes = 0
      for (let row = firstRow, at = firstRow * stride + column * 2; row < endRow; row++, at += stride) {
        const start = places[at]!
        const length = places[at + 1]! - start
        sizeBytes += length
        if (length !== width) {
          this.#isFixed[column] = 0
          isConstant = false
        } else if (isConstant) isConstant = isEqual(text, first, start, width)
      }
      this.#isConstant[column] = isConstant ? 1 : 0
      this.#sizes[column]! += sizeBytes
    }
  }

  columns(places: Int32Array): { readonly columns: readonly ValueColumn[]; readonly sizeBytes: number } {
    let base = 0
    const columns = Array.from(this.#sizes, (sizeBytes, column): ValueColumn => {
      const width = this.#rowCount === 0 ? 0 : places[column * 2 + 1]! - places[column * 2]!
      const isConstant = this.#isConstant[column] === 1
      const isFixed = this.#isFixed[column] === 1
      const made = { base, width: isFixed ? width : -1, isConstant, ends: isFixed ? null : this.#ends(places, column) }
      base += isConstant ? width : sizeBytes
      return made
    })
    return { columns, sizeBytes: base }
  }

  #ends(places: Int32Array, column: number): Uint32Array {
    const ends = new Uint32Array(this.#rowCount)
    const stride = this.#sizes.length * 2
    for (let row = 0, at = column * 2, end = 0; row < ends.length; row++, at += stride) {
      end += places[at + 1]! - places[at]!
      ends[row] = end
    }
    return ends
  }
}

function isEqual(text: Uint8Array, a: number, b: number, length: number): boolean {
  for (let i = 0; i < length; i++) if (text[a + i] !== text[b + i]) return false
  return true
}
