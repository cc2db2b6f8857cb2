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
  withoutQuotes,
} from './fields'
import * as F from './frame'
import { contains, csvIsUtf8, unescape } from './strings'

/**
 * Text of rows [from, to) as codes of a dictionary (`state`: see parquet/dictionary.ts), 0 under nulls. `from` may stand anywhere
 * behind rows whose validity is written. As with `csvStrings`, a field that is no UTF-8 is flagged.
 * @returns the row before which the dictionary met a limit, or `to`
 */
export function csvDictionary(
  frame: usize,
  column: u32,
  from: u32,
  to: u32,
  state: usize,
  codes: usize,
  validity: usize,
): u32 {
  const data = <usize>load<u32>(frame, F.DATA)
  const quote = load<u32>(frame, F.QUOTE)
  const escape = load<u32>(frame, F.ESCAPE)
  const flags = load<u32>(frame, F.FLAGS)
  const nullTexts = <usize>load<u32>(frame, F.NULLS)
  const high = load<u32>(frame, F.HAS_HIGH) != 0
  const hasEscapes = load<u32>(frame, F.HAS_ESCAPES) != 0
  const isRegular = areRegular(frame, column, from, to)
  let ends = endsOf(frame, column, from)
  let starts = startsOf(frame, column, ends, from)
  const step = stepOf(frame)
  const startStep = startStepOf(frame, column)
  const skip = skipOf(column)
  const isSimple = isRegular && !high && !hasEscapes && nullTexts == 0
  // The dictionary's parts, which an insertion leaves where they are.
  const table = <usize>load<u32>(state)
  const mask = load<u32>(state, 4)
  const texts = <usize>load<u32>(state, 16)
  const offsets = <usize>load<u32>(state, 20)
  const emptyIsNull = (flags & 16) != 0
  const before = ((<u64>1) << (<u64>(from & 63))) - 1
  let word: u64 = before == 0 ? 0 : load<u64>(validity + 8 * (<usize>(from >> 6))) & before
  let nulls: u32 = 0
  let row = from
  for (; row < to; row++) {
    if (isSimple) {
      // What a null's code stands for does not matter: an empty text takes the same way.
      const field = withoutQuotes(data, load<u32>(starts) + skip, load<u32>(ends), quote)
      const at = data + startOf(field)
      const length = endOf(field) - startOf(field)
      let code = dictionaryCode(table, mask, texts, offsets, at, length)
      if (code < 0) {
        code = insertBytes(state, at, length)
        if (code < 0) break
      }
      const valid = <u32>(length != 0) | (<u32>(field >> 63) & <u32>!emptyIsNull)
      store<i32>(codes + 4 * (<usize>row), code)
      word |= <u64>valid << (<u64>(row & 63))
      nulls += 1 - valid
      if ((row & 63) == 63) {
        store<u64>(validity + 8 * (<usize>(row >> 6)), word)
        word = 0
      }
      starts += startStep
      ends += step
      continue
    }
    let field: u64
    if (isRegular) {
      field = withoutQuotes(data, load<u32>(starts) + skip, load<u32>(ends), quote)
      starts += startStep
      ends += step
    } else field = fieldAt(frame, row, column, data, quote, flags)
    let valid = false
    let code: i32 = 0
    if (!isNullField(field, data, nullTexts, flags)) {
      const at = data + startOf(field)
      const length = endOf(field) - startOf(field)
      if (high && !csvIsUtf8(at, length)) {
        flagError(frame, row)
      } else {
        valid = true
        if (hasEscapes && (field & QUOTED_BIT) != 0 && contains(at, length, quote, escape)) {
          code = insertUnescaped(state, at, length, quote, escape)
        } else {
          code = dictionaryCode(table, mask, texts, offsets, at, length)
          if (code < 0) code = insertBytes(state, at, length)
        }
        if (code < 0) break
      }
    }
    store<i32>(codes + 4 * (<usize>row), code)
    word |= <u64>valid << (<u64>(row & 63))
    nulls += <u32>!valid
    if ((row & 63) == 63) {
      store<u64>(validity + 8 * (<usize>(row >> 6)), word)
      word = 0
    }
  }
  if ((row & 63) != 0) store<u64>(validity + 8 * (<usize>(row >> 6)), word)
  addNulls(frame, nulls)
  return row
}

/** Unescaped where it would stand in the dictionary: if it is there already, the next one takes its place. */
function insertUnescaped(state: usize, at: usize, length: u32, quote: u32, escape: u32): i32 {
  const used = load<u32>(state, 24)
  if (length > load<u32>(state, 28) - used) return -1
  const target = <usize>load<u32>(state, 16) + used
  return insertBytes(state, target, unescape(target, at, length, quote, escape))
}
