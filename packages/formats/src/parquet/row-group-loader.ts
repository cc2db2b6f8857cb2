import { Arena, type ColumnarContext, type MemoryAccount } from '@deltaworks/columnar'
import type { DataType } from '@deltaworks/schema'
import type { FileScan, ScanMetrics } from '../file-scan.js'
import { loadChunks, loadRanges } from './chunk-loading.js'
import type { ChunkSegment } from './column-reader.js'
import { fetchPlan, type FetchChunk } from './fetch-plan.js'
import type { OpenedFile } from './footer.js'
import type { RowGroup } from './metadata.js'
import { readOffsetIndex } from './page-index.js'
import type { ReadNode } from './read-plan.js'
import type { RowRange } from './row-ranges.js'
import type { SchemaNode } from './schema-tree.js'

/** A row group whose wanted bytes are in the heap. */
export interface LoadedRowGroup {
  readonly group: RowGroup
  /** What is wanted of it. */
  readonly rows: readonly RowRange[]
  readonly chunks: ReadonlyMap<SchemaNode, readonly ChunkSegment[]>
  /** Holds the bytes; its owner closes it. */
  readonly arena: Arena
}

/** Prunes row groups, decides what to read of them, and reads it. */
export class RowGroupLoader {
  readonly #context: ColumnarContext
  readonly #account: MemoryAccount
  readonly #scan: FileScan
  readonly #file: OpenedFile
  readonly #leaves: readonly SchemaNode[]
  readonly #metrics: ScanMetrics
  readonly #prune: (group: RowGroup) => Promise<readonly RowRange[] | null>

  private constructor(
    context: ColumnarContext,
    account: MemoryAccount,
    scan: FileScan,
    file: OpenedFile,
    leaves: readonly SchemaNode[],
    metrics: ScanMetrics,
    prune: (group: RowGroup) => Promise<readonly RowRange[] | null>,
  ) {
    this.#context = context
    this.#account = account
    this.#scan = scan
    this.#file = file
    this.#leaves = leaves
    this.#metrics = metrics
    this.#prune = prune
  }

  /** Loads what pruning needs only if there is something to prune by. */
  static async create(
    context: ColumnarContext,
    account: MemoryAccount,
    scan: FileScan,
    file: OpenedFile,
    plan: readonly (ReadNode | null)[],
    leaves: ReadonlyMap<SchemaNode, DataType | null>,
    metrics: ScanMetrics,
  ): Promise<RowGroupLoader> {
    let prune: (group: RowGroup) => Promise<readonly RowRange[] | null> = () => Promise.resolve(null)
    if (scan.filters.length > 0) {
      const { RowGroupPruner } = await import('./row-group-pruner.js')
      const pruner = new RowGroupPruner(context, account, scan, file, plan, metrics)
      prune = (group) => pruner.prune(group)
    }
    return new RowGroupLoader(context, account, scan, file, [...leaves.keys()], metrics, prune)
  }

  /** Null if no row of the group can match. */
  async load(group: RowGroup): Promise<LoadedRowGroup | null> {
    if (group.rowCount === 0) return null
    const rows = await this.#prune(group)
    if (rows?.length === 0) return null
    const arena = new Arena(this.#context.heap, this.#account)
    try {
      const plan = fetchPlan(await this.#chunksOf(group, rows !== null), rows, group.rowCount)
      const { chunks, bytesRead } = await loadChunks(this.#scan, this.#file, plan, this.#context.heap, arena)
      this.#metrics.bytesRead += bytesRead
      this.#metrics.pagesTotal += plan.pagesTotal
      this.#metrics.pagesPruned += plan.pagesSkipped
      return {
        group,
        rows: rows ?? [{ start: 0, end: group.rowCount }],
        chunks: new Map(this.#leaves.map((leaf, i) => [leaf, chunks[i]!])),
        arena,
      }
    } catch (error) {
      arena.close()
      throw error
    }
  }

  /** Compressed bytes that the wanted columns of a row group take at most. */
  sizeOf(group: RowGroup): number {
    return this.#leaves.reduce((sum, leaf) => sum + group.columns[leaf.leaf]!.compressedBytes, 0)
  }

  async #chunksOf(group: RowGroup, withPages: boolean): Promise<FetchChunk[]> {
    const chunks = this.#leaves.map((leaf) => group.columns[leaf.leaf]!)
    if (!withPages) return chunks.map((chunk) => ({ chunk, pages: null }))
    const indexes = chunks.flatMap(({ offsetIndex }) => (offsetIndex === null ? [] : [offsetIndex]))
    const { parts, bytesRead } = await loadRanges(this.#scan, this.#file, indexes)
    this.#metrics.bytesRead += bytesRead
    let next = 0
    return chunks.map((chunk) => {
      if (chunk.offsetIndex === null) return { chunk, pages: null }
      const pages = readOffsetIndex(this.#scan.path, parts[next++]!)
      const end = chunk.start + chunk.compressedBytes
      const isInside =
        pages.length > 0 && pages.every((page) => page.offset >= chunk.start && page.offset + page.sizeBytes <= end)
      return { chunk, pages: isInside ? pages : null }
    })
  }
}
