import { int64, type DataType } from '@deltaworks/schema'
import { Arena, type MemoryAccount } from './arena.js'
import type { Column } from './column.js'
import type { ColumnarContext } from './context.js'
import { GroupTable } from './group-table.js'
import { PackedKeys } from './group/packed-keys.js'
import { HeapBuffer } from './heap-buffer.js'
import type { SelectionVector } from './take.js'

/** Pairs of matching rows: addresses of int32[count], in probe order, then build order. */
export interface JoinMatches {
  readonly probeRows: number
  readonly buildRows: number
  readonly count: number
}

/**
 * The build side of a hash join: rows by key. A row with a null key matches nothing, but on key columns that compare
 * null-safe. Keys of several columns are one word if the ranges of their values allow.
 *
 * The rows of each group lie side by side; where every key is there once, a group's row is found without.
 */
export class JoinTable {
  readonly #context: ColumnarContext
  readonly #groups: GroupTable
  readonly #packed: PackedKeys | null
  /** int32 a build row: its group, or -1. */
  readonly #groupOf: HeapBuffer
  /** uint32 a group and one more: where its rows begin in `#rows`. */
  readonly #starts: HeapBuffer
  readonly #rows: HeapBuffer
  readonly #matched: HeapBuffer
  readonly #rowCount: number
  #isUnique = false
  #isIdentity = false

  /** @param keys of all build rows; of no rows: anything */
  constructor(
    context: ColumnarContext,
    account: MemoryAccount,
    keyTypes: readonly DataType[],
    nullSafe: readonly boolean[],
    keys: readonly Column[],
    rowCount: number,
  ) {
    const { heap } = context
    this.#context = context
    this.#rowCount = rowCount
    this.#groupOf = new HeapBuffer(heap, account)
    this.#starts = new HeapBuffer(heap, account)
    this.#rows = new HeapBuffer(heap, account)
    this.#matched = new HeapBuffer(heap, account)
    this.#packed = rowCount > 0 && !nullSafe.includes(true) ? packedKeys(context, account, keys, rowCount) : null
    this.#groups =
      this.#packed === null
        ? new GroupTable(context, account, keyTypes, nullSafe)
        : new GroupTable(context, account, [int64], [false])
    const scratch = new Arena(heap, account)
    try {
      if (rowCount > 0) this.#add(this.#packed === null ? keys : [this.#packed.pack(scratch, keys, rowCount)])
      scratch.reset()
      this.#finish()
    } catch (error) {
      this.close()
      throw error
    } finally {
      scratch.close()
    }
  }

  get rowCount(): number {
    return this.#rowCount
  }

  /** Every key is there once: no probe row has more than one match. */
  get isUnique(): boolean {
    return this.#isUnique
  }

