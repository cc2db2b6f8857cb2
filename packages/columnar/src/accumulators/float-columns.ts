import { float64, type DataType, type Value } from '@deltaworks/schema'
import type { Arena } from '../arena.js'
import { fixedColumn, type Column } from '../column.js'
import type { AccumulatorScope } from './accumulator.js'

/** Words of states of `stride` bytes as columns: from `address` on, one of each type. */
export const stateColumns = (
  { context }: AccumulatorScope,
  arena: Arena,
  address: number,
  stride: number,
  groups: number,
  types: readonly DataType[],
): Column[] =>
  types.map((type, i) => {
    const target = arena.allocate(groups * 8)
    context.kernels['accumulateField']!(address + i * 8, stride, groups, target)
    return fixedColumn(type, groups, target)
  })

/** A column of doubles (or floats) with the result of each group. */
export function resultColumn(
  arena: Arena,
  type: DataType,
  groups: number,
  resultOf: (group: number) => number | null,
): Column {
  const width = type.kind === float64.kind ? 8 : 4
  const target = arena.allocate(groups * width)
  const validity = arena.allocateZeroed((groups + 7) >> 3)
  const { u8, f64, f32 } = arena.heap
  let nullCount = 0
  for (let group = 0; group < groups; group++) {
    const result: Value = resultOf(group)
    if (result === null) {
      nullCount++
      continue
    }
    u8[validity + (group >> 3)]! |= 1 << (group & 7)
    if (width === 8) f64[(target >>> 3) + group] = result
    else f32[(target >>> 2) + group] = result
  }
  return fixedColumn(type, groups, target, nullCount === 0 ? 0 : validity, nullCount)
}
