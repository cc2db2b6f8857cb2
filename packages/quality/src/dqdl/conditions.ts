import { dqdlSyntax } from '../errors.js'
import { givesList, historyFunctions, isHistoryFunction } from './history-functions.js'
import type { Comparison, ConditionNode, HistoryFunction, NumberNode, Operand } from './syntax.js'
import type { TokenReader } from './token-reader.js'
import type { Variables } from './variables.js'

const comparisons: readonly Comparison[] = ['=', '!=', '>', '>=', '<', '<=']

/** Whether a condition begins here. */
export const beginsCondition = (tokens: TokenReader): boolean =>
  ['not', 'between', 'in', 'matches', ...comparisons].some((word) => tokens.is(word))

/** `> 0.9`, `between 1 and 7`, `not in ["a", NULL]`, `matches "…"`. */
export function parseCondition(tokens: TokenReader, variables: Variables): ConditionNode {
  const { position } = tokens
  const negated = tokens.accept('not')
  if (tokens.accept('between')) {
    const low = parseOperand(tokens, variables)
    if (!tokens.accept('AND')) tokens.expect('and')
    return { operator: 'between', negated, operands: [low, parseOperand(tokens, variables)], position }
  }
  if (tokens.accept('in')) return { operator: 'in', negated, operands: members(tokens, variables), position }
  if (tokens.accept('matches')) {
    const at = tokens.position
    const text = tokens.expectKind('text', 'a regular expression in quotes')
    return { operator: 'matches', negated, operands: [{ kind: 'text', text, position: at }], position }
  }
  if (negated) throw dqdlSyntax(tokens.position, 'expected "between", "in" or "matches" after "not"')
  const operator = comparisons.find((symbol) => tokens.accept(symbol))
  if (operator === undefined)
    throw dqdlSyntax(
      position,
      `expected a condition (=, !=, >, >=, <, <=, between, in, matches), found ${tokens.shown}`,
    )
  return { operator, negated: false, operands: [parseOperand(tokens, variables)], position }
}

function members(tokens: TokenReader, variables: Variables): readonly Operand[] {
  if (tokens.is('$')) return variables.take(tokens).values
  tokens.expect('[')
  const all = [parseOperand(tokens, variables)]
  while (tokens.accept(',')) all.push(parseOperand(tokens, variables))
  tokens.expect(']')
  const [first] = all
  const odd = all.find(
    (member) => kindOf(member) !== null && kindOf(first!) !== null && kindOf(member) !== kindOf(first!),
  )
  if (odd !== undefined) throw dqdlSyntax(odd.position, 'the values of a list must be of one kind')
  return all
}

/** A missing value goes with any kind; dates and texts are told apart by the column. */
function kindOf({ kind }: Operand): string | null {
  return kind === 'keyword' ? null : kind === 'now' ? 'text' : kind
}

function parseOperand(tokens: TokenReader, variables: Variables): Operand {
  const { position } = tokens
  const token = tokens.peek()
  if (token.kind === 'text') {
    tokens.take()
    return { kind: 'text', text: token.text, position }
  }
  if (tokens.is('$')) {
    const { values } = variables.take(tokens)
    if (values.length !== 1) throw dqdlSyntax(position, 'a list of values is not expected here')
    return { ...values[0]!, position }
  }
  const keyword = (['NULL', 'EMPTY', 'WHITESPACES_ONLY'] as const).find(
    (word) => tokens.accept(word) || tokens.accept(word.toLowerCase()),
  )
  if (keyword !== undefined) return { kind: 'keyword', keyword, position }
  if (tokens.is('now')) return { kind: 'now', offsetMicros: now(tokens), position }
  if (tokens.is('(') && tokens.peek(1).text === 'now')
    return { kind: 'now', offsetMicros: shiftedNow(tokens), position }
  const number = parseSum(tokens)
  if (number.kind === 'literal') {
    const unit = tokens.peek().text
    if (tokens.peek().kind === 'word' && Object.hasOwn(hours, unit)) {
      tokens.take()
      return { kind: 'duration', hours: Number(number.text) * hours[unit]!, text: `${number.text} ${unit}`, position }
    }
    if (tokens.peek().kind === 'word' && Object.hasOwn(bytes, unit)) {
      tokens.take()
      return { kind: 'size', bytes: Number(number.text) * bytes[unit]!, text: `${number.text} ${unit}`, position }
    }
  }
  if (givesList(number))
    throw dqdlSyntax(position, 'a list of metrics is no number; take avg, median, min, max, sum or std of it')
  return { kind: 'number', number, position }
}

