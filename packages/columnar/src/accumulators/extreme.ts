import type { DataType } from '@deltaworks/schema'
import type { Arena } from '../arena.js'
import { byteWidth, fixedColumn, type Column } from '../column.js'
import type { Accumulator, AccumulatorScope, GroupedRows } from './accumulator.js'
import { withValidity } from './group-validity.js'
import { StateBuffer } from './state-buffer.js'
import { valueKind } from './value-kind.js'

/** The greatest (sign 1) or least (sign -1) value of a type of fixed width; NaN is the greatest, false less than true. */
export class Extreme implements Accumulator {
  readonly partialTypes: readonly DataType[]
  readonly #scope: AccumulatorScope
  readonly #type: DataType
  readonly #sign: 1 | -1
  readonly #kind: number
  readonly #states: StateBuffer

  constructor(scope: AccumulatorScope, type: DataType, sign: 1 | -1) {
    this.#scope = scope
    this.#type = type
    this.#sign = sign
    this.#kind = valueKind(type)
    this.#states = new StateBuffer(scope.states, 24)
    this.partialTypes = [type]
  }
  grow(groups: number): void {
    this.#states.grow(groups)
  }
  update({ groups, chosen, rowCount }: GroupedRows, [argument]: readonly Column[]): void {
    const { values, validity } = argument!
    this.#scope.context.kernels['accumulateExtreme']!(
      this.#kind,
      this.#sign,
      values,
      validity,
      groups,
      chosen,
      rowCount,
      this.#states.address,
    )
  }
  partial(arena: Arena, groups: number): Column[] {
    return [this.finish(arena, groups)]
  }
  merge(rows: GroupedRows, columns: readonly Column[]): void {
    this.update(rows, columns)
  }
  finish(arena: Arena, groups: number): Column {
    const width = this.#kind === 0 ? 0 : byteWidth(this.#type)
    const target = arena.allocateZeroed(width === 0 ? (groups + 7) >> 3 : groups * width)
    const validity = arena.allocateZeroed((groups + 7) >> 3)
    this.#scope.context.kernels['accumulateExtremeOut']!(this.#states.address, groups, this.#kind, target, validity)
    return withValidity(arena, fixedColumn(this.#type, groups, target), validity)
  }
  close(): void {
    this.#states.close()
  }
}
