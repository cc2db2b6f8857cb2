import type { DataType } from '@deltaworks/schema'
import type { AddFile } from '../actions/add-file.js'
import { columnBounds, type ColumnBounds } from '../statistics.js'
import { parseExactJson, type ExactJson } from '../exact-json.js'
import type { JsonTemplate } from './json-template.js'
import type { ValueColumns } from './value-columns.js'

/** Some thousand files that were told alike: their values column by column, from which an `AddFile` is made when asked for. */
export interface FileChunk {
  readonly rowCount: number
  readonly columns: ValueColumns
  /** The column of paths, which are plain: the path is its own key, and no file has a deletion vector. */
  readonly pathColumn: number
  /** Bytes that the chunk holds. */
  readonly heldBytes: number
  file(row: number): AddFile
  sizeBytes(row: number): number
  partitionValue(row: number, physicalName: string): string | null | undefined
  physicalRowCount(row: number): number | null
  bounds(row: number, path: readonly string[], type: DataType): ColumnBounds | null
}

/** Statistics whose values stand in columns. */
export class StatisticsColumns {
  readonly #columns: ValueColumns
  readonly #template: JsonTemplate
  readonly #prefix: readonly string[]
  readonly #first: number
  readonly #rowCountHole: number
  readonly #tightHole: number
  /** By path, since a scan asks the same of every row. */
  readonly #holes = new Map<string, readonly [min: number, max: number, nullCount: number]>()
  readonly #constants = new Map<number, ExactJson>()

  /**
   * @param prefix path of the statistics in the template
   * @param first column of the template's first hole
   */
  constructor(columns: ValueColumns, template: JsonTemplate, prefix: readonly string[], first: number) {
    this.#columns = columns
    this.#template = template
    this.#prefix = prefix
    this.#first = first
    const bareHole = (name: string): number => {
      const hole = template.hole([...prefix, name])
      return hole >= 0 && template.holes[hole]!.isText ? -1 : hole
    }
    this.#rowCountHole = bareHole('numRecords')
    this.#tightHole = bareHole('tightBounds')
  }

  rowCount(row: number): number | null {
    const count = this.#rowCountHole < 0 ? NaN : Number(this.#columns.text(this.#first + this.#rowCountHole, row))
    return Number.isSafeInteger(count) && count >= 0 ? count : null
  }

  bounds(row: number, path: readonly string[], type: DataType): ColumnBounds | null {
    const key = path.length === 1 ? path[0]! : path.join('\n')
    let holes = this.#holes.get(key)
    if (holes === undefined) {
      const hole = (member: string): number => this.#template.hole([...this.#prefix, member, ...path])
      holes = [hole('minValues'), hole('maxValues'), hole('nullCount')]
      this.#holes.set(key, holes)
    }
    const isTight = this.#tightHole < 0 || this.#columns.text(this.#first + this.#tightHole, row) !== 'false'
    const [min, max, nullCount] = holes
    return columnBounds(
      type,
      this.#value(min, row),
      this.#value(max, row),
      this.#value(nullCount, row),
      this.rowCount(row),
      isTight,
    )
  }

  #value(hole: number, row: number): ExactJson | undefined {
    if (hole < 0) return undefined
    const column = this.#first + hole
    const isConstant = this.#columns.isConstant(column)
    const known = isConstant ? this.#constants.get(hole) : undefined
    if (known !== undefined) return known
    const text = this.#columns.text(column, row)
    const value = this.#template.holes[hole]!.isText ? text : scalarOf(text)
    if (isConstant) this.#constants.set(hole, value)
    return value
  }
}

function scalarOf(text: string): ExactJson {
  try {
    return parseExactJson(text)
  } catch {
    return null
  }
}
