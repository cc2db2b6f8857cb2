import { formatDate, formatDecimal, formatTimestamp, isFloat, type DataType, type Value } from '@deltaworks/schema'
import { notReconciled, type Differences, type WarehouseError } from './errors.js'
import type { ColumnTotals, TableTotals, WarehouseTable } from './warehouse-table.js'

/** What both sides said of one total. */
export interface Comparison {
  /** Null: of the table. */
  readonly column: string | null
  readonly total: 'rowCount' | 'nullCount' | 'sum' | 'min' | 'max' | 'checksum' | 'rowChecksum'
  readonly lake: string
  readonly warehouse: string
  readonly equal: boolean
}

export interface Reconciliation {
  readonly table: string
  readonly equal: boolean
  readonly comparisons: readonly Comparison[]
}

/** Compares what the lake counts with what the warehouse does: everything that `expected` has. */
export function reconcile(
  table: Pick<WarehouseTable, 'name' | 'schema'>,
  expected: TableTotals,
  actual: TableTotals,
): Reconciliation {
  const comparisons: Comparison[] = [
    {
      column: null,
      total: 'rowCount',
      lake: String(expected.rowCount),
      warehouse: String(actual.rowCount),
      equal: expected.rowCount === actual.rowCount,
    },
  ]
  for (const { name, type } of table.schema.fields) {
    const lake = expected.columns[name]
    if (lake !== undefined) comparisons.push(...compareColumn(name, type, lake, actual.columns[name] ?? {}))
  }
  if (typeof expected.rowChecksum === 'bigint') {
    const [lake, warehouse] = [expected.rowChecksum, actual.rowChecksum ?? null]
    comparisons.push({
      column: null,
      total: 'rowChecksum',
      lake: String(lake),
      warehouse: String(warehouse),
      equal: lake === warehouse,
    })
  }
  return { table: table.name, equal: comparisons.every((comparison) => comparison.equal), comparisons }
}

/** Columns of which a total differs. */
export const differingColumns = ({ comparisons }: Reconciliation): readonly string[] => [
  ...new Set(comparisons.flatMap(({ column, equal }) => (equal || column === null ? [] : [column]))),
]

export function firstDifference(
  reconciliation: Reconciliation,
  where: Differences = { columns: [], partitions: [], keys: [] },
): WarehouseError | null {
  const { table, comparisons } = reconciliation
  const different = comparisons.find((comparison) => !comparison.equal)
  if (different === undefined) return null
  const { column, total, lake, warehouse } = different
  const differences = { ...where, columns: [...new Set([...differingColumns(reconciliation), ...where.columns])] }
  return notReconciled(table, column, totalNames[total], lake, warehouse, differences)
}

export const totalNames: Readonly<Record<Comparison['total'], string>> = {
  rowCount: 'the number of rows',
  nullCount: 'the number of nulls',
  sum: 'the sum',
  min: 'the smallest value',
  max: 'the largest value',
  checksum: 'the checksum',
  rowChecksum: 'the checksum of whole rows',
}

function compareColumn(
  column: string,
  type: DataType,
  lake: ColumnTotals,
  warehouse: ColumnTotals,
): readonly Comparison[] {
  const comparisons: Comparison[] = []
  if (lake.nullCount !== undefined && lake.nullCount !== null) {
    comparisons.push({
      column,
      total: 'nullCount',
      lake: String(lake.nullCount),
      warehouse: String(warehouse.nullCount ?? '?'),
      equal: lake.nullCount === warehouse.nullCount,
    })
  }
  for (const total of ['sum', 'min', 'max'] as const) {
    const expected = lake[total]
    if (expected === undefined || expected === null) continue
    const actual = warehouse[total] ?? null
    comparisons.push({
      column,
      total,
      lake: show(expected, type),
      warehouse: show(actual, type),
      equal: isFloat(type) ? closeTo(Number(expected), Number(actual), total === 'sum') : sameValue(expected, actual),
    })
  }
  const { checksum } = lake
  if (checksum !== undefined && checksum !== null) {
    const actual = warehouse.checksum ?? null
    comparisons.push({
      column,
      total: 'checksum',
      lake: String(checksum),
      warehouse: String(actual),
      equal: checksum === actual,
    })
  }
  return comparisons
}

/** int32 values may be counted as bigint on one side. */
const sameValue = (a: Value, b: Value): boolean =>
  a === b || (typeof a !== typeof b && b !== null && isWhole(a) && isWhole(b) && BigInt(a) === BigInt(b))

const isWhole = (value: Value): value is number | bigint =>
  typeof value === 'bigint' || (typeof value === 'number' && Number.isInteger(value))

/** Sums of floats depend on the order of adding. */
function closeTo(a: number, b: number, summed: boolean): boolean {
  if (Object.is(a, b) || a === b) return true
  return summed && Math.abs(a - b) <= 1e-9 * Math.max(Math.abs(a), Math.abs(b))
}

function show(value: Value, type: DataType): string {
  if (value === null) return 'null'
  if (type.kind === 'decimal') return formatDecimal(value as bigint, type.scale)
  if (type.kind === 'date') return formatDate(value as number)
  if (type.kind === 'timestamp' || type.kind === 'timestamp_ntz') return formatTimestamp(value as bigint)
  return typeof value === 'string' ? JSON.stringify(value) : String(value as number | bigint)
}
