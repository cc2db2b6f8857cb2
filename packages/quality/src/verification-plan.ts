import type { Expression } from '@deltaworks/expression'
import { analyzerOf } from './analyzers/index.js'
import type {
  AggregateRequirement,
  GroupingRequirement,
  OrphansRequirement,
  OutliersRequirement,
  Requirement,
} from './analyzers/analyzer.js'
import type { Rule } from './rule.js'

/** The queries that a rule set needs: plain data. Rules that ask for the same thing share it. */
export interface VerificationPlan {
  /** One scan for all of these. */
  readonly aggregates: readonly AggregateRequirement[]
  /** One more for each of these. */
  readonly groupings: readonly GroupingRequirement[]
  readonly orphans: readonly OrphansRequirement[]
  readonly outliers: readonly OutliersRequirement[]
  readonly scanCount: number
}

export function planVerification(rules: readonly Rule[]): VerificationPlan {
  const seen = new Map<string, Requirement>()
  for (const { constraint, filter } of rules) {
    for (const requirement of analyzerOf(constraint).requires(constraint, filter)) {
      const key = requirementKey(requirement)
      if (!seen.has(key)) seen.set(key, requirement)
    }
  }
  const aggregates: AggregateRequirement[] = []
  const groupings: GroupingRequirement[] = []
  const orphans: OrphansRequirement[] = []
  const outliers: OutliersRequirement[] = []
  for (const requirement of seen.values()) {
    switch (requirement.kind) {
      case 'aggregate':
        aggregates.push(requirement)
        break
      case 'grouping':
        groupings.push(requirement)
        break
      case 'orphans':
        orphans.push(requirement)
        break
      case 'outliers':
        outliers.push(requirement)
    }
  }
  const scanCount = (aggregates.length > 0 ? 1 : 0) + groupings.length + orphans.length + outliers.length
  return { aggregates, groupings, orphans, outliers, scanCount }
}

/** Equal for equal requirements, whichever rule they come from. */
export function requirementKey(requirement: Requirement): string {
  switch (requirement.kind) {
    case 'aggregate':
      return expressionKey(requirement.expression)
    case 'grouping':
      return `grouping ${requirement.scope} ${toText(requirement.keys)} ${toText(requirement.filter)}`
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

/** JSON in which bigints and bytes keep their kind. */
const toText = (value: unknown): string =>
  JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'bigint'
      ? `${part}n`
      : part instanceof Uint8Array
        ? `bytes ${Buffer.from(part).toString('hex')}`
        : part,
  )
