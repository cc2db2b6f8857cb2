import { civilFromDays, daysFromCivil, daysInMonth } from '@deltaworks/schema'
import { invalidArgument } from '../errors.js'

/*
 * Java's DateTimeFormatter patterns, as Spark's to_date, to_timestamp and date_format take them.
 * One letter parses as many digits as there are, two or more letters exactly so many (yyyy: four or more).
 */

type Letter = 'y' | 'M' | 'd' | 'H' | 'h' | 'm' | 's' | 'S' | 'a' | 'E' | 'D' | 'Q' | 'X'
export type PatternToken =
  | { readonly kind: 'field'; readonly letter: Letter; readonly width: number }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'optional'; readonly tokens: readonly PatternToken[] }

const months = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
]
const days = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday']
const letters: Readonly<Record<string, Letter>> = {
  y: 'y',
  u: 'y',
  M: 'M',
  L: 'M',
  d: 'd',
  H: 'H',
  h: 'h',
  m: 'm',
  s: 's',
  S: 'S',
  a: 'a',
  E: 'E',
  D: 'D',
  Q: 'Q',
  q: 'Q',
  X: 'X',
  x: 'X',
  Z: 'X',
}

const cache = new Map<string, readonly PatternToken[]>()

/** @throws ExpressionError DW-EXPRESSION-0013 for a letter that we do not know */
export function parsePattern(pattern: string): readonly PatternToken[] {
  let tokens = cache.get(pattern)
  if (tokens === undefined) {
    tokens = tokenise(pattern)
    if (cache.size > 1000) cache.clear()
    cache.set(pattern, tokens)
  }
  return tokens
}

function tokenise(pattern: string): readonly PatternToken[] {
  const stack: PatternToken[][] = [[]]
  const push = (token: PatternToken): void => {
    const top = stack[stack.length - 1]!
    const last = top[top.length - 1]
    if (token.kind === 'text' && last?.kind === 'text')
      top[top.length - 1] = { kind: 'text', text: last.text + token.text }
    else top.push(token)
  }
  for (let i = 0; i < pattern.length; i++) {
    const symbol = pattern[i]!
    if (symbol === "'") {
      const end = pattern.indexOf("'", i + 1)
      if (end < 0) throw invalidArgument('a date pattern', pattern, 'a quote is not closed')
      push({ kind: 'text', text: end === i + 1 ? "'" : pattern.slice(i + 1, end) })
      i = end
    } else if (symbol === '[') stack.push([])
    else if (symbol === ']') {
      const inner = stack.pop()!
      if (stack.length === 0) throw invalidArgument('a date pattern', pattern, 'a bracket is not opened')
      push({ kind: 'optional', tokens: inner })
    } else if (/[A-Za-z]/.test(symbol)) {
      const letter = letters[symbol]
      if (letter === undefined)
        throw invalidArgument('a date pattern', pattern, `the letter ${symbol} is not supported`)
      let end = i + 1
      while (pattern[end] === symbol) end++
      push({ kind: 'field', letter, width: end - i })
      i = end - 1
    } else push({ kind: 'text', text: symbol })
  }
  if (stack.length !== 1) throw invalidArgument('a date pattern', pattern, 'a bracket is not closed')
  return stack[0]!
}

interface Parts {
  year: number
  month: number
  day: number
  hour: number
  minute: number
  second: number
  micros: number
  half: number
  dayOfYear: number
  offsetMinutes: number | null
}

export interface ParsedDateTime {
  readonly days: number
  readonly microsOfDay: number
  readonly offsetMinutes: number | null
}

