import { bits, prefixXor, rareBits } from './bits'
import * as F from './frame'
import { AT_START, CLOSED, ESCAPED, IN_COMMENT, QUOTED, UNQUOTED } from './states'
import { csvIsUtf8 } from './strings'

/*
 * Where fields and rows end. Blocks of 64 bytes are looked at with SIMD: quotes by prefix-xor, as long as every quote stands
 * where RFC 4180 wants it; a block in which one does not (or in which an escape byte occurs) goes through the state machine byte
 * by byte, which is the definition:
 *
 *   0 at the start of a field    quote -> 2, separator or line end -> 0, else -> 1
 *   1 in an unquoted field       separator or line end -> 0                      (a quote is a byte like others)
 *   2 in a quoted field          quote -> 3, escape -> 4
 *   3 after a quote in 2         quote at once -> 2, separator or line end -> 0, else -> 1 (such text is kept as it is); blanks
 *                                that are trimmed leave it at 3
 *   4 after an escape in 2       anything -> 2
 *   5 in a comment               line end -> 0
 *
 * Flag 32: text after a closing quote leads back to 2, so that only a quote before a separator or line end closes.
 * Flag 64: a line end is one in 2 and 4, too.
 */

/**
 * Finds the rows that are whole in [FROM, END), at most MAX_ROWS (and what the last block holds above it, if there is room).
 * POSITIONS gets the end of each field (the offset of its separator or line end); a row is described by where it
 * starts, the index of its first position, its number of fields and its physical line. Empty lines and comments are left out.
 */
