import { fn, lit, type Expr } from '@deltaworks/expression'
import { dqdlSyntax } from '../errors.js'
import { exprOf, type RuleBuilder } from '../rule-builder.js'
import { valueRule } from '../rules/values.js'
import { numberLiteral } from './number-literal.js'
import type { TokenReader } from './token-reader.js'

/** A value in DQDL: a number, a text, or one of the words for what is no value. */
type Operand =
  | { readonly kind: 'value'; readonly of: Expr; readonly text: string }
  | { readonly kind: 'NULL' | 'EMPTY' | 'WHITESPACES_ONLY'; readonly text: string }

/**
 * `ColumnValues "a" …`. As in Glue, a null fails every rule but `!=` and `not in`, unless NULL is named.
 */
export function columnValues(column: string, tokens: TokenReader): RuleBuilder {
  const negated = tokens.accept('not')
  const { position } = tokens
  if (tokens.accept('matches')) {
    const pattern = tokens.expectKind('text', 'a regular expression in quotes')
    const rule = valueRule(
      'values',
      column,
      (value) => negate(value.rlike(pattern), negated),
      `${negated ? 'not ' : ''}of the form /${pattern}/`,
      1,
    )
    return rule.nullsFail()
  }
  if (tokens.accept('between')) {
    const low = operand(tokens)
    tokens.expect('and')
    const high = operand(tokens)
    if (low.kind !== 'value' || high.kind !== 'value') throw dqdlSyntax(position, 'between needs two values')
    const holds = (value: Expr) => negate(value.gt(low.of).and(value.lt(high.of)), negated)
    return valueRule(
      'values',
      column,
      holds,
      `${negated ? 'not ' : ''}between ${low.text} and ${high.text}`,
      1,
    ).nullsFail()
  }
  if (tokens.accept('in')) return membership(column, list(tokens), negated)
  if (negated) throw dqdlSyntax(position, 'expected "matches", "between" or "in" after "not"')
  const operator = tokens.take().text
  if (operator === '=' || operator === '!=') return membership(column, [operand(tokens)], operator === '!=')
  const compare = comparisons[operator]
  if (compare === undefined) throw dqdlSyntax(position, 'expected =, !=, >, >=, <, <=, between, in or matches')
  const bound = operand(tokens)
  if (bound.kind !== 'value') throw dqdlSyntax(position, `${operator} needs a value, not ${bound.kind}`)
  return valueRule('values', column, (value) => compare(value, bound.of), `${operator} ${bound.text}`, 1).nullsFail()
}

/** `ColumnLength "a" between 2 and 5`: of the texts; nulls fail. */
export function columnLength(column: string, tokens: TokenReader): RuleBuilder {
  const length = fn.length(exprOf(column))
  const negated = tokens.accept('not')
  const { position } = tokens
  if (tokens.accept('between')) {
    const low = tokens.number('a length')
    tokens.expect('and')
    const high = tokens.number('a length')
    return lengthRule(
      column,
      negate(length.gt(lit(low)).and(length.lt(lit(high))), negated),
      `${negated ? 'not ' : ''}between ${low} and ${high}`,
    )
  }
  if (negated) throw dqdlSyntax(position, 'expected "between" after "not"')
  const operator = tokens.take().text
  const compare =
    operator === '='
      ? (a: Expr, b: Expr) => a.eq(b)
      : operator === '!='
        ? (a: Expr, b: Expr) => a.ne(b)
        : comparisons[operator]
  if (compare === undefined) throw dqdlSyntax(position, 'expected =, !=, >, >=, <, <= or between')
  const wanted = tokens.number('a length')
  return lengthRule(column, compare(length, lit(wanted)), `${operator} ${wanted}`)
}

const lengthRule = (column: string, holds: Expr, wanted: string): RuleBuilder =>
  valueRule('length', column, () => holds, `of a length ${wanted}`, 1).nullsFail()

const comparisons: Readonly<Record<string, (a: Expr, b: Expr) => Expr>> = {
  '>': (a, b) => a.gt(b),
  '>=': (a, b) => a.ge(b),
  '<': (a, b) => a.lt(b),
  '<=': (a, b) => a.le(b),
}

function membership(column: string, members: readonly Operand[], negated: boolean): RuleBuilder {
  const values = members.flatMap((member) => (member.kind === 'value' ? [member.of] : []))
  const empty = members.some((member) => member.kind === 'EMPTY')
  const blank = members.some((member) => member.kind === 'WHITESPACES_ONLY')
  const nullIsMember = members.some((member) => member.kind === 'NULL')
  const holds = (value: Expr): Expr => {
    const tests = [
      ...(values.length === 0 ? [] : [value.in_(values)]),
      ...(empty ? [value.eq(lit(''))] : []),
      ...(blank ? [value.rlike('^\\s+$')] : []),
    ]
    // Only NULL is named: no value is a member, and the predicate must still be null where the value is.
    const member = tests.length === 0 ? value.isNull().and(value.eq(value)) : tests.reduce((a, b) => a.or(b))
    return negate(member, negated)
  }
  const text = members.map((member) => member.text).join(', ')
  const rule = valueRule('values', column, holds, `${negated ? 'not ' : ''}one of ${text}`, 1)
  return nullIsMember !== negated ? rule.nullsPass() : rule.nullsFail()
}

function list(tokens: TokenReader): readonly Operand[] {
  tokens.expect('[')
  const members = [operand(tokens)]
  while (tokens.accept(',')) members.push(operand(tokens))
  tokens.expect(']')
  return members
}

function operand(tokens: TokenReader): Operand {
  const token = tokens.peek()
  if (token.kind === 'word' && (token.text === 'NULL' || token.text === 'EMPTY' || token.text === 'WHITESPACES_ONLY')) {
    tokens.take()
    return { kind: token.text, text: token.text }
  }
  if (token.kind === 'text') {
    tokens.take()
    return { kind: 'value', of: lit(token.text), text: `"${token.text}"` }
  }
  const text = tokens.expectKind('number', 'a value')
  return { kind: 'value', of: numberLiteral(text), text }
}

const negate = (condition: Expr, negated: boolean): Expr => (negated ? condition.not() : condition)
