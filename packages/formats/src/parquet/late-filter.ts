import {
  createFilter,
  recordBatch,
  type Arena,
  type Column,
  type ColumnarContext,
  type FilterEvaluator,
} from '@deltaworks/columnar'
import { columnsOf, conjunction, conjuncts, isSimpleFilter, remapColumns } from '@deltaworks/expression'
import type { Schema } from '@deltaworks/schema'
import type { FileScan } from '../file-scan.js'
import type { ReadNode } from './read-plan.js'
import type { RowRange } from './row-ranges.js'

/** Batches of which the filter is tried before it must have left something out; after a row group where it did not, one. */
const trialBatches = 4

/**
 * Late materialisation: the columns that filters look at are decoded first, and the others only for the stretch between the
 * first and the last row that matches. Where that does not pay it stops by itself.
 */
export class LateFilter {
  readonly #filter: FilterEvaluator
  /** Of the columns that filters look at, in the order of `columns`. */
  readonly #schema: Schema
  /** Positions of the columns that filters look at. */
  readonly columns: ReadonlySet<number>
  #trial = trialBatches
  #tried = 0
  #rowsSeen = 0
  #rowsLeftOut = 0

  private constructor(filter: FilterEvaluator, schema: Schema, columns: ReadonlySet<number>) {
    this.#filter = filter
    this.#schema = schema
    this.columns = columns
  }

  /** Null if there is nothing to gain: no filter that a scan may evaluate, or no column besides those it needs. */
  static create(context: ColumnarContext, scan: FileScan, plan: readonly (ReadNode | null)[]): LateFilter | null {
    const filters = scan.filters.flatMap(conjuncts).filter(isSimpleFilter)
    const usable = filters.filter((filter) => columnsOf(filter).every((column) => isReadable(scan, plan, column)))
    const columns = new Set(usable.flatMap(columnsOf))
    const others = plan.filter((node, i) => node !== null && node.kind !== 'missing' && !columns.has(i))
    if (columns.size === 0 || others.length === 0) return null
    const positions = [...columns]
    const schema = { fields: positions.map((position) => scan.schema.fields[position]!) }
    const local = remapColumns(conjunction(usable), (position) => positions.indexOf(position))
    return new LateFilter(createFilter(context, local, schema), schema, columns)
  }

  get isWorthwhile(): boolean {
    return this.#tried < this.#trial || this.#rowsLeftOut * 8 >= this.#rowsSeen
  }

  /** For the next row group: rows may lie otherwise there. */
  restart(): void {
    if (this.#tried > 0) this.#trial = this.isWorthwhile ? trialBatches : 1
    this.#tried = 0
    this.#rowsSeen = 0
    this.#rowsLeftOut = 0
  }

  /**
   * The stretch from the first to the last matching row.
   * @param columns by position
   */
  stretch(arena: Arena, columns: ReadonlyMap<number, Column>, rowCount: number): RowRange {
    const own = Array.from(this.columns, (position) => columns.get(position)!)
    const { address, count } = this.#filter.select(arena, recordBatch(this.#schema, rowCount, own))
    const { i32 } = arena.heap
    const stretch =
      count === 0 ? { start: 0, end: 0 } : { start: i32[address >>> 2]!, end: i32[(address >>> 2) + count - 1]! + 1 }
    this.#tried++
    this.#rowsSeen += rowCount
    this.#rowsLeftOut += rowCount - (stretch.end - stretch.start)
    return stretch
  }
}

/** Columns that the file holds flat. */
function isReadable(scan: FileScan, plan: readonly (ReadNode | null)[], column: number): boolean {
  const node = plan[column]
  return node?.kind === 'leaf' && node.node.repetition === 0 && column < scan.schema.fields.length
}
