import { createHash } from 'node:crypto'
import { toText } from '../plain-text.js'
import type { Rule } from '../rule.js'
import type { RuleResult } from '../verification.js'

/** What rules said of tables, for people and machines. Plain data. */
export interface QualityReport {
  readonly title: string
  /** ISO 8601. */
  readonly createdAt: string
  readonly runId: string
  readonly tables: readonly TableReport[]
}

export interface TableReport {
  readonly table: string
  /** Of the table, if it has versions. */
  readonly version: number | null
  readonly rowCount: number
  /** Rows that no rule refuses, and those that one does; null if no rule takes rows out. */
  readonly split: { readonly good: number; readonly quarantined: number; readonly dropped: number } | null
  /** Equal for equal rules. */
  readonly rulesetHash: string
  readonly score: number
  readonly status: 'passed' | 'warnings' | 'failed'
  readonly rules: readonly RuleReport[]
}

export interface RuleReport extends RuleResult {
  /** Earlier metrics and this one, oldest first. */
  readonly trend: readonly number[]
  /** Some of the rows that fail, by column; what is personal is masked. */
  readonly sample: readonly Readonly<Record<string, string | null>>[]
}

/** Names a rule set: rules that judge the same have the same one. */
export const rulesetHash = (rules: readonly Rule[]): string =>
  createHash('sha256')
    .update(toText(rules.map(({ id, level, action, filter, constraint }) => [id, level, action, filter, constraint])))
    .digest('hex')
    .slice(0, 16)

/** Passed by all, over the rules of each label's value: `team=retail`. */
export function scoresByLabel(
  tables: readonly TableReport[],
): ReadonlyMap<string, { readonly passed: number; readonly total: number }> {
  const scores = new Map<string, { passed: number; total: number }>()
  for (const { labels = {}, status } of tables.flatMap(({ rules }) => rules)) {
    for (const [key, value] of Object.entries(labels)) {
      const name = `${key}=${value}`
      const score = scores.get(name) ?? { passed: 0, total: 0 }
      scores.set(name, { passed: score.passed + (status === 'passed' ? 1 : 0), total: score.total + 1 })
    }
  }
  return scores
}

/** A metric as people read it. */
export const shownMetric = (metric: number | null): string =>
  metric === null ? '–' : Number.isInteger(metric) ? String(metric) : String(Number(metric.toPrecision(6)))

export const reportStatus = ({ tables }: QualityReport): TableReport['status'] =>
  tables.some(({ status }) => status === 'failed')
    ? 'failed'
    : tables.some(({ status }) => status === 'warnings')
      ? 'warnings'
      : 'passed'
