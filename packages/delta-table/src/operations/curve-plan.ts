import { columnsOf, remapColumns, valuesCompare, type BoundExpression } from '@deltaworks/expression'
import type { Join, LogicalPlan } from '@deltaworks/plan'
import { boolean, field, int64, type DataType, type Value } from '@deltaworks/schema'
import { DeltaTableProvider } from '../delta-table-provider.js'
import { caseOf, columnAt, columnsOfSchema, filterOf, literalOf, projectionTo, scanColumns } from '../plan-nodes.js'
import type { RunOptions, TableSession } from '../table-session.js'
import { scanTracked, withTrackedColumns } from '../tracked-rows.js'
import { hilbertPlaces } from './hilbert.js'

/*
 * Each key's values are cut at quantiles of a sample into 2^b ranges of about as many rows; a row's rank in each key
 * has b bits, and the Z-value interleaves the bits of all ranks, the highest first:
 *
 *   rank a = a2 a1 a0, rank b = b2 b1 b0   ->   z = a2 b2 a1 b1 a0 b0
 *
 * Ranks and bits become one expression a key: a binary search as nested CASEs whose leaves are the rank with its bits
 * already spread out. The sum over the keys is the Z-value, and the rows are sorted by it. For the Hilbert curve the sum is the
 * number of the row's cell, and the place of each cell comes from a table that is joined.
 */

export type Curve = 'zorder' | 'hilbert'

/** Ranges a key is cut into, as bits; a search of 8 steps. */
const maxRankBits = 8
/** Cells of the Hilbert curve's table, as bits. */
const maxCellBits = 16
const sampleRows = 65_536

/**
 * The provider's rows in the order of a curve over the keys.
 * @param keys over the table's columns
 */
export async function curvePlan(
  session: TableSession,
  provider: DeltaTableProvider,
  keys: readonly BoundExpression[],
  curve: Curve,
  options: RunOptions,
): Promise<LogicalPlan> {
  const input = scanTracked(withTrackedColumns(provider.snapshot), provider.files)
  if (keys.length === 1) return sortedBy(input, keys[0]!)
  const samples = await sampleKeys(session, provider, keys, options)
  const rankBits = Math.min(maxRankBits, Math.floor((curve === 'hilbert' ? maxCellBits : 62) / keys.length))
  const leaf = (rank: number, position: number): bigint =>
    curve === 'hilbert'
      ? BigInt(rank) << BigInt((keys.length - 1 - position) * rankBits)
      : spread(rank, rankBits, position, keys.length)
  const ranks = keys.map((key, position) =>
    rankOf(key, quantiles(key.type, samples[position]!, 2 ** rankBits), (rank) => leaf(rank, position)),
  )
  const value = ranks.reduce((a, b) => ({ kind: 'call', name: 'add', args: [a, b], type: int64, nullable: false }))
  return curve === 'zorder' ? sortedBy(input, value) : byPlace(input, value, hilbertPlaces(keys.length, rankBits))
}

const sortedBy = (input: LogicalPlan, expression: BoundExpression): LogicalPlan => ({
  kind: 'sort',
  input,
  keys: [{ expression, descending: false, nullsFirst: true }],
  fetch: null,
  schema: input.schema,
})

/** Rows in the order of the places of their cells. */
function byPlace(input: LogicalPlan, cell: BoundExpression, places: Uint32Array): LogicalPlan {
  const { fields } = input.schema
  const width = fields.length
  const own = columnsOfSchema(input.schema)
  const inCells = projectionTo(input, [...own, cell], [...fields, field('__cell', int64, false)])
  const table: LogicalPlan = {
    kind: 'values',
    rows: Array.from(places, (place, number): Value[] => [BigInt(number), BigInt(place)]),
    schema: { fields: [field('__number', int64, false), field('__place', int64, false)] },
  }
  const placed: Join = {
    kind: 'join',
    left: inCells,
    right: table,
    joinType: 'inner',
    keys: [{ left: columnAt(inCells.schema, width), right: columnAt(table.schema, 0), nullSafe: false }],
    residual: null,
    schema: { fields: [...inCells.schema.fields, ...table.schema.fields] },
  }
  return projectionTo(sortedBy(placed, columnAt(placed.schema, width + 2)), own, fields)
}

/** Values of the keys in about `sampleRows` rows that are spread evenly over the files. */
async function sampleKeys(
  session: TableSession,
  provider: DeltaTableProvider,
  keys: readonly BoundExpression[],
  options: RunOptions,
): Promise<readonly (readonly Value[])[]> {
  const places = new DeltaTableProvider(provider.snapshot, { files: provider.files, withPlaces: true })
  const rows = provider.statistics.rowCount
  const step = rows === null ? 1 : Math.ceil(rows / sampleRows)
  const rowIndex = provider.schema.fields.length + 1
  const columns = [...new Set(keys.flatMap((key) => columnsOf(key)))]
  const scan = scanColumns(places, [...columns, rowIndex])
  const sampled = step <= 1 ? scan : filterOf(scan, everyNth(columnAt(scan.schema, columns.length), step))
  const values = projectionTo(
    sampled,
    keys.map((key) => remapColumns(key, (index) => columns.indexOf(index))),
    keys.map((key, i) => field(`key${i}`, key.type)),
  )
  const result = await session.collect(values, options)
  return keys.map((_, key) => result.rows.map((row) => row[key]!))
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
function rankOf(key: BoundExpression, cuts: readonly Value[], leaf: (rank: number) => bigint): BoundExpression {
  const search = (low: number, high: number): BoundExpression => {
    if (low === high) return literalOf(leaf(low), int64)
    const middle = (low + high) >> 1
    const atLeast: BoundExpression = {
      kind: 'call',
      name: 'ge',
      args: [key, literalOf(cuts[middle]!, key.type)],
      type: boolean,
      nullable: key.nullable,
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
