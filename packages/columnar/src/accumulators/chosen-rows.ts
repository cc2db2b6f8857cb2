import type { AccumulatorScope } from './accumulator.js'

/** Address of a byte a row: those of `chosen` (0: all) for which the bits of all `bitmaps` are set too. 0: all rows. */
export function chosenRows(
  { context, scratch }: AccumulatorScope,
  chosen: number,
  bitmaps: readonly number[],
  rowCount: number,
): number {
  if (bitmaps.length === 0) return chosen
  const target = scratch.allocate(rowCount)
  context.kernels['accumulateChosen']!(bitmaps[0]!, bitmaps[1] ?? 0, rowCount, target)
  const { u8 } = context.heap
  for (let row = 0; row < rowCount; row++) {
    if (chosen !== 0 && u8[chosen + row] === 0) u8[target + row] = 0
    for (let i = 2; i < bitmaps.length; i++) u8[target + row]! &= (u8[bitmaps[i]! + (row >> 3)]! >> (row & 7)) & 1
  }
  return target
}
