import type { ColumnarContext, MemoryAccount } from '@deltaworks/columnar'
import {
  columnsOf,
  conjuncts,
  createPruningPredicate,
  type BoundExpression,
  isSimpleFilter,
} from '@deltaworks/expression'
import type { Value } from '@deltaworks/schema'
import type { FileScan, ScanMetrics } from '../file-scan.js'
import { bloomMayHold, loadBloomFilter } from './bloom-probe.js'
import { loadRanges } from './chunk-loading.js'
import { dictionaryMayMatch, hasWholeDictionary } from './dictionary-probe.js'
import { equalityProbe, probedColumns, probeMayMatch, type EqualityProbe } from './equality-probe.js'
import type { OpenedFile } from './footer.js'
import type { FileRange, RowGroup } from './metadata.js'
import { readColumnIndex, readOffsetIndex } from './page-index.js'
import { rowsThatMayMatch, type IndexedColumn } from './prune-pages.js'
import { rowGroupStatistics } from './prune-row-groups.js'
import type { LeafRead, ReadNode } from './read-plan.js'
import { countRows, type RowRange } from './row-ranges.js'

/** Row groups with fewer rows are read rather than asked twice. */
const worthwhileRows = 1000

/**
 * Finds out which rows of a row group may match the scan's filters, the cheapest means first: statistics, Bloom filters,
 * dictionaries, page bounds. Each has its counter. It never leaves out a row that matches.
 */
export class RowGroupPruner {
  readonly #context: ColumnarContext
  readonly #account: MemoryAccount
  readonly #scan: FileScan
  readonly #file: OpenedFile
  readonly #plan: readonly (ReadNode | null)[]
  readonly #metrics: ScanMetrics
  readonly #predicate
  readonly #probes: readonly EqualityProbe[]
  /** Filters of one column each that a dictionary can answer, by the column's position. */
  readonly #ofColumn = new Map<number, BoundExpression[]>()
  readonly #filtered: readonly number[]

  constructor(
    context: ColumnarContext,
    account: MemoryAccount,
    scan: FileScan,
    file: OpenedFile,
    plan: readonly (ReadNode | null)[],
    metrics: ScanMetrics,
  ) {
    this.#context = context
    this.#account = account
    this.#scan = scan
    this.#file = file
    this.#plan = plan
    this.#metrics = metrics
    this.#predicate = createPruningPredicate(scan.filters)
    const filters = scan.filters.flatMap(conjuncts)
    this.#probes = filters.map(equalityProbe).filter((probe) => probe !== null)
    this.#filtered = [...new Set(filters.flatMap(columnsOf))]
    for (const filter of filters) {
      const [column, other] = columnsOf(filter)
      if (column === undefined || other !== undefined || !isSimpleFilter(filter) || isRange(filter)) continue
      this.#ofColumn.set(column, [...(this.#ofColumn.get(column) ?? []), filter])
    }
  }

