/** Hours of the day in which people are left alone, in their own time zone; `22:00` to `07:00` goes over midnight. */
export interface QuietHours {
  readonly from: string
  readonly to: string
  readonly timezone: string
}

export function isQuiet({ from, to, timezone }: QuietHours, nowMs: number): boolean {
  const clock = new Intl.DateTimeFormat('en-GB', {
    timeZone: timezone,
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  })
  const now = clock.format(nowMs)
  return from <= to ? now >= from && now < to : now >= from || now < to
}

export function isTimezone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name })
    return true
  } catch {
    return false
  }
}
