import {
  addNulls,
  areRegular,
  endOf,
  endsOf,
  fieldAt,
  flagError,
  flushValidity,
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

/** Copies at least `length` bytes, in whole vectors: up to 31 more are written. */
// @ts-ignore: decorator
@inline
function copy(target: usize, source: usize, length: u32): void {
  if (length <= 32) {
    v128.store(target, v128.load(source))
    v128.store(target, v128.load(source, 16), 16)
  } else if (length <= 64) {
    for (let i: usize = 0; i < <usize>length; i += 16) v128.store(target + i, v128.load(source + i))
  } else {
    memory.copy(target, source, length)
  }
}

/** Whether one of two bytes occurs. May look at up to 15 bytes after the end, and ignores them. */
export function contains(at: usize, length: u32, a: u32, b: u32): bool {
  const first = i8x16.splat(<i8>a)
  const second = i8x16.splat(<i8>b)
  for (let i: u32 = 0; i < length; i += 16) {
    const chunk = v128.load(at + i)
    let found = <u32>i8x16.bitmask(i8x16.eq(chunk, first))
    if (b < 256) found |= <u32>i8x16.bitmask(i8x16.eq(chunk, second))
    const left = length - i
    if (left < 16) found &= (1 << left) - 1
    if (found != 0) return true
  }
  return false
}

/** `""` becomes `"`, and so does an escaped quote; an escaped escape becomes one. @returns bytes written */
export function unescape(target: usize, at: usize, length: u32, quote: u32, escape: u32): u32 {
  const stop = at + length
  const start = target
  while (at < stop) {
    const byte = <u32>load<u8>(at++)
    if (at < stop && (byte == quote || byte == escape)) {
      const next = <u32>load<u8>(at)
      if (next == quote || (byte == escape && next == escape)) {
        store<u8>(target++, <u8>next)
        at++
        continue
      }
    }
    store<u8>(target++, <u8>byte)
  }
  return <u32>(target - start)
}

/** UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing above U+10FFFF. */
export function csvIsUtf8(at: usize, length: u32): bool {
  const stop = at + length
  while (at < stop) {
    while (at + 64 <= stop) {
      const low = v128.or(v128.load(at), v128.load(at, 16))
      if (i8x16.bitmask(v128.or(low, v128.or(v128.load(at, 32), v128.load(at, 48)))) != 0) break
      at += 64
    }
    if (at + 16 <= stop && i8x16.bitmask(v128.load(at)) == 0) {
      at += 16
      continue
    }
    if (at >= stop) return true
    const lead = <u32>load<u8>(at)
    if (lead < 0x80) {
      at++
      continue
    }
    let more: u32
    let least: u32
    let point: u32
    if (lead >= 0xc2 && lead < 0xe0) {
      more = 1
      least = 0x80
      point = lead & 31
    } else if (lead >= 0xe0 && lead < 0xf0) {
      more = 2
      least = 0x800
      point = lead & 15
    } else if (lead >= 0xf0 && lead < 0xf5) {
      more = 3
      least = 0x10000
      point = lead & 7
    } else {
      return false
    }
    if (<usize>more >= stop - at) return false
    for (let i: u32 = 1; i <= more; i++) {
      const byte = <u32>load<u8>(at + i)
      if ((byte & 0xc0) != 0x80) return false
      point = (point << 6) | (byte & 63)
    }
    if (point < least || point > 0x10ffff || (point >= 0xd800 && point < 0xe000)) return false
    at += 1 + more
  }
  return true
}

/**
 * Text of rows [from, to): `offsets` gets their ends (offsets[from] is there already), `target` the bytes, with 32 spare ones
 * after them. A field that is no UTF-8 is flagged; only fields with a byte above 127 are looked at for that.
 */
export function csvStrings(
  frame: usize,
  column: u32,
  from: u32,
  to: u32,
  offsets: usize,
  target: usize,
  validity: usize,
): void {
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
  let offset = load<u32>(offsets + 4 * (<usize>from))
  let word: u64 = 0
  let nulls: u32 = 0
  for (let row = from; row < to; row++) {
    let field: u64
    if (isRegular) {
      field = withoutQuotes(data, load<u32>(starts) + skip, load<u32>(ends), quote)
      starts += startStep
      ends += step
    } else field = fieldAt(frame, row, column, data, quote, flags)
    let valid = false
    if (!isNullField(field, data, nullTexts, flags)) {
      const at = data + startOf(field)
      const length = endOf(field) - startOf(field)
      if (high && !csvIsUtf8(at, length)) {
        flagError(frame, row)
      } else {
        valid = true
        if (hasEscapes && (field & QUOTED_BIT) != 0 && contains(at, length, quote, escape)) {
          offset += unescape(target + offset, at, length, quote, escape)
        } else {
          copy(target + offset, at, length)
          offset += length
        }
      }
    }
    store<u32>(offsets + 4 * (<usize>row), offset, 4)
    word |= <u64>valid << (<u64>(row & 63))
    nulls += <u32>!valid
    if (flushValidity(validity, row, to, word)) word = 0
  }
  addNulls(frame, nulls)
}

/** int64 line numbers: base + ROW_LINE. */
export function csvWiden(source: usize, count: u32, base: i64, target: usize): void {
  for (let i: u32 = 0; i < count; i++) {
    store<i64>(target + 8 * (<usize>i), base + <i64>load<u32>(source + 4 * (<usize>i)))
  }
}
