import * as F from './frame'

/** What `fieldAt` gives for a field that a short row does not have. */
// @inline
export const MISSING: u64 = 0xffffffffffffffff
// @inline
export const QUOTED_BIT: u64 = 0x8000000000000000

// @ts-ignore: decorator
@inline
export function startOf(field: u64): u32 {
  return <u32>field
}
// @ts-ignore: decorator
@inline
export function endOf(field: u64): u32 {
  return <u32>(field >> 32) & 0x7fffffff
}

// @ts-ignore: decorator
@inline
function isBlank(byte: u32): bool {
  return byte == 32 || byte == 9
}

/** A row's field without its quotes: start, end << 32, and QUOTED_BIT if it had quotes. `flags` 1 and 2 trim outside quotes. */
// @ts-ignore: decorator
@inline
export function fieldAt(frame: usize, row: u32, column: u32, data: usize, quote: u32, flags: u32): u64 {
  const slot: usize = 4 * (<usize>row)
  if (column >= load<u32>(<usize>load<u32>(frame, F.ROW_FIELDS) + slot)) return MISSING
  const ends =
    <usize>load<u32>(frame, F.POSITIONS) +
    4 * (<usize>(load<u32>(<usize>load<u32>(frame, F.ROW_FIRST) + slot) + column))
  let start: u32
  if (column == 0) {
    start = load<u32>(<usize>load<u32>(frame, F.ROW_START) + slot)
  } else {
    start = load<u32>(ends - 4) + load<u32>(frame, F.SEPARATOR_SIZE)
  }
  let end = load<u32>(ends)
  if ((flags & 1) != 0) {
    while (start < end && isBlank(load<u8>(data + start))) start++
  }
  if ((flags & 2) != 0) {
    while (end > start && isBlank(load<u8>(data + end - 1))) end--
  }
  return withoutQuotes(data, start, end, quote)
}

/** Without a branch: quotes come and go from row to row. */
// @ts-ignore: decorator
@inline
export function withoutQuotes(data: usize, start: u32, end: u32, quote: u32): u64 {
  const opens = <u32>(load<u8>(data + start) == quote)
  const quoted = opens & <u32>(load<u8>(data + end - 1) == quote) & <u32>(end >= start + 2)
  return <u64>(start + quoted) | (<u64>(end - quoted) << 32) | (<u64>quoted << 63)
}

/**
 * Whether rows [from, to) follow each other in POSITIONS, each with the fields expected, so that a column's fields are told by
 * addresses that go on by the same step: kernels then need no look at the row. What such a field holds is told by its bytes alone.
 */
// @ts-ignore: decorator
@inline
export function areRegular(frame: usize, column: u32, from: u32, to: u32): bool {
  const expected = load<u32>(frame, F.EXPECTED)
  if (load<u32>(frame, F.IS_REGULAR) == 0 || column >= expected || to <= from) return false
  const rowFirst = <usize>load<u32>(frame, F.ROW_FIRST)
  const first = load<u32>(rowFirst + 4 * (<usize>from))
  return load<u32>(rowFirst + 4 * (<usize>(to - 1))) - first == (to - 1 - from) * expected
}

/** Where the end of row `from`'s field stands, of rows that are regular; that of the next one is `stepOf(frame)` behind it. */
// @ts-ignore: decorator
@inline
export function endsOf(frame: usize, column: u32, from: u32): usize {
  const first = load<u32>(<usize>load<u32>(frame, F.ROW_FIRST) + 4 * (<usize>from))
  return <usize>load<u32>(frame, F.POSITIONS) + 4 * (<usize>(first + column))
}
// @ts-ignore: decorator
@inline
export function stepOf(frame: usize): usize {
  return 4 * (<usize>load<u32>(frame, F.EXPECTED))
}

/** The same for its start, which is `skipOf(column)` behind what stands there: the row's start, or the end of the field before. */
// @ts-ignore: decorator
@inline
export function startsOf(frame: usize, column: u32, ends: usize, from: u32): usize {
  return column == 0 ? <usize>load<u32>(frame, F.ROW_START) + 4 * (<usize>from) : ends - 4
}
// @ts-ignore: decorator
@inline
export function startStepOf(frame: usize, column: u32): usize {
  return column == 0 ? 4 : stepOf(frame)
}
// @ts-ignore: decorator
@inline
export function skipOf(column: u32): u32 {
  return <u32>(column != 0)
}

/** The field without blanks around it, for types that are not text. */
// @ts-ignore: decorator
@inline
export function trimmed(data: usize, field: u64): u64 {
  let start = startOf(field)
  let end = endOf(field)
  if (start < end && (isBlank(load<u8>(data + start)) || isBlank(load<u8>(data + end - 1)))) {
    while (start < end && isBlank(load<u8>(data + start))) start++
    while (end > start && isBlank(load<u8>(data + end - 1))) end--
  }
  return <u64>start | (<u64>end << 32) | (field & QUOTED_BIT)
}

/** Whether the text is one of the strings that stand for null: at `nulls`, a count, then each length and bytes (padded to 4). */
export function isNullText(nulls: usize, text: usize, length: u32): bool {
  let count = load<u32>(nulls)
  let entry = nulls + 4
  while (count-- > 0) {
    const size = load<u32>(entry)
    entry += 4
    if (size == length) {
      let i: u32 = 0
      while (i < size && load<u8>(entry + i) == load<u8>(text + i)) i++
      if (i == size) return true
    }
    entry += (size + 3) & ~3
  }
  return false
}

/** Null: no field, nothing between separators, one of the null strings (in quotes only with flag 8). */
// @ts-ignore: decorator
@inline
export function isNullField(field: u64, data: usize, nulls: usize, flags: u32): bool {
  if (field == MISSING) return true
  const length = endOf(field) - startOf(field)
  const quoted = (field & QUOTED_BIT) != 0
  if (length == 0) return !quoted || (flags & 16) != 0
  return nulls != 0 && (!quoted || (flags & 8) != 0) && isNullText(nulls, data + startOf(field), length)
}

/** A field that ought to be a number, without blanks around it; one without text for what is null. */
export function numberField(frame: usize, column: u32, row: u32): u64 {
  const data = <usize>load<u32>(frame, F.DATA)
  const flags = load<u32>(frame, F.FLAGS) | 16
  const field = fieldAt(frame, row, column, data, load<u32>(frame, F.QUOTE), flags)
  return isNullField(field, data, <usize>load<u32>(frame, F.NULLS), flags) ? 0 : trimmed(data, field)
}

// @ts-ignore: decorator
@inline
export function flagError(frame: usize, row: u32): void {
  const count = load<u32>(frame, F.ERROR_COUNT)
  store<u32>(<usize>load<u32>(frame, F.ERRORS) + 4 * (<usize>count), row)
  store<u32>(frame, count + 1, F.ERROR_COUNT)
}

/** Validity bits gathered in a word; written when 64 rows are full or the range ends. */
// @ts-ignore: decorator
@inline
export function flushValidity(validity: usize, row: u32, to: u32, word: u64): bool {
  if ((row & 63) == 63 || row == to - 1) {
    store<u64>(validity + 8 * (<usize>(row >> 6)), word)
    return true
  }
  return false
}

// @ts-ignore: decorator
@inline
export function addNulls(frame: usize, nulls: u32): void {
  store<u32>(frame, load<u32>(frame, F.COLUMN_NULLS) + nulls, F.COLUMN_NULLS)
}
