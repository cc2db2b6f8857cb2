import type { BatchColumnProfile, BatchProfile, Drift, DriftKind } from './batch-profile.js'
import { quantileShares } from './batch-profile.js'
import type { MeasuredBatch } from './profile-pass.js'

/** A share or a distribution that moved by less than this is as it was, however many rows tell so. */
const leastShift = 0.1
/** Of the Kolmogorov–Smirnov test and of a share's normal approximation, at a level of about 0.001. */
const [distributionNoise, shareNoise] = [1.95, 3.3]
/** Batches of fewer rows are told by their schema alone. */
const leastRows = 30
/** Row counts are compared once there are so many earlier batches. */
const leastBatches = 3

/**
 * What of a batch is not as it was in earlier ones: beyond `leastShift`, beyond what chance does to so few rows, and beyond what
 * earlier batches differed among themselves (weekends are not news).
 * @param earlier the latest first
 */
export function driftOf(batch: MeasuredBatch, earlier: readonly MeasuredBatch[]): readonly Drift[] {
  const [latest] = earlier
  if (latest === undefined) return []
  const known = new Map(latest.columns.map((column) => [column.name, column]))
  const names = new Set(batch.columns.map(({ name }) => name))
  const schema = [
    ...batch.columns.flatMap(({ name, type }) => schemaDrift(name, type, known.get(name)?.type ?? null)),
    ...[...known.keys()]
      .filter((name) => !names.has(name))
      .map((name) => drift('column_removed', name, 'earlier batches had this column')),
  ]
  const large = earlier.filter(({ rowCount }) => rowCount >= leastRows)
  if (batch.rowCount < leastRows || large.length === 0) return [...schema, ...rowCountDrift(batch, earlier)]
  return [
    ...schema,
    ...rowCountDrift(batch, earlier),
    ...batch.columns.flatMap((column) => columnDrift(batch, column, large)),
  ]
}

const drift = (kind: DriftKind, column: string | null, message: string): Drift => ({ kind, column, message })

function schemaDrift(name: string, type: string, before: string | null): readonly Drift[] {
  if (before === null) return [drift('column_added', name, `earlier batches did not have this column (${type})`)]
  return before === type ? [] : [drift('type_changed', name, `it is ${type} and was ${before}`)]
}

function rowCountDrift({ rowCount }: MeasuredBatch, earlier: readonly MeasuredBatch[]): readonly Drift[] {
  if (earlier.length < leastBatches) return []
  const counts = earlier.map((batch) => batch.rowCount)
  const [least, most] = [Math.min(...counts), Math.max(...counts)]
  if (rowCount >= least / 2 && rowCount <= most * 2) return []
  return [
    drift('row_count', null, `the batch has ${rowCount} rows; the ${earlier.length} before it had ${least} to ${most}`),
  ]
}

/** A column in a batch, with the rows that tell of it. */
interface Seen {
  readonly column: BatchColumnProfile
  readonly rows: number
  readonly present: number
  /** Sampled rows in which it is not null, about. */
  readonly sampled: number
}

function seenIn({ columns, rowCount, sampledRows }: MeasuredBatch, name: string, type: string): readonly Seen[] {
  const column = columns.find((other) => other.name === name && other.type === type)
  if (column === undefined) return []
  const present = rowCount - column.nullCount
  return [{ column, rows: rowCount, present, sampled: (sampledRows * present) / Math.max(1, rowCount) }]
}

function columnDrift(
  batch: MeasuredBatch,
  column: BatchColumnProfile,
  earlier: readonly MeasuredBatch[],
): readonly Drift[] {
  const [now] = seenIn(batch, column.name, column.type)
  const before = earlier.flatMap((other) => seenIn(other, column.name, column.type))
  if (now === undefined || before.length === 0) return []
  return [
    ...shareDrift('missing_values', 'missing', now, before, ({ rows, present }) => [rows - present, rows]),
    ...shareDrift('uniqueness', 'distinct', now, before, ({ column: { approximateDistinct }, present }) => [
      approximateDistinct === null ? 0 : Math.min(approximateDistinct, present),
      present,
    ]),
    ...distributionDrift(now, before),
    ...frequentDrift(now, before),
    ...semanticDrift(now, before),
  ]
}

/** Whether a share is beyond those of earlier batches, by the rows that it is of. */
function shareDrift(
  kind: DriftKind,
  what: string,
  now: Seen,
  before: readonly Seen[],
  counts: (seen: Seen) => readonly [part: number, of: number],
): readonly Drift[] {
  const [part, of] = counts(now)
  const known = before.map(counts).filter((pair) => pair[1] > 0)
  if (of < leastRows || known.length === 0) return []
  // A larger batch repeats more of the same values: only columns that were all distinct tell something by ceasing to be.
  if (kind === 'uniqueness' && known.some(([p, n]) => p < n * 0.95)) return []
  const share = part / of
  const shares = known.map(([p, n]) => p / n)
  const [least, most] = [Math.min(...shares), Math.max(...shares)]
  const beyond = Math.max(least - share, share - most)
  const rows = known.reduce((sum, pair) => sum + pair[1], 0)
  const usual = known.reduce((sum, pair) => sum + pair[0], 0) / rows
  const noise = shareNoise * Math.sqrt(usual * (1 - usual) * (1 / of + 1 / rows))
  if (beyond < leastShift || beyond < noise) return []
  return [drift(kind, now.column.name, `${percent(share)} of its values are ${what}; before it were ${percent(usual)}`)]
}

