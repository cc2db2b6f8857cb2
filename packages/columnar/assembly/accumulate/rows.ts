/*
 * What all kernels of this folder are given: `validity`, a bitmap or 0: no row is null; `groups`, the group of each row as i32
 * or 0: all are of group 0; `chosen`, a byte a row or 0: all rows count. States lie one behind the other, one a group.
 * Kinds of values: 0 bits, 1, 2, 4, 8 integers of so many bytes, 16 an integer of two words, 5 float, 6 double.
 */

// @ts-ignore: decorator
@inline export function counts(validity: usize, chosen: usize, row: u32): bool {
  if (chosen != 0 && load<u8>(chosen + <usize>row) == 0) return false
  return validity == 0 || ((<u32>load<u8>(validity + <usize>(row >> 3)) >> (row & 7)) & 1) == 1
}

/** Rows whose bits of a bitmap are one word. */
export const blockRows: u32 = 64

/** Whether none of a block's rows is null; `row` is its first, a multiple of `blockRows`. */
// @ts-ignore: decorator
@inline export function allPresent(validity: usize, row: u32): bool {
  return validity == 0 || load<u64>(validity + <usize>(row >> 3)) == <u64>-1
}

// @ts-ignore: decorator
@inline export function groupOf(groups: usize, row: u32): usize {
  return groups == 0 ? 0 : <usize>load<u32>(groups + (<usize>row << 2))
}

/** An integer of up to eight bytes, or a float's bits as a double. */
// @ts-ignore: decorator
@inline export function wordAt(kind: i32, values: usize, row: u32): i64 {
  const at = <usize>row
  switch (kind) {
    case 0:
      return <i64>((<u32>load<u8>(values + (at >> 3)) >> (row & 7)) & 1)
    case 1:
      return <i64>load<i8>(values + at)
    case 2:
      return <i64>load<i16>(values + (at << 1))
    case 4:
      return <i64>load<i32>(values + (at << 2))
    case 5:
      return reinterpret<i64>(<f64>load<f32>(values + (at << 2)))
    default:
      return load<i64>(values + (at << 3))
  }
}

// @ts-ignore: decorator
@inline export function numberAt(kind: i32, values: usize, row: u32): f64 {
  const at = <usize>row
  if (kind == 6) return load<f64>(values + (at << 3))
  if (kind == 5) return <f64>load<f32>(values + (at << 2))
  if (kind == 16) {
    return <f64>load<i64>(values + (at << 4), 8) * 18446744073709551616.0 + <f64>load<u64>(values + (at << 4))
  }
  return <f64>wordAt(kind, values, row)
}

/** A boolean column as a byte a row: 1 where it is true. */
export function accumulateChosen(values: usize, validity: usize, rowCount: u32, target: usize): void {
  for (let row: u32 = 0; row < rowCount; row++) {
    let bits = <u32>load<u8>(values + <usize>(row >> 3))
    if (validity != 0) bits &= <u32>load<u8>(validity + <usize>(row >> 3))
    store<u8>(target + <usize>row, <u8>((bits >> (row & 7)) & 1))
  }
}

/** Row numbers (i32) of the rows that count. @returns how many */
export function accumulateRows(validity: usize, chosen: usize, rowCount: u32, target: usize): u32 {
  let count: u32 = 0
  for (let row: u32 = 0; row < rowCount; row++) {
    if (!counts(validity, chosen, row)) continue
    store<u32>(target + (<usize>count << 2), row)
    count++
  }
  return count
}