  #add(keys: readonly Column[]): void {
    this.#groupOf.ensure(this.#rowCount * 4, 0)
    this.#groups.insert(keys, this.#rowCount, this.#groupOf.address)
  }

  #finish(): void {
    const { kernels, heap } = this.#context
    const { groupCount } = this.#groups
    const count = this.#rowCount
    this.#groups.finish()
    this.#starts.ensure((groupCount + 1) * 4, 0)
    this.#rows.ensure(Math.max(1, count) * 4, 0)
    heap.fill(this.#starts.address, 0, (groupCount + 1) * 4)
    const present = kernels['joinIndex']!(
      this.#groupOf.address,
      count,
      groupCount,
      this.#starts.address,
      this.#rows.address,
    )
    this.#groupOf.close()
    this.#isUnique = present === groupCount
    // Groups are numbered as they first come: where no row has a null key either, a group is its row.
    this.#isIdentity = this.#isUnique && groupCount === count
    if (this.#isUnique) this.#starts.close()
    if (this.#isIdentity) this.#rows.close()
  }

  #keysOf(arena: Arena, keys: readonly Column[], rowCount: number): readonly Column[] {
    return this.#packed === null ? keys : [this.#packed.pack(arena, keys, rowCount)]
  }

  #lookup(arena: Arena, keys: readonly Column[], rowCount: number): number {
    const groupIds = arena.allocate(rowCount * 4)
    this.#groups.lookup(this.#keysOf(arena, keys, rowCount), rowCount, groupIds)
    return groupIds
  }

  /**
   * Pairs of probe rows and build rows with equal keys, in parts of about `mostPairs`: the pairs of a probe row are in one
   * part. Each part is in the arena of parts, which whoever takes it may reset; `arena` is needed until the last.
   */
  *probe(
    arena: Arena,
    keys: readonly Column[],
    rowCount: number,
    mostPairs: number,
    parts: Arena = arena,
  ): Generator<JoinMatches> {
    const { kernels } = this.#context
    const groups = this.#lookup(arena, keys, rowCount)
    if (this.#isUnique) {
      const probeRows = arena.allocate((rowCount + 1) * 4)
      const buildRows = arena.allocate((rowCount + 1) * 4)
      const rows = this.#isIdentity ? 0 : this.#rows.address
      const count = kernels['joinUnique']!(groups, rowCount, rows, probeRows, buildRows)
      yield { probeRows, buildRows, count }
      return
    }
    const starts = this.#starts.address
    for (let from = 0; from < rowCount;) {
      const to = kernels['joinRange']!(groups, from, rowCount, starts, mostPairs)
      const count = kernels['joinCount']!(groups, from, to, starts)
      const probeRows = parts.allocate(count * 4)
      const buildRows = parts.allocate(count * 4)
      kernels['joinPairs']!(groups, from, to, starts, this.#rows.address, probeRows, buildRows)
      if (count > 0) yield { probeRows, buildRows, count }
      from = to
    }
  }

  /** Probe rows that have a match (`wanted` 1), or none (0), ascending. */
  choose(arena: Arena, keys: readonly Column[], rowCount: number, wanted: 0 | 1): SelectionVector {
    const address = arena.allocate((rowCount + 1) * 4)
    const chosen = this.#groups.choose(this.#keysOf(arena, keys, rowCount), rowCount, wanted, address)
    if (chosen !== null) return chosen
    const { kernels } = this.#context
    const groups = this.#lookup(arena, keys, rowCount)
    const flags = arena.allocate(rowCount)
    kernels['joinFlags']!(groups, rowCount, flags)
    return { address, count: kernels['joinChosen']!(flags, rowCount, wanted, address) }
  }

  /** Remembers build rows that had a match (right and full joins). */
  markMatched(buildRows: number, count: number): void {
    this.#context.kernels['joinMark']!(buildRows, count, this.#flags())
  }

  /** Build rows that had a match (`matched`: 1) or never had one (0), ascending. */
  chosenRows(arena: Arena, matched: 0 | 1): SelectionVector {
    const address = arena.allocate((this.#rowCount + 1) * 4)
    const count = this.#context.kernels['joinChosen']!(this.#flags(), this.#rowCount, matched, address)
    return { address, count }
  }

  /** uint8 a build row, 1: had a match; made when first asked for. */
  #flags(): number {
    if (this.#matched.ensure(Math.max(1, this.#rowCount), 0)) {
      this.#context.heap.fill(this.#matched.address, 0, this.#rowCount)
    }
    return this.#matched.address
  }

  close(): void {
    this.#groups.close()
    for (const buffer of [this.#groupOf, this.#starts, this.#rows, this.#matched]) buffer.close()
  }
}

function packedKeys(
  context: ColumnarContext,
  account: MemoryAccount,
  keys: readonly Column[],
  rowCount: number,
): PackedKeys | null {
  const scratch = new Arena(context.heap, account)
  try {
    return PackedKeys.create(context, scratch, keys, rowCount)
  } finally {
    scratch.close()
  }
}
