import {
  createFilter,
  recordBatch,
  selectColumn,
  type Arena,
  type Column,
  type ColumnarContext,
  type FilterEvaluator,
  type SelectionVector,
} from '@deltaworks/columnar'
import { columnsOf, conjunction, conjuncts, isSimpleFilter, remapColumns } from '@deltaworks/expression'
import type { Schema } from '@deltaworks/schema'
import type { FileScan, RowSelector } from '../file-scan.js'
import type { ReadNode } from './read-plan.js'

/** Batches of which the filter is tried before it must have left something out; after a row group where it did not, one. */
const trialBatches = 4
/** One row of so many must be left out, or the filter is not worth evaluating twice. */
const leastLeftOut = 4

/**
 * Late materialisation: the columns that filters look at are decoded first, and of the others only what matches, about. Where
 * that does not pay it stops by itself.
 */
export class LateFilter {
  readonly #context: ColumnarContext
  readonly #filter: FilterEvaluator | null
  readonly #selectors: readonly RowSelector[]
  /** Of the columns of `columns`, in their order. */
  readonly #schema: Schema
  /** Positions of the columns that the filter and the selectors look at. */
  readonly columns: ReadonlySet<number>
  #trial = trialBatches
  #tried = 0
  #rowsSeen = 0
  #rowsLeftOut = 0

  private constructor(
    context: ColumnarContext,
    filter: FilterEvaluator | null,
    selectors: readonly RowSelector[],
    schema: Schema,
    columns: ReadonlySet<number>,
  ) {
    this.#context = context
    this.#filter = filter
    this.#selectors = selectors
    this.#schema = schema
    this.columns = columns
  }

  /** Null if there is nothing to gain: nothing that a scan may evaluate, or no column besides those it needs. */
  static create(context: ColumnarContext, scan: FileScan, plan: readonly (ReadNode | null)[]): LateFilter | null {
    const areReadable = (of: readonly number[]): boolean => of.every((column) => isReadable(scan, plan, column))
    const filters = scan.filters.flatMap(conjuncts).filter(isSimpleFilter)
    const usable = filters.filter((filter) => areReadable(columnsOf(filter)))
    const selectors = (scan.selectors ?? []).filter((selector) => areReadable(selector.columns))
    const columns = new Set([...usable.flatMap(columnsOf), ...selectors.flatMap((selector) => selector.columns)])
    const others = plan.filter((node, i) => node !== null && node.kind !== 'missing' && !columns.has(i))
    if (columns.size === 0 || others.length === 0) return null
    const positions = [...columns]
    const schema = { fields: positions.map((position) => scan.schema.fields[position]!) }
    const local = remapColumns(conjunction(usable), (position) => positions.indexOf(position))
    const filter = usable.length === 0 ? null : createFilter(context, local, schema)
    return new LateFilter(context, filter, selectors, schema, columns)
  }

  get isWorthwhile(): boolean {
    return this.#tried < this.#trial || this.#rowsLeftOut * leastLeftOut >= this.#rowsSeen
  }

  /** For the next row group: rows may lie otherwise there. */
  restart(): void {
    if (this.#tried > 0) this.#trial = this.isWorthwhile ? trialBatches : 1
    this.#tried = 0
    this.#rowsSeen = 0
    this.#rowsLeftOut = 0
  }

  /**
   * The rows that match; null: all of them.
   * @param columns by position
   */
  select(arena: Arena, columns: ReadonlyMap<number, Column>, rowCount: number): SelectionVector | null {
    let selection = this.#filter === null ? null : this.#filtered(this.#filter, arena, columns, rowCount)
    for (const selector of this.#selectors) {
      const count = selection?.count ?? rowCount
      if (count === 0) break
      const some = selector.columns.map((position) => {
        const column = columns.get(position)!
        return selection === null || count === rowCount ? column : selectColumn(this.#context, arena, column, selection)
      })
      const chosen = selector.choose(arena, some, count)
      if (chosen === null || chosen.count === count) continue
      selection = selection === null || count === rowCount ? chosen : this.#rowsOf(arena, selection, chosen)
    }
    this.#tried++
    this.#rowsSeen += rowCount
    this.#rowsLeftOut += rowCount - (selection?.count ?? rowCount)
    return selection
  }

  #filtered(
    filter: FilterEvaluator,
    arena: Arena,
    columns: ReadonlyMap<number, Column>,
    rowCount: number,
  ): SelectionVector {
    const own = Array.from(this.columns, (position) => columns.get(position)!)
    return filter.select(arena, recordBatch(this.#schema, rowCount, own))
  }

  /** Of rows that were chosen, those that were chosen among them. */
  #rowsOf(arena: Arena, rows: SelectionVector, among: SelectionVector): SelectionVector {
    const address = arena.allocate(among.count * 4)
    this.#context.kernels['take32']!(rows.address, among.address, among.count, address)
    return { address, count: among.count }
  }
}

/** Columns that the file holds flat. */
function isReadable(scan: FileScan, plan: readonly (ReadNode | null)[], column: number): boolean {
  const node = plan[column]
  return node?.kind === 'leaf' && node.node.repetition === 0 && column < scan.schema.fields.length
}
