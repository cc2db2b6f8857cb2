import type { DataFrame, LogicalPlan } from '@deltaworks/plan'
import { leavesOf } from './metric-history.js'
import type { AnyFrame } from './query-runner.js'
import type { Rule } from './rule.js'

/**
 * Plans of the statements that rules have, for `splitRows` and `flagRows`. SQL's parser is loaded only if there is one.
 * @throws PlanError as `parseSql`; QualityError DW-QUALITY-0010
 */
export async function prepareStatements(
  rules: readonly Rule[],
  table: AnyFrame,
  references: ReadonlyMap<string, AnyFrame> = new Map(),
): Promise<ReadonlyMap<string, LogicalPlan>> {
  const plans = new Map<string, LogicalPlan>()
  for (const part of rules.flatMap(({ constraint }) => leavesOf(constraint))) {
    if (part.kind !== 'custom_sql' || plans.has(part.sql)) continue
    const { parseStatement } = await import('./analysis/statement.js')
    plans.set(part.sql, await parseStatement(part.sql, table as DataFrame, references))
  }
  return plans
}
