import type { ParquetMetadata } from '@deltaworks/formats'
import { comparatorOf } from '@deltaworks/expression'
import type { ColumnRange, TableStatistics } from '@deltaworks/plan'
import { isNested, isVariableLength, typesEqual, type Field, type Schema, type Value } from '@deltaworks/schema'
import type { ObjectMeta, ObjectStore } from '@deltaworks/storage'

/** So many footers are read for exact statistics; of more files the first one's stand for all. */
const maxFooters = 16

/** The schema of the first file, and what the footers tell of rows and columns. */
export async function parquetStatistics(
  store: ObjectStore,
  files: readonly ObjectMeta[],
  sizeBytes: number,
): Promise<{ readonly schema: Schema; readonly statistics: TableStatistics }> {
  const { readParquetMetadata } = await import('@deltaworks/formats')
  const isWhole = files.length <= maxFooters
  const footers = await Promise.all(
    (isWhole ? files : files.slice(0, 1)).map((file) => readParquetMetadata(store, file.path, file.sizeBytes)),
  )
  const { schema } = footers[0]!
  const rowsRead = footers.reduce((sum, footer) => sum + footer.rowCount, 0)
  if (!isWhole) {
    const rowCount = Math.round((rowsRead / Math.max(1, files[0]!.sizeBytes)) * sizeBytes)
    return { schema, statistics: { rowCount, sizeBytes, approximate: true } }
  }
  const columns = Object.fromEntries(
    schema.fields.flatMap((field) => {
      const isOne = footers.every(({ schema: own }) =>
        own.fields.some((f) => f.name === field.name && typesEqual(f.type, field.type)),
      )
      const range = isNested(field.type) || !isOne ? null : rangeOf(field, footers)
      return range === null ? [] : [[field.name, range] as const]
    }),
  )
  return { schema, statistics: { rowCount: rowsRead, sizeBytes, approximate: false, columns } }
}

/** The least and greatest bound over all row groups; null if one of these has none but has values. */
function rangeOf({ name, type }: Field, footers: readonly ParquetMetadata[]): ColumnRange | null {
  const compare = comparatorOf(type)
  let [min, max]: [Value, Value] = [null, null]
  let nullCount: number | null = 0
  for (const group of footers.flatMap((footer) => footer.rowGroups)) {
    const column = group.columns.find(({ path }) => path.length === 1 && path[0] === name)
    if (column === undefined) return null
    nullCount = nullCount === null || column.nullCount === null ? null : nullCount + column.nullCount
    if (column.min === null || column.max === null) {
      if (column.nullCount === group.rowCount) continue
      return null
    }
    if (min === null || compare(column.min, min) < 0) min = column.min
    if (max === null || compare(column.max, max) > 0) max = column.max
  }
  return { min, max, nullCount, exact: !isVariableLength(type) }
}
