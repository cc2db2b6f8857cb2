/*
 * Texts are packed into an i64: address in the low word, bytes in the high one. New texts are made in a buffer that `state`
 * describes: { cursor, end, overflowed, start of the text being appended to }. When it is full the text is empty and `overflowed`
 * is set; the caller then runs the batch again with a larger buffer.
 */
export function at(text: i64): usize {
  return <usize>(text & 0xffffffff)
}
export function size(text: i64): i32 {
  return <i32>(text >>> 32)
}
export function pack(address: usize, bytes: i32): i64 {
  return ((<i64>bytes) << 32) | (<i64>address)
}

export function exprTextEqual(a: i64, b: i64): i32 {
  const n = size(a)
  if (n != size(b)) return 0
  let p = at(a)
  let q = at(b)
  if (p == q) return 1
  const end = p + <usize>n
  while (p + 8 <= end) {
    if (load<u64>(p) != load<u64>(q)) return 0
    p += 8
    q += 8
  }
  while (p < end) {
    if (load<u8>(p) != load<u8>(q)) return 0
    p++
    q++
  }
  return 1
}

/** -1, 0 or 1: the order of the bytes. */
export function exprTextCompare(a: i64, b: i64): i32 {
  const n = size(a)
  const m = size(b)
  const least = n < m ? n : m
  let p = at(a)
  let q = at(b)
  const end = p + <usize>least
  for (; p + 8 <= end; p += 8, q += 8) {
    const x = load<u64>(p)
    const y = load<u64>(q)
    if (x != y) return bswap<u64>(x) < bswap<u64>(y) ? -1 : 1
  }
  if (p < end) {
    // The last bytes: what lies beyond the shorter text is shifted out.
    const beyond = <u64>(8 - (end - p)) << 3
    const x = bswap<u64>(load<u64>(p)) >> beyond
    const y = bswap<u64>(load<u64>(q)) >> beyond
    if (x != y) return x < y ? -1 : 1
  }
  return n == m ? 0 : n < m ? -1 : 1
}

/** Room for so many bytes, or 0. */
export function room(state: usize, bytes: i32): usize {
  const cursor = load<u32>(state)
  if (<u64>cursor + <u64>bytes > <u64>load<u32>(state, 4)) {
    store<u32>(state, 1, 8)
    return 0
  }
  store<u32>(state, cursor + <u32>bytes)
  return <usize>cursor
}

export function exprTextBegin(state: usize): void {
  store<u32>(state, load<u32>(state), 12)
}
export function exprTextAppend(state: usize, text: i64): void {
  const n = size(text)
  const target = room(state, n)
  if (target != 0) memory.copy(target, at(text), <usize>n)
}
export function exprTextEnd(state: usize): i64 {
  if (load<u32>(state, 8) != 0) return 0
  const start = load<u32>(state, 12)
  return pack(<usize>start, <i32>(load<u32>(state) - start))
}

/** In lower case if the text is Latin-1; -1 if it is not (texts are never so long). */
export function exprTextLower(text: i64, state: usize): i64 {
  return changeCase(text, state, 65)
}
export function exprTextUpper(text: i64, state: usize): i64 {
  return changeCase(text, state, 97)
}
/**
 * `first` is the first letter that changes. Letters from U+00C0 to U+00FE are two bytes, 0xc3 and one whose bit 5 is the case;
 * the signs 0xd7 and 0xf7 among them have none. What changes its length (ß and ÿ in upper case) is for the interpreter.
 */
function changeCase(text: i64, state: usize, first: u8): i64 {
  const n = size(text)
  const source = at(text)
  const toUpper = first == 97
  const firstLatin: u8 = toUpper ? 0xa0 : 0x80
  let changes = false
  for (let i: usize = 0; i < <usize>n; i++) {
    const byte = load<u8>(source + i)
    if (byte < 128) {
      if (byte - first < 26) changes = true
      continue
    }
    if (byte != 0xc3) return -1
    const second = load<u8>(source + ++i)
    if (toUpper && (second == 0x9f || second == 0xbf)) return -1
    if (second - firstLatin < 31 && (second & 0x1f) != 0x17) changes = true
  }
  if (!changes) return text
  const target = room(state, n)
  if (target == 0) return 0
  for (let i: usize = 0; i < <usize>n; i++) {
    const byte = load<u8>(source + i)
    if (byte < 128) {
      store<u8>(target + i, byte - first < 26 ? byte ^ 32 : byte)
      continue
    }
    store<u8>(target + i, byte)
    const second = load<u8>(source + ++i)
    store<u8>(target + i, second - firstLatin < 31 && (second & 0x1f) != 0x17 ? second ^ 32 : second)
  }
  return pack(target, n)
}

