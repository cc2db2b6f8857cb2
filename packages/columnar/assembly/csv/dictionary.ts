import { dictionaryCode, insertBytes } from '../parquet/dictionary'
import {
  addNulls,
  areRegular,
  endOf,
  endsOf,
  fieldAt,
  flagError,
  isNullField,
  QUOTED_BIT,
  skipOf,
  startOf,
  startsOf,
  startStepOf,
  stepOf,
} from './fields'
import * as F from './frame'
import { adaptWidth, knownEntry, learn, NARROW, UNKNOWN, WIDE, widthOf } from './known-fields'
import { contains, csvIsUtf8, unescape } from './strings'

/** In a code: the row is null. It stands there only until the validity is made of it. */
// @inline
const NULL_BIT: u32 = 0x80000000
/** Instead of a code: the dictionary met a limit. */
// @inline
const FULL: u32 = 0xfffffffe

/**
 * Text of rows [from, to) as codes of a dictionary (`state`: see parquet/dictionary.ts), 0 under nulls. `from` may stand anywhere
 * behind rows whose validity is written. As with `csvStrings`, a field that is no UTF-8 is flagged.
 * @param known see known-fields.ts
 * @returns the row before which the dictionary met a limit, or `to`
 */
export function csvDictionary(
  frame: usize,
  column: u32,
  from: u32,
  to: u32,
  state: usize,
  known: usize,
  codes: usize,
  validity: usize,
): u32 {
  adaptWidth(known)
  let end: u32
  // Where all of the data is UTF-8, a field's bytes tell its code.
  if (!areRegular(frame, column, from, to) || load<u32>(frame, F.HAS_HIGH) != 0) {
    end = eachField(frame, column, from, to, state, codes)
  } else if (widthOf(known) == sizeof<WIDE>()) {
    end = knownFields<WIDE>(frame, column, from, to, state, known, codes)
  } else {
    end = knownFields<NARROW>(frame, column, from, to, state, known, codes)
  }
  addNulls(frame, splitNulls(codes, from, end, validity))
  return end
}

function eachField(frame: usize, column: u32, from: u32, to: u32, state: usize, codes: usize): u32 {
  for (let row = from; row < to; row++) {
    const code = codeOf(frame, column, row, state)
    if (code == FULL) return row
    store<u32>(codes + 4 * (<usize>row), code)
  }
  return to
}

/** Rows that are regular. Most fields are known, and take no more than a comparison. */
function knownFields<W>(
  frame: usize,
  column: u32,
  from: u32,
  to: u32,
  state: usize,
  known: usize,
  codes: usize,
): u32 {
  const data = <usize>load<u32>(frame, F.DATA) + skipOf(column)
  const skip = skipOf(column)
  const step = stepOf(frame)
  const startStep = startStepOf(frame, column)
  let ends = endsOf(frame, column, from)
  let starts = startsOf(frame, column, ends, from)
  for (let row = from; row < to; row++) {
    const start = load<u32>(starts)
    const size = load<u32>(ends) - start - skip
    let code = knownEntry<W>(known, data + start, size)
    if (code == UNKNOWN) {
      code = codeOf(frame, column, row, state)
      if (code == FULL) return row
      learn(known, data + start, size, code)
    }
    store<u32>(codes + 4 * (<usize>row), code)
    starts += startStep
    ends += step
  }
  return to
}

/** The code of one field, which is put into the dictionary if it is not there. */
function codeOf(frame: usize, column: u32, row: u32, state: usize): u32 {
  const data = <usize>load<u32>(frame, F.DATA)
  const quote = load<u32>(frame, F.QUOTE)
  const escape = load<u32>(frame, F.ESCAPE)
  const flags = load<u32>(frame, F.FLAGS)
  const field = fieldAt(frame, row, column, data, quote, flags)
  if (isNullField(field, data, <usize>load<u32>(frame, F.NULLS), flags)) return NULL_BIT
  const at = data + startOf(field)
  const length = endOf(field) - startOf(field)
  if (load<u32>(frame, F.HAS_HIGH) != 0 && !csvIsUtf8(at, length)) {
    flagError(frame, row)
    return NULL_BIT
  }
  let code: i32
  if (load<u32>(frame, F.HAS_ESCAPES) != 0 && (field & QUOTED_BIT) != 0 && contains(at, length, quote, escape)) {
    code = insertUnescaped(state, at, length, quote, escape)
  } else {
    const table = <usize>load<u32>(state)
    code = dictionaryCode(table, load<u32>(state, 4), load<u32>(state, 16), load<u32>(state, 20), at, length)
    if (code < 0) code = insertBytes(state, at, length)
  }
  return code < 0 ? FULL : <u32>code
}

/** Unescaped where it would stand in the dictionary: if it is there already, the next one takes its place. */
function insertUnescaped(state: usize, at: usize, length: u32, quote: u32, escape: u32): i32 {
  const used = load<u32>(state, 24)
  if (length > load<u32>(state, 28) - used) return -1
  const target = <usize>load<u32>(state, 16) + used
  return insertBytes(state, target, unescape(target, at, length, quote, escape))
}

/** Takes NULL_BIT out of the codes of rows [from, to), and writes their validity. @returns how many are null */
function splitNulls(codes: usize, from: u32, to: u32, validity: usize): u32 {
  let nulls: u32 = 0
  let row = from
  while (row < to) {
    const address = validity + 8 * (<usize>(row >> 6))
    const first = row & 63
    const stop = min<u32>(to, row - first + 64)
    const isWhole = stop - row == 64
    const absent = isWhole ? absentOf64(codes + 4 * (<usize>row)) : absentOf(codes, row, stop)
    const before: u64 = first == 0 ? 0 : load<u64>(address) & (((<u64>1) << (<u64>first)) - 1)
    const wanted: u64 = isWhole ? u64.MAX_VALUE : (((<u64>1) << (<u64>(stop - row))) - 1) << (<u64>first)
    store<u64>(address, before | (wanted & ~absent))
    nulls += <u32>popcnt(absent)
    row = stop
  }
  return nulls
}

/** Bits of the rows whose codes say that they are null, at their places of 64; those codes become 0. */
function absentOf(codes: usize, from: u32, to: u32): u64 {
  let absent: u64 = 0
  for (let row = from; row < to; row++) {
    if ((load<u32>(codes + 4 * (<usize>row)) & NULL_BIT) == 0) continue
    absent |= (<u64>1) << (<u64>(row & 63))
    store<u32>(codes + 4 * (<usize>row), 0)
  }
  return absent
}

// @ts-ignore: decorator
@inline
function absentOf64(codes: usize): u64 {
  let absent: u64 = 0
  for (let i: u32 = 0; i < 64; i += 8) {
    const low = v128.load(codes + 4 * (<usize>i))
    const high = v128.load(codes + 4 * (<usize>i), 16)
    absent |= <u64>((<u32>i32x4.bitmask(low)) | ((<u32>i32x4.bitmask(high)) << 4)) << (<u64>i)
  }
  if (absent == 0) return 0
  for (let i: usize = 0; i < 256; i += 16) {
    const some = v128.load(codes + i)
    v128.store(codes + i, v128.andnot(some, i32x4.shr_s(some, 31)))
  }
  return absent
}
