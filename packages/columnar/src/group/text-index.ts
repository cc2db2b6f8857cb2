import type { DataType } from '@deltaworks/schema'
import { Arena, type MemoryAccount } from '../arena.js'
import { variableColumn, type Column } from '../column.js'
import type { ColumnarContext } from '../context.js'
import { HeapBuffer } from '../heap-buffer.js'
import type { KeyIndex, NullKeys, TextKeys } from './key-index.js'
import { allButOne, stateAt } from './word-index.js'

const slotBytes = 16
const firstSlots = 4096

/** Distinct byte strings by open addressing (`assembly/group/texts.ts`). */
export class TextIndex implements KeyIndex<TextKeys> {
  readonly #context: ColumnarContext
  readonly #account: MemoryAccount
  readonly #type: DataType
  #slots: HeapBuffer
  readonly #starts: HeapBuffer
  readonly #bytes: HeapBuffer
  readonly #scratch: Arena
  readonly #nullKeys: NullKeys
  #mask = 0
  #usedBytes = 0
  #groupCount = 0
  #nullGroup = -1

  constructor(context: ColumnarContext, account: MemoryAccount, type: DataType, nullKeys: NullKeys) {
    this.#context = context
    this.#account = account
    this.#type = type
    this.#nullKeys = nullKeys
    this.#slots = new HeapBuffer(context.heap, account)
    this.#starts = new HeapBuffer(context.heap, account)
    this.#bytes = new HeapBuffer(context.heap, account)
    this.#scratch = new Arena(context.heap, account)
  }

  get groupCount(): number {
    return this.#groupCount
  }

  insert({ offsets, values, validity }: TextKeys, rowCount: number, groupIds: number): void {
    if (rowCount === 0) return
    const { kernels, heap } = this.#context
    if (this.#mask === 0) this.#begin()
    const hashes = this.#hashes(offsets, values, validity, rowCount)
    let row = 0
    for (;;) {
      const { i32, u32 } = heap
      i32[stateAt] = this.#groupCount
      i32[stateAt + 1] = this.#nullKeys === 'skip' ? -2 : this.#nullGroup
      u32[stateAt + 2] = this.#usedBytes
      const limit = Math.min((this.#mask + 1) / 2, this.#starts.capacityBytes / 4 - 1)
      row =
        kernels['groupTextsInsert']!(
          this.#slots.address,
          this.#mask,
          limit,
          this.#starts.address,
          this.#bytes.address,
          this.#bytes.capacityBytes - 16,
          stateAt * 4,
          offsets,
          values,
          validity,
          hashes,
          row,
          rowCount,
          groupIds,
        ) >>> 0
      this.#groupCount = i32[stateAt]!
      if (this.#nullKeys === 'group') this.#nullGroup = i32[stateAt + 1]!
      this.#usedBytes = u32[stateAt + 2]!
      if (row >= rowCount) break
      if (this.#groupCount >= limit) this.#growSlots()
      else this.#growBytes(heap.i32[(offsets >>> 2) + row + 1]! - heap.i32[(offsets >>> 2) + row]!)
    }
    this.#scratch.reset()
  }

  lookup({ offsets, values, validity }: TextKeys, rowCount: number, groupIds: number): void {
    const { kernels, heap } = this.#context
    if (this.#mask === 0) {
      heap.fill(groupIds, 0xff, rowCount * 4)
      return
    }
    const hashes = this.#hashes(offsets, values, validity, rowCount)
    kernels['groupTextsLookup']!(
      this.#slots.address,
      this.#mask,
      this.#bytes.address,
      this.#nullGroup,
      offsets,
      values,
      validity,
      hashes,
      rowCount,
      groupIds,
    )
    this.#scratch.reset()
  }

  #hashes(offsets: number, values: number, validity: number, rowCount: number): number {
    const hashes = this.#scratch.allocate(rowCount * 4)
    this.#context.kernels['groupTextHashes']!(offsets, values, validity, rowCount, hashes)
    return hashes
  }

  #begin(): void {
    this.#slots.ensure(firstSlots * slotBytes, 0)
    this.#starts.ensure(64, 0)
    this.#bytes.ensure(64, 0)
    const { heap } = this.#context
    heap.fill(this.#slots.address, 0, firstSlots * 16)
    heap.i32[this.#starts.address >>> 2] = 0
    this.#mask = firstSlots - 1
  }

  #growSlots(): void {
    this.#starts.ensure((this.#groupCount + 2) * 4, (this.#groupCount + 1) * 4)
    if (this.#groupCount * 2 <= this.#mask) return
    const size = (this.#mask + 1) * 2
    const slots = new HeapBuffer(this.#context.heap, this.#account)
    slots.ensure(size * slotBytes, 0)
    this.#context.heap.fill(slots.address, 0, size * 16)
    this.#context.kernels['groupTextsRehash']!(this.#slots.address, this.#mask, slots.address, size - 1)
    this.#slots.close()
    this.#slots = slots
    this.#mask = size - 1
  }

  #growBytes(more: number): void {
    this.#bytes.ensure(this.#usedBytes + more + 16, this.#usedBytes)
  }

  /** Where the groups' texts stand, until the next insert: offsets (groupCount + 1 of them) and bytes. */
  get texts(): { readonly offsets: number; readonly values: number } {
    if (this.#mask === 0) this.#begin()
    return { offsets: this.#starts.address, values: this.#bytes.address }
  }

  keys(arena: Arena): Column[] {
    const count = this.#groupCount
    const offsets = arena.allocateZeroed((count + 1) * 4)
    const values = arena.allocate(this.#usedBytes)
    if (count > 0) {
      arena.heap.copy(offsets, this.#starts.address, (count + 1) * 4)
      arena.heap.copy(values, this.#bytes.address, this.#usedBytes)
    }
    const nullCount = this.#nullGroup < 0 ? 0 : 1
    const validity = nullCount === 0 ? 0 : allButOne(arena, count, this.#nullGroup)
    return [variableColumn(this.#type, count, offsets, values, validity, nullCount)]
  }

  close(): void {
    this.#slots.close()
    this.#starts.close()
    this.#bytes.close()
    this.#scratch.close()
  }
}
