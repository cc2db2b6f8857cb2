import { col, fn, lit, when, type Expr, type SortKey } from '@deltaworks/expression'
import type { DataFrame, LogicalPlan } from '@deltaworks/plan'
import { boolean, string } from '@deltaworks/schema'
import { analyzerOf } from './analyzers/index.js'
import type { RowAnnotator, RowVerdict } from './analyzers/analyzer.js'
import { pinClock } from './clock.js'
import { unknownReference } from './errors.js'
import type { AnyFrame } from './query-runner.js'
import type { Rule } from './rule.js'
import { typeDays } from './typed-days.js'

export interface SplitOptions {
  readonly references?: ReadonlyMap<string, AnyFrame> | undefined
  /** Decides which of several rows with one key is the first; default: the order in which rows come. */
  readonly rowOrder?: readonly SortKey[] | undefined
  /** Which rows of one key fail: those after the first (default), which is then kept, or all of them. */
  readonly duplicates?: 'later' | 'all' | undefined
  /** Plans of the statements of `CustomSql` rules: see `prepareStatements`. Without them such rules name no rows. */
  readonly statements?: ReadonlyMap<string, LogicalPlan> | undefined
  /** The clock, microseconds since the epoch, of conditions that speak of now; default now. */
  readonly nowMicros?: bigint | undefined
}

export const failedRulesColumn = 'failed_rules'
export const failureReasonsColumn = 'failure_reasons'

/**
 * Takes apart the rows on which rules fail that name rows: `bad` are those that a quarantining rule fails on, `dropped` those
 * that only a dropping one does, `good` the others. `good` has the frame's columns; the other two also `failed_rules` (ids,
 * separated by ", ") and `failure_reasons` (by "; "). Every row of the frame is in exactly one of them, once.
 */
export function splitRows(
  table: AnyFrame,
  rules: readonly Rule[],
  options: SplitOptions = {},
): { readonly good: DataFrame; readonly bad: DataFrame; readonly dropped: DataFrame } {
  const frame = table as DataFrame
  const { rows, verdicts } = judgeRows(
    frame,
    rules.filter((rule) => rule.action === 'quarantine' || rule.action === 'drop'),
    options,
  )
  const quarantined = failingOf(verdicts.filter(({ rule }) => rule.action === 'quarantine'))
  const left = failingOf(verdicts.filter(({ rule }) => rule.action === 'drop'))
  const columns = columnsOf(frame)
  return {
    good: rows.filter(quarantined.or(left).not()).select(...columns),
    bad: rows.filter(quarantined).select(...columns, ...explanations(verdicts)),
    dropped: rows.filter(left.and(quarantined.not())).select(...columns, ...explanations(verdicts)),
  }
}

export const failingOf = (verdicts: readonly NamedVerdict[]): Expr =>
  verdicts.length === 0 ? lit(false) : anyFails(verdicts)

/** Every row with `failed_rules` and `failure_reasons`, null where no rule fails: rules whose action is `flag` or `quarantine`. */
export function flagRows(table: AnyFrame, rules: readonly Rule[], options: SplitOptions = {}): DataFrame {
  const frame = table as DataFrame
  const { rows, verdicts } = judgeRows(
    frame,
    rules.filter((rule) => rule.action === 'flag' || rule.action === 'quarantine'),
    options,
  )
  const failing = verdicts.length === 0 ? lit(false) : anyFails(verdicts)
  const onlyIfFailing = explanations(verdicts).map((text) => when(failing, text).otherwise(lit(null, string)))
  return rows.select(
    ...columnsOf(frame),
    onlyIfFailing[0]!.as(failedRulesColumn),
    onlyIfFailing[1]!.as(failureReasonsColumn),
  )
}

/** A rule's verdict on rows, by expressions over `rows`. */
interface NamedVerdict extends RowVerdict {
  readonly rule: Rule
}

/**
 * The rows with whatever verdicts need beside the frame's own columns, and the verdicts of all rules that name rows.
 * Every row of the frame is there once.
 */
export function judgeRows(
  frame: DataFrame,
  rules: readonly Rule[],
  options: SplitOptions = {},
): { readonly rows: DataFrame; readonly verdicts: readonly NamedVerdict[] } {
  const annotated = new AnnotatedRows(frame, options)
  const verdicts: NamedVerdict[] = []
  const nowMicros = options.nowMicros ?? BigInt(Date.now()) * 1000n
  for (const given of rules) {
    const rule = typeDays(pinClock(given, nowMicros), frame.schema)
    const verdict = analyzerOf(rule.constraint).verdict(rule.constraint, rule.filter, annotated.forRule(rule.id))
    if (verdict !== null)
      verdicts.push({ rule, ...verdict, failing: fn.coalesce(verdict.failing, lit(false, boolean)) })
  }
  return { rows: annotated.frame, verdicts }
}

const anyFails = (verdicts: readonly NamedVerdict[]): Expr =>
  verdicts.map((verdict) => verdict.failing).reduce((a, b) => a.or(b))

const columnsOf = (frame: DataFrame): readonly Expr[] => frame.schema.fields.map((field) => col(field.name))

export function explanations(verdicts: readonly NamedVerdict[]): readonly Expr[] {
  if (verdicts.length === 0) return [lit('').as(failedRulesColumn), lit('').as(failureReasonsColumn)]
  const none = lit(null, string)
  const ids = verdicts.map(({ failing, rule }) => when(failing, lit(rule.id)).otherwise(none))
  const reasons = verdicts.map(({ failing, reason }) => when(failing, reason).otherwise(none))
  return [fn.concat_ws(', ', ...ids).as(failedRulesColumn), fn.concat_ws('; ', ...reasons).as(failureReasonsColumn)]
}

export class AnnotatedRows {
  readonly #input: DataFrame
  readonly #options: SplitOptions
  #count = 0
  frame: DataFrame

  constructor(input: DataFrame, options: SplitOptions) {
    this.#input = input
    this.#options = options
    this.frame = input
  }

  forRule(rule: string): RowAnnotator {
    return {
      input: this.#input,
      rowOrder: this.#options.rowOrder ?? [],
      duplicates: this.#options.duplicates ?? 'later',
      column: (expression) => this.#column(expression),
      lookup: (keys, frame, frameKeys, payload) => this.#lookup(keys, frame, frameKeys, payload),
      statement: (sql) => this.#options.statements?.get(sql) ?? null,
      reference: (name) => {
        const frame = this.#options.references?.get(name)
        if (frame === undefined) throw unknownReference(rule, name, [...(this.#options.references?.keys() ?? [])])
        return frame as DataFrame
      },
    }
  }

  #name(): string {
    return `__quality_${this.#count++}`
  }

  #column(expression: Expr): Expr {
    const name = this.#name()
    this.frame = this.frame.withColumns({ [name]: expression })
    return col(name)
  }

  #lookup(keys: readonly Expr[], frame: DataFrame, frameKeys: readonly string[], payload: readonly string[]): Expr[] {
    const renamed = Object.fromEntries([...frameKeys, ...payload].map((name) => [name, this.#name()]))
    const same = keys.map((key, i) => key.isNotDistinctFrom(col(renamed[frameKeys[i]!]!))).reduce((a, b) => a.and(b))
    this.frame = this.frame.join(frame.rename(renamed) as DataFrame, same, 'left')
    return payload.map((name) => col(renamed[name]!))
  }
}
