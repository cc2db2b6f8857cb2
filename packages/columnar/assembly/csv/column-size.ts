import { areRegular, endsOf, skipOf, startsOf, startStepOf, stepOf } from './fields'
import * as F from './frame'

/** Bytes of a column over all rows, separators left out: an upper bound of what its strings take. */
export function csvColumnSize(frame: usize, column: u32, rows: u32): u32 {
  let size: u32 = 0
  if (areRegular(frame, column, 0, rows)) {
    const step = stepOf(frame)
    const startStep = startStepOf(frame, column)
    let ends = endsOf(frame, column, 0)
    let starts = startsOf(frame, column, ends, 0)
    for (let r: u32 = 0; r < rows; r++) {
      size += load<u32>(ends) - load<u32>(starts)
      ends += step
      starts += startStep
    }
    return size - rows * skipOf(column)
  }
  const positions = <usize>load<u32>(frame, F.POSITIONS)
  const rowFirst = <usize>load<u32>(frame, F.ROW_FIRST)
  const rowStart = <usize>load<u32>(frame, F.ROW_START)
  const rowFields = <usize>load<u32>(frame, F.ROW_FIELDS)
  for (let r: u32 = 0; r < rows; r++) {
    const slot: usize = 4 * (<usize>r)
    if (load<u32>(rowFields + slot) <= column) continue
    const end = positions + 4 * (<usize>(load<u32>(rowFirst + slot) + column))
    const start = column == 0 ? load<u32>(rowStart + slot) : load<u32>(end - 4) + 1
    size += load<u32>(end) - start
  }
  return size
}
