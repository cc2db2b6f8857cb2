import { invalidRule } from './errors.js'

/** What a metric must be to pass. */
export type Bounds = Range | ValueSet | DynamicBounds

/** Bounds that earlier metrics make: they are resolved before they are used. */
export interface DynamicBounds {
  readonly kind: 'dynamic'
  /** As DQDL has it. */
  readonly text: string
  /** Earlier metrics, oldest first, to bounds; null: there are too few of them. */
  readonly resolve: (history: readonly number[]) => Range | ValueSet | null
}

export interface Range {
  readonly kind: 'range'
  /** null: unbounded. */
  readonly min: number | null
  readonly minInclusive: boolean
  readonly max: number | null
  readonly maxInclusive: boolean
  /** The metric must lie outside. */
  readonly negated: boolean
}
export interface ValueSet {
  readonly kind: 'set'
  readonly values: readonly number[]
  readonly negated: boolean
}

/** How builders take bounds: `{ atLeast: 0.95 }`, `{ moreThan: 0, atMost: 100 }`, `{ equalTo: 24 }`; a bare number is `equalTo`. */
export type Limits =
  | number
  | {
      readonly atLeast?: number
      readonly moreThan?: number
      readonly atMost?: number
      readonly lessThan?: number
      readonly equalTo?: number
    }

export const range = (
  min: number | null,
  max: number | null,
  { minInclusive = true, maxInclusive = true, negated = false } = {},
): Range => ({ kind: 'range', min, minInclusive, max, maxInclusive, negated })

export const atLeast = (min: number): Range => range(min, null)
export const atMost = (max: number): Range => range(null, max)
export const exactly = (value: number): Range => range(value, value)

/** @throws QualityError DW-QUALITY-0005 if the limits contradict each other or there are none. */
export function boundsOf(limits: Limits): Bounds {
  if (typeof limits === 'number') return exactly(limits)
  if (limits.equalTo !== undefined) return exactly(limits.equalTo)
  const min = limits.atLeast ?? limits.moreThan ?? null
  const max = limits.atMost ?? limits.lessThan ?? null
  if (min === null && max === null)
    throw invalidRule('it has no limits; give atLeast, atMost, moreThan, lessThan or equalTo')
  if (min !== null && max !== null && min > max)
    throw invalidRule(`its lower limit ${min} is above its upper limit ${max}`)
  return range(min, max, {
    minInclusive: limits.atLeast !== undefined || min === null,
    maxInclusive: limits.atMost !== undefined || max === null,
  })
}

export function within(bounds: Bounds, metric: number): boolean {
  if (bounds.kind === 'dynamic') throw new TypeError(`the bounds "${bounds.text}" have not been resolved`)
  if (bounds.kind === 'set') return bounds.values.includes(metric) !== bounds.negated
  const { min, max, minInclusive, maxInclusive, negated } = bounds
  const above = min === null || (minInclusive ? metric >= min : metric > min)
  const below = max === null || (maxInclusive ? metric <= max : metric < max)
  return (above && below) !== negated
}

/** `>= 0.95`, `between 1 and 7`, `= 24`, `not in (1, 2)`. */
export function formatBounds(bounds: Bounds): string {
  if (bounds.kind === 'dynamic') return bounds.text
  const not = bounds.negated ? 'not ' : ''
  if (bounds.kind === 'set') return `${not}in (${bounds.values.join(', ')})`
  const { min, max, minInclusive, maxInclusive, negated } = bounds
  if (min !== null && min === max) return negated ? `!= ${min}` : `= ${min}`
  if (min !== null && max !== null) {
    if (minInclusive && maxInclusive) return `${not}between ${min} and ${max}`
    return `${not}in ${minInclusive ? '[' : '('}${min}, ${max}${maxInclusive ? ']' : ')'}`
  }
  if (min !== null) return `${not}${minInclusive ? '>=' : '>'} ${min}`
  if (max !== null) return `${not}${maxInclusive ? '<=' : '<'} ${max}`
  return 'any'
}
