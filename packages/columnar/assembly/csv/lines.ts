/** Where `csvCountLines` writes to, as u32. */
const QUOTES: usize = 0
const LINE_FEEDS: usize = 4
const RETURNS: usize = 8
/** `\r\n`, by its second byte. */
const PAIRS: usize = 12
/** Line feeds right behind another. */
const EMPTY: usize = 16
/** Returns right behind a line feed: empty lines of `\r\n`. */
const EMPTY_PAIRS: usize = 20

// @ts-ignore: decorator
@inline
function where(data: usize, wanted: v128): u64 {
  return (
    <u64>(<u32>i8x16.bitmask(i8x16.eq(v128.load(data), wanted))) |
    (<u64>(<u32>i8x16.bitmask(i8x16.eq(v128.load(data, 16), wanted))) << 16) |
    (<u64>(<u32>i8x16.bitmask(i8x16.eq(v128.load(data, 32), wanted))) << 32) |
    (<u64>(<u32>i8x16.bitmask(i8x16.eq(v128.load(data, 48), wanted))) << 48)
  )
}

/**
 * Counts what tells of lines where nothing is quoted. Reads up to 63 bytes past the end.
 * @param previous the byte before the first one
 */
export function csvCountLines(data: usize, length: u32, quote: u32, previous: u32, counts: usize): void {
  const quotes = i8x16.splat(<i8>quote)
  const lineFeed = i8x16.splat(10)
  const carriageReturn = i8x16.splat(13)
  const hasQuotes: u64 = quote < 256 ? u64.MAX_VALUE : 0
  let afterLineFeed = <u64>(previous == 10)
  let afterReturn = <u64>(previous == 13)
  let quoteCount: u64 = 0
  let lineFeeds: u64 = 0
  let returns: u64 = 0
  let pairs: u64 = 0
  let empty: u64 = 0
  let emptyPairs: u64 = 0
  for (let at: u32 = 0; at < length; at += 64) {
    const valid = length - at >= 64 ? u64.MAX_VALUE : ((<u64>1) << (length - at)) - 1
    const n = where(data + at, lineFeed) & valid
    const r = where(data + at, carriageReturn) & valid
    const behindLineFeed = (n << 1) | afterLineFeed
    quoteCount += popcnt(where(data + at, quotes) & valid & hasQuotes)
    lineFeeds += popcnt(n)
    returns += popcnt(r)
    pairs += popcnt(n & ((r << 1) | afterReturn))
    empty += popcnt(n & behindLineFeed)
    emptyPairs += popcnt(r & behindLineFeed)
    afterLineFeed = n >> 63
    afterReturn = r >> 63
  }
  store<u32>(counts + QUOTES, <u32>quoteCount)
  store<u32>(counts + LINE_FEEDS, <u32>lineFeeds)
  store<u32>(counts + RETURNS, <u32>returns)
  store<u32>(counts + PAIRS, <u32>pairs)
  store<u32>(counts + EMPTY, <u32>empty)
  store<u32>(counts + EMPTY_PAIRS, <u32>emptyPairs)
}
