import { fn, lit, type Expr } from '@deltaworks/expression'
import type { DataFrame } from '@deltaworks/plan'
import { col } from '@deltaworks/expression'
import { int64 } from '@deltaworks/schema'
import { Check } from '../checks/check.js'
import { verifyChecks } from '../checks/verification-suite.js'
import { invalidRule } from '../errors.js'
import type { AnyFrame, QueryRunner } from '../query-runner.js'
import { profileColumns, type DetailedProfileOptions, type DetailedTableProfile } from './column-profile.js'
import type { IntervalStrategy } from './confidence-interval.js'
import { suggestionRules, type Candidate, type SuggestionRule } from './suggestion-rules.js'

export interface SuggestionOptions extends DetailedProfileOptions {
  /** Default `suggestionRules.DEFAULT`. */
  readonly rules?: readonly SuggestionRule[]
  readonly interval?: IntervalStrategy
  /** Learns from the other rows and tries the suggestions on this share of them. */
  readonly testShare?: number
  /** Which rows those are; default 0. */
  readonly seed?: number
}

export interface Suggestion extends Candidate {
  readonly column: string
  readonly rule: string
  readonly ruleDescription: string
  /** On the rows for testing; null if there were none. */
  readonly evaluation: { readonly passed: boolean; readonly metric: number | null } | null
}

export interface SuggestionResult {
  readonly profile: DetailedTableProfile
  readonly suggestions: readonly Suggestion[]
  /** Rows that were learnt from, and tried on. */
  readonly trainRows: number
  readonly testRows: number
}

/** Suggests constraints that the data keeps to. @throws QualityError DW-QUALITY-0005 for a share of tests out of (0, 1) */
export async function suggestConstraints(
  session: QueryRunner,
  table: AnyFrame,
  options: SuggestionOptions = {},
): Promise<SuggestionResult> {
  const { train, test } = splitRandomly(table as DataFrame, options)
  const profile = await profileColumns(session, train, options)
  const context = { rowCount: profile.rowCount, interval: options.interval ?? 'wilson' }
  const found = profile.columns.flatMap((column) =>
    (options.rules ?? suggestionRules.DEFAULT).flatMap((rule) => {
      const candidate = rule.suggest(column, context)
      return candidate === null
        ? []
        : [{ ...candidate, column: column.column, rule: rule.name, ruleDescription: rule.description }]
    }),
  )
  if (test === null || found.length === 0) {
    const suggestions = found.map((suggestion) => ({ ...suggestion, evaluation: null }))
    return { profile, suggestions, trainRows: profile.rowCount, testRows: 0 }
  }
  const { checks, verification } = await verifyChecks(session, test, [checkOf(found)])
  const results = checks[0]!.constraints
  return {
    profile,
    suggestions: found.map((suggestion, i) => ({
      ...suggestion,
      evaluation: { passed: results[i]!.status === 'Success', metric: results[i]!.metric },
    })),
    trainRows: profile.rowCount,
    testRows: verification.rowCount,
  }
}

/** By a hash of the whole row: the same rows whatever order they come in. */
function splitRandomly(frame: DataFrame, { testShare, seed = 0 }: SuggestionOptions) {
  if (testShare === undefined) return { train: frame, test: null }
  if (!(testShare > 0 && testShare < 1))
    throw invalidRule(`the share of rows for testing is between 0 and 1, not ${testShare}`)
  const columns = frame.schema.fields.map(({ name }): Expr => col(name).cast({ kind: 'string' }))
  const hash = fn.bitwise_and(fn.xxhash64(fn.concat_ws('\u0001', lit(String(seed)), ...columns)), lit(0xffffn, int64))
  const isTest = hash.lt(lit(BigInt(Math.round(testShare * 0x10000)), int64))
  return { train: frame.filter(isTest.not()), test: frame.filter(isTest) }
}

export const checkOf = (suggestions: readonly Candidate[], description = 'suggested'): Check =>
  suggestions.reduce((check, { add }) => add(check), new Check('error', description))

/** Code to paste: a `Check` of ours, a DQDL rule set, or a check of Deequ in Scala. */
export function printSuggestions(suggestions: readonly Candidate[], language: 'typescript' | 'dqdl' | 'deequ'): string {
  const lines = suggestions.map((suggestion) => suggestion[language])
  switch (language) {
    case 'typescript':
      return `new Check('error', 'suggested')\n${lines.map((line) => `  ${line}`).join('\n')}\n`
    case 'dqdl':
      return `Rules = [\n${lines.map((line) => `  ${line}`).join(',\n')}\n]\n`
    case 'deequ':
      return `Check(CheckLevel.Error, "suggested")\n${lines.map((line) => `  ${line}`).join('\n')}\n`
  }
}
