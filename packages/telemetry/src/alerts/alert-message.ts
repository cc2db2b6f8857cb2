import { maskPersons, type SecretMask } from '../secrets/secret-mask.js'

/** What is told of one alert. */
export interface Notice {
  readonly kind: 'opened' | 'reminder' | 'recovered'
  readonly alert: {
    readonly key: string
    readonly rule: string
    readonly severity: 'critical' | 'warning'
    readonly title: string
    readonly detail: string
    readonly runbook: string | null
    readonly sinceMs: number
  }
}

/** Where it happened. */
export interface AlertPlace {
  readonly lakehouse: string
  readonly environment: string
  readonly runId: string | null
  readonly root: string
  /** URL of the run's report. */
  readonly report: string | null
  /** URL of what to do, with `{rule}`; for alerts without one of their own. */
  readonly runbooks: string | null
  readonly nowMs: number
}

/** One message about several alerts, as channels put it into their forms. */
export interface AlertMessage {
  /** At most 78 characters: what a phone shows of it while it is locked. */
  readonly subject: string
  readonly items: readonly AlertItem[]
  /** Where and when: `retail, prod · run 20260131 · 2026-01-31 06:00 UTC`. */
  readonly footer: string
  readonly report: string | null
  readonly place: AlertPlace
}

export interface AlertItem {
  readonly state: 'critical' | 'warning' | 'recovered'
  readonly reminder: boolean
  readonly key: string
  readonly rule: string
  readonly title: string
  readonly detail: string
  readonly runbook: string | null
  readonly sinceMs: number
  /** `for 3 h`, of what lasts or has passed. */
  readonly lasted: string | null
}

const longestSubject = 78
const longestDetail = 600

/** Puts notices into one message, the worst first, without secrets and without what tells who somebody is. */
export function alertMessage(notices: readonly Notice[], place: AlertPlace, mask: SecretMask): AlertMessage {
  const masked = (text: string | null): string | null => (text === null ? null : mask.mask(text))
  const clean = (text: string): string => maskPersons(mask.mask(text))
  const items = notices
    .map(({ kind, alert }): AlertItem => ({
      state: kind === 'recovered' ? 'recovered' : alert.severity,
      reminder: kind === 'reminder',
      key: alert.key,
      rule: alert.rule,
      title: clean(alert.title),
      detail: shorten(clean(alert.detail), longestDetail),
      runbook: masked(alert.runbook ?? place.runbooks?.replaceAll('{rule}', encodeURIComponent(alert.rule)) ?? null),
      sinceMs: alert.sinceMs,
      lasted: kind === 'opened' ? null : lasting(place.nowMs - alert.sinceMs),
    }))
    .sort((a, b) => order.indexOf(a.state) - order.indexOf(b.state))
  const where = mask.mask(`${place.lakehouse}, ${place.environment}`)
  const run = place.runId === null ? '' : ` · run ${mask.mask(place.runId)}`
  return {
    subject: subjectOf(items, where),
    items,
    footer: `${where}${run} · ${new Date(place.nowMs).toISOString().slice(0, 16).replace('T', ' ')} UTC`,
    report: masked(place.report),
    place: mask.maskData(place),
  }
}

const order: readonly AlertItem['state'][] = ['critical', 'warning', 'recovered']
export const marks: Readonly<Record<AlertItem['state'], string>> = { critical: '🔴', warning: '🟠', recovered: '🟢' }
export const stateNames: Readonly<Record<AlertItem['state'], string>> = {
  critical: 'Critical',
  warning: 'Warning',
  recovered: 'Recovered',
}

function subjectOf(items: readonly AlertItem[], where: string): string {
  const [first] = items
  if (first === undefined) return where
  const more = items.length > 1 ? ` (+${items.length - 1})` : ''
  const head = `${marks[first.state]} ${first.state === 'recovered' ? 'Recovered: ' : ''}`
  const tail = `${more} · ${where}`
  return `${head}${shorten(first.title, Math.max(20, longestSubject - head.length - tail.length))}${tail}`
}

const shorten = (text: string, length: number): string => {
  const line = text.replaceAll(/\s+/g, ' ').trim()
  return line.length <= length ? line : `${line.slice(0, length - 1).trimEnd()}…`
}

const lasting = (ms: number): string => {
  const minutes = Math.max(1, Math.round(ms / 60_000))
  if (minutes < 120) return `for ${minutes} min`
  return minutes < 48 * 60 ? `for ${Math.round(minutes / 60)} h` : `for ${Math.round(minutes / 1440)} days`
}
