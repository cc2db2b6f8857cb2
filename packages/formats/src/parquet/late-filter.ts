import {
  createFilter,
  recordBatch,
  type Arena,
  type Column,
  type ColumnarContext,
  type FilterEvaluator,
  type SelectionVector,
} from '@deltaworks/columnar'
import { columnsOf, conjunction, conjuncts, isSimpleFilter, remapColumns } from '@deltaworks/expression'
import type { Schema } from '@deltaworks/schema'
import type { FileScan } from '../file-scan.js'
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
   * The rows that match.
   * @param columns by position
   */
  select(arena: Arena, columns: ReadonlyMap<number, Column>, rowCount: number): SelectionVector {
    const own = Array.from(this.columns, (position) => columns.get(position)!)
    const selection = this.#filter.select(arena, recordBatch(this.#schema, rowCount, own))
    this.#tried++
    this.#rowsSeen += rowCount
    this.#rowsLeftOut += rowCount - selection.count
    return selection
  }
}

/** Columns that the file holds flat. */
function isReadable(scan: FileScan, plan: readonly (ReadNode | null)[], column: number): boolean {
  const node = plan[column]
  return node?.kind === 'leaf' && node.node.repetition === 0 && column < scan.schema.fields.length
}
