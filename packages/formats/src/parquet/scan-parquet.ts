import {
  Arena,
  constantColumn,
  recordBatch,
  takeBatch,
  targetBatchRows,
  type Column,
  type ColumnarContext,
  type MemoryAccount,
  type RecordBatch,
} from '@deltaworks/columnar'
import type { Schema } from '@deltaworks/schema'
import type { FileScan, ScanMetrics } from '../file-scan.js'
import { assemble, missingColumn, type AssembleContext } from './assemble.js'
import { loadChunks } from './chunk-loading.js'
import { ColumnReader, type LeafRun } from './column-reader.js'
import { openParquet, type OpenedFile } from './footer.js'
import { parquetKernels } from './kernels.js'
import type { RowGroup } from './metadata.js'
import { leavesOf, readPlan, type ReadNode } from './read-plan.js'
import type { SchemaNode } from './schema-tree.js'

/**
 * The rows of a Parquet file, in order. A batch is valid until the next one is asked for.
 * @throws FormatError DW-FORMAT-0001 to 0005, 0008; StorageError; ColumnarError when memory is refused
 */
export async function* scanParquet(
  context: ColumnarContext,
  account: MemoryAccount,
  scan: FileScan,
  metrics?: ScanMetrics,
): AsyncGenerator<RecordBatch, void, undefined> {
  const file = await openParquet(scan.store, scan.path, scan.sizeBytes)
  if (metrics !== undefined) {
    metrics.filesRead++
    metrics.bytesRead += file.bytesRead
  }
  const plan = planColumns(scan, file)
  const mayMatch = await pruning(scan, plan)
  const groups = file.metadata.rowGroups.slice(scan.rowGroups?.first ?? 0, scan.rowGroups?.end)
  const reader = new RowGroupScan(context, account, scan, file, plan)
  try {
    for (const group of groups) {
      if (metrics !== undefined) metrics.rowGroupsTotal++
      if (group.rowCount === 0) continue
      if (!mayMatch(group)) {
        if (metrics !== undefined) metrics.rowGroupsPruned++
        continue
      }
      const bytes = await reader.open(group)
      if (metrics !== undefined) metrics.bytesRead += bytes
      for (let batch = reader.next(); batch !== null; batch = reader.next()) {
        if (metrics !== undefined) {
          metrics.rowsScanned += batch.rowCount
          metrics.rowsDeleted += reader.deletedInBatch
        }
        if (batch.rowCount > 0) yield batch
      }
    }
  } finally {
    reader.close()
  }
}

/** Loads what pruning needs only if there is something to prune by. */
async function pruning(scan: FileScan, plan: readonly (ReadNode | null)[]): Promise<(group: RowGroup) => boolean> {
  if (scan.filters.length === 0) return () => true
  const { rowGroupFilter } = await import('./prune-row-groups.js')
  return rowGroupFilter(scan, plan)
}

/** A read node for every field that comes from the file. */
function planColumns(scan: FileScan, file: OpenedFile): (ReadNode | null)[] {
  const isOwn = (name: string): boolean =>
    !Object.hasOwn(scan.constants, name) && !Object.hasOwn(scan.virtualColumns, name)
  const wanted: Schema = { fields: scan.schema.fields.filter(({ name }) => isOwn(name)) }
  const nodes = readPlan(scan.path, file.metadata.tree, wanted, scan)
  let next = 0
  return scan.schema.fields.map(({ name }) => (isOwn(name) ? nodes[next++]! : null))
}

/** One row group after the other, batch by batch. Memory: a row group's compressed columns and dictionaries, and one batch. */
class RowGroupScan {
  readonly #context: ColumnarContext
  readonly #account: MemoryAccount
  readonly #scan: FileScan
  readonly #file: OpenedFile
  readonly #plan: readonly (ReadNode | null)[]
  readonly #leaves: Map<SchemaNode, Column['type'] | null>
  readonly #batchRows: number
  readonly #groupArena: Arena
  readonly #batchArena: Arena
  readonly #readers = new Map<SchemaNode, ColumnReader>()
  #group: RowGroup | null = null
  #position = 0
  deletedInBatch = 0

