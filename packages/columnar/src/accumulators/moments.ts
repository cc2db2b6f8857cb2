import { float64, type DataType } from '@deltaworks/schema'
import type { Arena } from '../arena.js'
import type { Column } from '../column.js'
import type { Accumulator, AccumulatorScope, AggregateSpec, GroupedRows } from './accumulator.js'
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
import { valueKind } from './value-kind.js'

/** A sum of values, and one of their squares. */
const stateBytes = 2 * floatSumBytes

/** Variance and standard deviation by exact sums of values and squares: the order of rows does not matter, and nothing cancels. */
export class Moments implements Accumulator {
  readonly partialTypes: readonly DataType[] = [...floatSumTypes, ...floatSumTypes]
  readonly #scope: AccumulatorScope
  readonly #spec: AggregateSpec
  readonly #kind: number
  readonly #unit: number
  readonly #states: StateBuffer

  constructor(scope: AccumulatorScope, spec: AggregateSpec) {
    this.#scope = scope
    this.#spec = spec
    const [argument] = spec.argTypes
    this.#kind = valueKind(argument!)
    this.#unit = argument!.kind === 'decimal' ? 10 ** -argument!.scale : 1
    this.#states = new StateBuffer(scope.states, stateBytes)
  }
  grow(groups: number): void {
    this.#states.grow(groups)
  }
  update({ groups, chosen, rowCount }: GroupedRows, [argument]: readonly Column[]): void {
    const { values, validity } = argument!
    const { kernels } = this.#scope.context
    const { address } = this.#states
    kernels['accumulateMoments']!(this.#kind, this.#unit, values, validity, groups, chosen, rowCount, address)
  }
  partial(arena: Arena, groups: number): Column[] {
    return stateColumns(this.#scope, arena, this.#states.address, stateBytes, groups, this.partialTypes)
  }
  merge(rows: GroupedRows, columns: readonly Column[]): void {
    mergeFloatSums(this.#scope, rows, columns, this.#states.address)
  }
  finish(arena: Arena, groups: number): Column {
    const { name } = this.#spec
    const { heap } = this.#scope.context
    return resultColumn(arena, float64, groups, (group) => {
      const state = this.#states.address + group * stateBytes
      const count = floatSumCount(heap, state)
      const divisor = name.endsWith('_pop') ? count : count - 1
      if (divisor <= 0) return null
      const variance = varianceOf(count, divisor, binarySum(heap, state), binarySum(heap, state + floatSumBytes))
      return name.startsWith('stddev') ? Math.sqrt(variance) : variance
    })
  }
  close(): void {
    this.#states.close()
  }
}

/** (squares - sum² / count) / divisor, rounded once. */
function varianceOf(count: number, divisor: number, sum: BinarySum | null, squares: BinarySum | null): number {
  if (sum === null || squares === null) return Number.NaN
  const power = Math.min(squares.power, 2 * sum.power)
  const difference =
    BigInt(count) * (squares.value << BigInt(squares.power - power)) -
    ((sum.value * sum.value) << BigInt(2 * sum.power - power))
  // Below zero: of what is too small beside the largest value to be kept.
  return difference <= 0n ? 0 : nearestDouble(difference, BigInt(count) * BigInt(divisor), power)
}
