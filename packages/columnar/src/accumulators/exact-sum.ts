import { decimal, divideHalfUp, int64, pow10, type DataType, type Value } from '@deltaworks/schema'
import type { Arena } from '../arena.js'
import { byteWidth, fixedColumn, type Column } from '../column.js'
import { aggregateOverflow } from '../errors.js'
import { columnFromValues } from '../values.js'
import type { Accumulator, AccumulatorScope, AggregateSpec, GroupedRows } from './accumulator.js'
import { nearestDouble } from './exact-float-sum.js'
import { withValidity } from './group-validity.js'
import { StateBuffer } from './state-buffer.js'
import { valueKind } from './value-kind.js'

const stateBytes = 32
/** A group, of what adds up a batch of few. */
const scratchBytes = 64
const partialSum = decimal(38, 0)

/**
 * sum and avg of integers and decimals: sums of 192 bits, which no number of rows can overflow. The sum and the mean of the same
 * values share them: the first adds them up and gives them as its state.
 */
export class ExactSum implements Accumulator {
  readonly partialTypes: readonly DataType[]
  readonly #scope: AccumulatorScope
  readonly #spec: AggregateSpec
  readonly #kind: number
  readonly #isFirst: boolean
  readonly #states: StateBuffer

  /** @param shared what adds up the same values, or null */
  constructor(scope: AccumulatorScope, spec: AggregateSpec, shared: ExactSum | null) {
    this.#scope = scope
    this.#spec = spec
    this.#kind = valueKind(spec.argTypes[0]!)
    this.#isFirst = shared === null
    this.#states = shared === null ? new StateBuffer(scope.states, stateBytes) : shared.#states
    this.partialTypes = this.#isFirst ? [partialSum, int64] : []
  }
  grow(groups: number): void {
    if (this.#isFirst) this.#states.grow(groups)
  }
  update({ groups, chosen, rowCount, few }: GroupedRows, [argument]: readonly Column[]): void {
    if (!this.#isFirst) return
    const { values, validity } = argument!
    const { kernels } = this.#scope.context
    if (few && chosen === 0 && validity === 0 && this.#kind >= 8) {
      const scratch = this.#scope.scratch.allocate(few.count * scratchBytes)
      const { address } = this.#states
      kernels['accumulateSumOfFew']!(this.#kind, values, groups, rowCount, few.count, address, scratch)
      kernels['accumulateAddRows']!(few.rows, few.count, address, stateBytes)
      return
    }
    kernels['accumulateSum']!(this.#kind, values, validity, groups, chosen, rowCount, this.#states.address)
  }
  partial(arena: Arena, groups: number): Column[] {
    if (!this.#isFirst) return []
    const { values } = this.#sums(arena, groups, partialSum)
    const counts = arena.allocate(groups * 8)
    this.#scope.context.kernels['accumulateField']!(this.#states.address + 24, stateBytes, groups, counts)
    return [fixedColumn(partialSum, groups, values), fixedColumn(int64, groups, counts)]
  }
  merge({ groups, rowCount }: GroupedRows, [sums, counts]: readonly Column[]): void {
    if (!this.#isFirst) return
    const { kernels } = this.#scope.context
    kernels['accumulateMergeSum']!(sums!.values, counts!.values, groups, rowCount, this.#states.address)
  }
  finish(arena: Arena, groups: number): Column {
    const { name, type } = this.#spec
    if (name !== 'avg') return this.#sums(arena, groups, type)
    const results: Value[] = []
    for (let group = 0; group < groups; group++) results.push(this.#average(group))
    return columnFromValues(arena, type, results)
  }
  /** @throws ColumnarError DW-COLUMNAR-0003 if a sum does not fit the type */
  #sums(arena: Arena, groups: number, type: DataType): Column {
    const width = byteWidth(type)
    const target = arena.allocate(groups * width)
    const validity = arena.allocateZeroed((groups + 7) >> 3)
    const limit = type.kind === 'decimal' ? this.#limit(arena, type === partialSum ? null : type.precision) : 0
    const { kernels } = this.#scope.context
    const tooLarge = kernels['accumulateSumOut']!(this.#states.address, groups, width, limit, target, validity)
    if (tooLarge >= 0) throw aggregateOverflow('sum', type)
    return withValidity(arena, fixedColumn(type, groups, target), validity)
  }
  /** Address of the least number of two words that has too many digits; null: that has too many bits. */
  #limit(arena: Arena, precision: number | null): number {
    const limit = precision === null ? 1n << 127n : pow10(precision)
    const address = arena.allocate(16)
    arena.heap.u64.set([BigInt.asUintN(64, limit), limit >> 64n], address >>> 3)
    return address
  }
  #average(group: number): Value {
    const { i64, u64 } = this.#scope.context.heap
    const at = (this.#states.address + group * stateBytes) >>> 3
    const count = i64[at + 3]!
    if (count === 0n) return null
    const sum = (i64[at + 2]! << 128n) | (u64[at + 1]! << 64n) | u64[at]!
    const { type, argTypes } = this.#spec
    const argument = argTypes[0]!
    const scale = argument.kind === 'decimal' ? argument.scale : 0
    if (type.kind !== 'decimal') return quotient(sum, count * pow10(scale))
    return divideHalfUp(sum * pow10(type.scale - scale), count)
  }
  close(): void {
    if (this.#isFirst) this.#states.close()
  }
}

/** The nearest double. */
function quotient(sum: bigint, count: bigint): number {
  const magnitude = nearestDouble(sum < 0n ? -sum : sum, count, 0)
  return sum < 0n ? -magnitude : magnitude
}
