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

/** Dictionary codes as a page holds them: the RLE / bit-packed hybrid. */
export interface CodeStream {
  readonly source: number
  readonly length: number
  /** Bits of a code. */
  readonly codeWidth: number
  /** Where the kernel remembers how far it has come, two int32. */
  readonly cursor: number
}

/** What a page holds: its codes are read and looked up when a batch is made of them, straight into its memory. */
export type PageValues = DenseValues | FixedCodes

export interface FixedCodes {
  readonly kind: 'fixedCodes'
  readonly stream: CodeStream
  /** Codes of the stream that come before. */
  readonly skip: number
  /** Where the dictionary's values stand, `limit` of them, `width` bytes each. */
  readonly address: number
  readonly width: number
  readonly limit: number
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
    case 'fixedCodes':
      return { ...values, skip: values.skip + start }
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

/** `count` codes of a stream, from the `skip`th on, all below `limit`, as int32 at `target`. @throws FormatError DW-FORMAT-0003 */
export function decodeCodes(
  context: DecodeContext,
  { source, length, codeWidth, cursor }: CodeStream,
  skip: number,
  count: number,
  limit: number,
  target: number,
): void {
  if (count === 0) return
  const { parquetDecodeCodes } = context.kernels
  if (parquetDecodeCodes(source, length, codeWidth, cursor, skip, count, target, limit) === 0) return
  throw corruptColumn(context, 'the dictionary codes of a page are damaged')
}

/** Room for the codes of any of the pieces. */
const codesRoom = (pieces: readonly DensePiece[], arena: Arena): number =>
  arena.allocate((Math.max(...pieces.map(({ count }) => count)) + 8) * 4)

function joinFixed(context: DecodeContext, pieces: readonly DensePiece[], width: number, arena: Arena): DenseValues {
  const address = arena.allocate(totalOf(pieces) * width)
  const codes = pieces.some(({ values }) => values.kind === 'fixedCodes') ? codesRoom(pieces, arena) : 0
  let at = address
  for (const { values, count } of pieces) {
    if (values.kind === 'fixedCodes') {
      decodeCodes(context, values.stream, values.skip, count, values.limit, codes)
      context.kernels.parquetGather(codes, count, values.address, width, at)
    } else {
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
  const codes = codesRoom(pieces, arena)
  let first = 0
  let done = 0
  for (const { values, count: pieceRows } of pieces) {
    const { stream, skip, address: dictionary, limit } = values as FixedCodes
    const end = firstAtLeast(heap.i32, rows >>> 2, done, count, first + pieceRows)
    if (end > done) decodeCodes(context, stream, skip, pieceRows, limit, codes)
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
