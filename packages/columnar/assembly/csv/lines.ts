import { bits, prefixXor, rareBits } from './bits'
import { AT_START, CLOSED, QUOTED, UNQUOTED } from './states'

/* Where `csvCountLines` writes to, as u32. Counts are of what is outside of quotes, but for the three that say otherwise. */
const LINE_FEEDS: usize = 0
const RETURNS: usize = 4
/** `\r\n`, by its second byte. */
const PAIRS: usize = 8
/** Line feeds right behind another. */
const EMPTY: usize = 12
/** Returns right behind a line feed: empty lines of `\r\n`. */
const EMPTY_PAIRS: usize = 16
const QUOTED_LINE_FEEDS: usize = 20
const QUOTED_RETURNS: usize = 24
const QUOTED_PAIRS: usize = 28
/** Whether a quote stands where RFC 4180 does not want it: then the counts tell nothing. */
const IRREGULAR: usize = 32
/** Of the bytes before, and then of these: the state, and the last byte. */
const STATE: usize = 36
const PREVIOUS: usize = 40

/** Line feeds, and those right behind another, of blocks that `plainBlocks` passed. */
const plainCounts: usize = memory.data(8, 8)

// @ts-ignore: decorator
@inline
function either(bytes: v128, a: v128, b: v128): v128 {
  return v128.or(i8x16.eq(bytes, a), i8x16.eq(bytes, b))
}

/** Passes blocks of 64 bytes outside of quotes that have neither quotes nor returns, as most have. @returns how many */
function plainBlocks(at: usize, blocks: u32, quotes: v128, hasQuotes: bool, afterLineFeed: u32): u32 {
  const lineFeed = i8x16.splat(10)
  const carriageReturn = i8x16.splat(13)
  const others = hasQuotes ? quotes : carriageReturn
  let lineFeeds: u32 = 0
  let empty: u32 = 0
  let before = <u64>afterLineFeed
  let block: u32 = 0
  for (; block < blocks; block++) {
    const a = v128.load(at)
    const b = v128.load(at, 16)
    const c = v128.load(at, 32)
    const d = v128.load(at, 48)
    const ab = v128.or(either(a, others, carriageReturn), either(b, others, carriageReturn))
    const cd = v128.or(either(c, others, carriageReturn), either(d, others, carriageReturn))
    if (v128.any_true(v128.or(ab, cd))) break
    const feeds = bits(a, b, c, d, lineFeed)
    lineFeeds += <u32>popcnt(feeds)
    empty += <u32>popcnt(feeds & ((feeds << 1) | before))
    before = feeds >> 63
    at += 64
  }
  store<u32>(plainCounts, lineFeeds)
  store<u32>(plainCounts, empty, 4)
  return block
}

/**
 * Counts what tells of lines, in quotes and outside of them, without looking for fields. Reads up to 63 bytes past the end.
 * @param quote 256: the dialect has none
 * @param separator 256: quotes have other rules than those of RFC 4180, or it is no single byte; every quote is irregular then
 * @param returnsBreak whether `\r` ends a line
 */
