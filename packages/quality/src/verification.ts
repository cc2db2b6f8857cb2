import type { RuleAction, RuleLevel } from './rule.js'
import type { TableProfile } from './table-profile.js'

/** What one rule said. */
export interface RuleResult {
  readonly rule: string
  readonly description: string
  readonly level: RuleLevel
  readonly action: RuleAction
  /** `error`: it could not be evaluated; `message` says why. */
  readonly status: 'passed' | 'failed' | 'error'
  /** Null if no row was asked about. */
  readonly metric: number | null
  /** The bounds as text: `>= 0.95`. */
  readonly threshold: string
  /** Rows that fail, for rules that name rows. */
  readonly rowsFailed: number | null
  /** One sentence for people: what was found. */
  readonly message: string
  readonly labels?: Readonly<Record<string, string>>
}

export interface VerificationResult {
  readonly rules: readonly RuleResult[]
  /** `failed`: a critical rule failed or could not be evaluated; `warnings`: only others did. */
  readonly status: 'passed' | 'warnings' | 'failed'
  /** Rules passed by rules; 1 if there are none. */
  readonly score: number
  readonly rowCount: number
  /** Queries that read the table: one for all rules that share a scan, one a distinct grouping, one a reference or outlier rule. */
  readonly scanCount: number
  /** If it was asked for. */
  readonly profile: TableProfile | null
}
