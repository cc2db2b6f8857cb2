import { dqdlSyntax } from '../errors.js'
import type { RuleBuilder } from '../rule-builder.js'
import { allOf, anyOf } from '../rules/composite.js'
import { parseRule } from './rules.js'
import { TokenReader } from './token-reader.js'

/**
 * Rules in AWS Glue's Data Quality Definition Language: `Rules = [ IsComplete "id", RowCount > 10 ]`, or the list alone.
 * They are the same data as those of the builder; a rule's description is its text.
 * @throws QualityError DW-QUALITY-0006 (syntax), DW-QUALITY-0007 (a rule type that is not supported yet), with line and column
 */
export function parseDqdl(source: string): readonly RuleBuilder[] {
  const tokens = new TokenReader(source)
  const bracketed = tokens.is('Rules')
  if (bracketed) {
    tokens.take()
    tokens.expect('=')
    tokens.expect('[')
  }
  const rules: RuleBuilder[] = []
  while (!tokens.is(']') && tokens.peek().kind !== 'end') {
    const first = tokens.peek()
    const rule = parseComposite(tokens)
    rules.push(rule.describe(tokens.textSince(first)))
    if (!tokens.accept(',')) break
  }
  if (bracketed) tokens.expect(']')
  if (tokens.peek().kind !== 'end')
    throw dqdlSyntax(tokens.position, `"${tokens.peek().text}" is not expected after the rules`)
  return distinctIds(rules)
}

/** As a template: dqdl`IsComplete "id", ColumnValues "age" between 0 and 150`. */
export const dqdl = (strings: TemplateStringsArray, ...values: readonly (string | number)[]): readonly RuleBuilder[] =>
  parseDqdl(String.raw(strings, ...values))

/** One rule, or rules in parentheses joined by and / or; `and` and `or` are not mixed without parentheses. */
function parseComposite(tokens: TokenReader): RuleBuilder {
  if (!tokens.is('(')) return parseRule(tokens)
  const parts = [parseParenthesised(tokens)]
  const operator = ['and', 'or', 'AND', 'OR'].find((word) => tokens.is(word))
  if (operator === undefined) return parts[0]!
  while (tokens.accept(operator)) parts.push(parseParenthesised(tokens))
  for (const other of ['and', 'or', 'AND', 'OR']) {
    if (tokens.is(other)) throw dqdlSyntax(tokens.position, `put parentheses around what stands before "${other}"`)
  }
  return operator.toLowerCase() === 'and' ? allOf(...parts) : anyOf(...parts)
}

function parseParenthesised(tokens: TokenReader): RuleBuilder {
  tokens.expect('(')
  const rule = parseComposite(tokens)
  tokens.expect(')')
  return rule
}

function distinctIds(rules: readonly RuleBuilder[]): readonly RuleBuilder[] {
  const seen = new Map<string, number>()
  return rules.map((rule) => {
    const count = (seen.get(rule.id) ?? 0) + 1
    seen.set(rule.id, count)
    return count === 1 ? rule : rule.named(`${rule.id}#${count}`)
  })
}
