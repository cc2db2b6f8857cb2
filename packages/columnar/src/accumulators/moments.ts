import { float64, type DataType } from '@deltaworks/schema'
import type { Arena } from '../arena.js'
import type { Column } from '../column.js'
import type { Accumulator, AccumulatorScope, AggregateSpec, GroupedRows } from './accumulator.js'
import { resultColumn, stateColumns } from './float-columns.js'
import { StateBuffer } from './state-buffer.js'
import { valueKind } from './value-kind.js'

const stateBytes = 24

/** Variance and standard deviation by mergeable moments (Welford 1962; Chan, Golub, LeVeque 1979). */
export class Moments implements Accumulator {
  readonly partialTypes: readonly DataType[] = [float64, float64, float64]
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
  merge({ groups, rowCount }: GroupedRows, columns: readonly Column[]): void {
    const [counts, means, squares] = columns.map((column) => column.values) as [number, number, number]
    const { kernels } = this.#scope.context
    kernels['accumulateMergeMoments']!(counts, means, squares, groups, rowCount, this.#states.address)
  }
  finish(arena: Arena, groups: number): Column {
    const { name } = this.#spec
    const sample = !name.endsWith('_pop')
    const { f64 } = this.#scope.context.heap
    return resultColumn(arena, float64, groups, (group) => {
      const at = (this.#states.address + group * stateBytes) >>> 3
      const divisor = sample ? f64[at]! - 1 : f64[at]!
      if (divisor <= 0) return null
      const variance = f64[at + 2]! / divisor
      return name.startsWith('stddev') ? Math.sqrt(variance) : variance
    })
  }
  close(): void {
    this.#states.close()
  }
}