  /** Ranges of rows that may match, ascending; null: all may. An empty list: none does. */
  async prune(group: RowGroup): Promise<readonly RowRange[] | null> {
    const base = rowGroupStatistics(this.#scan, this.#plan, group)
    const metrics = this.#metrics
    if (!this.#predicate.mayMatch(base)) {
      metrics.rowGroupsPruned++
      metrics.rowGroupsPrunedByStatistics++
      return []
    }
    if (group.rowCount < worthwhileRows) return null
    if (!(await this.#bloomFiltersMayMatch(group))) {
      metrics.rowGroupsPruned++
      metrics.rowGroupsPrunedByBloomFilter++
      return []
    }
    if (!(await this.#dictionariesMayMatch(group))) {
      metrics.rowGroupsPruned++
      metrics.rowGroupsPrunedByDictionary++
      return []
    }
    return this.#prunePages(group)
  }

  #leafOf(column: number): LeafRead | null {
    const node = this.#plan[column]
    return node?.kind === 'leaf' && node.node.repetition === 0 ? node : null
  }

  async #bloomFiltersMayMatch(group: RowGroup): Promise<boolean> {
    const bits = new Map<number, Uint8Array>()
    for (const column of new Set(this.#probes.flatMap(probedColumns))) {
      const range = group.columns[this.#leafOf(column)?.node.leaf ?? -1]?.bloomFilter ?? null
      if (range === null) continue
      const loaded = await loadBloomFilter(this.#scan, this.#file, range)
      this.#metrics.bytesRead += loaded.bytesRead
      if (loaded.bits !== null) bits.set(column, loaded.bits)
    }
    if (bits.size === 0) return true
    const mayHold = (column: number, values: readonly Exclude<Value, null>[]): boolean => {
      const filter = bits.get(column)
      const leaf = this.#leafOf(column)
      if (filter === undefined || leaf === null) return true
      return bloomMayHold(this.#context, this.#account, filter, leaf.node, leaf.type, values)
    }
    return this.#probes.every((probe) => probeMayMatch(probe, mayHold))
  }

  async #dictionariesMayMatch(group: RowGroup): Promise<boolean> {
    for (const [column, filters] of this.#ofColumn) {
      const leaf = this.#leafOf(column)
      const chunk = leaf === null ? undefined : group.columns[leaf.node.leaf]
      if (leaf === null || chunk === undefined || !hasWholeDictionary(chunk)) continue
      const { mayMatch, bytesRead } = await dictionaryMayMatch(
        this.#context,
        this.#account,
        this.#scan,
        this.#file,
        chunk,
        leaf,
        column,
        filters,
      )
      this.#metrics.bytesRead += bytesRead
      if (!mayMatch) return false
    }
    return true
  }

  async #prunePages(group: RowGroup): Promise<readonly RowRange[] | null> {
    const { pageTrial } = this.#file
    if (!pageTrial.next()) return null
    const columns = await this.#indexedColumns(group)
    if (columns.size === 0) return null
    const base = rowGroupStatistics(this.#scan, this.#plan, group)
    const rows = rowsThatMayMatch(this.#predicate, columns, base, group.rowCount)
    const left = countRows(rows)
    pageTrial.note(group.rowCount, left)
    if (left === group.rowCount) return null
    this.#metrics.rowsPrunedByPageIndex += group.rowCount - left
    if (left === 0) {
      this.#metrics.rowGroupsPruned++
      this.#metrics.rowGroupsPrunedByPageIndex++
    }
    return rows
  }

  async #indexedColumns(group: RowGroup): Promise<ReadonlyMap<number, IndexedColumn>> {
    const found: { readonly column: number; readonly leaf: LeafRead; readonly ranges: [FileRange, FileRange] }[] = []
    for (const column of this.#filtered) {
      const leaf = this.#leafOf(column)
      const chunk = leaf === null ? undefined : group.columns[leaf.node.leaf]
      if (leaf === null || chunk === undefined || chunk.columnIndex === null || chunk.offsetIndex === null) continue
      found.push({ column, leaf, ranges: [chunk.columnIndex, chunk.offsetIndex] })
    }
    const result = new Map<number, IndexedColumn>()
    if (found.length === 0) return result
    const { parts, bytesRead } = await loadRanges(
      this.#scan,
      this.#file,
      found.flatMap(({ ranges }) => ranges),
    )
    this.#metrics.bytesRead += bytesRead
    found.forEach(({ column, leaf }, i) => {
      const bounds = readColumnIndex(this.#scan.path, parts[2 * i]!)
      const pages = readOffsetIndex(this.#scan.path, parts[2 * i + 1]!)
      if (bounds.isNull.length === pages.length && pages.length > 0) result.set(column, { leaf, pages, bounds })
    })
    return result
  }
}

/** Whether statistics answer a filter as well as a dictionary would: not asked twice. */
const isRange = (filter: BoundExpression): boolean =>
  filter.kind === 'call' && ['lt', 'le', 'gt', 'ge', 'is_null', 'is_not_null'].includes(filter.name)
