import { daysFromCivil, daysInMonth, microsPerDay } from '@deltaworks/schema'
import { invalidPattern } from '../errors.js'

/** A compiled pattern of Java's DateTimeFormatter letters. */
export interface TemporalPattern {
  /** The pattern for the kernel: 4 bytes a step, see assembly/csv/temporal.ts; null if only `parse` knows it. */
  readonly program: Uint8Array | null
  /** Wall clock microseconds, or an instant if the text names an offset; null if the text does not match. */
  parse(text: string): { readonly micros: bigint; readonly isInstant: boolean } | null
}

type Part = 'year' | 'month' | 'day' | 'hour' | 'minute' | 'second' | 'fraction' | 'shortYear'
const partCodes: Readonly<Record<Part, number>> = {
  year: 0,
  month: 1,
  day: 2,
  hour: 3,
  minute: 4,
  second: 5,
  fraction: 6,
  shortYear: 7,
}

const shortMonths = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']

interface NumberStep {
  readonly kind: 'number'
  readonly part: Part
  readonly least: number
  readonly most: number
}
interface LiteralStep {
  readonly kind: 'literal'
  readonly text: string
}
/** Something only the regular expression knows: a name of a month, an offset, an optional part. */
interface TextStep {
  readonly kind: 'text'
  readonly group: string
}
type Step = NumberStep | LiteralStep | TextStep

const number = (part: Part, least: number, most: number): NumberStep => ({ kind: 'number', part, least, most })
const cache = new Map<string, TemporalPattern>()

/** @throws FormatError DW-FORMAT-0031 naming the letter that is not known */
export function temporalPattern(pattern: string): TemporalPattern {
  let compiled = cache.get(pattern)
  if (compiled === undefined) {
    const steps = parsePattern(pattern)
    compiled = { program: programOf(steps), parse: parserOf(steps) }
    cache.set(pattern, compiled)
  }
  return compiled
}

function parsePattern(pattern: string): Step[] {
  const steps: Step[] = []
  for (let i = 0; i < pattern.length;) {
    const letter = pattern[i]!
    if (letter === "'") {
      const close = pattern.indexOf("'", i + 1)
      if (close < 0) throw invalidPattern(pattern, 'a quote is not closed')
      steps.push({ kind: 'literal', text: close === i + 1 ? "'" : pattern.slice(i + 1, close) })
      i = close + 1
      continue
    }
    if (!/[A-Za-z[\]]/.test(letter)) {
      steps.push({ kind: 'literal', text: letter })
      i++
      continue
    }
    let count = 1
    while (letter !== '[' && letter !== ']' && pattern[i + count] === letter) count++
    steps.push(stepOf(pattern, letter, count))
    i += count
  }
  return steps
}

function stepOf(pattern: string, letter: string, count: number): Step {
  const text = (group: string): TextStep => ({ kind: 'text', group })
  const upTo2 = (part: Part): Step => number(part, count === 1 ? 1 : 2, 2)
  if (count <= 2) {
    if (letter === 'M' || letter === 'L') return upTo2('month')
    if (letter === 'd') return upTo2('day')
    if (letter === 'H') return upTo2('hour')
    if (letter === 'm') return upTo2('minute')
    if (letter === 's') return upTo2('second')
    if (letter === 'h') return text(count === 1 ? '(?<hour12>\\d{1,2})' : '(?<hour12>\\d\\d)')
  }
  switch (letter) {
    case 'y':
    case 'u':
      return count === 2 ? number('shortYear', 2, 2) : number('year', count === 1 ? 1 : count, count === 1 ? 6 : count)
    case 'M':
    case 'L':
      return text(count === 3 ? '(?<monthName>[A-Za-z]{3})' : '(?<monthName>[A-Za-z]{3,9})')
    case 'S':
      return number('fraction', 1, Math.min(count, 9))
    case 'a':
      return text('(?<half>[AaPp][Mm])')
    case 'E':
      return text('[A-Za-z]{3,9}')
    case 'X':
      return text('(?<offset>Z|[+-]\\d\\d(?::?\\d\\d)?)')
    case 'x':
    case 'Z':
      return text('(?<offset>[+-]\\d\\d(?::?\\d\\d)?)')
    case '[':
      return text('(?:')
    case ']':
      return text(')?')
    default:
      throw invalidPattern(pattern, `the letter ${letter.repeat(count)} is not supported`)
  }
}

function programOf(steps: readonly Step[]): Uint8Array | null {
  const bytes: number[] = []
  for (const [i, step] of steps.entries()) {
    if (step.kind === 'text') return null
    if (step.kind === 'literal') {
      for (const byte of new TextEncoder().encode(step.text)) bytes.push(1, byte, 0, 0)
      continue
    }
    const { part, least, most } = step
    // The kernel takes as many digits as it can, so a number of open length must not stand before another one.
    if (least !== most && steps[i + 1]?.kind === 'number') return null
    if (part === 'fraction' && most > 6) return null
    bytes.push(2, partCodes[part], least, most)
  }
  bytes.push(0, 0, 0, 0)
  return Uint8Array.from(bytes)
}

function parserOf(steps: readonly Step[]): TemporalPattern['parse'] {
  const source = steps.map((step) => {
    switch (step.kind) {
      case 'literal':
        return step.text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')
      case 'number':
        return `(?<${step.part}>\\d{${step.least},${step.most}})`
      case 'text':
        return step.group
    }
  })
  let expression: RegExp | undefined
  return (text) => {
    expression ??= new RegExp(`^${source.join('')}$`)
    const groups = expression.exec(text)?.groups
    return groups === undefined ? null : microsOf(groups)
  }
}

function microsOf(groups: Record<string, string | undefined>): { micros: bigint; isInstant: boolean } | null {
  const value = (name: string, otherwise: number): number =>
    groups[name] === undefined ? otherwise : Number(groups[name])
  const year = groups['shortYear'] === undefined ? value('year', 1970) : 2000 + value('shortYear', 0)
  const month =
    groups['monthName'] === undefined
      ? value('month', 1)
      : shortMonths.indexOf(groups['monthName'].slice(0, 3).toLowerCase()) + 1
  const day = value('day', 1)
  let hour = value('hour', 0)
  if (groups['hour12'] !== undefined) {
    const hour12 = value('hour12', 0)
    if (hour12 < 1 || hour12 > 12) return null
    hour = (hour12 % 12) + (groups['half']?.toLowerCase() === 'pm' ? 12 : 0)
  }
  const [minute, second] = [value('minute', 0), value('second', 0)]
  if (month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return null
  if (hour > 23 || minute > 59 || second > 59) return null
  const fraction = BigInt((groups['fraction'] ?? '').padEnd(6, '0').slice(0, 6))
  const local =
    BigInt(daysFromCivil(year, month, day)) * microsPerDay +
    BigInt(hour * 3600 + minute * 60 + second) * 1_000_000n +
    fraction
  const { offset } = groups
  if (offset === undefined) return { micros: local, isInstant: false }
  return { micros: local - BigInt(offset === 'Z' ? 0 : offsetMinutes(offset)) * 60_000_000n, isInstant: true }
}

function offsetMinutes(offset: string): number {
  const digits = offset.slice(1).replace(':', '')
  const minutes = Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2) || 0)
  return offset.startsWith('-') ? -minutes : minutes
}
