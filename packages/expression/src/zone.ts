import { invalidArgument } from './errors.js'

/*
 * Time zones. UTC and fixed offsets are arithmetic; a named zone asks Intl once per quarter of an hour of use (offsets change
 * only on such boundaries) and remembers the answer.
 */

const quarterMicros = 900_000_000n
const caches = new Map<string, { readonly format: Intl.DateTimeFormat; readonly offsets: Map<bigint, bigint> }>()
const fixedPattern = /^(?:UTC|GMT)?([+-])(\d{1,2}):?(\d{2})?$/

/** The zone's constant offset in microseconds, or null if it is a named zone. */
export function fixedOffsetMicros(timezone: string): bigint | null {
  if (timezone === 'UTC' || timezone === 'Z' || timezone === 'GMT' || timezone === 'Etc/UTC') return 0n
  const match = fixedPattern.exec(timezone)
  if (match === null) return null
  const minutes = BigInt(Number(match[2]) * 60 + Number(match[3] ?? 0))
  return (match[1] === '-' ? -minutes : minutes) * 60_000_000n
}

/** Microseconds to add to an instant to get the zone's wall clock reading. */
export function offsetMicrosAt(instant: bigint, timezone: string): bigint {
  const fixed = fixedOffsetMicros(timezone)
  if (fixed !== null) return fixed
  let cache = caches.get(timezone)
  if (cache === undefined) {
    const format = new Intl.DateTimeFormat('en-US', {
      timeZone: timezone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
      era: 'short',
    })
    cache = { format, offsets: new Map() }
    caches.set(timezone, cache)
  }
  let quarter = instant / quarterMicros
  if (instant < 0n && quarter * quarterMicros !== instant) quarter -= 1n
  const known = cache.offsets.get(quarter)
  if (known !== undefined) return known
  const ms = Number(quarter * 900_000n)
  const parts: Record<string, string> = {}
  for (const { type, value } of cache.format.formatToParts(ms)) parts[type] = value
  const year = parts['era'] === 'BC' ? 1 - Number(parts['year']) : Number(parts['year'])
  const wall = new Date(0)
  wall.setUTCFullYear(year, Number(parts['month']) - 1, Number(parts['day']))
  wall.setUTCHours(Number(parts['hour']), Number(parts['minute']), Number(parts['second']))
  const offset = BigInt(wall.getTime() - ms) * 1000n
  if (cache.offsets.size > 100_000) cache.offsets.clear()
  cache.offsets.set(quarter, offset)
  return offset
}

export const localFromInstant = (instant: bigint, timezone: string): bigint =>
  instant + offsetMicrosAt(instant, timezone)

/** The instant of a wall clock reading; in a gap it is moved forward, in an overlap the earlier one is taken, as by Java. */
export function instantFromLocal(local: bigint, timezone: string): bigint {
  const fixed = fixedOffsetMicros(timezone)
  if (fixed !== null) return local - fixed
  const before = offsetMicrosAt(local - 86_400_000_000n, timezone)
  const first = local - before
  if (offsetMicrosAt(first, timezone) === before) return first
  const second = local - offsetMicrosAt(first, timezone)
  return offsetMicrosAt(second, timezone) + second === local ? second : first
}

const validZones = new Set<string>()

/** Whether it is an offset, or a zone that Intl knows. */
export function isTimezone(timezone: string): boolean {
  if (validZones.has(timezone) || fixedOffsetMicros(timezone) !== null) return true
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: timezone })
  } catch {
    return false
  }
  validZones.add(timezone)
  return true
}

/** The zone's name. @throws ExpressionError DW-EXPRESSION-0013 if there is no such zone */
export function requireTimezone(timezone: string): string {
  if (isTimezone(timezone)) return timezone
  throw invalidArgument('a time zone', timezone, 'give a name such as Europe/Berlin, or an offset such as +02:00')
}
