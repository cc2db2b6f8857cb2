import {
  Arena,
  constantColumn,
  recordBatch,
  selectColumn,
  sliceColumn,
  takeBatch,
  type Column,
  type ColumnarContext,
  type MemoryAccount,
  type RecordBatch,
  type SelectionVector,
} from '@deltaworks/columnar'
import type { DataType } from '@deltaworks/schema'
import type { FileScan, ScanMetrics } from '../file-scan.js'
import { assemble, missingColumn, type AssembleContext } from './assemble.js'
import { ColumnReader, type LeafRun } from './column-reader.js'
import { parquetKernels } from './kernels.js'
import { LateFilter } from './late-filter.js'
import { leavesOf, type ReadNode } from './read-plan.js'
import type { LoadedRowGroup } from './row-group-loader.js'
import type { RowRange } from './row-ranges.js'
import type { SchemaNode } from './schema-tree.js'

/** Of a batch's rows, how many may match for them to be looked up one by one. */
const mostTaken = 0.75

/** A batch, and the row of the group that is its first. */
interface PlacedBatch {
  readonly batch: RecordBatch
  readonly start: number
}

/** One loaded row group after the other, batch by batch. Memory: dictionaries, a page a column, and one batch. */
export class RowGroupReader {
  readonly #context: ColumnarContext
  readonly #account: MemoryAccount
  readonly #scan: FileScan
  readonly #plan: readonly (ReadNode | null)[]
  readonly #leaves: ReadonlyMap<SchemaNode, DataType | null>
  readonly #metrics: ScanMetrics
  readonly #batchRows: number
  readonly #batchArena: Arena
  readonly #late: LateFilter | null
  readonly #lateLeaves: ReadonlySet<SchemaNode>
  /** Leaves that are columns of their own. */
  readonly #flatLeaves: ReadonlySet<SchemaNode>
  readonly #readers = new Map<SchemaNode, ColumnReader>()
  #loaded: LoadedRowGroup | null = null
  #rangeIndex = 0
  #position = 0