/** Without spaces; sides: 1 the start, 2 the end, 3 both. */
export function exprTextTrim(text: i64, sides: i32): i64 {
  let start = at(text)
  let end = start + <usize>size(text)
  if (sides & 1) while (start < end && load<u8>(start) == 32) start++
  if (sides & 2) while (end > start && load<u8>(end - 1) == 32) end--
  return pack(start, <i32>(end - start))
}

/** Characters (code points): the bytes that do not continue one. */
export function exprTextLength(text: i64): i32 {
  const end = at(text) + <usize>size(text)
  let count = 0
  let p = at(text)
  for (; p + 8 <= end; p += 8) {
    const word = load<u64>(p)
    count += 8 - <i32>popcnt<u64>((word >> 7) & (~word >> 6) & 0x0101010101010101)
  }
  for (; p < end; p++) if ((load<u8>(p) & 0xc0) != 0x80) count++
  return count
}

/** The address of the character with the given number (from 0), or the end. */
function character(text: i64, index: i32): usize {
  const end = at(text) + <usize>size(text)
  let p = at(text)
  let left = index
  while (p < end && left > 0) {
    p++
    while (p < end && (load<u8>(p) & 0xc0) == 0x80) p++
    left--
  }
  return p
}

/** As Spark's substring; see the interpreter. */
export function exprTextSubstring(text: i64, position: i32, length: i32): i64 {
  let total: i64 = 0
  if (position < 0) total = <i64>exprTextLength(text)
  const start: i64 = position > 0 ? <i64>position - 1 : position < 0 ? total + <i64>position : 0
  let end: i64 = start + <i64>(length < 0 ? 0 : length)
  if (end <= start || end <= 0) return pack(at(text), 0)
  if (end > 0x7fffffff) end = 0x7fffffff
  const first = character(text, <i32>(start < 0 ? 0 : start))
  const rest = pack(first, <i32>(at(text) + <usize>size(text) - first))
  const last = character(rest, <i32>(end - (start < 0 ? 0 : start)))
  return pack(first, <i32>(last - first))
}

/** The address of the first occurrence at or after `from`, or 0. */
function find(text: i64, part: i64, from: usize): usize {
  const n = <usize>size(part)
  const end = at(text) + <usize>size(text)
  if (n == 0) return from <= end ? from : 0
  const first = load<u8>(at(part))
  for (let p = from; p + n <= end; p++) {
    if (load<u8>(p) == first && memory.compare(p, at(part), n) == 0) return p
  }
  return 0
}

export function exprTextContains(text: i64, part: i64): i32 {
  return find(text, part, at(text)) != 0 || size(part) == 0 ? 1 : 0
}
export function exprTextStarts(text: i64, part: i64): i32 {
  const n = size(part)
  return n <= size(text) && memory.compare(at(text), at(part), <usize>n) == 0 ? 1 : 0
}
export function exprTextEnds(text: i64, part: i64): i32 {
  const n = size(part)
  const m = size(text)
  return n <= m && memory.compare(at(text) + <usize>(m - n), at(part), <usize>n) == 0 ? 1 : 0
}
/** Character number (from 1) of the first occurrence, 0 if there is none. */
export function exprTextPosition(text: i64, part: i64): i32 {
  const found = find(text, part, at(text))
  if (found == 0) return size(part) == 0 ? 1 : 0
  return exprTextLength(pack(at(text), <i32>(found - at(text)))) + 1
}

/** The part with the given number, which must not be 0. */
export function exprTextSplitPart(text: i64, separator: i64, part: i32): i64 {
  const n = <usize>size(separator)
  const end = at(text) + <usize>size(text)
  if (n == 0) return part == 1 || part == -1 ? text : pack(end, 0)
  let wanted = part
  if (part < 0) {
    let count = 1
    for (let p = find(text, separator, at(text)); p != 0; p = find(text, separator, p + n)) count++
    wanted = count + part + 1
    if (wanted < 1) return pack(end, 0)
  }
  let start = at(text)
  let stop = find(text, separator, start)
  for (let i = 1; i < wanted && stop != 0; i++) {
    start = stop + n
    stop = find(text, separator, start)
    if (i + 1 < wanted && stop == 0) return pack(end, 0)
  }
  if (stop == 0) {
    // The text ends before the part, or with it.
    let parts = 1
    for (let p = find(text, separator, at(text)); p != 0; p = find(text, separator, p + n)) parts++
    if (parts < wanted) return pack(end, 0)
  }
  return pack(start, <i32>((stop == 0 ? end : stop) - start))
}

export function exprTextReplace(text: i64, search: i64, replacement: i64, state: usize): i64 {
  const n = <usize>size(search)
  if (n == 0) return text
  let next = find(text, search, at(text))
  if (next == 0) return text
  exprTextBegin(state)
  let start = at(text)
  while (next != 0) {
    exprTextAppend(state, pack(start, <i32>(next - start)))
    exprTextAppend(state, replacement)
    start = next + n
    next = find(text, search, start)
  }
  exprTextAppend(state, pack(start, <i32>(at(text) + <usize>size(text) - start)))
  return exprTextEnd(state)
}

