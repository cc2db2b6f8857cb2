import type { BoundExpression } from '@deltaworks/expression'
import type { Value } from '@deltaworks/schema'

/** A filter as far as it asks whether columns hold single values: a row that satisfies it satisfies this. */
export type EqualityProbe =
  | { readonly kind: 'holds'; readonly column: number; readonly values: readonly Exclude<Value, null>[] }
  | { readonly kind: 'all' | 'any'; readonly parts: readonly EqualityProbe[] }

/** Null if the filter asks no such thing. */
export function equalityProbe(e: BoundExpression): EqualityProbe | null {
  if (e.kind !== 'call') return null
  switch (e.name) {
    case 'and': {
      const parts = e.args.map(equalityProbe).filter((part) => part !== null)
      return parts.length === 0 ? null : { kind: 'all', parts }
    }
    case 'or': {
      const parts = e.args.map(equalityProbe)
      return parts.includes(null) ? null : { kind: 'any', parts: parts.filter((part) => part !== null) }
    }
    case 'eq':
    case 'is_not_distinct_from': {
      const [a, b] = e.args as [BoundExpression, BoundExpression]
      if (a.kind === 'column') return holds(a, [b])
      return b.kind === 'column' ? holds(b, [a]) : null
    }
    case 'in': {
      const [needle, ...values] = e.args as [BoundExpression, ...BoundExpression[]]
      return needle.kind === 'column' ? holds(needle, values) : null
    }
    default:
      return null
  }
}

function holds(
  column: Extract<BoundExpression, { kind: 'column' }>,
  literals: readonly BoundExpression[],
): EqualityProbe | null {
  const values: Exclude<Value, null>[] = []
  for (const literal of literals) {
    // A null in a list never makes it true; a comparison with null alone is left to others.
    if (literal.kind !== 'literal' || (literal.value === null && literals.length === 1)) return null
    if (literal.value !== null) values.push(literal.value)
  }
  return { kind: 'holds', column: column.index, values }
}

/** Whether a row may satisfy the probe, where `mayHold` tells of a column and its values. */
export function probeMayMatch(
  probe: EqualityProbe,
  mayHold: (column: number, values: readonly Exclude<Value, null>[]) => boolean,
): boolean {
  switch (probe.kind) {
    case 'holds':
      return mayHold(probe.column, probe.values)
    case 'all':
      return probe.parts.every((part) => probeMayMatch(part, mayHold))
    case 'any':
      return probe.parts.some((part) => probeMayMatch(part, mayHold))
  }
}

/** Positions of the columns that it looks at. */
export const probedColumns = (probe: EqualityProbe): readonly number[] =>
  probe.kind === 'holds' ? [probe.column] : probe.parts.flatMap(probedColumns)