  constructor(
    context: ColumnarContext,
    account: MemoryAccount,
    scan: FileScan,
    plan: readonly (ReadNode | null)[],
    leaves: ReadonlyMap<SchemaNode, DataType | null>,
    batchRows: number,
    metrics: ScanMetrics,
  ) {
    this.#context = context
    this.#account = account
    this.#scan = scan
    this.#plan = plan
    this.#leaves = leaves
    this.#batchRows = batchRows
    this.#metrics = metrics
    this.#batchArena = new Arena(context.heap, account)
    const asks = scan.filters.length > 0 || (scan.selectors ?? []).length > 0
    this.#late = asks ? LateFilter.create(context, scan, plan) : null
    const early = plan.filter((node, i): node is ReadNode => node !== null && this.#late?.columns.has(i) === true)
    this.#lateLeaves = new Set(leavesOf(early).keys())
    const flat = plan.filter((node) => node?.kind === 'leaf').filter(({ node }) => node.repetition === 0)
    this.#flatLeaves = new Set(flat.map(({ node }) => node))
  }

  /** Takes a row group over, with its arena. */
  open(loaded: LoadedRowGroup): void {
    this.finishGroup()
    this.#loaded = loaded
    this.#rangeIndex = 0
    this.#position = loaded.rows[0]?.start ?? 0
    this.#late?.restart()
    // What is one batch needs no arenas of pages: everything ends with the batch.
    const [range, more] = loaded.rows
    const isOneBatch = more === undefined && range !== undefined && range.end - range.start <= this.#batchRows
    const pageAccount = isOneBatch ? null : this.#account
    const kernels = parquetKernels(this.#context)
    for (const [node, segments] of loaded.chunks) {
      const decode = { heap: this.#context.heap, kernels, path: this.#scan.path, node }
      const chunk = loaded.group.columns[node.leaf]!
      const type = this.#leaves.get(node) ?? null
      this.#readers.set(node, new ColumnReader(decode, chunk, segments, type, loaded.arena, pageAccount))
    }
  }

  /** The next batch of the open row group, or null at its end. It may have no rows, if all of them are left out. */
  next(): RecordBatch | null {
    const rows = this.#nextRows()
    if (rows === null) return null
    this.#batchArena.reset()
    const late = this.#late?.isWorthwhile === true ? this.#late : null
    const batch = late === null ? this.#batch(rows, new Map()) : this.#lateBatch(late, rows)
    return this.#withoutDeleted(batch.batch, this.#loaded!.group.firstRow + batch.start)
  }

  /** Rows of the group that make the next batch. */
  #nextRows(): RowRange | null {
    const ranges = this.#loaded?.rows ?? []
    let range = ranges[this.#rangeIndex]
    if (range === undefined) return null
    if (this.#position >= range.end) {
      range = ranges[++this.#rangeIndex]
      if (range === undefined) return null
      this.#position = range.start
    }
    const start = this.#position
    const end = Math.min(range.end, start + this.#batchRows)
    this.#position = end
    return { start, end }
  }

  #lateBatch(late: LateFilter, rows: RowRange): PlacedBatch {
    const rowCount = rows.end - rows.start
    const runs = new Map<SchemaNode, LeafRun>()
    this.#readRuns(rows, runs, (leaf) => this.#lateLeaves.has(leaf))
    const context = this.#assembling(runs)
    const early = new Map([...late.columns].map((i) => [i, assemble(context, this.#plan[i]!, rowCount)]))
    const selection = late.select(this.#batchArena, early, rowCount)
    if (selection === null) return this.#batch(rows, early)
    const { address, count } = selection
    if (count === 0) {
      this.#metrics.rowsPrunedLate += rowCount
      return { batch: recordBatch(this.#scan.schema, 0, this.#emptyColumns()), start: rows.start }
    }
    const { i32 } = this.#context.heap
    const start = i32[address >>> 2]!
    const end = i32[(address >>> 2) + count - 1]! + 1
    if ((end - start) * 2 <= rowCount || this.#scan.deletedRows !== null) return this.#stretch(rows, early, start, end)
    if (count > rowCount * mostTaken) return this.#batch(rows, early)
    this.#metrics.rowsPrunedLate += rowCount - count
    for (const [i, column] of early) {
      early.set(i, selectColumn(this.#context, this.#batchArena, column, selection))
    }
    return this.#batch(rows, early, selection)
  }

  /** The rows from the first to the last one that matches: pages before and after them need not be decoded. */
  #stretch(rows: RowRange, early: Map<number, Column>, start: number, end: number): PlacedBatch {
    const rowCount = rows.end - rows.start
    if (end - start < rowCount) {
      this.#metrics.rowsPrunedLate += rowCount - (end - start)
      for (const [i, column] of early) early.set(i, sliceColumn(this.#batchArena, column, start, end))
    }
    return this.#batch({ start: rows.start + start, end: rows.start + end }, early)
  }

  #emptyColumns(): Column[] {
    return this.#scan.schema.fields.map(({ type }) => missingColumn(this.#batchArena, type, 0))
  }

  /**
   * @param early columns that are there already, by position
   * @param selection the rows that are wanted, which are those that `early` has; default: all of them
   */
  #batch(rows: RowRange, early: ReadonlyMap<number, Column>, selection: SelectionVector | null = null): PlacedBatch {
    const rowCount = rows.end - rows.start
    const runs = new Map<SchemaNode, LeafRun>()
    const isWanted = (leaf: SchemaNode): boolean => early.size === 0 || !this.#lateLeaves.has(leaf)
    const selected = this.#readRuns(rows, runs, isWanted, selection)
    const context = this.#assembling(runs)
    const firstRow = this.#loaded!.group.firstRow + rows.start
    const columns = this.#scan.schema.fields.map((field, i) => {
      const known = early.get(i)
      if (known !== undefined) return known
      const node = this.#plan[i]!
      if (selection !== null && node?.kind === 'leaf' && selected.has(node.node))
        return assemble(context, node, selection.count)
      const whole =
        node === null ? this.#madeColumn(field.name, i, firstRow, rowCount) : assemble(context, node, rowCount)
      return selection === null ? whole : selectColumn(this.#context, this.#batchArena, whole, selection)
    })
    return { batch: recordBatch(this.#scan.schema, selection?.count ?? rowCount, columns), start: rows.start }
  }

  /** @returns the leaves of which `runs` has the selected rows alone */
  #readRuns(
    rows: RowRange,
    runs: Map<SchemaNode, LeafRun>,
    isWanted: (leaf: SchemaNode) => boolean,
    selection: SelectionVector | null = null,
  ): ReadonlySet<SchemaNode> {
    const selected = new Set<SchemaNode>()
    for (const [leaf, reader] of this.#readers) {
      if (!isWanted(leaf)) continue
      reader.skipTo(rows.start, this.#batchArena)
      const records = rows.end - rows.start
      if (selection === null || !this.#flatLeaves.has(leaf)) runs.set(leaf, reader.read(records, this.#batchArena))
      else {
        const { run, isSelected } = reader.readRows(records, selection, this.#batchArena)
        runs.set(leaf, run)
        if (isSelected) selected.add(leaf)
      }
    }
    return selected
  }

  #assembling(runs: ReadonlyMap<SchemaNode, LeafRun>): AssembleContext {
    return {
      decode: { heap: this.#context.heap, kernels: parquetKernels(this.#context), path: this.#scan.path },
      arena: this.#batchArena,
      runOf: (leaf) => runs.get(leaf)!,
    }
  }

  close(): void {
    this.finishGroup()
    this.#batchArena.close()
  }

  /** Frees the open row group. */
  finishGroup(): void {
    for (const reader of this.#readers.values()) reader.close()
    this.#readers.clear()
    this.#loaded?.arena.close()
    this.#loaded = null
  }

  #madeColumn(name: string, index: number, firstRow: number, rowCount: number): Column {
    const { type } = this.#scan.schema.fields[index]!
    const arena = this.#batchArena
    if (Object.hasOwn(this.#scan.constants, name)) {
      const value = this.#scan.constants[name]!
      return value === null ? missingColumn(arena, type, rowCount) : constantColumn(arena, type, value, rowCount)
    }
    const kind = this.#scan.virtualColumns[name]
    if (kind === 'file_path') return constantColumn(arena, type, this.#scan.path, rowCount)
    if (kind !== 'row_index') return missingColumn(arena, type, rowCount)
    const values = arena.allocate(rowCount * 8)
    const words = this.#context.heap.i32
    const base = values >>> 2
    const last = firstRow + rowCount - 1
    const high = Math.floor(last / 4_294_967_296)
    for (let i = 0; i < rowCount; i++) {
      words[base + 2 * i] = (firstRow + i) | 0
      words[base + 2 * i + 1] = high
    }
    // A batch that passes 2^32 rows.
    for (let i = 0; i < rowCount && firstRow + i < high * 4_294_967_296; i++) words[base + 2 * i + 1] = high - 1
    return { type, length: rowCount, validity: 0, nullCount: 0, values, offsets: 0, dictionary: null, children: [] }
  }

  #withoutDeleted(batch: RecordBatch, firstRow: number): RecordBatch {
    const deleted = this.#scan.deletedRows
    if (deleted === null || deleted.length === 0) return batch
    const end = firstRow + batch.rowCount
    let next = lowerBound(deleted, firstRow)
    if (next === deleted.length || deleted[next]! >= end) return batch
    const address = this.#batchArena.allocate(batch.rowCount * 4)
    const indexes = this.#context.heap.i32
    let slot = address >>> 2
    for (let row = firstRow; row < end; row++) {
      const stop = next < deleted.length ? Math.min(deleted[next]!, end) : end
      for (; row < stop; row++) indexes[slot++] = row - firstRow
      while (next < deleted.length && deleted[next] === row) next++
    }
    const count = slot - (address >>> 2)
    this.#metrics.rowsDeleted += batch.rowCount - count
    return takeBatch(this.#context, this.#batchArena, batch, { address, count })
  }
}

/** Index of the first element that is at least `value`. */
function lowerBound(ascending: Uint32Array, value: number): number {
  let low = 0
  let high = ascending.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (ascending[middle]! < value) low = middle + 1
    else high = middle
  }
  return low
}
