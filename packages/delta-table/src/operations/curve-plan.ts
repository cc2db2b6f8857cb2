import { columnsOf, rankAmong, remapColumns, valuesCompare, type BoundExpression } from '@deltaworks/expression'
import type { Join, LogicalPlan } from '@deltaworks/plan'
import { boolean, field, int64, type DataType, type Value } from '@deltaworks/schema'
import { DeltaTableProvider } from '../delta-table-provider.js'
import { columnAt, columnsOfSchema, filterOf, literalOf, projectionTo, scanColumns } from '../plan-nodes.js'
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
const sampleRows = 32_768
const sampledFiles = 32
/** Rows of a part of the order that is sorted by itself. */
const partRows = 131_072
const maxParts = 256

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
  const samples = await sampleKeys(session, provider, keys, options)
  const parts = partsOf(provider.statistics.rowCount)
  if (keys.length === 1) return sortedBy(input, keys[0]!, quantiles(keys[0]!.type, samples[0]!, parts))
  const rankBits = Math.min(maxRankBits, Math.floor((curve === 'hilbert' ? maxCellBits : 62) / keys.length))
  const leaf = (rank: number, position: number): bigint =>
    curve === 'hilbert'
      ? BigInt(rank) << BigInt((keys.length - 1 - position) * rankBits)
      : spread(rank, rankBits, position, keys.length)
  const ranges = keys.map((key, position) => quantiles(key.type, samples[position]!, 2 ** rankBits))
  const ranks = keys.map((key, position) =>
    rankAmong(key, ranges[position]!, (rank) => literalOf(leaf(rank, position), int64)),
  )
  const value = ranks.reduce((a, b) => ({ kind: 'call', name: 'add', args: [a, b], type: int64, nullable: false }))
  const places = curve === 'hilbert' ? hilbertPlaces(keys.length, rankBits) : null
  const sampled = sampleValues(keys, ranges, samples, leaf)
  const inOrder = places === null ? sampled : sampled.map((cell) => BigInt(places[Number(cell)]!))
  const cuts = quantiles(int64, inOrder, parts)
  return places === null ? byValue(input, value, cuts) : byPlace(input, value, places, cuts)
}

/** A power of two, so that a part has about `partRows`; 1: all rows are sorted together. */
function partsOf(rowCount: number | null): number {
  let parts = 1
  while (parts < maxParts && parts * 2 * partRows <= (rowCount ?? 0)) parts *= 2
  return parts
}

/** The rows of the sample as the order sees them. */
function sampleValues(
  keys: readonly BoundExpression[],
  ranges: readonly (readonly Value[])[],
  samples: readonly (readonly Value[])[],
  leaf: (rank: number, position: number) => bigint,
): readonly bigint[] {
  const leaves = ranges.map((cuts, position) =>
    Array.from({ length: cuts.length + 1 }, (_, rank) => leaf(rank, position)),
  )
  return samples[0]!.map((_, row) =>
    keys.reduce((sum, { type }, position) => {
      const value = samples[position]![row]!
      return sum + leaves[position]![value === null ? 0 : rankIn(type, ranges[position]!, value)]!
    }, 0n),
  )
}

/** How many of the ascending cuts the value is not below. */
function rankIn(type: DataType, cuts: readonly Value[], value: Value): number {
  let [low, high] = [0, cuts.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (valuesCompare(type, value, cuts[middle]!) >= 0) low = middle + 1
    else high = middle
  }
  return low
}

const sortedBy = (input: LogicalPlan, expression: BoundExpression, cuts: readonly Value[]): LogicalPlan => ({
  kind: 'sort',
  input,
  keys: [{ expression, descending: false, nullsFirst: true }],
  fetch: null,
  cuts,
  schema: input.schema,
})

/** Rows in the order of a value that is computed of them, once. */
function byValue(input: LogicalPlan, value: BoundExpression, cuts: readonly Value[]): LogicalPlan {
  const { fields } = input.schema
  const own = columnsOfSchema(input.schema)
  const valued = projectionTo(input, [...own, value], [...fields, field('__z', int64, false)])
  return projectionTo(sortedBy(valued, columnAt(valued.schema, fields.length), cuts), own, fields)
}

/** Rows in the order of the places of their cells. */
function byPlace(input: LogicalPlan, cell: BoundExpression, places: Uint32Array, cuts: readonly Value[]): LogicalPlan {
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
  return projectionTo(sortedBy(placed, columnAt(placed.schema, width + 2), cuts), own, fields)
}

/** Values of the keys in about `sampleRows` rows that are spread evenly over some of the files. */
async function sampleKeys(
  session: TableSession,
  provider: DeltaTableProvider,
  keys: readonly BoundExpression[],
  options: RunOptions,
): Promise<readonly (readonly Value[])[]> {
  const { files } = provider
  const every = Math.ceil(files.length / sampledFiles)
  const some = files.filter((_, i) => i % every === 0)
  const places = new DeltaTableProvider(provider.snapshot, { files: some, withPlaces: true })
  const rows = places.statistics.rowCount
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

/** The bits of a rank, each `columns` places from the next, the column's own place within them. */
export function spread(rank: number, bits: number, column: number, columns: number): bigint {
  let value = 0n
  for (let bit = 0; bit < bits; bit++) {
    if ((rank >> bit) & 1) value |= 1n << BigInt(bit * columns + (columns - 1 - column))
  }
  return value
}
