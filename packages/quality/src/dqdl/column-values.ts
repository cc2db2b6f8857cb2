import { col, fn, lit, type Expr } from '@deltaworks/expression'
import { string, timestamp } from '@deltaworks/schema'
import { clockMark } from '../clock.js'
import { dqdlSyntax } from '../errors.js'
import { RuleBuilder } from '../rule-builder.js'
import { valueRule } from '../rules/values.js'
import { isDynamic } from './history-functions.js'
import { numberLiteral } from './number-literal.js'
import { formatCondition } from './operand-bounds.js'
import type { ConditionNode, Operand } from './syntax.js'

/** What a condition compares: as it is, the day of a date or timestamp, or a moment. */
type Subject = 'value' | 'day' | 'moment'

interface Compared {
  readonly subject: Subject
  readonly of: Expr
  readonly text: string
}

/**
 * `ColumnValues "a" …`. As in Glue, a null fails every condition but `!=` and `not in`, unless NULL is named; `between` leaves its
 * ends out; a regular expression must match the whole value.
 */
export function columnValues(column: string, condition: ConditionNode, ignoreCase = false): RuleBuilder {
  const { operator, negated, operands, position } = condition
  const values = operands.map((operand) => comparedOf(operand, ignoreCase))
  const text = formatCondition(
    condition,
    values.map((value) => value.text),
  )
  if (operator === '=' || operator === '!=' || operator === 'in') {
    return membership(column, operands, values, operator === '!=' || negated, text, ignoreCase)
  }
  const missing = operands.find(({ kind }) => kind === 'keyword')
  if (missing !== undefined) throw dqdlSyntax(missing.position, `${operator} needs a value, not ${values[0]!.text}`)
  const [first, second] = values as [Compared, Compared]
  const holds = (value: Expr): Expr => {
    const of = (compared: Compared) => subjectOf(value, compared.subject, ignoreCase)
    switch (operator) {
      case '>':
        return of(first).gt(first.of)
      case '>=':
        return of(first).ge(first.of)
      case '<':
        return of(first).lt(first.of)
      case '<=':
        return of(first).le(first.of)
      case 'between':
        return of(first).gt(first.of).and(of(second).lt(second.of))
      case 'matches':
        return value.cast(string).rlike(wholePattern(operands[0]!))
    }
  }
  if (operator === 'matches') checkPattern(operands[0]!, position)
  const rule = valueRule('values', column, (value) => (negated ? holds(value).not() : holds(value)), text, 1)
  return speaking(rule.nullsFail(), operands)
}

const wholePattern = (operand: Operand): string => `^(?:${operand.kind === 'text' ? operand.text : ''})$`

function checkPattern(operand: Operand, position: ConditionNode['position']): void {
  try {
    new RegExp(wholePattern(operand), 'u')
  } catch {
    throw dqdlSyntax(operand.position ?? position, 'this is not a regular expression')
  }
}

/** Marks a rule whose condition speaks of now. */
function speaking(rule: RuleBuilder, operands: readonly Operand[]): RuleBuilder {
  if (!operands.some((operand) => operand.kind === 'now' || isTime(operand)) || rule.constraint.kind !== 'compliance')
    return rule
  return new RuleBuilder({ ...rule, constraint: { ...rule.constraint, clock: true } })
}

function membership(
  column: string,
  operands: readonly Operand[],
  values: readonly Compared[],
  negated: boolean,
  text: string,
  ignoreCase: boolean,
): RuleBuilder {
  const keywords = new Set(operands.flatMap((operand) => (operand.kind === 'keyword' ? [operand.keyword] : [])))
  const compared = values.filter((_, i) => operands[i]!.kind !== 'keyword')
  const holds = (value: Expr): Expr => {
    const bySubject = (['value', 'day', 'moment'] as const).flatMap((subject) => {
      const members = compared.filter((member) => member.subject === subject).map((member) => member.of)
      return members.length === 0 ? [] : [subjectOf(value, subject, ignoreCase).in_(members)]
    })
    const tests = [
      ...bySubject,
      ...(keywords.has('EMPTY') ? [value.eq(lit(''))] : []),
      ...(keywords.has('WHITESPACES_ONLY') ? [value.rlike('^\\s+$')] : []),
    ]
    // Only NULL is named: no value is a member, and the predicate must still be null where the value is.
    const member = tests.length === 0 ? value.isNull().and(value.eq(value)) : tests.reduce((a, b) => a.or(b))
    return negated ? member.not() : member
  }
  const rule = valueRule('values', column, holds, text, 1)
  return speaking(keywords.has('NULL') !== negated ? rule.nullsPass() : rule.nullsFail(), operands)
}

