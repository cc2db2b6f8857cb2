// 32-bit hashes of texts for hash tables: eight bytes at a time, folded by multiplication (after wyhash). Not stable across versions.

const K: u64 = 0x9e3779b97f4a7c15

// @ts-ignore: decorator
@inline function fold(hash: u64, word: u64): u64 {
  const product = (hash ^ word) * K
  return product ^ (product >> 29)
}

export function hashTexts(offsets: usize, values: usize, count: usize, target: usize): void {
  for (let i: usize = 0; i < count; i++) {
    const at = offsets + (i << 2)
    let p = values + <usize>load<i32>(at)
    const end = values + <usize>load<i32>(at, 4)
    let hash: u64 = (<u64>(end - p) + 1) * K
    for (; p + 8 <= end; p += 8) hash = fold(hash, load<u64>(p))
    if (p < end) {
      // The last bytes: what lies beyond the text is shifted out.
      const rest = <u64>(end - p)
      hash = fold(hash, load<u64>(p) << ((8 - rest) << 3))
    }
    store<u32>(target + (i << 2), <u32>(hash ^ (hash >> 32)))
  }
}

export * from './columns'