export function csvCountLines(
  data: usize,
  length: u32,
  quote: u32,
  separator: u32,
  returnsBreak: bool,
  counts: usize,
): void {
  const quotes = i8x16.splat(<i8>quote)
  const separators = i8x16.splat(<i8>separator)
  const lineFeed = i8x16.splat(10)
  const carriageReturn = i8x16.splat(13)
  const hasQuotes: u64 = quote < 256 ? u64.MAX_VALUE : 0
  const hopeless: u64 = separator < 256 ? 0 : u64.MAX_VALUE
  const breakingReturns: u64 = returnsBreak ? u64.MAX_VALUE : 0
  const previous = load<u32>(counts, PREVIOUS)
  let state = load<u32>(counts, STATE)
  let afterLineFeed = <u64>(previous == 10)
  let afterReturn = <u64>(previous == 13)
  let irregular: u64 = 0
  let lineFeeds: u64 = 0
  let returns: u64 = 0
  let pairs: u64 = 0
  let empty: u64 = 0
  let emptyPairs: u64 = 0
  let quotedLineFeeds: u64 = 0
  let quotedReturns: u64 = 0
  let quotedPairs: u64 = 0
  for (let at: u32 = 0; at < length; at += 64) {
    if (state != QUOTED && state != CLOSED && afterReturn == 0 && at + 64 <= length) {
      const plain = plainBlocks(data + at, (length - at) >> 6, quotes, hasQuotes != 0, <u32>afterLineFeed)
      if (plain != 0) {
        lineFeeds += load<u32>(plainCounts)
        empty += load<u32>(plainCounts, 4)
        at += 64 * plain
        const end = <u32>load<u8>(data + at - 1)
        state = end == 10 || end == separator ? AT_START : UNQUOTED
        afterLineFeed = <u64>(end == 10)
        afterReturn = 0
        if (at >= length) break
      }
    }
    const valid = length - at >= 64 ? u64.MAX_VALUE : ((<u64>1) << (length - at)) - 1
    const last = valid ^ (valid >> 1)
    const a = v128.load(data + at)
    const b = v128.load(data + at, 16)
    const c = v128.load(data + at, 32)
    const d = v128.load(data + at, 48)
    const n = bits(a, b, c, d, lineFeed) & valid
    const r = rareBits(a, b, c, d, carriageReturn) & valid
    const q = rareBits(a, b, c, d, quotes) & valid & hasQuotes
    const breaks = n | (r & breakingReturns)
    let inside: u64 = 0
    if (q == 0 && state != CLOSED) {
      if (state == QUOTED) inside = u64.MAX_VALUE
      else {
        // Of separators only one at the end tells anything.
        const end = load<u8>(data + at + (length - at >= 64 ? 63 : length - at - 1))
        state = (breaks & last) != 0 || <u32>end == separator ? AT_START : UNQUOTED
      }
    } else {
      inside = prefixXor(q) ^ (state == QUOTED ? u64.MAX_VALUE : 0)
      const opening = q & inside
      const closing = q & ~inside
      const structure = (breaks | (bits(a, b, c, d, separators) & valid)) & ~inside
      const starts = (structure << 1) | <u64>(state == AT_START)
      const afterClosing = (closing << 1) | <u64>(state == CLOSED)
      irregular |= (q & hopeless) | (opening & ~(starts | afterClosing)) | (afterClosing & valid & ~(structure | opening))
      if ((inside & last) != 0) state = QUOTED
      else if ((structure & last) != 0) state = AT_START
      else if ((closing & last) != 0) state = CLOSED
      else state = UNQUOTED
    }
    const pair = n & ((r << 1) | afterReturn)
    const behindLineFeed = (n << 1) | afterLineFeed
    const outside = ~inside
    lineFeeds += popcnt(n & outside)
    returns += popcnt(r & outside)
    pairs += popcnt(pair & outside)
    empty += popcnt(n & outside & behindLineFeed)
    emptyPairs += popcnt(r & outside & behindLineFeed)
    if (inside != 0) {
      quotedLineFeeds += popcnt(n & inside)
      quotedReturns += popcnt(r & inside)
      quotedPairs += popcnt(pair & inside)
    }
    afterLineFeed = n >> 63
    afterReturn = r >> 63
  }
  store<u32>(counts, <u32>lineFeeds, LINE_FEEDS)
  store<u32>(counts, <u32>returns, RETURNS)
  store<u32>(counts, <u32>pairs, PAIRS)
  store<u32>(counts, <u32>empty, EMPTY)
  store<u32>(counts, <u32>emptyPairs, EMPTY_PAIRS)
  store<u32>(counts, <u32>quotedLineFeeds, QUOTED_LINE_FEEDS)
  store<u32>(counts, <u32>quotedReturns, QUOTED_RETURNS)
  store<u32>(counts, <u32>quotedPairs, QUOTED_PAIRS)
  store<u32>(counts, <u32>(irregular != 0), IRREGULAR)
  store<u32>(counts, state, STATE)
  if (length > 0) store<u32>(counts, load<u8>(data + length - 1), PREVIOUS)
}