  constructor(
    context: ColumnarContext,
    account: MemoryAccount,
    scan: FileScan,
    file: OpenedFile,
    plan: readonly (ReadNode | null)[],
  ) {
    this.#context = context
    this.#account = account
    this.#scan = scan
    this.#file = file
    this.#plan = plan
    this.#leaves = leavesOf(plan.filter((node) => node !== null))
    this.#batchRows = Math.max(1, Math.min(scan.batchRows ?? targetBatchRows, 65_536))
    this.#groupArena = new Arena(context.heap, account)
    this.#batchArena = new Arena(context.heap, account)
  }

  /** Loads a row group's columns. @returns bytes read for it */
  async open(group: RowGroup): Promise<number> {
    this.#closeReaders()
    this.#groupArena.reset()
    this.#group = group
    this.#position = 0
    const { heap } = this.#context
    const leaves = [...this.#leaves.keys()]
    const chunks = leaves.map((leaf) => group.columns[leaf.leaf]!)
    const { addresses, bytesRead } = await loadChunks(this.#scan, this.#file, chunks, heap, this.#groupArena)
    // A row group of one batch needs no arenas of pages: everything ends with the batch.
    const pageAccount = group.rowCount <= this.#batchRows ? null : this.#account
    const kernels = parquetKernels(this.#context)
    leaves.forEach((node, i) => {
      const decode = { heap, kernels, path: this.#scan.path, node }
      const type = this.#leaves.get(node) ?? null
      this.#readers.set(node, new ColumnReader(decode, chunks[i]!, addresses[i]!, type, this.#groupArena, pageAccount))
    })
    return bytesRead
  }

  /** The next batch of the open row group, or null at its end. It may have no rows, if all of them are deleted. */
  next(): RecordBatch | null {
    const group = this.#group
    if (group === null || this.#position >= group.rowCount) return null
    this.#batchArena.reset()
    const rowCount = Math.min(this.#batchRows, group.rowCount - this.#position)
    const firstRow = group.firstRow + this.#position
    this.#position += rowCount
    const batch = recordBatch(this.#scan.schema, rowCount, this.#columns(firstRow, rowCount))
    return this.#withoutDeleted(batch, firstRow)
  }

  close(): void {
    this.#closeReaders()
    this.#groupArena.close()
    this.#batchArena.close()
  }

  #closeReaders(): void {
    for (const reader of this.#readers.values()) reader.close()
    this.#readers.clear()
  }

  #columns(firstRow: number, rowCount: number): Column[] {
    const runs = new Map<SchemaNode, LeafRun>()
    const assembling: AssembleContext = {
      decode: { heap: this.#context.heap, kernels: parquetKernels(this.#context), path: this.#scan.path },
      arena: this.#batchArena,
      runOf: (leaf) => runs.get(leaf)!,
    }
    for (const [leaf, reader] of this.#readers) runs.set(leaf, reader.read(rowCount, this.#batchArena))
    return this.#scan.schema.fields.map((field, i) => {
      const node = this.#plan[i]!
      if (node !== null) return assemble(assembling, node, rowCount)
      return this.#madeColumn(field.name, i, firstRow, rowCount)
    })
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
    const view = this.#context.heap.i32
    for (let i = 0; i < rowCount; i++) {
      const row = firstRow + i
      view[(values >>> 2) + 2 * i] = row | 0
      view[(values >>> 2) + 2 * i + 1] = Math.floor(row / 4_294_967_296)
    }
    return { type, length: rowCount, validity: 0, nullCount: 0, values, offsets: 0, dictionary: null, children: [] }
  }

  #withoutDeleted(batch: RecordBatch, firstRow: number): RecordBatch {
    this.deletedInBatch = 0
    const deleted = this.#scan.deletedRows
    if (deleted === null || deleted.length === 0) return batch
    const end = firstRow + batch.rowCount
    let next = lowerBound(deleted, firstRow)
    if (next === deleted.length || deleted[next]! >= end) return batch
    const address = this.#batchArena.allocate(batch.rowCount * 4)
    const view = this.#context.heap.i32
    let count = 0
    for (let row = firstRow; row < end; row++) {
      if (next < deleted.length && deleted[next] === row) {
        while (next < deleted.length && deleted[next] === row) next++
      } else view[(address >>> 2) + count++] = row - firstRow
    }
    this.deletedInBatch = batch.rowCount - count
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
