import type { Expression } from '@deltaworks/expression'
import type { Schema } from '@deltaworks/schema'
import { analyzerOf } from './analyzers/index.js'
import type { Requirement } from './analyzers/analyzer.js'
import { toText } from './plain-text.js'
import type { Rule } from './rule.js'

type OfKind<K extends Requirement['kind']> = readonly Extract<Requirement, { readonly kind: K }>[]

/** The queries that a rule set needs. Rules that ask for the same thing share it. */
export interface VerificationPlan {
  /** One scan for all of these, and the moments. */
  readonly aggregates: OfKind<'aggregate'>
  readonly moments: OfKind<'moments'>
  /** One more pass for all of these. */
  readonly sketches: OfKind<'sketch'>
  /** One more for each of these. */
  readonly groupings: OfKind<'grouping'>
  readonly frequencies: OfKind<'frequencies'>
  readonly orphans: OfKind<'orphans'>
  readonly outliers: OfKind<'outliers'>
  readonly queries: OfKind<'query'>
  readonly scanCount: number
}

/** @param tableSchema needed where a rule is about all columns */
export const planVerification = (rules: readonly Rule[], tableSchema: Schema = { fields: [] }): VerificationPlan =>
  planRequirements(
    rules.flatMap(({ constraint, filter }) => analyzerOf(constraint).requires(constraint, filter, tableSchema)),
  )

export function planRequirements(requirements: readonly Requirement[]): VerificationPlan {
  const seen = new Map<string, Requirement>()
  for (const requirement of requirements) {
    const key = requirementKey(requirement)
    if (!seen.has(key) || (requirement.kind === 'grouping' && requirement.detail === true)) seen.set(key, requirement)
  }
  const all = [...seen.values()]
  const of = <K extends Requirement['kind']>(kind: K): OfKind<K> =>
    all.filter((requirement): requirement is Extract<Requirement, { readonly kind: K }> => requirement.kind === kind)
  const plan = {
    aggregates: of('aggregate'),
    moments: of('moments'),
    sketches: of('sketch'),
    groupings: of('grouping'),
    frequencies: of('frequencies'),
    orphans: of('orphans'),
    outliers: of('outliers'),
    queries: of('query'),
  }
  const { aggregates, moments, sketches, groupings, frequencies, orphans, outliers, queries } = plan
  const ownScans = groupings.length + frequencies.length + orphans.length + outliers.length + queries.length
  const shared = (aggregates.length + moments.length > 0 ? 1 : 0) + (sketches.length > 0 ? 1 : 0)
  return { ...plan, scanCount: shared + ownScans }
}

/** Equal for equal requirements, whichever rule they come from. */
export function requirementKey(requirement: Requirement): string {
  switch (requirement.kind) {
    case 'aggregate':
      return expressionKey(requirement.expression)
    case 'moments':
      return `moments ${toText([requirement.column, requirement.filter])}`
    case 'grouping':
      return `grouping ${requirement.scope} ${toText(requirement.keys)} ${toText(requirement.filter)}`
    case 'frequencies':
      return `frequencies ${toText(requirement.keys)} ${toText(requirement.filter)}`
    case 'sketch':
      return `sketch ${toText(requirement)}`
    case 'query':
      return `query ${requirement.key}`
    case 'orphans': {
      const { keys, reference, referenceKeys } = requirement.constraint
      return `orphans ${reference} ${toText([keys, referenceKeys, requirement.filter])}`
    }
    case 'outliers': {
      const { input, method, factor, groupBy } = requirement.constraint
      return `outliers ${method} ${factor} ${toText([input, groupBy, requirement.filter])}`
    }
  }
}

export const expressionKey = (expression: Expression): string => toText(expression)