export function csvIndex(frame: usize): void {
  const data = <usize>load<u32>(frame, F.DATA)
  const from = load<u32>(frame, F.FROM)
  const end = load<u32>(frame, F.END)
  const positions = <usize>load<u32>(frame, F.POSITIONS)
  const capacity = load<u32>(frame, F.POSITION_CAPACITY)
  const rowEnds = <usize>load<u32>(frame, F.ROW_ENDS)
  const maxRows = load<u32>(frame, F.MAX_ROWS)
  const separator = load<u32>(frame, F.SEPARATOR)
  const quote = load<u32>(frame, F.QUOTE)
  const escape = load<u32>(frame, F.ESCAPE)
  const comment = load<u32>(frame, F.COMMENT)
  const mode = load<u32>(frame, F.LINE_MODE)
  const flags = load<u32>(frame, F.FLAGS)
  const bytewise = (flags & 4) != 0

  const separators = i8x16.splat(<i8>separator)
  const quotes = i8x16.splat(<i8>quote)
  const escapes = i8x16.splat(<i8>escape)
  const feeds = i8x16.splat(10)
  const returns = i8x16.splat(13)

  let state: u32 = AT_START
  let count = load<u32>(frame, F.FIRST_POSITION)
  let ends: u32 = 0
  let high: u32 = 0
  // Bits of quotes that follow one in quotes at once, and of what went byte by byte.
  let doubled: u64 = 0
  let quotedBreaks: u64 = 0
  let anyReturn: u64 = 0
  // Whether the byte before the block was a line end of which a line feed at its start is the second half.
  let half: u64 = 0
  let at = from

  while (at < end && ends < maxRows && count + 64 <= capacity) {
    const base = data + at
    const a = v128.load(base)
    const b = v128.load(base, 16)
    const c = v128.load(base, 32)
    const d = v128.load(base, 48)
    const size = end - at
    const inside64: u64 = size >= 64 ? ~(<u64>0) : ((<u64>1) << (<u64>size)) - 1
    high |= <u32>i8x16.bitmask(v128.or(v128.or(a, b), v128.or(c, d)))

    const lf = bits(a, b, c, d, feeds) & inside64
    const cr = mode == 1 ? 0 : rareBits(a, b, c, d, returns) & inside64
    anyReturn |= cr
    let breaks: u64
    let skipped: u64 = 0
    if (mode == 0) {
      skipped = lf & ((cr << 1) | half)
      breaks = (lf ^ skipped) | cr
      half = cr >> 63
    } else if (mode == 1) {
      breaks = lf
    } else if (mode == 2) {
      breaks = cr
    } else {
      const next: u64 = size > 64 && load<u8>(base, 64) == 10 ? 1 : 0
      breaks = cr & ((lf >> 1) | (next << 63))
      skipped = lf & ((breaks << 1) | half)
      half = breaks >> 63
    }

    const separatorBits = bits(a, b, c, d, separators) & inside64
    const quoteBits = quote < 256 ? rareBits(a, b, c, d, quotes) & inside64 : 0
    let structure: u64 = 0
    let rowBits: u64 = 0
    let fast = !bytewise && (escape > 255 || (rareBits(a, b, c, d, escapes) & inside64) == 0) && state < ESCAPED
    if (fast) {
      if (quoteBits == 0 && state != CLOSED) {
        if (state == QUOTED) {
          quotedBreaks += <u64>popcnt(breaks)
        } else {
          structure = separatorBits | breaks
          rowBits = breaks
          const last = <u64>1 << (<u64>(size >= 64 ? 63 : size - 1))
          state = ((structure | skipped) & last) != 0 ? AT_START : UNQUOTED
        }
      } else {
        const carried: u64 = state == QUOTED ? ~(<u64>0) : 0
        const inside = prefixXor(quoteBits) ^ carried
        const opening = quoteBits & inside
        const closing = quoteBits & ~inside
        structure = (separatorBits | breaks) & ~inside
        const starts = ((structure | (skipped & ~inside)) << 1) | <u64>(state == AT_START)
        const afterClosing = (closing << 1) | <u64>(state == CLOSED)
        doubled |= opening & afterClosing
        const misplaced = (opening & ~(starts | afterClosing)) | (afterClosing & inside64 & ~(structure | opening))
        if (misplaced != 0) {
          fast = false
          structure = 0
        } else {
          rowBits = breaks & ~inside
          quotedBreaks += <u64>popcnt(breaks & inside & inside64)
          const last = <u64>1 << (<u64>(size >= 64 ? 63 : size - 1))
          if ((inside & last) != 0) state = QUOTED
          else if (((structure | skipped) & last) != 0) state = AT_START
          else if ((closing & last) != 0) state = CLOSED
          else state = UNQUOTED
        }
      }
    }
    if (!fast) {
      doubled = 1
      const stop: u32 = size >= 64 ? 64 : size
      for (let i: u32 = 0; i < stop; i++) {
        const byte = <u32>load<u8>(base + i)
        const bit = <u64>1 << (<u64>i)
        // The second half of a line end: it belongs to what the first half ended.
        if ((skipped & bit) != 0) {
          if (state == ESCAPED) state = QUOTED
          continue
        }
        const isBreak = (breaks & bit) != 0
        if ((state == QUOTED || state == ESCAPED) && !(isBreak && (flags & 64) != 0)) {
          if (isBreak) quotedBreaks++
          if (state == ESCAPED) state = QUOTED
          else if (byte == escape) state = ESCAPED
          else if (byte == quote) state = CLOSED
          continue
        }
        if (isBreak) {
          structure |= bit
          rowBits |= bit
          state = AT_START
        } else if (state == IN_COMMENT) {
          continue
        } else if (byte == separator) {
          structure |= bit
          state = AT_START
        } else if (state == CLOSED) {
          if (byte == quote && <u32>load<u8>(base + i - 1) == quote) state = QUOTED
          else if ((flags & 2) == 0 || (byte != 32 && byte != 9)) state = (flags & 32) != 0 ? QUOTED : UNQUOTED
        } else if (state == AT_START) {
          if (byte == quote) state = QUOTED
          else if (byte == comment && atRowStart(data, at + i, from, mode)) state = IN_COMMENT
          else if ((flags & 1) == 0 || (byte != 32 && byte != 9)) state = UNQUOTED
        }
      }
    }

    // Row ends first: most blocks have one or none, which takes no branch.
    store<u32>(rowEnds + 4 * (<usize>ends), count + <u32>popcnt(structure & ((rowBits & (0 - rowBits)) - 1)))
    ends += <u32>(rowBits != 0)
    rowBits &= rowBits - 1
    while (rowBits != 0) {
      store<u32>(rowEnds + 4 * (<usize>ends), count + <u32>popcnt(structure & ((rowBits & (0 - rowBits)) - 1)))
      ends++
      rowBits &= rowBits - 1
    }
    // Then all positions; twelve at a time, as most blocks have fewer.
    let target = positions + 4 * (<usize>count)
    count += <u32>popcnt(structure)
    while (structure != 0) {
      structure = fourPositions(target, at, structure)
      structure = fourPositions(target + 16, at, structure)
      structure = fourPositions(target + 32, at, structure)
      target += 48
    }
    at += 64
  }

  store<u32>(frame, state, F.STATE)
  rowsOf(frame, ends, quotedBreaks != 0, anyReturn != 0)
  // What is right as a whole is right between separators, too: then no field needs a look of its own.
  const isRight = high == 0 || csvIsUtf8(data + from, load<u32>(frame, F.CONSUMED) - from)
  store<u32>(frame, <u32>!isRight, F.HAS_HIGH)
  const hasWords = load<u32>(frame, F.NULLS) != 0
  const isRegular = (flags & 3) == 0 && !hasWords && load<u32>(frame, F.IRREGULAR) == 0
  store<u32>(frame, <u32>isRegular, F.IS_REGULAR)
  // A field cut without regard to quotes may look as if it had them.
  store<u32>(frame, <u32>(doubled != 0 || quote > 255), F.HAS_ESCAPES)
}

