// Keys of several columns as byte strings, one a row: a null mask, then fixed parts, then texts behind their lengths.

// @ts-ignore: decorator
@inline function isValid(validity: usize, row: u32): bool {
  return validity == 0 || ((<u32>load<u8>(validity + <usize>(row >> 3)) >> (row & 7)) & 1) == 1
}

/** `cursors`: the bytes of each row, `bytes` at first. */
export function keyRowsBegin(bytes: i32, count: u32, cursors: usize): void {
  for (let i: usize = 0; i < count; i++) store<i32>(cursors + (i << 2), bytes)
}

/** Adds a text column's part to the bytes of each row. */
export function keyRowsAddTexts(offsets: usize, validity: usize, count: u32, cursors: usize): void {
  for (let i: u32 = 0; i < count; i++) {
    const at = cursors + (<usize>i << 2)
    const text = offsets + (<usize>i << 2)
    const length = isValid(validity, i) ? load<i32>(text, 4) - load<i32>(text) : 0
    store<i32>(at, load<i32>(at) + 4 + length)
  }
}

/** Bytes of each row to offsets; the cursors then stand behind the null mask and the fixed parts. @returns all bytes */
export function keyRowsOffsets(cursors: usize, count: u32, fixedBytes: i32, offsets: usize): f64 {
  let total: u64 = 0
  for (let i: usize = 0; i < count; i++) {
    const at = cursors + (i << 2)
    store<u32>(offsets + (i << 2), <u32>total)
    const bytes = load<u32>(at)
    store<i32>(at, <i32>total + fixedBytes)
    total += bytes
  }
  store<u32>(offsets + (<usize>count << 2), <u32>total)
  return <f64>total
}

/** Zeroes the null masks. */
export function keyRowsMasks(offsets: usize, count: u32, maskBytes: usize, rows: usize): void {
  for (let i: usize = 0; i < count; i++) {
    const at = rows + <usize>load<u32>(offsets + (i << 2))
    for (let k: usize = 0; k < maskBytes; k++) store<u8>(at + k, 0)
  }
}

/** A part of 8 or 16 bytes at `position` of each row; zeros and a bit of the mask for a null. */
export function keyRowsFixed(
  width: i32,
  values: usize,
  validity: usize,
  count: u32,
  column: u32,
  position: usize,
  offsets: usize,
  rows: usize,
): void {
  for (let i: u32 = 0; i < count; i++) {
    const row = rows + <usize>load<u32>(offsets + (<usize>i << 2))
    const valid = isValid(validity, i)
    if (width == 8) store<u64>(row + position, valid ? load<u64>(values + (<usize>i << 3)) : 0)
    else v128.store(row + position, valid ? v128.load(values + (<usize>i << 4)) : i64x2.splat(0))
    if (!valid) markNull(row, column)
  }
}

// @ts-ignore: decorator
@inline function markNull(row: usize, column: u32): void {
  const at = row + <usize>(column >> 3)
  store<u8>(at, <u8>(<u32>load<u8>(at) | (1 << (column & 7))))
}

export function keyRowsTexts(
  texts: usize,
  values: usize,
  validity: usize,
  count: u32,
  column: u32,
  cursors: usize,
  offsets: usize,
  rows: usize,
): void {
  for (let i: u32 = 0; i < count; i++) {
    const cursor = cursors + (<usize>i << 2)
    const at = rows + <usize>load<u32>(cursor)
    let length: u32 = 0
    if (isValid(validity, i)) {
      const text = texts + (<usize>i << 2)
      length = load<u32>(text, 4) - load<u32>(text)
      store<u32>(at, length)
      copyText(at + 4, values + <usize>load<u32>(text), <usize>length)
    } else {
      store<u32>(at, 0)
      markNull(rows + <usize>load<u32>(offsets + (<usize>i << 2)), column)
    }
    store<u32>(cursor, load<u32>(cursor) + 4 + length)
  }
}

// @ts-ignore: decorator
@inline function copyText(to: usize, from: usize, length: usize): void {
  if (length > 32) {
    memory.copy(to, from, length)
    return
  }
  let i: usize = 0
  for (; i + 8 <= length; i += 8) store<u64>(to + i, load<u64>(from + i))
  for (; i < length; i++) store<u8>(to + i, load<u8>(from + i))
}

/** The way back. A bit of `validity` (zeroed before) for each row whose part is not null. @returns how many are */
export function keyRowsValidity(offsets: usize, rows: usize, count: u32, column: u32, validity: usize): i32 {
  let present = 0
  for (let i: u32 = 0; i < count; i++) {
    const mask = rows + <usize>load<u32>(offsets + (<usize>i << 2))
    if ((<u32>load<u8>(mask + <usize>(column >> 3)) >> (column & 7)) & 1) continue
    const at = validity + <usize>(i >> 3)
    store<u8>(at, <u8>(<u32>load<u8>(at) | (1 << (i & 7))))
    present++
  }
  return present
}

export function keyRowsTakeFixed(
  width: i32,
  position: usize,
  offsets: usize,
  rows: usize,
  count: u32,
  target: usize,
): void {
  for (let i: usize = 0; i < count; i++) {
    const at = rows + <usize>load<u32>(offsets + (i << 2)) + position
    if (width == 8) store<u64>(target + (i << 3), load<u64>(at))
    else v128.store(target + (i << 4), v128.load(at))
  }
}

/** Cursors behind the fixed parts of each row. */
export function keyRowsRewind(offsets: usize, count: u32, fixedBytes: u32, cursors: usize): void {
  for (let i: usize = 0; i < count; i++) {
    store<u32>(cursors + (i << 2), load<u32>(offsets + (i << 2)) + fixedBytes)
  }
}

/** Offsets of the texts at the cursors. @returns their bytes together */
export function keyRowsTextOffsets(cursors: usize, rows: usize, count: u32, target: usize): u32 {
  let total: u32 = 0
  for (let i: usize = 0; i < count; i++) {
    store<u32>(target + (i << 2), total)
    total += load<u32>(rows + <usize>load<u32>(cursors + (i << 2)))
  }
  store<u32>(target + (<usize>count << 2), total)
  return total
}

/** The bytes of the texts at the cursors, which then stand behind them. */
export function keyRowsTakeTexts(cursors: usize, rows: usize, count: u32, target: usize): void {
  let to = target
  for (let i: usize = 0; i < count; i++) {
    const cursor = cursors + (i << 2)
    const at = rows + <usize>load<u32>(cursor)
    const length = load<u32>(at)
    copyText(to, at + 4, <usize>length)
    to += <usize>length
    store<u32>(cursor, load<u32>(cursor) + 4 + length)
  }
}
