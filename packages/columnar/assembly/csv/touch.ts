import * as F from './frame'

// @inline
const LINE_BYTES: u32 = 64

/**
 * Reads the bytes and positions of rows [from, to) front to back, which brings them into the core's own cache at the speed of
 * its prefetching; kernels go from row to row, and would wait for each of them.
 * @returns nothing of use, but it has to be computed
 */
export function csvTouch(frame: usize, from: u32, to: u32): u32 {
  if (to <= from) return 0
  const data = <usize>load<u32>(frame, F.DATA)
  const positions = <usize>load<u32>(frame, F.POSITIONS)
  const rowFirst = <usize>load<u32>(frame, F.ROW_FIRST)
  const rowFields = <usize>load<u32>(frame, F.ROW_FIELDS)
  const rowStart = <usize>load<u32>(frame, F.ROW_START)
  const first = load<u32>(rowFirst + 4 * (<usize>from))
  const last = load<u32>(rowFirst + 4 * (<usize>(to - 1))) + load<u32>(rowFields + 4 * (<usize>(to - 1))) - 1
  const start = load<u32>(rowStart + 4 * (<usize>from))
  return (
    linesIn(positions + 4 * (<usize>first), positions + 4 * (<usize>last)) +
    linesIn(data + start, data + load<u32>(positions + 4 * (<usize>last)))
  )
}

// @ts-ignore: decorator
@inline
function linesIn(from: usize, to: usize): u32 {
  let sum: u32 = 0
  for (let at = from; at < to; at += LINE_BYTES) sum += load<u32>(at)
  return sum
}