/** Writes where the four lowest bits are. @returns the others */
// @ts-ignore: decorator
@inline
function fourPositions(target: usize, at: u32, bits: u64): u64 {
  store<u32>(target, at + <u32>ctz(bits))
  bits &= bits - 1
  store<u32>(target, at + <u32>ctz(bits), 4)
  bits &= bits - 1
  store<u32>(target, at + <u32>ctz(bits), 8)
  bits &= bits - 1
  store<u32>(target, at + <u32>ctz(bits), 12)
  return bits & (bits - 1)
}

function atRowStart(data: usize, at: u32, from: u32, mode: u32): bool {
  if (at == from) return true
  const before = load<u8>(data + at - 1)
  return mode == 0 ? before == 10 || before == 13 : mode == 2 ? before == 13 : before == 10
}

function rowsOf(frame: usize, ends: u32, quotedBreaks: bool, anyReturn: bool): void {
  const data = <usize>load<u32>(frame, F.DATA)
  const positions = <usize>load<u32>(frame, F.POSITIONS)
  const rowEnds = <usize>load<u32>(frame, F.ROW_ENDS)
  const rowFirst = <usize>load<u32>(frame, F.ROW_FIRST)
  const rowStart = <usize>load<u32>(frame, F.ROW_START)
  const rowFields = <usize>load<u32>(frame, F.ROW_FIELDS)
  const rowLine = <usize>load<u32>(frame, F.ROW_LINE)
  const maxRows = load<u32>(frame, F.MAX_ROWS)
  const comment = load<u32>(frame, F.COMMENT)
  const mode = load<u32>(frame, F.LINE_MODE)
  const expected = load<u32>(frame, F.EXPECTED)
  // Bytes are looked at only where they may tell something: they have left the caches.
  const pairs = anyReturn && (mode == 0 || mode == 3)
  const hasComments = comment < 256
  let start = load<u32>(frame, F.FROM)
  let line = load<u32>(frame, F.LINE)
  const limit = load<u32>(frame, F.END)
  let first = load<u32>(frame, F.FIRST_POSITION)
  let rows: u32 = 0
  let irregular: u32 = 0
  for (let k: u32 = 0; k < ends && rows < maxRows; k++) {
    const last = load<u32>(rowEnds + 4 * (<usize>k))
    const stop = load<u32>(positions + 4 * (<usize>last))
    const fields = last - first + 1
    if ((fields > 1 || stop > start) && !(hasComments && <u32>load<u8>(data + start) == comment)) {
      const slot: usize = 4 * (<usize>rows)
      store<u32>(rowStart + slot, start)
      store<u32>(rowFirst + slot, first)
      store<u32>(rowFields + slot, fields)
      store<u32>(rowLine + slot, line)
      irregular += <u32>(fields != expected)
      rows++
    }
    line++
    if (quotedBreaks) line += breaksIn(data, start, stop, mode)
    start = stop + 1
    if (pairs && load<u8>(data + stop) == 13 && start < limit && load<u8>(data + start) == 10) start++
    first = last + 1
  }
  store<u32>(frame, rows, F.ROWS)
  store<u32>(frame, start, F.CONSUMED)
  store<u32>(frame, line, F.NEXT_LINE)
  store<u32>(frame, irregular, F.IRREGULAR)
}

function breaksIn(data: usize, start: u32, stop: u32, mode: u32): u32 {
  let breaks: u32 = 0
  for (let i = start; i < stop; i++) {
    const byte = load<u8>(data + i)
    if (byte == 13) {
      if (mode == 3) breaks += <u32>(load<u8>(data + i + 1) == 10)
      else if (mode != 1) breaks++
    } else if (byte == 10) {
      if (mode == 1) breaks++
      else if (mode == 0) breaks += <u32>(i == start || load<u8>(data + i - 1) != 13)
    }
  }
  return breaks
}
