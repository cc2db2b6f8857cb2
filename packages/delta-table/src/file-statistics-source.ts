import type { ColumnBounds, ColumnStatisticsSource } from '@deltaworks/expression'
import {
  factsOf,
  parsePartitionValue,
  physicalName,
  type AddFile,
  type FileFacts,
  type Snapshot,
} from '@deltaworks/delta-log'
import type { Field, Value } from '@deltaworks/schema'

export { statisticsOf } from '@deltaworks/delta-log'

/** Rows that the file contributes, those of its deletion vector left out; null if the log does not say. */
export const rowCountOf = (file: AddFile): number | null => visibleRowCount(factsOf(file))

export function visibleRowCount(facts: FileFacts): number | null {
  const count = facts.physicalRowCount
  return count === null ? null : count - facts.deletedRowCount
}

/** Values of the table's partition columns in a file, by logical name. @throws DeltaError DW-DELTA-0014 */
export function partitionValuesOf(snapshot: Snapshot, file: AddFile): Record<string, Value> {
  const values: Record<string, Value> = {}
  for (const name of snapshot.partitionColumns) {
    const field = snapshot.schema.fields.find((f) => f.name === name)
    if (field === undefined) continue
    const text = file.partitionValues[physicalName(field, snapshot.columnMapping.mode)]
    values[name] = parsePartitionValue(field.type, text, name)
  }
  return values
}

const maxKnownValues = 10_000

interface StatisticsColumn {
  readonly field: Field
  readonly physical: string
  readonly path: readonly string[]
  readonly isPartition: boolean
  /** Bounds of a partition column by the text of its value, which many files share. */
  readonly known: Map<string, ColumnBounds>
}

/**
 * What the log knows of a file's columns, by position in the table's schema: partition columns have one value, the others the
 * bounds of the statistics. Moves from file to file.
 */
export class FileStatisticsSource implements ColumnStatisticsSource {
  readonly #columns: readonly StatisticsColumn[]
  #facts!: FileFacts
  #rowCount: number | null | undefined

  constructor(snapshot: Snapshot) {
    this.#columns = snapshot.schema.fields.map((field) => {
      const physical = physicalName(field, snapshot.columnMapping.mode)
      return {
        field,
        physical,
        path: [physical],
        isPartition: snapshot.partitionColumns.includes(field.name),
        known: new Map(),
      }
    })
  }

  at(facts: FileFacts): this {
    this.#facts = facts
    this.#rowCount = undefined
    return this
  }

  /** Without statistics one row stands for all: a partition column has the same value in each. */
  get rowCount(): number {
    if (this.#rowCount === undefined) this.#rowCount = this.#facts.physicalRowCount
    return this.#rowCount ?? 1
  }

  column(index: number): ColumnBounds | null {
    const column = this.#columns[index]
    // Columns behind those of the table tell where a row is.
    if (column === undefined) return null
    const { field, physical, path, isPartition } = column
    if (!isPartition) return this.#facts.bounds(path, field.type)
    const text = this.#facts.partitionValue(physical) ?? ''
    const known = column.known.get(text)
    if (known !== undefined) return known
    const value = parsePartitionValue(field.type, this.#facts.partitionValue(physical), field.name)
    if (value === null) return { min: null, max: null, nullCount: this.rowCount }
    const bounds = { min: value, max: value, nullCount: 0 }
    if (column.known.size < maxKnownValues) column.known.set(text, bounds)
    return bounds
  }
}
