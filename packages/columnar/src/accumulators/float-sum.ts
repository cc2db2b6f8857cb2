import type { DataType } from '@deltaworks/schema'
import type { Arena } from '../arena.js'
import type { Column } from '../column.js'
import type { Accumulator, AccumulatorScope, AggregateSpec, GroupedRows } from './accumulator.js'
import { resultColumn, stateColumns } from './float-columns.js'
import { floatSumBytes, floatSumCount, floatSumTypes, mergeFloatSums } from './exact-float-sum.js'
import { StateBuffer } from './state-buffer.js'
import { valueKind } from './value-kind.js'

/** sum and avg of floats, exact until they are rounded in the end: the order of rows does not matter. */
export class FloatSum implements Accumulator {
  readonly partialTypes: readonly DataType[] = floatSumTypes
  readonly #scope: AccumulatorScope
  readonly #spec: AggregateSpec
  readonly #kind: number
  readonly #states: StateBuffer

  constructor(scope: AccumulatorScope, spec: AggregateSpec) {
    this.#scope = scope
    this.#spec = spec
    this.#kind = valueKind(spec.argTypes[0]!)
    this.#states = new StateBuffer(scope.states, floatSumBytes)
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
    return stateColumns(this.#scope, arena, this.#states.address, floatSumBytes, groups, this.partialTypes)
  }
  merge(rows: GroupedRows, columns: readonly Column[]): void {
    mergeFloatSums(this.#scope, rows, columns, this.#states.address)
  }
  finish(arena: Arena, groups: number): Column {
    const { name, type } = this.#spec
    const { heap, kernels } = this.#scope.context
    const sums = arena.allocate(groups * 8)
    kernels['accumulateFloatSumOut']!(this.#states.address, groups, sums)
    return resultColumn(arena, type, groups, (group) => {
      const count = floatSumCount(heap, this.#states.address + group * floatSumBytes)
      if (count === 0) return null
      const total = heap.f64[(sums >>> 3) + group]!
      return name === 'avg' ? total / count : total
    })
  }
  close(): void {
    this.#states.close()
  }
}
