import { col, type Expr } from '@deltaworks/expression'
import type { DataFrame } from '@deltaworks/plan'
import type { AnyFrame } from './query-runner.js'
import type { Rule } from './rule.js'
import {
  explanations,
  failedRulesColumn,
  failingOf,
  failureReasonsColumn,
  judgeRows,
  type SplitOptions,
} from './split-rows.js'

export interface RoutedRows {
  /** The table's rows, each once, with what verdicts need behind its own columns. */
  readonly rows: DataFrame
  /** Whether a rule fails, over `rows`; never null. What follows speaks of them as columns of these names. */
  readonly failing: Readonly<Record<string, Expr>>
  /** Where a row goes: exactly one of them is true, none is null. */
  readonly routes: Readonly<Record<'good' | 'quarantined' | 'dropped', Expr>>
  /** What a failing row is told, by the names of the columns that `splitRows` adds. */
  readonly explanations: Readonly<Record<string, Expr>>
}

/** What `splitRows` makes three frames of, as one: for those who send each row where it belongs in a single pass. */
export function routeRows(table: AnyFrame, rules: readonly Rule[], options: SplitOptions = {}): RoutedRows {
  const acting = rules.filter(({ action }) => action === 'quarantine' || action === 'drop')
  const { rows, verdicts: judged } = judgeRows(table as DataFrame, acting, options)
  const name = (i: number): string => `__quality_fails_${i}`
  // A column a verdict: each is evaluated by itself, most of them once a different value.
  const verdicts = judged.map((verdict, i) => ({ ...verdict, failing: col(name(i)) }))
  const quarantined = failingOf(verdicts.filter(({ rule }) => rule.action === 'quarantine'))
  const dropped = failingOf(verdicts.filter(({ rule }) => rule.action === 'drop'))
  const [ids, reasons] = explanations(verdicts)
  return {
    rows,
    failing: Object.fromEntries(judged.map(({ failing }, i) => [name(i), failing])),
    routes: { good: quarantined.or(dropped).not(), quarantined, dropped: dropped.and(quarantined.not()) },
    explanations: { [failedRulesColumn]: ids!, [failureReasonsColumn]: reasons! },
  }
}
