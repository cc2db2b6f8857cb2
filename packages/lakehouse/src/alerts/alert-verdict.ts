import type { AlertRule, AlertSeverity } from './alert-rule.js'

/** What a rule says of one thing that it looks at. */
export interface AlertVerdict {
  /** Rule and what it is about: equal for the same trouble in every run. */
  readonly key: string
  readonly rule: string
  readonly severity: AlertSeverity
  readonly runbook: string | null
  readonly channels: readonly string[] | null
  readonly firing: boolean
  /** One line, as a phone shows it. */
  readonly title: string
  /** A sentence or two more; empty where the title says all. */
  readonly detail: string
}

export const verdict = (
  { id, severity, runbook, channels }: AlertRule,
  about: string,
  { firing, title, detail = '' }: { readonly firing: boolean; readonly title: string; readonly detail?: string },
): AlertVerdict => ({
  key: about === '' ? id : `${id}:${about}`,
  rule: id,
  severity,
  runbook,
  channels,
  firing,
  title,
  detail,
})