function subjectOf(value: Expr, subject: Subject, ignoreCase: boolean): Expr {
  switch (subject) {
    case 'value':
      return ignoreCase ? fn.lower(value) : value
    case 'day':
      // Texts of days compare as days do, whether the column holds dates, timestamps or texts.
      return fn.left(value.cast(string), lit(10))
    case 'moment':
      return value.tryCast(timestamp)
  }
}

const dayPattern = /^\d{4}-\d{2}-\d{2}$/
const timePattern = /^(\d{1,2}):(\d{2})(?: (AM|PM))?$/

const isTime = (operand: Operand): boolean => operand.kind === 'text' && timePattern.test(operand.text)

function comparedOf(operand: Operand, ignoreCase: boolean): Compared {
  switch (operand.kind) {
    case 'keyword':
      return { subject: 'value', of: lit(null), text: operand.keyword }
    case 'now':
      return { subject: 'moment', of: clockMark(operand.offsetMicros), text: 'now()' }
    case 'text': {
      const quoted = `"${operand.text}"`
      if (dayPattern.test(operand.text)) return { subject: 'day', of: lit(operand.text), text: quoted }
      if (isTime(operand)) return { subject: 'moment', of: clockMark(0n, timeOfDayMicros(operand.text)), text: quoted }
      return { subject: 'value', of: lit(ignoreCase ? operand.text.toLowerCase() : operand.text), text: quoted }
    }
    case 'number':
      if (isDynamic(operand.number) || operand.number.kind !== 'literal')
        throw dqdlSyntax(operand.position, 'single values are not compared with earlier metrics')
      return { subject: 'value', of: numberLiteral(operand.number.text), text: operand.number.text }
    case 'duration':
    case 'size':
      throw dqdlSyntax(operand.position, `a value is not compared with ${operand.text}`)
  }
}

/** `9:30 AM`, `21:45` as microseconds of a day; null: it is no time. */
export function timeOfDayMicros(text: string): bigint | null {
  const match = timePattern.exec(text)
  if (match === null) return null
  const [, hour, minute, half] = match
  const hours = half === undefined ? Number(hour) : (Number(hour) % 12) + (half === 'PM' ? 12 : 0)
  return hours > 23 || Number(minute) > 59 ? null : BigInt(hours * 60 + Number(minute)) * 60_000_000n
}

/** `ColumnLength "a" between 2 and 5`: of the texts; nulls fail. */
export function columnLength(column: string, condition: ConditionNode): RuleBuilder {
  const text = formatCondition(
    condition,
    condition.operands.map((operand) => literalOf(operand)),
  )
  const numbers = condition.operands.map((operand) => lit(Number(literalOf(operand))))
  const length = fn.length(col(column))
  const [first, second] = numbers as [Expr, Expr]
  const holds = (): Expr => {
    switch (condition.operator) {
      case '=':
        return length.eq(first)
      case '!=':
        return length.ne(first)
      case '>':
        return length.gt(first)
      case '>=':
        return length.ge(first)
      case '<':
        return length.lt(first)
      case '<=':
        return length.le(first)
      case 'between':
        return length.gt(first).and(length.lt(second))
      case 'in':
        return length.in_(numbers)
      case 'matches':
        throw dqdlSyntax(condition.position, 'a length matches no regular expression')
    }
  }
  const test = holds()
  return valueRule(
    'length',
    column,
    () => (condition.negated ? test.not() : test),
    `of a length ${text}`,
    1,
  ).nullsFail()
}

function literalOf(operand: Operand): string {
  if (operand.kind !== 'number' || operand.number.kind !== 'literal')
    throw dqdlSyntax(operand.position, 'expected a number')
  return operand.number.text
}
