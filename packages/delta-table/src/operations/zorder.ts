import { valuesCompare, type BoundExpression } from '@deltaworks/expression'
import type { LogicalPlan } from '@deltaworks/plan'
import { boolean, fieldIndex, int64, type DataType, type Value } from '@deltaworks/schema'
import { DeltaTableProvider } from '../delta-table-provider.js'
import { caseOf, columnAt, filterOf, literalOf, projectionTo, scanColumns } from '../plan-nodes.js'
import { scanTracked, withTrackedColumns } from '../tracked-rows.js'
import type { RunOptions, TableSession } from '../table-session.js'

/*
 * Each column's values are cut at quantiles of a sample into 2^b ranges of about as many rows; a row's rank in each column
 * has b bits, and the Z-value interleaves the bits of all ranks, the highest first:
 *
 *   rank a = a2 a1 a0, rank b = b2 b1 b0   ->   z = a2 b2 a1 b1 a0 b0
 *
 * Ranks and bits become one expression a column: a binary search as nested CASEs whose leaves are the rank with its bits
 * already spread out. The sum over the columns is the Z-value, and the rows are sorted by it.
 */

/** Ranges a column is cut into, as bits; a search of 8 steps. */
const maxRankBits = 8
const sampleRows = 65_536

/** The provider's rows in the order of the Z-order curve over the columns. */
export async function zOrderPlan(
  session: TableSession,
  provider: DeltaTableProvider,
  columns: readonly string[],
  options: RunOptions,
): Promise<LogicalPlan> {
  const { schema } = provider
  const indexes = columns.map((name) => fieldIndex(schema, name))
  const samples = await sampleColumns(session, provider, indexes, options)
  const rankBits = Math.min(maxRankBits, Math.floor(62 / columns.length))
  const input = scanTracked(withTrackedColumns(provider.snapshot), provider.files)
  const ranks = indexes.map((index, position): BoundExpression => {
    const cuts = quantiles(schema.fields[index]!.type, samples[position]!, 2 ** rankBits)
    return rankOf(columnAt(schema, index), cuts, (rank) => spread(rank, rankBits, position, columns.length))
  })
  const zValue = ranks.reduce((a, b) => ({ kind: 'call', name: 'add', args: [a, b], type: int64, nullable: false }))
  return {
    kind: 'sort',
    input,
    keys: [{ expression: zValue, descending: false, nullsFirst: true }],
    fetch: null,
    schema: input.schema,
  }
}

/** Values of the columns in about `sampleRows` rows that are spread evenly over the files. */
async function sampleColumns(
  session: TableSession,
  provider: DeltaTableProvider,
  indexes: readonly number[],
  options: RunOptions,
): Promise<readonly (readonly Value[])[]> {
  const places = new DeltaTableProvider(provider.snapshot, { files: provider.files, withPlaces: true })
  const rows = provider.statistics.rowCount
  const step = rows === null ? 1 : Math.ceil(rows / sampleRows)
  const rowIndex = provider.schema.fields.length + 1
  const scan = scanColumns(places, [...indexes, rowIndex])
  const sampled = step <= 1 ? scan : filterOf(scan, everyNth(columnAt(scan.schema, indexes.length), step))
  const values = projectionTo(
    sampled,
    indexes.map((_, i) => columnAt(sampled.schema, i)),
    sampled.schema.fields.slice(0, indexes.length),
  )
  const result = await session.collect(values, options)
  return indexes.map((_, column) => result.rows.map((row) => row[column]!))
}

const everyNth = (index: BoundExpression, step: number): BoundExpression => ({
  kind: 'call',
  name: 'eq',
  args: [
    { kind: 'call', name: 'modulo', args: [index, literalOf(BigInt(step), int64)], type: int64, nullable: true },
    literalOf(0n, int64),
  ],
  type: boolean,
  nullable: true,
})

/** Distinct values that cut the sample into at most `ranges` parts of about equal size; ascending, nulls left out. */
export function quantiles(type: DataType, sample: readonly Value[], ranges: number): readonly Value[] {
  const sorted = sample.filter((value) => value !== null).sort((a, b) => valuesCompare(type, a, b))
  const cuts: Value[] = []
  for (let i = 1; i < ranges; i++) {
    const value = sorted[Math.floor((i * sorted.length) / ranges)]
    if (value === undefined) continue
    if (cuts.length === 0 ? valuesCompare(type, value, sorted[0]!) > 0 : valuesCompare(type, value, cuts.at(-1)!) > 0) {
      cuts.push(value)
    }
  }
  return cuts
}

/** How many of the cuts a value is not below, as `leaf` encodes it; null is below all. */
function rankOf(column: BoundExpression, cuts: readonly Value[], leaf: (rank: number) => bigint): BoundExpression {
  const search = (low: number, high: number): BoundExpression => {
    if (low === high) return literalOf(leaf(low), int64)
    const middle = (low + high) >> 1
    const atLeast: BoundExpression = {
      kind: 'call',
      name: 'ge',
      args: [column, literalOf(cuts[middle]!, column.type)],
      type: boolean,
      nullable: column.nullable,
    }
    return caseOf([{ when: atLeast, then: search(middle + 1, high) }], search(low, middle))
  }
  return search(0, cuts.length)
}

/** The bits of a rank, each `columns` places from the next, the column's own place within them. */
export function spread(rank: number, bits: number, column: number, columns: number): bigint {
  let value = 0n
  for (let bit = 0; bit < bits; bit++) {
    if ((rank >> bit) & 1) value |= 1n << BigInt(bit * columns + (columns - 1 - column))
  }
  return value
}
