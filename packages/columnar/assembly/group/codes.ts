// Columns with few distinct codes (dictionaries, booleans): the distinct combinations of a batch, by an array.

// @ts-ignore: decorator
@inline function isValid(validity: usize, row: u32): bool {
  return validity == 0 || ((<u32>load<u8>(validity + <usize>(row >> 3)) >> (row & 7)) & 1) == 1
}

/** combined = combined * (size + 1) + (code + 1, or 0 for a null). kind: 0 bits, 4 int32 codes */
export function codesCombine(
  kind: i32,
  codes: usize,
  validity: usize,
  count: u32,
  size: i32,
  combined: usize,
): void {
  let first: u32 = 0
  if (kind == 4 && validity == 0) {
    const factor = i32x4.splat(size + 1)
    const one = i32x4.splat(1)
    for (; first + 4 <= count; first += 4) {
      const at = combined + (<usize>first << 2)
      const code = i32x4.add(v128.load(codes + (<usize>first << 2)), one)
      v128.store(at, i32x4.add(i32x4.mul(v128.load(at), factor), code))
    }
  }
  for (let i = first; i < count; i++) {
    let code: i32 = 0
    if (isValid(validity, i)) {
      code =
        1 +
        (kind == 0
          ? <i32>((<u32>load<u8>(codes + <usize>(i >> 3)) >> (i & 7)) & 1)
          : load<i32>(codes + (<usize>i << 2)))
    }
    const at = combined + (<usize>i << 2)
    store<i32>(at, load<i32>(at) * (size + 1) + code)
  }
}

/**
 * Numbers the codes of the rows as they first come. `map` is zeroed, one int32 a possible code; `firstRows` gets a row of each.
 * @returns how many distinct codes there are
 */
export function codesNumber(codes: usize, count: u32, map: usize, firstRows: usize): i32 {
  let distinct = 0
  for (let i: u32 = 0; i < count; i++) {
    const at = codes + (<usize>i << 2)
    const entry = map + (<usize>load<u32>(at) << 2)
    let number = load<i32>(entry)
    if (number == 0) {
      store<i32>(firstRows + (<usize>distinct << 2), i)
      number = ++distinct
      store<i32>(entry, number)
    }
    store<i32>(at, number - 1)
  }
  return distinct
}

/** target[row] = source[index[row]] */
export function codesGather(source: usize, index: usize, count: u32, target: usize): void {
  for (let i: usize = 0; i < count; i++) {
    store<i32>(target + (i << 2), load<i32>(source + (<usize>load<u32>(index + (i << 2)) << 2)))
  }
}