/** @returns null if the whole text is not as the pattern says, or is no date that there is. */
export function parseDateTime(text: string, tokens: readonly PatternToken[]): ParsedDateTime | null {
  const parts: Parts = {
    year: 1970,
    month: 1,
    day: 1,
    hour: 0,
    minute: 0,
    second: 0,
    micros: 0,
    half: -1,
    dayOfYear: 0,
    offsetMinutes: null,
  }
  if (parseTokens(text, 0, tokens, 0, parts) !== text.length) return null
  const { year, month, day } = parts
  if (month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return null
  if (parts.half >= 0) {
    if (parts.hour < 1 || parts.hour > 12) return null
    parts.hour = (parts.hour % 12) + parts.half * 12
  }
  if (parts.hour > 23 || parts.minute > 59 || parts.second > 59) return null
  const date = parts.dayOfYear > 0 ? daysFromCivil(year, 1, 1) + parts.dayOfYear - 1 : daysFromCivil(year, month, day)
  const seconds = parts.hour * 3600 + parts.minute * 60 + parts.second
  return { days: date, microsOfDay: seconds * 1_000_000 + parts.micros, offsetMinutes: parts.offsetMinutes }
}

/** @returns where parsing ended, or -1 */
function parseTokens(
  text: string,
  start: number,
  tokens: readonly PatternToken[],
  first: number,
  parts: Parts,
): number {
  let at = start
  for (let i = first; i < tokens.length; i++) {
    const token = tokens[i]!
    if (token.kind === 'text') {
      if (!text.startsWith(token.text, at)) return -1
      at += token.text.length
    } else if (token.kind === 'optional') {
      const attempt = { ...parts }
      const end = parseTokens(text, at, token.tokens, 0, attempt)
      if (end >= 0) {
        Object.assign(parts, attempt)
        at = end
      }
    } else {
      const next = tokens[i + 1]
      at = parseField(text, at, token.letter, token.width, next?.kind === 'field', parts)
      if (at < 0) return -1
    }
  }
  return at
}

function parseField(text: string, at: number, letter: Letter, width: number, adjacent: boolean, parts: Parts): number {
  if (letter === 'a') {
    const half = text.slice(at, at + 2).toUpperCase()
    if (half !== 'AM' && half !== 'PM') return -1
    parts.half = half === 'PM' ? 1 : 0
    return at + 2
  }
  if (letter === 'M' && width >= 3) {
    const index = months.findIndex((name) => startsWithName(text, at, width === 3 ? name.slice(0, 3) : name))
    if (index < 0) return -1
    parts.month = index + 1
    return at + (width === 3 ? 3 : months[index]!.length)
  }
  if (letter === 'E') {
    const name = days.map((d) => (width <= 3 ? d.slice(0, 3) : d)).find((d) => startsWithName(text, at, d))
    return name === undefined ? -1 : at + name.length
  }
  if (letter === 'X') return parseOffset(text, at, parts)
  const most =
    letter === 'S' ? width : width === 1 ? (adjacent ? 1 : 19) : letter === 'y' && width > 2 && !adjacent ? 10 : width
  let end = at
  while (end < text.length && end - at < most && isDigit(text.charCodeAt(end))) end++
  if (end - at < (letter === 'S' ? 1 : width)) return -1
  const value = Number(text.slice(at, end))
  return assign(parts, letter, width, value, text.slice(at, end)) ? end : -1
}

const isDigit = (code: number): boolean => code >= 48 && code <= 57
const startsWithName = (text: string, at: number, name: string): boolean =>
  text.slice(at, at + name.length).toLowerCase() === name.toLowerCase()

function assign(parts: Parts, letter: Letter, width: number, value: number, digits: string): boolean {
  switch (letter) {
    case 'y':
      parts.year = width === 2 ? 2000 + value : value
      return value <= 9999
    case 'M':
      parts.month = value
      return true
    case 'd':
      parts.day = value
      return true
    case 'H':
    case 'h':
      parts.hour = value
      return letter === 'H' ? value < 24 : value >= 1 && value <= 12
    case 'm':
      parts.minute = value
      return value < 60
    case 's':
      parts.second = value
      return value < 60
    case 'S':
      parts.micros = Number(digits.padEnd(6, '0').slice(0, 6))
      return true
    case 'D':
      parts.dayOfYear = value
      return value >= 1 && value <= 366
    case 'Q':
      parts.month = value * 3 - 2
      return value >= 1 && value <= 4
    default:
      return false
  }
}

function parseOffset(text: string, at: number, parts: Parts): number {
  if (text[at] === 'Z') {
    parts.offsetMinutes = 0
    return at + 1
  }
  const match = /^([+-])(\d{2}):?(\d{2})?/.exec(text.slice(at))
  if (match === null) return -1
  const minutes = Number(match[2]) * 60 + Number(match[3] ?? 0)
  parts.offsetMinutes = match[1] === '-' ? -minutes : minutes
  return at + match[0].length
}

/** @param localMicros wall clock microseconds since 1970-01-01 */
export function formatDateTime(localMicros: bigint, tokens: readonly PatternToken[], offsetMinutes = 0): string {
  let day = localMicros / 86_400_000_000n
  let rest = localMicros % 86_400_000_000n
  if (rest < 0n) {
    rest += 86_400_000_000n
    day -= 1n
  }
  const date = civilFromDays(Number(day))
  const micros = Number(rest)
  const time = { day: Number(day), second: Math.floor(micros / 1_000_000), fraction: micros % 1_000_000, offsetMinutes }
  return formatTokens(tokens, date, time)
}

interface TimeOfDay {
  readonly day: number
  readonly second: number
  readonly fraction: number
  readonly offsetMinutes: number
}

function formatTokens(
  tokens: readonly PatternToken[],
  date: ReturnType<typeof civilFromDays>,
  time: TimeOfDay,
): string {
  let result = ''
  for (const token of tokens) {
    if (token.kind === 'text') result += token.text
    else if (token.kind === 'optional') result += formatTokens(token.tokens, date, time)
    else result += formatField(token.letter, token.width, date, time)
  }
  return result
}

function formatField(letter: Letter, width: number, date: ReturnType<typeof civilFromDays>, time: TimeOfDay): string {
  const padded = (value: number): string => String(value).padStart(width, '0')
  const hour = Math.floor(time.second / 3600)
  switch (letter) {
    case 'y':
      return width === 2 ? String(date.year % 100).padStart(2, '0') : padded(date.year)
    case 'M':
      if (width >= 4) return months[date.month - 1]!
      return width === 3 ? months[date.month - 1]!.slice(0, 3) : padded(date.month)
    case 'd':
      return padded(date.day)
    case 'H':
      return padded(hour)
    case 'h':
      return padded(hour % 12 === 0 ? 12 : hour % 12)
    case 'm':
      return padded(Math.floor(time.second / 60) % 60)
    case 's':
      return padded(time.second % 60)
    case 'S':
      return String(time.fraction).padStart(6, '0').padEnd(width, '0').slice(0, width)
    case 'a':
      return hour < 12 ? 'AM' : 'PM'
    case 'E': {
      const name = days[(((time.day + 3) % 7) + 7) % 7]!
      return width <= 3 ? name.slice(0, 3) : name
    }
    case 'D':
      return padded(time.day - daysFromCivil(date.year, 1, 1) + 1)
    case 'Q':
      return padded(Math.floor((date.month - 1) / 3) + 1)
    default: {
      const minutes = Math.abs(time.offsetMinutes)
      if (minutes === 0) return 'Z'
      const sign = time.offsetMinutes < 0 ? '-' : '+'
      const text = (n: number): string => String(n).padStart(2, '0')
      return `${sign}${text(Math.floor(minutes / 60))}${width >= 3 ? ':' : ''}${text(minutes % 60)}`
    }
  }
}
