import { float64, int64, pow10, type DataType } from '@deltaworks/schema'
import type { Arena } from '../arena.js'
import type { Column } from '../column.js'
import type { Accumulator, AccumulatorScope, AggregateSpec, GroupedRows } from './accumulator.js'
import { nearestDouble } from './exact-float-sum.js'
import { resultColumn, stateColumns } from './float-columns.js'
import { StateBuffer } from './state-buffer.js'
import { valueKind } from './value-kind.js'

/** Words of a state: the count, the sum (2), the sum of squares (3). */
const words = 6
const stateBytes = words * 8

/** Variance and standard deviation of integers and decimals by exact sums of values and squares. */
export class IntegerMoments implements Accumulator {
  readonly partialTypes: readonly DataType[] = Array.from({ length: words }, () => int64)
  readonly #scope: AccumulatorScope
  readonly #name: string
  readonly #kind: number
  /** Of a square: 10^(2 · scale) is one. */
  readonly #unit: bigint
  readonly #states: StateBuffer

  constructor(scope: AccumulatorScope, { name, argTypes }: AggregateSpec) {
    const [type] = argTypes
    this.#scope = scope
    this.#name = name
    this.#kind = valueKind(type!)
    this.#unit = type!.kind === 'decimal' ? pow10(2 * type!.scale) : 1n
    this.#states = new StateBuffer(scope.states, stateBytes)
  }
  grow(groups: number): void {
    this.#states.grow(groups)
  }
  update({ groups, chosen, rowCount }: GroupedRows, [argument]: readonly Column[]): void {
    const { values, validity } = argument!
    const { kernels } = this.#scope.context
    kernels['accumulateSquares']!(this.#kind, values, validity, groups, chosen, rowCount, this.#states.address)
  }
  partial(arena: Arena, groups: number): Column[] {
    return stateColumns(this.#scope, arena, this.#states.address, stateBytes, groups, this.partialTypes)
  }
  merge({ groups, rowCount }: GroupedRows, columns: readonly Column[]): void {
    const { context, scratch } = this.#scope
    const addresses = scratch.allocate(words * 4)
    columns.forEach(({ values }, i) => (context.heap.u32[(addresses >>> 2) + i] = values))
    context.kernels['accumulateMergeSquares']!(addresses, groups, rowCount, this.#states.address)
  }
  finish(arena: Arena, groups: number): Column {
    const { i64, u64 } = this.#scope.context.heap
    return resultColumn(arena, float64, groups, (group) => {
      const at = (this.#states.address + group * stateBytes) >>> 3
      const count = i64[at]!
      const divisor = this.#name.endsWith('_pop') ? count : count - 1n
      if (divisor <= 0n) return null
      const sum = (i64[at + 2]! << 64n) | u64[at + 1]!
      const squares = (u64[at + 5]! << 128n) | (u64[at + 4]! << 64n) | u64[at + 3]!
      const variance = nearestDouble(count * squares - sum * sum, count * divisor * this.#unit, 0)
      return this.#name.startsWith('stddev') ? Math.sqrt(variance) : variance
    })
  }
  close(): void {
    this.#states.close()
  }
}
