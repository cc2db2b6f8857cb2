import type { ColumnStatisticsSource } from '@deltaworks/expression'
import {
  parsePartitionValue,
  parseStatistics,
  physicalName,
  type AddFile,
  type FileStatistics,
  type Snapshot,
} from '@deltaworks/delta-log'
import type { Value } from '@deltaworks/schema'

const parsed = new WeakMap<AddFile, FileStatistics | null>()

/** The file's statistics, parsed once. */
export function statisticsOf(file: AddFile): FileStatistics | null {
  let statistics = parsed.get(file)
  if (statistics === undefined) {
    statistics = parseStatistics(file.stats)
    parsed.set(file, statistics)
  }
  return statistics
}

/** Where writers put it, all that is asked of most files. */
const leadingRowCount = /^\{"numRecords":(\d{1,15})[,}]/

/** Rows that the file contributes, those of its deletion vector left out; null if the log does not say. */
export function rowCountOf(file: AddFile): number | null {
  const leading = parsed.has(file) ? null : leadingRowCount.exec(file.stats ?? '')
  const count = leading === null ? (statisticsOf(file)?.rowCount ?? null) : Number(leading[1])
  return count === null ? null : count - (file.deletionVector?.cardinality ?? 0)
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

/**
 * What the log knows of a file's columns, by position in the table's schema: partition columns have one value, the others the
 * bounds of the statistics.
 */
export function statisticsSource(snapshot: Snapshot, file: AddFile): ColumnStatisticsSource {
  const statistics = statisticsOf(file)
  const { fields } = snapshot.schema
  const rowCount = statistics?.rowCount ?? null
  return {
    // Without statistics one row stands for all: a partition column has the same value in each.
    rowCount: rowCount ?? 1,
    column(index) {
      const field = fields[index]!
      const physical = physicalName(field, snapshot.columnMapping.mode)
      if (snapshot.partitionColumns.includes(field.name)) {
        const value = parsePartitionValue(field.type, file.partitionValues[physical], field.name)
        return { min: value, max: value, nullCount: value === null ? (rowCount ?? 1) : 0 }
      }
      return statistics?.column([physical], field.type) ?? null
    },
  }
}
