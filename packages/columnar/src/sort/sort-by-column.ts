import { isNested, isVariableLength } from '@deltaworks/schema'
import type { Arena } from '../arena.js'
import type { Column } from '../column.js'
import type { ColumnarContext } from '../context.js'
import { plainColumn } from '../copy.js'
import { isWord, wordsOf } from '../group/words.js'
import { keyComparator } from './row-comparator.js'

export interface SortColumn {
  readonly column: Column
  readonly descending: boolean
  readonly nullsFirst: boolean
}

const histogramBytes = 8 * 256 * 4
/** More rows than this are not chosen by a heap: sorting all is cheaper. */
const fetchMax = 8192

/** How `sortWordEntries` reads a key: unsigned, signed, the bits of a double. */
type WordForm = 0 | 1 | 2

/** Puts `count` row numbers at `order` into the order of one key; rows with equal keys stay as they are. */
export function sortByColumn(
  context: ColumnarContext,
  arena: Arena,
  { column, descending, nullsFirst }: SortColumn,
  order: number,
  count: number,
): void {
  if (count < 2 || column.type.kind === 'null') return
  const { kernels, heap } = context
  let first = order
  let present = count
  if (column.validity !== 0) {
    const parted = arena.allocate(count * 4)
    present = kernels['sortNulls']!(order, column.validity, count, nullsFirst ? 1 : 0, parted)
    heap.copy(order, parted, count * 4)
    if (nullsFirst) first += (count - present) * 4
  }
  if (present < 2) return
  const { type } = column
  if (isNested(type)) sortByComparator(context, column, descending, first, present)
  else if (isVariableLength(type)) sortByText(context, arena, column, descending, first, present)
  else if (isWord(type)) {
    const form: WordForm = type.kind === 'float32' || type.kind === 'float64' ? 2 : 1
    sortByWords(context, arena, wordsOf(context, arena, column), 8, form, descending, first, present)
  } else {
    // 128 bits: by the low word, then by the high word.
    sortByWords(context, arena, column.values, 16, 0, descending, first, present)
    sortByWords(context, arena, column.values + 8, 16, 1, descending, first, present)
  }
}

function sortByWords(
  { kernels }: ColumnarContext,
  arena: Arena,
  words: number,
  stride: number,
  form: WordForm,
  descending: boolean,
  order: number,
  count: number,
): void {
  const entries = arena.allocate(count * 16)
  const other = arena.allocate(count * 16)
  const histograms = arena.allocate(histogramBytes)
  kernels['sortWordEntries']!(words, stride, form, descending ? 1 : 0, order, count, entries)
  kernels['sortRows']!(kernels['sortEntries']!(entries, other, count, histograms), count, order)
}

/** A dictionary smaller than the rows is sorted instead of them, and the rows by their entries' ranks. */
function sortByText(
  context: ColumnarContext,
  arena: Arena,
  column: Column,
  descending: boolean,
  order: number,
  count: number,
): void {
  const { kernels } = context
  const { dictionary } = column
  if (dictionary !== null && dictionary.length <= count) {
    const entries = arena.allocate(dictionary.length * 4)
    kernels['sortIdentity']!(entries, dictionary.length)
    sortTexts(context, arena, dictionary, false, entries, dictionary.length)
    const ranks = arena.allocate(dictionary.length * 8)
    kernels['sortTextRanks']!(dictionary.offsets, dictionary.values, entries, dictionary.length, ranks)
    const words = arena.allocate(column.length * 8)
    kernels['sortRankWords']!(ranks, column.values, column.length, words)
    sortByWords(context, arena, words, 8, 0, descending, order, count)
    return
  }
  sortTexts(context, arena, plainColumn(arena, column), descending, order, count)
}

function sortTexts(
  { kernels }: ColumnarContext,
  arena: Arena,
  { offsets, values }: Column,
  descending: boolean,
  order: number,
  count: number,
): void {
  const entries = arena.allocate(count * 16)
  const other = arena.allocate(count * 16)
  const histograms = arena.allocate(histogramBytes)
  kernels['sortTexts']!(offsets, values, descending ? 1 : 0, order, count, entries, other, histograms)
}

/** Lists, maps and structs: value by value. */
function sortByComparator(
  { heap }: ColumnarContext,
  column: Column,
  descending: boolean,
  order: number,
  count: number,
): void {
  const compare = keyComparator(heap, column, column, descending, true)
  const rows = heap.i32.slice(order >>> 2, (order >>> 2) + count)
  heap.i32.set(rows.sort(compare), order >>> 2)
}

/**
 * Rows, ascending, among which the first `wanted` of the order are: all of them, or where few of many are wanted, those
 * that the first key (a text's first eight bytes) puts there, ties included.
 */
export function sortCandidates(
  context: ColumnarContext,
  arena: Arena,
  keys: readonly SortColumn[],
  rowCount: number,
  wanted: number,
): { readonly order: number; readonly count: number } {
  const { kernels } = context
  const order = arena.allocate(rowCount * 4)
  kernels['sortIdentity']!(order, rowCount)
  const all = { order, count: rowCount }
  const [key] = keys
  if (key === undefined || wanted === 0 || wanted > fetchMax || wanted * 8 > rowCount) return all
  const { column, descending, nullsFirst } = key
  const { type } = column
  const isText = isVariableLength(type)
  if (!isText && (!isWord(type) || type.kind === 'null')) return all
  let present = rowCount
  let parted = order
  if (column.validity !== 0) {
    parted = arena.allocate(rowCount * 4)
    present = kernels['sortNulls']!(order, column.validity, rowCount, 1, parted)
  }
  const nulls = rowCount - present
  if (nullsFirst && nulls >= wanted) return { order: parted, count: nulls }
  const missing = nullsFirst ? wanted - nulls : wanted
  if (missing > present) return all
  const words = isText ? textPrefixes(context, arena, column) : wordsOf(context, arena, column)
  const form: WordForm = isText ? 0 : type.kind === 'float32' || type.kind === 'float64' ? 2 : 1
  const entries = arena.allocate(present * 16)
  const presentRows = parted + nulls * 4
  kernels['sortWordEntries']!(words, 8, form, descending ? 1 : 0, presentRows, present, entries)
  const heap = arena.allocate(missing * 8)
  const chosen = arena.allocate((rowCount + 1) * 4)
  context.heap.copy(chosen, parted, presentRows - parted)
  const kept = nullsFirst ? nulls : 0
  const count = kernels['sortCandidates']!(entries, present, missing, heap, chosen + kept * 4)
  return { order: chosen, count: kept + count }
}

function textPrefixes({ kernels }: ColumnarContext, arena: Arena, column: Column): number {
  const { offsets, values, length } = plainColumn(arena, column)
  const words = arena.allocate(length * 8)
  kernels['sortTextPrefixes']!(offsets, values, length, words)
  return words
}
