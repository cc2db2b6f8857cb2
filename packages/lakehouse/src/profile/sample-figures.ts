import type { TopValue } from '@deltaworks/quality'
import { isNumeric, type DataType, type Value } from '@deltaworks/schema'
import { quantileShares, type Histogram } from './batch-profile.js'

const bins = 20
const frequentValues = 10
/** Longer texts are cut off where they are shown. */
const shownCharacters = 120

/** A value as a point on a line: numbers as they are, dates and times as microseconds since the epoch; null of other types. */
export function pointOf(type: DataType): ((value: Value) => number) | null {
  if (type.kind === 'decimal') return (value) => Number(value) / 10 ** type.scale
  if (isNumeric(type) || type.kind === 'timestamp' || type.kind === 'timestamp_ntz') return (value) => Number(value)
  return type.kind === 'date' ? (value) => Number(value) * 86_400_000_000 : null
}

/** @param points that are finite, in order */
export const quantilesOf = (points: Float64Array): readonly number[] | null =>
  points.length === 0 ? null : quantileShares.map((share) => points[Math.round(share * (points.length - 1))]!)

/** @param points that are finite, in order */
export function histogramOf(points: Float64Array): Histogram | null {
  if (points.length === 0) return null
  const [from, to] = [points[0]!, points.at(-1)!]
  if (from === to) return { from, to, counts: [points.length] }
  const counts = Array.from({ length: bins }, () => 0)
  for (const point of points)
    counts[Math.min(bins - 1, Math.floor((point / (to - from) - from / (to - from)) * bins))]!++
  return { from, to, counts }
}

export function orderedPoints(values: readonly Value[], point: (value: Value) => number): Float64Array {
  const points = new Float64Array(values.length)
  let count = 0
  for (const value of values) {
    const at = point(value)
    if (Number.isFinite(at)) points[count++] = at
  }
  return points.subarray(0, count).sort()
}

/** The most frequent values with how many rows have them, about, if they are told from fewer than all. */
export function frequentOf(
  values: readonly Value[],
  present: number,
  text: (value: Value) => string,
): readonly TopValue[] {
  const counts = new Map<Value, number>()
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  return [...counts]
    .filter(([, count]) => count > 1 || values.length === present)
    .map(([value, count]) => ({ value: shown(text(value)), count: Math.round((count * present) / values.length) }))
    .sort((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1))
    .slice(0, frequentValues)
}

export const shown = (text: string): string =>
  text.length > shownCharacters ? `${text.slice(0, shownCharacters)}…` : text
