import type { DataType } from '@deltaworks/schema'
import type { Arena } from '../arena.js'
import { variableColumn, type Column } from '../column.js'
import { HeapBuffer } from '../heap-buffer.js'
import type { Accumulator, AccumulatorScope, GroupedRows } from './accumulator.js'
import { withValidity } from './group-validity.js'
import { StateBuffer } from './state-buffer.js'

/** The greatest (sign 1) or least (sign -1) text by its bytes. Texts are kept in a pool, which is made anew when half of it is dead. */
export class TextExtreme implements Accumulator {
  readonly partialTypes: readonly DataType[]
  readonly #scope: AccumulatorScope
  readonly #type: DataType
  readonly #sign: 1 | -1
  readonly #states: StateBuffer
  #pool: HeapBuffer
  #poolBytes = 0
  /** Bytes of the pool when it was made. */
  #liveBytes = 0
  #groups = 0

  constructor(scope: AccumulatorScope, type: DataType, sign: 1 | -1) {
    this.#scope = scope
    this.#type = type
    this.#sign = sign
    this.#states = new StateBuffer(scope.states, 16)
    this.#pool = this.#newPool()
    this.partialTypes = [type]
  }
  #newPool(): HeapBuffer {
    return new HeapBuffer(this.#scope.context.heap, this.#scope.account)
  }
  grow(groups: number): void {
    this.#states.grow(groups)
    this.#groups = Math.max(this.#groups, groups)
  }
  update(all: GroupedRows, [argument]: readonly Column[]): void {
    const { scratch, context } = this.#scope
    const { kernels } = context
    const { rows, column } = all.used?.of(all, argument!) ?? { rows: all, column: argument! }
    const { groups, chosen, rowCount } = rows
    const { dictionary, values, validity } = column
    const texts = dictionary ?? column
    const fresh = scratch.allocate(Math.min(rowCount, this.#groups) * 4)
    const count = kernels['accumulateTextExtreme']!(
      this.#sign,
      texts.offsets,
      texts.values,
      dictionary === null ? 0 : values,
      validity,
      groups,
      chosen,
      rowCount,
      this.#states.address,
      this.#pool.address,
      fresh,
    )
    if (count === 0) return
    const bytes = kernels['accumulateTextBytes']!(this.#states.address, fresh, count)
    this.#pool.ensure(this.#poolBytes + bytes, this.#poolBytes)
    kernels['accumulateTextKeep']!(this.#states.address, fresh, count, this.#pool.address, this.#poolBytes)
    this.#poolBytes += bytes
    if (this.#poolBytes > this.#liveBytes * 2 + 65_536) this.#compact()
  }
  #compact(): void {
    const { kernels } = this.#scope.context
    const live = kernels['accumulateTextOut']!(this.#states.address, this.#groups, this.#pool.address, 0, 0, 0)
    const pool = this.#newPool()
    pool.ensure(live, 0)
    kernels['accumulateTextOut']!(this.#states.address, this.#groups, this.#pool.address, 0, pool.address, 0)
    this.#pool.close()
    this.#pool = pool
    this.#poolBytes = live
    this.#liveBytes = live
  }
  partial(arena: Arena, groups: number): Column[] {
    return [this.finish(arena, groups)]
  }
  merge(rows: GroupedRows, columns: readonly Column[]): void {
    this.update(rows, columns)
  }
  finish(arena: Arena, groups: number): Column {
    const out = this.#scope.context.kernels['accumulateTextOut']!
    const { address } = this.#states
    const offsets = arena.allocate((groups + 1) * 4)
    const validity = arena.allocateZeroed((groups + 7) >> 3)
    const bytes = out(address, groups, this.#pool.address, offsets, 0, validity)
    const target = arena.allocate(bytes)
    out(address, groups, this.#pool.address, offsets, target, 0)
    return withValidity(arena, variableColumn(this.#type, groups, offsets, target), validity)
  }
  close(): void {
    this.#states.close()
    this.#pool.close()
  }
}
