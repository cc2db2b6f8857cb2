import { float64, int64, type DataType } from '@deltaworks/schema'
import type { Arena } from '../arena.js'
import type { Column } from '../column.js'
import type { Accumulator, AccumulatorScope, AggregateSpec, GroupedRows } from './accumulator.js'
import { resultColumn, stateColumns } from './float-columns.js'
import { StateBuffer } from './state-buffer.js'
import { valueKind } from './value-kind.js'

const stateBytes = 24

/** sum and avg of floats, with Neumaier's compensation, so that the order of rows hardly matters. */
export class FloatSum implements Accumulator {
  readonly partialTypes: readonly DataType[] = [float64, float64, int64]
  readonly #scope: AccumulatorScope
  readonly #spec: AggregateSpec
  readonly #kind: number
  readonly #states: StateBuffer

  constructor(scope: AccumulatorScope, spec: AggregateSpec) {
    this.#scope = scope
    this.#spec = spec
    this.#kind = valueKind(spec.argTypes[0]!)
    this.#states = new StateBuffer(scope.states, stateBytes)
  }
  grow(groups: number): void {
    this.#states.grow(groups)
  }
  update({ groups, chosen, rowCount }: GroupedRows, [argument]: readonly Column[]): void {
    const { values, validity } = argument!
    const { kernels } = this.#scope.context
    kernels['accumulateFloatSum']!(this.#kind, values, validity, groups, chosen, rowCount, this.#states.address)
  }
  partial(arena: Arena, groups: number): Column[] {
    return stateColumns(this.#scope, arena, this.#states.address, stateBytes, groups, this.partialTypes)
  }
  merge({ groups, rowCount }: GroupedRows, columns: readonly Column[]): void {
    const [sums, compensations, counts] = columns.map((column) => column.values) as [number, number, number]
    const { kernels } = this.#scope.context
    kernels['accumulateMergeFloatSum']!(sums, compensations, counts, groups, rowCount, this.#states.address)
  }
  finish(arena: Arena, groups: number): Column {
    const { name, type } = this.#spec
    const { f64, i64 } = this.#scope.context.heap
    return resultColumn(arena, type, groups, (group) => {
      const at = (this.#states.address + group * stateBytes) >>> 3
      const count = i64[at + 2]!
      if (count === 0n) return null
      const total = f64[at]! + f64[at + 1]!
      return name === 'avg' ? total / Number(count) : total
    })
  }
  close(): void {
    this.#states.close()
  }
}
