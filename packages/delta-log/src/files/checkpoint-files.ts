import type { Column, Heap } from '@deltaworks/columnar'
import type { StructType } from '@deltaworks/schema'
import type { LogBatch } from '../log-parquet.js'
import { isOwnKey } from './add-lines.js'
import { CheckpointChunk, type CheckpointLayout } from './checkpoint-chunk.js'
import { templateOf, viewOf, type JsonTemplate } from './json-template.js'
import { textOf, valueColumns } from './value-columns.js'

/*
 * The `add` column of a checkpoint's batch as chunks of files, which are copied from the batch column by column. A row that has
 * more than path, partition values, size, time and statistics (a deletion vector, tags, row ids) is left to be read as an object.
 */

const maxTemplates = 32
/** Members that a chunk has no place for. */
const objectMembers = ['tags', 'deletionVector', 'baseRowId', 'defaultRowCommitVersion', 'clusteringProvider']

export interface CheckpointRows {
  readonly chunks: readonly CheckpointChunk[]
  /** Rows with an `add` that is in no chunk. */
  readonly others: readonly number[]
}

interface Group {
  readonly layout: CheckpointLayout
  readonly rows: number[]
  places: Int32Array
}

export class CheckpointFileReader {
  readonly #templates: JsonTemplate[] = []

  /** @param at position of the `add` column */
  read({ heap, columns }: LogBatch, at: number): CheckpointRows {
    const add = new AddColumns(heap, columns[at]!)
    const groups: Group[] = []
    const others: number[] = []
    for (let row = 0; row < add.rowCount; row++) {
      if (add.isNull(row)) continue
      if (!add.isPlain(row) || !this.#take(add, row, groups)) others.push(row)
    }
    const chunks = groups
      .filter(({ rows }) => rows.length > 0)
      .map(({ layout, rows, places }) => {
        const values = valueColumns(add.text, add.view, places, rows.length, columnCount(layout))
        const sizes = Float64Array.from(rows, (row) => add.size(row))
        return new CheckpointChunk(
          layout,
          values,
          sizes,
          Float64Array.from(rows, (row) => add.modificationTime(row)),
        )
      })
    return { chunks, others }
  }

  #take(add: AddColumns, row: number, groups: Group[]): boolean {
    for (const group of groups) if (addRow(add, row, group)) return true
    const names = add.partitionNames(row)
    if (names === null) return false
    const layout = { partitionNames: names, statistics: null }
    if (!add.statistics(row)) return addTo(add, row, layout, groups)
    for (const template of this.#templates) {
      if (addTo(add, row, { ...layout, statistics: template }, groups)) return true
    }
    const template = templateOf(textOf(add.text, add.start, add.end))
    if (template === null || this.#templates.length === maxTemplates) return false
    this.#templates.unshift(template)
    return addTo(add, row, { ...layout, statistics: template }, groups)
  }
}

const columnCount = ({ partitionNames, statistics }: CheckpointLayout): number =>
  1 + partitionNames.length + (statistics?.holes.length ?? 0)

function addTo(add: AddColumns, row: number, layout: CheckpointLayout, groups: Group[]): boolean {
  const group: Group = { layout, rows: [], places: new Int32Array(columnCount(layout) * 2 * 1024) }
  if (!addRow(add, row, group)) return false
  groups.unshift(group)
  return true
}

function addRow(add: AddColumns, row: number, group: Group): boolean {
  const { partitionNames, statistics } = group.layout
  const width = columnCount(group.layout) * 2
  const needed = (group.rows.length + 1) * width
  if (group.places.length < needed) {
    const larger = new Int32Array(group.places.length * 2)
    larger.set(group.places)
    group.places = larger
  }
  const { places } = group
  let at = needed - width
  if (!add.path(row)) return false
  places[at++] = add.start
  places[at++] = add.end
  if (!add.partitionValues(row, partitionNames, places, at)) return false
  at += partitionNames.length * 2
  if (add.statistics(row)) {
    if (statistics === null || !statistics.match(add.text, add.view, add.start, add.end, places, at)) return false
  } else if (statistics !== null) return false
  group.rows.push(row)
  return true
}

/** The members of the `add` struct by row. What is text leaves where it stands in `start` and `end`. */
class AddColumns {
  readonly rowCount: number
  /** The texts of all columns: a copy, since reading shared memory byte by byte is slow. */
  readonly text: Uint8Array
  readonly view: DataView
  start = 0
  end = 0
  readonly #add: Nulls
  readonly #path: TextColumn | null
  readonly #partitionValues: MapColumn | null
  readonly #size: NumberColumn | null
  readonly #time: NumberColumn | null
  readonly #stats: TextColumn | null
  readonly #parsedStats: Nulls | null
  readonly #rare: readonly Nulls[]

  constructor(heap: Heap, add: Column) {
    const { fields } = add.type as StructType
    const member = (name: string): Column | null => add.children[fields.findIndex((f) => f.name === name)] ?? null
    const made = <T>(column: Column | null, make: (column: Column) => T): T | null =>
      column === null ? null : make(column)
    const texts = new TextCopies(heap)
    this.rowCount = add.length
    this.#add = new Nulls(heap, add)
    this.#path = made(member('path'), (column) => new TextColumn(texts, column))
    this.#stats = made(member('stats'), (column) => new TextColumn(texts, column))
    this.#partitionValues = made(member('partitionValues'), (column) => new MapColumn(texts, column))
    this.#size = made(member('size'), (column) => new NumberColumn(heap, column))
    this.#time = made(member('modificationTime'), (column) => new NumberColumn(heap, column))
    this.#parsedStats = made(member('stats_parsed'), (column) => new Nulls(heap, column))
    this.#rare = objectMembers
      .map(member)
      .filter((column) => column !== null && !isAllNull(column))
      .map((column) => new Nulls(heap, column!))
    this.text = texts.copied()
    this.view = viewOf(this.text)
  }

