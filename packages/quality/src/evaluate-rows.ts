import { col, fn, lit, when, type Expr } from '@deltaworks/expression'
import type { DataFrame } from '@deltaworks/plan'
import { string } from '@deltaworks/schema'
import type { AnyFrame } from './query-runner.js'
import type { Rule } from './rule.js'
import { judgeRows, type SplitOptions } from './split-rows.js'

/** Glue's names of the columns that `evaluateRows` adds. */
export const rowOutcomeColumns = {
  passed: 'DataQualityRulesPass',
  failed: 'DataQualityRulesFail',
  skipped: 'DataQualityRulesSkip',
  result: 'DataQualityEvaluationResult',
} as const

/**
 * The table with what each row did: the rules (by their text) that it passed and failed, those that say nothing of single rows,
 * and `Passed` or `Failed`. A row that a rule does not ask about passes it; all rows of a repeated key fail.
 */
export function evaluateRows(table: AnyFrame, rules: readonly Rule[], options: SplitOptions = {}): DataFrame {
  const frame = table as DataFrame
  const { rows, verdicts } = judgeRows(frame, rules, { duplicates: 'all', ...options })
  const judged = new Set(verdicts.map(({ rule }) => rule.id))
  const skipped = rules.filter(({ id }) => !judged.has(id)).map(({ description }) => lit(description))
  const none = lit(null, string)
  const passed = verdicts.map(({ failing, rule }) => when(failing, none).otherwise(lit(rule.description)))
  const failed = verdicts.map(({ failing, rule }) => when(failing, lit(rule.description)).otherwise(none))
  const anyFailed =
    verdicts.length === 0 ? lit(false) : verdicts.map(({ failing }) => failing).reduce((a, b) => a.or(b))
  return rows.select(
    ...frame.schema.fields.map(({ name }) => col(name)),
    listOf(passed).as(rowOutcomeColumns.passed),
    listOf(failed).as(rowOutcomeColumns.failed),
    listOf(skipped).as(rowOutcomeColumns.skipped),
    when(anyFailed, lit('Failed')).otherwise(lit('Passed')).as(rowOutcomeColumns.result),
  )
}

const listOf = (texts: readonly Expr[]): Expr =>
  fn.array_compact(texts.length === 0 ? fn.array(lit(null, string)) : fn.array(...texts))
