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

export function joinCount(groups: usize, count: u32, starts: usize): f64 {
  let pairs: u64 = 0
  for (let i: usize = 0; i < count; i++) {
    const group = load<i32>(groups + (i << 2))
    if (group < 0) continue
    const at = starts + (<usize>group << 2)
    pairs += load<u32>(at, 4) - load<u32>(at)
  }
  return <f64>pairs
}

export function joinPairs(
  groups: usize,
  count: u32,
  starts: usize,
  rows: usize,
  probeRows: usize,
  buildRows: usize,
): void {
  let to: usize = 0
  for (let i: u32 = 0; i < count; i++) {
    const group = load<i32>(groups + (<usize>i << 2))
    if (group < 0) continue
    const at = starts + (<usize>group << 2)
    const end = load<u32>(at, 4)
    for (let k = load<u32>(at); k < end; k++, to += 4) {
      store<u32>(probeRows + to, i)
      store<u32>(buildRows + to, load<u32>(rows + (<usize>k << 2)))
    }
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

/** Rows whose flag is 0, ascending. @returns how many */
export function joinUnmatched(matched: usize, count: u32, target: usize): u32 {
  let to: usize = 0
  for (let i: u32 = 0; i < count; i++) {
    store<u32>(target + to, i)
    to += load<u8>(matched + <usize>i) == 0 ? 4 : 0
  }
  return <u32>(to >> 2)
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
