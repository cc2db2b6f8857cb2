import { durationMs, type AlertsConfiguration } from '../operations/operations-configuration.js'
import { changeAlertLedger, type AlertLedger, type OpenAlert } from './alert-ledger.js'
import type { AlertVerdict } from './alert-verdict.js'
import { isQuiet } from './quiet-hours.js'

export interface AlertNotice {
  /** `reminder`: it lasts. */
  readonly kind: 'opened' | 'reminder' | 'recovered'
  readonly alert: AlertVerdict & { readonly sinceMs: number }
}

/** What one channel is told, in one message. */
export interface ChannelNotices {
  readonly channel: string
  readonly notices: readonly AlertNotice[]
}

/** Who was telling and did not come back in this time did not tell. */
const tellingMs = 10 * 60_000

/**
 * Brings verdicts into the ledger, and takes on what is to be told now: each trouble once a channel, again after a while if it
 * lasts, and its end to those who were told of it. What quiet hours hold back is told after them, unless it has passed by then.
 * What was taken on is to be confirmed by `confirmAlerts`.
 */
export const settleAlerts = (
  root: string,
  verdicts: readonly AlertVerdict[],
  configuration: AlertsConfiguration,
  nowMs: number,
): Promise<readonly ChannelNotices[]> =>
  changeAlertLedger(root, (ledger) => {
    const alerts = withVerdicts(ledger.alerts, verdicts, nowMs)
    const told = Object.keys(configuration.channels).map((channel): ChannelNotices => ({
      channel,
      notices: alerts.flatMap((alert) => noticeFor(channel, alert, configuration, nowMs) ?? []),
    }))
    const telling = new Map(told.map(({ channel, notices }) => [channel, new Set(notices.map((n) => n.alert.key))]))
    const next = alerts.map((alert): OpenAlert => {
      const channels = [...telling].filter(([, keys]) => keys.has(alert.key)).map(([channel]) => channel)
      if (channels.length === 0) return alert
      return { ...alert, tellingMs: { ...alert.tellingMs, ...Object.fromEntries(channels.map((c) => [c, nowMs])) } }
    })
    return { ledger: sameOr(ledger, next), outcome: told.filter(({ notices }) => notices.length > 0) }
  })

/** Keeps what was told, and what was not for the next time; trouble whose end was told to all is forgotten. */
export const confirmAlerts = (
  root: string,
  outcomes: readonly (ChannelNotices & { readonly delivered: boolean })[],
  nowMs: number,
): Promise<void> =>
  changeAlertLedger(root, (ledger) => {
    const next = ledger.alerts.map((alert) => {
      let { toldMs, tellingMs } = alert
      for (const { channel, notices, delivered } of outcomes) {
        const notice = notices.find((n) => n.alert.key === alert.key)
        if (notice === undefined) continue
        tellingMs = without(tellingMs, channel)
        if (!delivered) continue
        toldMs = notice.kind === 'recovered' ? without(toldMs, channel) : { ...toldMs, [channel]: nowMs }
      }
      return { ...alert, toldMs, tellingMs }
    })
    return { ledger: sameOr(ledger, next), outcome: undefined }
  })

function withVerdicts(
  open: readonly OpenAlert[],
  verdicts: readonly AlertVerdict[],
  nowMs: number,
): readonly OpenAlert[] {
  const alerts = new Map(open.map((alert) => [alert.key, alert]))
  for (const given of verdicts) {
    const known = alerts.get(given.key)
    if (known === undefined) {
      if (given.firing) alerts.set(given.key, { ...given, sinceMs: nowMs, toldMs: {}, tellingMs: {} })
    } else if (given.firing || known.firing) {
      alerts.set(given.key, { ...known, ...given, sinceMs: given.firing && !known.firing ? nowMs : known.sinceMs })
    }
  }
  return [...alerts.values()].filter(isOfInterest)
}

/** Trouble that has passed before anybody was told of it is of none. */
const isOfInterest = ({ firing, toldMs, tellingMs }: OpenAlert): boolean =>
  firing || Object.keys(toldMs).length + Object.keys(tellingMs).length > 0

const sameOr = (ledger: AlertLedger, alerts: readonly OpenAlert[]): AlertLedger => {
  const kept = alerts.filter(isOfInterest)
  return JSON.stringify(kept) === JSON.stringify(ledger.alerts) ? ledger : { ...ledger, alerts: kept }
}

function noticeFor(
  channel: string,
  alert: OpenAlert,
  { channels, quietHours, remindAfter = '24h' }: AlertsConfiguration,
  nowMs: number,
): AlertNotice | null {
  const { severities } = channels[channel]!
  if (severities !== undefined && !severities.includes(alert.severity)) return null
  if (alert.channels !== null && !alert.channels.includes(channel)) return null
  if (nowMs - (alert.tellingMs[channel] ?? 0) < tellingMs) return null
  if (quietHours !== undefined && !(quietHours.except ?? []).includes(alert.severity) && isQuiet(quietHours, nowMs)) {
    return null
  }
  const toldMs = alert.toldMs[channel]
  if (!alert.firing) return toldMs === undefined ? null : { kind: 'recovered', alert }
  if (toldMs === undefined) return { kind: 'opened', alert }
  return nowMs - toldMs >= (durationMs(remindAfter) ?? Infinity) ? { kind: 'reminder', alert } : null
}

const without = (record: Readonly<Record<string, number>>, key: string): Readonly<Record<string, number>> =>
  Object.fromEntries(Object.entries(record).filter(([name]) => name !== key))