const hours: Readonly<Record<string, number>> = {
  days: 24,
  day: 24,
  hours: 1,
  hour: 1,
  minutes: 1 / 60,
  minute: 1 / 60,
}
const bytes: Readonly<Record<string, number>> = { B: 1, KB: 1024, MB: 1024 ** 2, GB: 1024 ** 3, TB: 1024 ** 4 }
const microsPerHour = 3_600_000_000

function now(tokens: TokenReader): bigint {
  tokens.expect('now')
  tokens.expect('(')
  tokens.expect(')')
  return 0n
}

/** `(now() - 3 days)` */
function shiftedNow(tokens: TokenReader): bigint {
  tokens.expect('(')
  now(tokens)
  const sign = tokens.accept('-') ? -1n : 1n
  if (sign === 1n) tokens.expect('+')
  const amount = tokens.number('a number of days, hours or minutes')
  const { position } = tokens
  const unit = tokens.expectKind('word', '"days", "hours" or "minutes"')
  if (!Object.hasOwn(hours, unit))
    throw dqdlSyntax(position, `"${unit}" is not a unit; known are days, hours and minutes`)
  tokens.expect(')')
  return sign * BigInt(Math.round(amount * hours[unit]! * microsPerHour))
}

function parseSum(tokens: TokenReader): NumberNode {
  let left = parseProduct(tokens)
  for (;;) {
    const operator = (['+', '-'] as const).find((symbol) => tokens.accept(symbol))
    if (operator === undefined) return left
    left = { kind: 'binary', operator, left, right: parseProduct(tokens) }
  }
}
function parseProduct(tokens: TokenReader): NumberNode {
  let left = parseFactor(tokens)
  for (;;) {
    const operator = (['*', '/'] as const).find((symbol) => tokens.accept(symbol))
    if (operator === undefined) return left
    left = { kind: 'binary', operator, left, right: parseFactor(tokens) }
  }
}

function parseFactor(tokens: TokenReader): NumberNode {
  if (tokens.accept('(')) {
    const inner = parseSum(tokens)
    tokens.expect(')')
    return inner
  }
  if (tokens.accept('-')) {
    const negative = parseFactor(tokens)
    return negative.kind === 'literal'
      ? { kind: 'literal', text: `-${negative.text}` }
      : { kind: 'binary', operator: '-', left: { kind: 'literal', text: '0' }, right: negative }
  }
  const token = tokens.peek()
  if (token.kind === 'word' && tokens.peek(1).text === '(') return parseCall(tokens)
  return { kind: 'literal', text: tokens.expectKind('number', 'a value') }
}

function parseCall(tokens: TokenReader): NumberNode {
  const { position } = tokens
  const written = tokens.expectKind('word', 'a function')
  const name = (written === 'average' ? 'avg' : written) as HistoryFunction
  if (!isHistoryFunction(name)) {
    throw dqdlSyntax(
      position,
      `there is no function "${written}"; known are ${Object.keys(historyFunctions).join(', ')}`,
    )
  }
  const { takes, optional } = historyFunctions[name]
  tokens.expect('(')
  const args: NumberNode[] = []
  while (!tokens.accept(')')) {
    if (args.length > 0) tokens.expect(',')
    const at = tokens.position
    const arg = parseSum(tokens)
    if (takes[args.length] === 'number' && givesList(arg))
      throw dqdlSyntax(at, `${name} takes a number here, not a list of metrics`)
    args.push(arg)
  }
  if (args.length > takes.length || args.length < takes.length - optional) {
    throw dqdlSyntax(
      position,
      `${name} takes ${takes.length} argument${takes.length === 1 ? '' : 's'}, not ${args.length}`,
    )
  }
  return { kind: 'call', name, args }
}
