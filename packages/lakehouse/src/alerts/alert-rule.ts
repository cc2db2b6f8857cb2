/** Rules of a lakehouse about its runs. They are data: who is told, and how, is the environment's. */

export type AlertSeverity = 'critical' | 'warning'

/** Figures of a run, or of a table in it, that rules look at. */
export type AlertMeasure = 'durationMs' | 'rowsIn' | 'rowsOut' | 'rowsQuarantined' | 'quarantinedShare' | UsageMeasure

/** Of a run as a whole: all that it spilled, the most that lay on disk at a time, the most memory that operators had reserved. */
export type UsageMeasure = 'spilledBytes' | 'temporaryBytes' | 'memoryBytes'

const usageMeasures: ReadonlySet<string> = new Set<UsageMeasure>(['spilledBytes', 'temporaryBytes', 'memoryBytes'])

interface RuleBase {
  /** Unique in the lakehouse; also what a runbook is found by. */
  readonly id: string
  readonly severity: AlertSeverity
  /** Page that says what to do; null: the environment's `runbooks`. */
  readonly runbook: string | null
  /** Names of the channels that are told; null: every one that takes the severity. */
  readonly channels: readonly string[] | null
}

export type AlertRule = RuleBase &
  (
    | { readonly kind: 'failure' }
    /** A failed quality rule of this level; one alert a rule and table. */
    | { readonly kind: 'quality'; readonly level: 'critical' | 'warning' }
    /** A figure out of bounds. Table null: of the run as a whole. */
    | {
        readonly kind: 'threshold'
        readonly measure: AlertMeasure
        readonly table: string | null
        readonly above: number | null
        readonly below: number | null
      }
    /** A figure of a table that is far from what it was in earlier runs. */
    | {
        readonly kind: 'anomaly'
        readonly measure: Extract<AlertMeasure, 'rowsIn' | 'rowsOut' | 'rowsQuarantined'>
        readonly table: string
        readonly deviations: number
        readonly minimumRuns: number
      }
    /** Steps that took longer than in earlier runs. */
    | {
        readonly kind: 'slow'
        readonly deviations: number
        /** Least factor of the mean: steps that always take the same time are not told for a little more. */
        readonly factor: number
        readonly minimumRuns: number
        readonly leastMs: number
      }
    /** The resource monitor saw the machine near a limit. */
    | { readonly kind: 'resources' }
    /** No new rows for longer than this. */
    | { readonly kind: 'freshness'; readonly table: string; readonly withinMs: number }
  )

type Options = Partial<RuleBase>

const base = (id: string, severity: AlertSeverity, { runbook, channels, ...given }: Options): RuleBase => ({
  id: given.id ?? id,
  severity: given.severity ?? severity,
  runbook: runbook ?? null,
  channels: channels ?? null,
})

/** The run, or a step of it, ended with an error; a run never ended. */
export const onFailure = (options: Options = {}): AlertRule => ({
  kind: 'failure',
  ...base('failure', 'critical', options),
})

/** A quality rule failed: those of the level `critical`, or `warning` for the others. */
export const onQuality = (level: 'critical' | 'warning' = 'critical', options: Options = {}): AlertRule => ({
  kind: 'quality',
  level,
  ...base(`quality_${level}`, level, options),
})

/** `onThreshold('rowsQuarantined', { above: 1000 })`, `onThreshold('rowsIn', { table: 'orders', below: 1 })`. */
export const onThreshold = (
  measure: AlertMeasure,
  {
    table,
    above,
    below,
    ...options
  }: Options & { readonly table?: string; readonly above?: number; readonly below?: number },
): AlertRule => ({
  kind: 'threshold',
  measure,
  table: table ?? null,
  above: above ?? null,
  below: below ?? null,
  ...base(`threshold_${table === undefined ? '' : `${table}_`}${measure}`, 'warning', options),
})

export const onAnomaly = (
  table: string,
  measure: 'rowsIn' | 'rowsOut' | 'rowsQuarantined' = 'rowsOut',
  {
    deviations,
    minimumRuns,
    ...options
  }: Options & { readonly deviations?: number; readonly minimumRuns?: number } = {},
): AlertRule => ({
  kind: 'anomaly',
  measure,
  table,
  deviations: deviations ?? 3,
  minimumRuns: minimumRuns ?? 5,
  ...base(`anomaly_${table}_${measure}`, 'warning', options),
})

export const onSlow = ({
  deviations,
  factor,
  minimumRuns,
  leastMs,
  ...options
}: Options & {
  readonly deviations?: number
  readonly factor?: number
  readonly minimumRuns?: number
  readonly leastMs?: number
} = {}): AlertRule => ({
  kind: 'slow',
  deviations: deviations ?? 3,
  factor: factor ?? 1.5,
  minimumRuns: minimumRuns ?? 5,
  leastMs: leastMs ?? 1000,
  ...base('slow', 'warning', options),
})

export const onResources = (options: Options = {}): AlertRule => ({
  kind: 'resources',
  ...base('resources', 'warning', options),
})

/** Freshness: `onStale('fact_transactions', { hours: 26 })`. */
export const onStale = (table: string, { hours, ...options }: Options & { readonly hours: number }): AlertRule => ({
  kind: 'freshness',
  table,
  withinMs: hours * 3_600_000,
  ...base(`freshness_${table}`, 'critical', options),
})

/** Of a lakehouse that names none. */
export const defaultAlertRules: readonly AlertRule[] = [onFailure(), onQuality('critical')]

/** What is wrong with rules, or null. */
export function alertRuleProblem(rules: readonly AlertRule[], tables: ReadonlySet<string>): string | null {
  const ids = new Set<string>()
  for (const rule of rules) {
    if (ids.has(rule.id)) return `two alert rules have the id "${rule.id}"; give one of them an id of its own`
    ids.add(rule.id)
    if ('table' in rule && rule.table !== null && !tables.has(rule.table)) {
      return `the alert rule "${rule.id}" is about "${rule.table}", which is not a table of the lakehouse`
    }
    if (rule.kind === 'threshold' && rule.table !== null && usageMeasures.has(rule.measure)) {
      return `the alert rule "${rule.id}" is about the ${rule.measure} of a table; they are of the run as a whole`
    }
    if (rule.kind === 'threshold' && rule.above === null && rule.below === null) {
      return `the alert rule "${rule.id}" has no bound; give above or below`
    }
  }
  return null
}
