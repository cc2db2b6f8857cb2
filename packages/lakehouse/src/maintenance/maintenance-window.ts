import { invalidWindow } from '../errors.js'

const minute = 60_000
const day = 86_400_000

/**
 * The end that `--until` names: `90m` or `2h` from now, a time of day (`04:00`, the next one, local time), or an ISO date and time.
 * @throws LakehouseError DW-LAKEHOUSE-0049
 */
export function parseUntil(text: string, nowMs: number): number {
  const span = /^(\d{1,4})(m|h)$/.exec(text)
  if (span !== null) return nowMs + Number(span[1]) * (span[2] === 'h' ? 60 : 1) * minute
  const clock = timeOfDay(text)
  if (clock !== null) return nextTime(clock, nowMs)
  const at = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}/.test(text) ? Date.parse(text) : NaN
  if (Number.isNaN(at)) throw invalidWindow(text, 'give a span like 90m or 2h, a time like 04:00, or a date and time')
  return at
}

/**
 * The end of a daily window `22:00-04:00` (local time) that is open now.
 * @returns null: it is closed
 * @throws LakehouseError DW-LAKEHOUSE-0049
 */
export function windowEnd(text: string, nowMs: number): number | null {
  const times = text.split('-').map(timeOfDay)
  const [from = null, to = null] = times
  if (from === null || to === null || times.length > 2 || from === to) {
    throw invalidWindow(text, 'give two times like 22:00-04:00')
  }
  const end = nextTime(to, nowMs)
  const length = (to - from + day) % day
  return end - nowMs <= length ? end : null
}

/** Milliseconds since midnight. */
function timeOfDay(text: string): number | null {
  const match = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(text)
  return match === null ? null : (Number(match[1]) * 60 + Number(match[2])) * minute
}

function nextTime(sinceMidnightMs: number, nowMs: number): number {
  const midnight = new Date(nowMs)
  midnight.setHours(0, 0, 0, 0)
  const today = midnight.getTime() + sinceMidnightMs
  return today > nowMs ? today : today + day
}
