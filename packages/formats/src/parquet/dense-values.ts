import type { Arena, Column, SelectionVector } from '@deltaworks/columnar'
import type { DecodeContext } from './decode-context.js'
import { corruptColumn } from './decode-context.js'

/** Values without the nulls between them, as pages hold them. Booleans are bytes here. */
export type DenseValues = FixedValues | StringValues | CodedValues

export interface FixedValues {
  readonly kind: 'fixed'
  readonly address: number
  readonly width: number
}
export interface StringValues {
  readonly kind: 'strings'
  /** count + 1 int32; the first need not be 0. */
  readonly offsets: number
  readonly bytes: number
}
/** Only of strings: codes into `dictionary`. */
export interface CodedValues {
  readonly kind: 'codes'
  readonly codes: number
  readonly dictionary: Column
}

/** What a page holds: its codes are looked up when a batch is made of them, straight into its memory. */
export type PageValues = DenseValues | FixedCodes

export interface FixedCodes {
  readonly kind: 'fixedCodes'
  readonly codes: number
  /** Where the dictionary's values stand, `width` bytes each. */
  readonly address: number
  readonly width: number
}

/** Values from the `start`th on. */
export function denseFrom(values: PageValues, start: number): PageValues {
  if (start === 0) return values
  switch (values.kind) {
    case 'fixed':
      return { kind: 'fixed', address: values.address + start * values.width, width: values.width }
    case 'strings':
      return { kind: 'strings', offsets: values.offsets + 4 * start, bytes: values.bytes }
    case 'codes':
      return { kind: 'codes', codes: values.codes + 4 * start, dictionary: values.dictionary }
    case 'fixedCodes': {
      const { address, width } = values
      return { kind: 'fixedCodes', codes: values.codes + 4 * start, address, width }
    }
  }
}

export interface DensePiece {
  readonly values: PageValues
  readonly count: number
}

/** One run of values from several; strings with and without a dictionary become plain ones. */
export function joinDense(context: DecodeContext, pieces: readonly DensePiece[], arena: Arena): DenseValues {
  const first = pieces[0]!.values
  if (first.kind === 'fixedCodes' || (first.kind === 'fixed' && pieces.length > 1)) {
    return joinFixed(context, pieces, first.width, arena)
  }
  if (pieces.length === 1) return first
  if (pieces.every(({ values }) => values.kind === 'codes')) return joinCodes(context, pieces, arena)
  return joinStrings(context, pieces, arena)
}

const totalOf = (pieces: readonly DensePiece[]): number => pieces.reduce((sum, piece) => sum + piece.count, 0)

function joinFixed(context: DecodeContext, pieces: readonly DensePiece[], width: number, arena: Arena): DenseValues {
  const address = arena.allocate(totalOf(pieces) * width)
  let at = address
  for (const { values, count } of pieces) {
    if (values.kind === 'fixedCodes') context.kernels.parquetGather(values.codes, count, values.address, width, at)
    else {
      const from = (values as FixedValues).address
      context.heap.copy(at, from, count * width)
    }
    at += count * width
  }
  return { kind: 'fixed', address, width }
}

/**
 * Of pieces without nulls that lie one behind the other, the values of some rows alone, looked up in the dictionaries.
 * Null if a piece has no codes: then there is nothing to gain.
 */
export function joinRows(
  context: DecodeContext,
  pieces: readonly DensePiece[],
  { address: rows, count }: SelectionVector,
  arena: Arena,
): FixedValues | null {
  const [head] = pieces
  if (head?.values.kind !== 'fixedCodes' || pieces.some(({ values }) => values.kind !== 'fixedCodes')) return null
  const { width } = head.values
  const { kernels, heap } = context
  const address = arena.allocate(count * width)
  let first = 0
  let done = 0
  for (const { values, count: pieceRows } of pieces) {
    const { codes, address: dictionary } = values as FixedCodes
    const end = firstAtLeast(heap.i32, rows >>> 2, done, count, first + pieceRows)
    kernels.parquetGatherRows(codes, rows + 4 * done, end - done, first, dictionary, width, address + done * width)
    first += pieceRows
    done = end
  }
  return { kind: 'fixed', address, width }
}

/** Index of the first of the ascending numbers [from, to) that is at least `value`. */
function firstAtLeast(numbers: Int32Array, base: number, from: number, to: number, value: number): number {
  if (from === to || numbers[base + to - 1]! < value) return to
  let [low, high] = [from, to]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (numbers[base + middle]! < value) low = middle + 1
    else high = middle
  }
  return low
}

function joinCodes(context: DecodeContext, pieces: readonly DensePiece[], arena: Arena): DenseValues {
  const codes = arena.allocate(totalOf(pieces) * 4)
  let at = codes
  for (const { values, count } of pieces) {
    const from = (values as CodedValues).codes
    context.heap.copy(at, from, count * 4)
    at += count * 4
  }
  return { kind: 'codes', codes, dictionary: (pieces[0]!.values as CodedValues).dictionary }
}

function joinStrings(context: DecodeContext, pieces: readonly DensePiece[], arena: Arena): DenseValues {
  const { heap, kernels } = context
  const sizes = pieces.map(({ values, count }) =>
    values.kind === 'codes'
      ? kernels.parquetGatheredBytes(values.codes, count, values.dictionary.offsets)
      : heap.i32[((values as StringValues).offsets >>> 2) + count]! - heap.i32[(values as StringValues).offsets >>> 2]!,
  )
  const total = sizes.reduce((sum, size) => sum + size, 0)
  if (sizes.some((size) => size < 0) || total > 0x7fffffff) {
    throw corruptColumn(context, 'a batch of strings takes 2 GiB or more; read fewer rows a batch')
  }
  const offsets = arena.allocate((totalOf(pieces) + 1) * 4)
  const bytes = arena.allocate(total)
  let base = 0
  let at = offsets
  pieces.forEach(({ values, count }, i) => {
    if (values.kind === 'codes') {
      const { offsets: from, values: text } = values.dictionary
      kernels.parquetGatherStrings(values.codes, count, from, text, base, at, bytes)
    } else if (values.kind === 'strings') {
      const start = heap.i32[values.offsets >>> 2]!
      kernels.parquetShiftOffsets(values.offsets, count + 1, base - start, at)
      heap.copy(bytes + base, values.bytes + start, sizes[i]!)
    }
    base += sizes[i]!
    at += count * 4
  })
  return { kind: 'strings', offsets, bytes }
}