  isNull(row: number): boolean {
    return this.#add.at(row)
  }

  isPlain(row: number): boolean {
    // Statistics that are there as columns alone become text one by one.
    const parsed = this.#parsedStats
    if (parsed !== null && !parsed.at(row) && !this.#locate(this.#stats, row)) return false
    for (const nulls of this.#rare) if (!nulls.at(row)) return false
    return true
  }

  path(row: number): boolean {
    return this.#locate(this.#path, row) && isOwnKey(this.text, this.start, this.end)
  }

  statistics(row: number): boolean {
    return this.#locate(this.#stats, row)
  }

  size(row: number): number {
    return this.#size?.at(row) ?? 0
  }

  modificationTime(row: number): number {
    return this.#time?.at(row) ?? 0
  }

  /** @returns null if a value is null */
  partitionNames(row: number): readonly string[] | null {
    const column = this.#partitionValues
    if (column === null || column.nulls.at(row)) return []
    const names: string[] = []
    for (let i = column.offsets[row]!; i < column.offsets[row + 1]!; i++) {
      if (!this.#locate(column.keys, i)) return null
      names.push(textOf(this.text, this.start, this.end))
      if (column.values.nulls.at(i)) return null
    }
    return names
  }

  /** Where the values of exactly these partition columns are. */
  partitionValues(row: number, names: readonly string[], places: Int32Array, at: number): boolean {
    const column = this.#partitionValues
    if (column === null || column.nulls.at(row)) return names.length === 0
    const from = column.offsets[row]!
    if (column.offsets[row + 1]! - from !== names.length) return false
    for (let i = 0; i < names.length; i++) {
      if (!this.#locate(column.keys, from + i) || !this.#isText(names[i]!)) return false
      if (!this.#locate(column.values, from + i)) return false
      places[at++] = this.start
      places[at++] = this.end
    }
    return true
  }

  #isText(text: string): boolean {
    if (this.end - this.start === text.length) {
      let i = 0
      while (i < text.length && this.text[this.start + i] === text.charCodeAt(i)) i++
      if (i === text.length) return true
    }
    return textOf(this.text, this.start, this.end) === text
  }

  #locate(column: TextColumn | null, row: number): boolean {
    if (column === null || column.nulls.at(row)) return false
    const at = column.codes === null ? row : column.codes[row]!
    this.start = column.offsets[at]! + column.shift
    this.end = column.offsets[at + 1]! + column.shift
    return true
  }
}

class Nulls {
  readonly #bits: Uint8Array | null

  constructor(heap: Heap, { validity, length }: Column) {
    this.#bits = validity === 0 ? null : heap.u8.slice(validity, validity + ((length + 7) >> 3))
  }

  at(row: number): boolean {
    return this.#bits !== null && ((this.#bits[row >> 3]! >> (row & 7)) & 1) === 0
  }
}

class TextCopies {
  readonly heap: Heap
  readonly #parts: { readonly start: number; readonly end: number }[] = []
  #length = 0

  constructor(heap: Heap) {
    this.heap = heap
  }

  /** @returns what to add to an address to have the place of its copy */
  add(start: number, end: number): number {
    this.#parts.push({ start, end })
    this.#length += end - start
    return this.#length - end
  }

  copied(): Uint8Array {
    const copy = new Uint8Array(this.#length)
    let at = 0
    for (const { start, end } of this.#parts) {
      copy.set(this.heap.u8.subarray(start, end), at)
      at += end - start
    }
    return copy
  }
}

class TextColumn {
  readonly nulls: Nulls
  readonly offsets: Int32Array
  readonly codes: Int32Array | null
  readonly shift: number

  constructor(texts: TextCopies, column: Column) {
    const { heap } = texts
    this.nulls = new Nulls(heap, column)
    const { offsets, values, length } = column.dictionary ?? column
    this.offsets = words(heap, offsets, length + 1)
    this.codes = column.dictionary === null ? null : words(heap, column.values, column.length)
    this.shift = texts.add(values + this.offsets[0]!, values + this.offsets[length]!) + values
  }
}

class MapColumn {
  readonly nulls: Nulls
  readonly offsets: Int32Array
  readonly keys: TextColumn
  readonly values: TextColumn

  constructor(texts: TextCopies, column: Column) {
    this.nulls = new Nulls(texts.heap, column)
    this.offsets = words(texts.heap, column.offsets, column.length + 1)
    this.keys = new TextColumn(texts, column.children[0]!)
    this.values = new TextColumn(texts, column.children[1]!)
  }
}

class NumberColumn {
  readonly #nulls: Nulls
  readonly #words: Int32Array

  constructor(heap: Heap, column: Column) {
    this.#nulls = new Nulls(heap, column)
    this.#words = words(heap, column.values, column.length * 2)
  }

  at(row: number): number {
    return this.#nulls.at(row) ? 0 : this.#words[row * 2 + 1]! * 0x1_0000_0000 + (this.#words[row * 2]! >>> 0)
  }
}

const words = (heap: Heap, address: number, count: number): Int32Array =>
  heap.i32.slice(address >>> 2, (address >>> 2) + count)

const isAllNull = ({ validity, nullCount, length, type }: Column): boolean =>
  type.kind === 'null' || (validity !== 0 && nullCount === length)