/**
 * LIKE over a pattern in which the bytes 0xff (any text), 0xfe (any character) stand for % and _; no UTF-8 has these bytes, so
 * escapes are gone. Backtracks to the last % only, which is enough.
 */
export function exprTextLike(text: i64, pattern: i64): i32 {
  let p = at(text)
  const end = p + <usize>size(text)
  let q = at(pattern)
  const stop = q + <usize>size(pattern)
  let retryText: usize = 0
  let retryPattern: usize = 0
  while (p < end) {
    if (q < stop) {
      const symbol = load<u8>(q)
      if (symbol == anyText) {
        retryPattern = ++q
        p = firstPlace(p, end, q, stop)
        retryText = p
        continue
      }
      if (symbol == anyCharacter) {
        p++
        while (p < end && (load<u8>(p) & 0xc0) == 0x80) p++
        q++
        continue
      }
      if (symbol == load<u8>(p)) {
        p++
        q++
        continue
      }
    }
    if (retryPattern == 0) return 0
    q = retryPattern
    p = ++retryText
    while (p < end && (load<u8>(p) & 0xc0) == 0x80) p++
    p = firstPlace(p, end, q, stop)
    retryText = p
  }
  while (q < stop && load<u8>(q) == anyText) q++
  return q == stop ? 1 : 0
}

/** In patterns: no byte of UTF-8 is one of these. */
const anyText: u8 = 0xff
const anyCharacter: u8 = 0xfe

/** From `p` on the first place where the next two bytes of a pattern may stand; `end`: there is none. Reads 16 bytes past the end. */
function firstPlace(p: usize, end: usize, q: usize, stop: usize): usize {
  if (q >= stop) return p
  const first = load<u8>(q)
  if (first >= anyCharacter) return p
  const second = q + 1 < stop ? load<u8>(q, 1) : anyText
  const one = i8x16.splat(<i8>first)
  const other = i8x16.splat(<i8>second)
  for (; p < end; p += 16) {
    let places = i8x16.bitmask(i8x16.eq(v128.load(p), one))
    if (second < anyCharacter) places &= i8x16.bitmask(i8x16.eq(v128.load(p, 1), other))
    if (places != 0) {
      const place = p + <usize>ctz(places)
      return place < end ? place : end
    }
  }
  return end
}

/** Whether some part of the text matches: an automaton as `compile/pattern-program.ts` makes it. */
export function exprTextMatches(text: i64, program: i64): i32 {
  let p = at(text)
  const end = p + <usize>size(text)
  const classes = at(program)
  const width = <usize>load<u16>(classes, 256)
  let state = <usize>load<u16>(classes, 258)
  while (p < end && state > 1) {
    const next = (state * width + <usize>load<u8>(classes + <usize>load<u8>(p))) << 1
    state = <usize>load<u16>(classes + next, 260)
    p++
  }
  return state > 1 ? <i32>load<u16>(classes + (((state + 1) * width - 1) << 1), 260) : <i32>state
}

/** Bytes of all the texts. */
export function exprTextTotal(texts: usize, count: i32): f64 {
  let total: i64 = 0
  for (let i: usize = 0; i < <usize>count; i++) total += load<i64>(texts + i * 8) >>> 32
  return <f64>total
}
/** Offsets and bytes of the texts. */
export function exprTextGather(texts: usize, count: i32, offsets: usize, bytes: usize): void {
  let position = 0
  for (let i: usize = 0; i < <usize>count; i++) {
    store<i32>(offsets + i * 4, position)
    const text = load<i64>(texts + i * 8)
    const n = size(text)
    const source = at(text)
    const target = bytes + <usize>position
    if (n <= 16) {
      // Arena memory may be read and written 16 bytes past a text; the next text overwrites them.
      v128.store(target, v128.load(source))
    } else memory.copy(target, source, <usize>n)
    position += n
  }
  store<i32>(offsets + <usize>count * 4, position)
}

/** Each byte that stands in `from` (as long as `to`, ASCII both) is the one at its place in `to`. */
export function exprTextTranslate(text: i64, from: i64, to: i64, state: usize): i64 {
  const bytes = size(text)
  const target = room(state, bytes)
  if (target == 0) return 0
  const count = <usize>size(from)
  for (let i: usize = 0; i < <usize>bytes; i++) {
    let byte = load<u8>(at(text) + i)
    for (let j: usize = 0; j < count; j++) {
      if (load<u8>(at(from) + j) != byte) continue
      byte = load<u8>(at(to) + j)
      break
    }
    store<u8>(target + i, byte)
  }
  return pack(target, bytes)
}
