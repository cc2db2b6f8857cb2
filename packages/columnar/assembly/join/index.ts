// The build rows of a join by group: counting sort, then pairs for probed groups. A group of -1 has no rows.

/** starts (zeroed, groups + 1 of them) and rows by group, ascending in each. @returns how many rows have a group */
export function joinIndex(groupOf: usize, count: u32, groups: u32, starts: usize, rows: usize): u32 {
  let present: u32 = 0
  for (let i: usize = 0; i < count; i++) {
    const group = load<i32>(groupOf + (i << 2))
    if (group < 0) continue
    present++
    const at = starts + (<usize>group << 2)
    store<u32>(at, load<u32>(at) + 1)
  }
  let sum: u32 = 0
  for (let g: usize = 0; g < groups; g++) {
    const at = starts + (g << 2)
    const n = load<u32>(at)
    store<u32>(at, sum)
    sum += n
  }
  store<u32>(starts + (<usize>groups << 2), sum)
  for (let i: u32 = 0; i < count; i++) {
    const group = load<i32>(groupOf + (<usize>i << 2))
    if (group < 0) continue
    const at = starts + (<usize>group << 2)
    const place = load<u32>(at)
    store<u32>(rows + (<usize>place << 2), i)
    store<u32>(at, place + 1)
  }
  // Each start is now its group's end: move them up by one.
  for (let g: usize = <usize>groups; g > 0; g--) store<u32>(starts + (g << 2), load<u32>(starts + ((g - 1) << 2)))
  store<u32>(starts, 0)
  return present
}

/** The end of the longest run of rows from `from` on that has at most `most` pairs: one row at least. */
export function joinRange(groups: usize, from: u32, count: u32, starts: usize, most: u32): u32 {
  let pairs: u64 = 0
  for (let i = from; i < count; i++) {
    const group = load<i32>(groups + (<usize>i << 2))
    if (group < 0) continue
    const at = starts + (<usize>group << 2)
    pairs += load<u32>(at, 4) - load<u32>(at)
    if (pairs > most) return i == from ? i + 1 : i
  }
  return count
}

/** How many pairs rows [from, to) have. */
export function joinCount(groups: usize, from: u32, to: u32, starts: usize): f64 {
  let pairs: u64 = 0
  for (let i = from; i < to; i++) {
    const group = load<i32>(groups + (<usize>i << 2))
    if (group < 0) continue
    const at = starts + (<usize>group << 2)
    pairs += load<u32>(at, 4) - load<u32>(at)
  }
  return <f64>pairs
}

export function joinPairs(
  groups: usize,
  from: u32,
  to: u32,
  starts: usize,
  rows: usize,
  probeRows: usize,
  buildRows: usize,
): void {
  let at: usize = 0
  for (let i = from; i < to; i++) {
    const group = load<i32>(groups + (<usize>i << 2))
    if (group < 0) continue
    const start = starts + (<usize>group << 2)
    const end = load<u32>(start, 4)
    for (let k = load<u32>(start); k < end; k++, at += 4) {
      store<u32>(probeRows + at, i)
      store<u32>(buildRows + at, load<u32>(rows + (<usize>k << 2)))
    }
  }
}

/** Every pair of probe rows [from, to) with build rows [first, end). */
export function joinCross(from: u32, to: u32, first: u32, end: u32, probeRows: usize, buildRows: usize): void {
  let at: usize = 0
  for (let i = from; i < to; i++) {
    for (let k = first; k < end; k++, at += 4) {
      store<u32>(probeRows + at, i)
      store<u32>(buildRows + at, k)
    }
  }
}

/** The build row of each of `count` probe rows, -1 for none; of a probe row there is at most one pair. */
export function joinPad(probe: usize, build: usize, pairs: u32, count: u32, buildRows: usize): void {
  for (let i: usize = 0; i < count; i++) store<i32>(buildRows + (i << 2), -1)
  for (let i: usize = 0; i < pairs; i++) {
    store<u32>(buildRows + (<usize>load<u32>(probe + (i << 2)) << 2), load<u32>(build + (i << 2)))
  }
}

/** Pairs where every group has one row: its own number, or rows[group]. @returns how many */
export function joinUnique(groups: usize, count: u32, rows: usize, probeRows: usize, buildRows: usize): u32 {
  let to: usize = 0
  for (let i: u32 = 0; i < count; i++) {
    const group = load<i32>(groups + (<usize>i << 2))
    store<u32>(probeRows + to, i)
    store<u32>(buildRows + to, rows == 0 || group < 0 ? <u32>group : load<u32>(rows + (<usize>group << 2)))
    to += group < 0 ? 0 : 4
  }
  return <u32>(to >> 2)
}

export function joinFlags(groups: usize, count: u32, flags: usize): void {
  for (let i: usize = 0; i < count; i++) store<u8>(flags + i, load<i32>(groups + (i << 2)) < 0 ? 0 : 1)
}

export function joinMark(rows: usize, count: u32, matched: usize): void {
  for (let i: usize = 0; i < count; i++) {
    const row = load<i32>(rows + (i << 2))
    if (row >= 0) store<u8>(matched + <usize>row, 1)
  }
}

/** Rows whose flag is `wanted`, ascending. @returns how many */
export function joinChosen(flags: usize, count: u32, wanted: u32, target: usize): u32 {
  let to: usize = 0
  for (let i: u32 = 0; i < count; i++) {
    store<u32>(target + to, i)
    to += load<u8>(flags + <usize>i) == wanted ? 4 : 0
  }
  return <u32>(to >> 2)
}

/** Mixes hashes once more: what is put into one partition by them has not the same upper bits in another hash's eyes. */
export function partitionRemix(hashes: usize, count: u32): void {
  for (let i: usize = 0; i < count; i++) store<u32>(hashes + (i << 2), load<u32>(hashes + (i << 2)) * 0x9e3779b1)
}

/** Hashes that `partitionRows` puts into the partitions of these numbers, of which there are 2^(32 - shift). */
export function partitionHashes(numbers: usize, count: u32, shift: u32, hashes: usize): void {
  for (let i: usize = 0; i < count; i++) store<u32>(hashes + (i << 2), load<u32>(numbers + (i << 2)) << shift)
}

/** Rows by partition of their hash, ascending in each; `starts` (zeroed) has partitions + 1. */
export function partitionRows(hashes: usize, count: u32, partitions: u32, starts: usize, rows: usize): void {
  for (let i: usize = 0; i < count; i++) {
    const at = starts + (<usize>partitionOf(load<u32>(hashes + (i << 2)), partitions) << 2)
    store<u32>(at, load<u32>(at) + 1)
  }
  let sum: u32 = 0
  for (let p: usize = 0; p < partitions; p++) {
    const at = starts + (p << 2)
    const n = load<u32>(at)
    store<u32>(at, sum)
    sum += n
  }
  for (let i: u32 = 0; i < count; i++) {
    const at = starts + (<usize>partitionOf(load<u32>(hashes + (<usize>i << 2)), partitions) << 2)
    const place = load<u32>(at)
    store<u32>(rows + (<usize>place << 2), i)
    store<u32>(at, place + 1)
  }
  for (let p: usize = <usize>partitions; p > 0; p--) store<u32>(starts + (p << 2), load<u32>(starts + ((p - 1) << 2)))
  store<u32>(starts, 0)
}

// @ts-ignore: decorator
@inline function partitionOf(hash: u32, partitions: u32): u32 {
  return <u32>((<u64>hash * <u64>partitions) >> 32)
}