/** The greatest distance between cumulative distributions, as far as quantiles tell them. */
function distributionDrift(now: Seen, before: readonly Seen[]): readonly Drift[] {
  const { quantiles, name, mean } = now.column
  const known = before.filter((seen) => seen.column.quantiles !== null && seen.sampled >= leastRows)
  if (quantiles === null || known.length === 0 || now.sampled < leastRows || isProgress(now, known)) return []
  const distances = known.map((seen) => quantileDistance(quantiles, seen.column.quantiles!))
  const distance = Math.min(...distances)
  const usual = Math.max(
    0,
    ...known.slice(1).map((seen, i) => quantileDistance(known[i]!.column.quantiles!, seen.column.quantiles!)),
  )
  const noise = distributionNoise * Math.sqrt(1 / now.sampled + 1 / known[0]!.sampled)
  if (distance < leastShift || distance < noise || distance <= usual) return []
  const latest = known[0]!.column
  const centre =
    mean !== null && latest.mean !== null
      ? `its mean is ${rounded(mean)} and was ${rounded(latest.mean)}`
      : `its range is ${now.column.min} to ${now.column.max} and was ${latest.min} to ${latest.max}`
  return [drift('distribution', name, `its values are spread otherwise (distance ${rounded(distance)}): ${centre}`)]
}

/** Keys and times go on from batch to batch: that they do is told by two earlier batches, which differ as much. */
const isProgress = ({ column: { type, approximateDistinct }, present }: Seen, known: readonly Seen[]): boolean =>
  known.length < 2 && (/^(date|timestamp)/.test(type) || (approximateDistinct ?? 0) >= present * 0.9)

/** @returns the greatest difference between the shares of values up to a point, over the points of both */
export function quantileDistance(a: readonly number[], b: readonly number[]): number {
  const points = [...a, ...b]
  return Math.max(...points.map((point) => gap(sharesAt(a, point), sharesAt(b, point))))
}

const gap = ([aLow, aHigh]: Interval, [bLow, bHigh]: Interval): number => Math.max(0, aLow - bHigh, bLow - aHigh)
type Interval = readonly [low: number, high: number]

/** Between which shares a point lies: of values that repeat, quantiles tell no more. */
function sharesAt(quantiles: readonly number[], point: number): Interval {
  let [low, high] = [0, 1]
  for (let i = 0; i < quantiles.length; i++) {
    if (quantiles[i]! < point) low = quantileShares[i]!
    if (quantiles[i]! > point) {
      high = quantileShares[i]!
      break
    }
  }
  return point < quantiles[0]! ? [0, 0] : point > quantiles.at(-1)! ? [1, 1] : [low, high]
}

/** A frequent value whose share moved, or that was not there. */
function frequentDrift(now: Seen, before: readonly Seen[]): readonly Drift[] {
  const { topValues, name } = now.column
  const known = before.filter((seen) => seen.column.topValues !== null && seen.sampled >= leastRows)
  if (topValues === null || known.length === 0 || now.sampled < leastRows || now.column.quantiles !== null) return []
  const values = new Set([...topValues, ...known[0]!.column.topValues!].map(({ value }) => value))
  let greatest: {
    readonly value: string | null
    readonly share: number
    readonly usual: number
    readonly beyond: number
  } | null = null
  for (const value of values) {
    const share = shareOf(now, value)
    const shares = known.map((seen) => shareOf(seen, value))
    const beyond = Math.max(Math.min(...shares) - share, share - Math.max(...shares))
    const usual = shares[0]!
    const noise = shareNoise * Math.sqrt(0.25 * (1 / now.sampled + 1 / known[0]!.sampled))
    if (beyond < leastShift || beyond < noise || beyond <= (greatest?.beyond ?? 0)) continue
    greatest = { value, share, usual, beyond }
  }
  if (greatest === null) return []
  const { value, share, usual } = greatest
  return [
    drift(
      'frequent_values',
      name,
      `${percent(share)} of its values are ${JSON.stringify(value)}; before it were ${percent(usual)}`,
    ),
  ]
}

const shareOf = ({ column, present }: Seen, value: string | null): number =>
  present === 0 ? 0 : (column.topValues!.find((top) => top.value === value)?.count ?? 0) / present

/** What it was called in all earlier batches that say it. `category` and `identifier` depend on how many rows there are. */
function semanticDrift(now: Seen, before: readonly Seen[]): readonly Drift[] {
  const told = (seen: Seen): string | null => {
    const type = seen.column.semanticType
    return type === 'category' || type === 'identifier' ? null : type
  }
  const usual = new Set(before.map(told))
  const [only] = usual
  const type = told(now)
  if (usual.size !== 1 || only == null || only === type || now.present < leastRows) return []
  return [
    drift('semantic_type', now.column.name, `its values look like ${type ?? 'no known type'} and looked like ${only}`),
  ]
}

const percent = (share: number): string => `${rounded(share * 100)} %`
const rounded = (value: number): string => String(Number(value.toPrecision(3)))

/** A batch with what is not as before. */
export const compared = (batch: MeasuredBatch, earlier: readonly MeasuredBatch[]): BatchProfile => ({
  ...batch,
  comparedBatches: earlier.length,
  drift: driftOf(batch, earlier),
})
