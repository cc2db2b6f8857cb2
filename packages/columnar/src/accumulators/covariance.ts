import { float64, type DataType } from '@deltaworks/schema'
import type { Arena } from '../arena.js'
import type { Column } from '../column.js'
import type { Accumulator, AccumulatorScope, AggregateSpec, GroupedRows } from './accumulator.js'
import { chosenRows } from './chosen-rows.js'
import {
  binarySum,
  floatSumBytes,
  floatSumCount,
  floatSumTypes,
  mergeFloatSums,
  nearestDouble,
  type BinarySum,
} from './exact-float-sum.js'
import { resultColumn, stateColumns } from './float-columns.js'
import { StateBuffer } from './state-buffer.js'

/** Sums of x, y, their products, and their squares. */
const sums = 5
const stateBytes = sums * floatSumBytes

/** Covariance and correlation by exact sums, of the pairs without nulls: the order of rows does not matter, and nothing cancels. */
export class Covariance implements Accumulator {
  readonly partialTypes: readonly DataType[] = Array.from({ length: sums }, () => floatSumTypes).flat()
  readonly #scope: AccumulatorScope
  readonly #name: string
  readonly #states: StateBuffer

  constructor(scope: AccumulatorScope, { name }: AggregateSpec) {
    this.#scope = scope
    this.#name = name
    this.#states = new StateBuffer(scope.states, stateBytes)
  }
  grow(groups: number): void {
    this.#states.grow(groups)
  }
  update({ groups, chosen, rowCount }: GroupedRows, [x, y]: readonly Column[]): void {
    if (x!.type.kind === 'null' || y!.type.kind === 'null') return
    const bitmaps = [x!.validity, y!.validity].filter((validity) => validity !== 0)
    const pairs = chosenRows(this.#scope, chosen, bitmaps, rowCount)
    const squares = this.#name === 'corr' ? 1 : 0
    const { kernels } = this.#scope.context
    kernels['accumulateProducts']!(x!.values, y!.values, groups, pairs, rowCount, squares, this.#states.address)
  }
  partial(arena: Arena, groups: number): Column[] {
    return stateColumns(this.#scope, arena, this.#states.address, stateBytes, groups, this.partialTypes)
  }
  merge(rows: GroupedRows, columns: readonly Column[]): void {
    mergeFloatSums(this.#scope, rows, columns, this.#states.address)
  }
  finish(arena: Arena, groups: number): Column {
    const { heap } = this.#scope.context
    return resultColumn(arena, float64, groups, (group) => {
      const state = this.#states.address + group * stateBytes
      const count = floatSumCount(heap, state)
      if (count === 0 || (count === 1 && this.#name === 'covar_samp')) return null
      const [sx, sy, xy, xx, yy] = Array.from({ length: sums }, (_, i) =>
        binarySum(heap, state + i * floatSumBytes),
      ) as [Sum, Sum, Sum, Sum, Sum]
      if (this.#name !== 'corr') return aboutMeans(count, sx, sy, xy, count - (this.#name === 'covar_samp' ? 1 : 0))
      const [varianceX, varianceY] = [aboutMeans(count, sx, sx, xx, count), aboutMeans(count, sy, sy, yy, count)]
      if (varianceX <= 0 || varianceY <= 0) return null
      return aboutMeans(count, sx, sy, xy, count) / (Math.sqrt(varianceX) * Math.sqrt(varianceY))
    })
  }
  close(): void {
    this.#states.close()
  }
}

type Sum = BinarySum | null

/** (Σxy - Σx Σy / count) / divisor, rounded once; NaN if a sum is not finite. */
function aboutMeans(count: number, x: Sum, y: Sum, products: Sum, divisor: number): number {
  if (x === null || y === null || products === null) return Number.NaN
  const power = Math.min(products.power, x.power + y.power)
  const difference =
    BigInt(count) * (products.value << BigInt(products.power - power)) -
    ((x.value * y.value) << BigInt(x.power + y.power - power))
  const magnitude = nearestDouble(difference < 0n ? -difference : difference, BigInt(count) * BigInt(divisor), power)
  return difference < 0n ? -magnitude : magnitude
}
