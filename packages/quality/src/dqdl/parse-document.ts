import { dqdlSyntax } from '../errors.js'
import { beginsCondition, parseCondition } from './conditions.js'
import type { CompositeRuleNode, DqdlDocument, Labels, Parameter, RuleNode, SimpleRuleNode, Tag } from './syntax.js'
import { TokenReader } from './token-reader.js'
import { Variables } from './variables.js'

/**
 * A document: `Metadata`, `DataSources`, variables, `DefaultLabels`, `Rules` and `Analyzers`, in this order, each of which may be
 * missing; or rules alone. Knows the grammar, and not what rule types there are.
 * @throws QualityError DW-QUALITY-0006 with line and column
 */
export function parseDocument(source: string): DqdlDocument {
  return new DocumentParser(source).document()
}

const sections = ['Metadata', 'DataSources', 'DefaultLabels', 'Rules', 'Analyzers']
const connectors = ['and', 'AND', 'or', 'OR']

class DocumentParser {
  readonly #tokens: TokenReader
  readonly #variables = new Variables()

  constructor(source: string) {
    this.#tokens = new TokenReader(source)
  }

  document(): DqdlDocument {
    const tokens = this.#tokens
    const metadata = this.#section('Metadata') ? this.#dictionary(['Version']) : {}
    const sources = this.#section('DataSources') ? this.#dictionary(['Primary', 'AdditionalDataSources']) : {}
    while (this.#beginsVariable()) this.#variables.declare(tokens)
    const defaultLabels = this.#section('DefaultLabels') ? this.#labels() : {}
    const isDocument = tokens.is('Rules') || tokens.is('Analyzers')
    const rules = isDocument ? this.#list('Rules', () => this.#rule()) : this.#rules()
    const analyzers = this.#list('Analyzers', () => this.#analyzer())
    if (tokens.peek().kind !== 'end')
      throw dqdlSyntax(tokens.position, `${tokens.shown} is not expected after the rules`)
    if (rules.length === 0 && analyzers.length === 0) throw dqdlSyntax(tokens.position, 'there are no rules')
    const primary = sources['Primary']
    const additional = sources['AdditionalDataSources'] ?? []
    return {
      metadata,
      primarySource: typeof primary === 'string' ? primary : null,
      additionalSources: typeof additional === 'string' ? [additional] : additional,
      defaultLabels,
      rules,
      analyzers,
    }
  }

  #section(name: string): boolean {
    if (!this.#tokens.is(name)) return false
    this.#tokens.take()
    this.#tokens.expect('=')
    return true
  }
  #beginsVariable(): boolean {
    const token = this.#tokens.peek()
    return (
      token.kind === 'word' && this.#tokens.peek(1).text === '=' && !sections.includes(token.text) && !this.#isRule()
    )
  }
  /** `RowCount = 3` looks like a variable: what has a text or a list after it is one. */
  #isRule(): boolean {
    const { kind, text } = this.#tokens.peek(2)
    return kind !== 'text' && text !== '[' && text !== '$'
  }

  #dictionary(known: readonly string[]): Readonly<Record<string, string | readonly string[]>> {
    const tokens = this.#tokens
    const entries: Record<string, string | readonly string[]> = {}
    tokens.expect('{')
    do {
      const { position } = tokens
      const key = tokens.expectKind('text', 'a key in quotes')
      if (!known.includes(key)) throw dqdlSyntax(position, `"${key}" is not a key here; known are ${known.join(', ')}`)
      tokens.expect(':')
      entries[key] = tokens.is('[') ? this.#texts() : tokens.expectKind('text', 'a value in quotes')
    } while (tokens.accept(','))
    tokens.expect('}')
    return entries
  }
  #texts(): readonly string[] {
    const tokens = this.#tokens
    tokens.expect('[')
    const texts = [tokens.expectKind('text', 'a text in quotes')]
    while (tokens.accept(',')) texts.push(tokens.expectKind('text', 'a text in quotes'))
    tokens.expect(']')
    return texts
  }

  #list<T>(section: string, item: () => T): readonly T[] {
    const tokens = this.#tokens
    if (!this.#section(section)) return []
    tokens.expect('[')
    const items: T[] = []
    if (!tokens.is(']')) {
      do items.push(item())
      while (tokens.accept(','))
    }
    tokens.expect(']')
    return items
  }
  /** Rules without a list around them. */
  #rules(): readonly RuleNode[] {
    const rules: RuleNode[] = []
    while (this.#tokens.peek().kind !== 'end') {
      rules.push(this.#rule())
      if (!this.#tokens.accept(',')) break
    }
    return rules
  }

  /** One rule, or rules in parentheses joined by and / or; the two are not mixed without parentheses. */
  #rule(): RuleNode {
    const tokens = this.#tokens
    const first = tokens.peek()
    const { position } = first
    const bracketed = tokens.is('(') || tokens.is('not')
    const left = this.#part()
    const connector = connectors.find((word) => tokens.is(word))
    if (connector === undefined) return left
    if (!bracketed) throw dqdlSyntax(tokens.position, `put parentheses around the rules that "${connector}" joins`)
    const operator = connector.toLowerCase() as 'and' | 'or'
    const parts = [left]
    while (tokens.accept(operator) || tokens.accept(operator.toUpperCase())) {
      if (!tokens.is('(') && !tokens.is('not'))
        throw dqdlSyntax(tokens.position, `put parentheses around the rules that "${operator}" joins`)
      parts.push(this.#part())
    }
    if (connectors.some((word) => tokens.is(word)))
      throw dqdlSyntax(tokens.position, `put parentheses around what stands before "${tokens.peek().text}"`)
    return { kind: 'composite', operator, parts, labels: {}, position, text: tokens.textSince(first) }
  }

  #part(): RuleNode {
    const tokens = this.#tokens
    const first = tokens.peek()
    if (tokens.accept('not')) {
      const part = this.#parenthesised()
      return {
        kind: 'composite',
        operator: 'not',
        parts: [part],
        labels: {},
        position: first.position,
        text: tokens.textSince(first),
      }
    }
    return tokens.is('(') ? this.#parenthesised() : this.#simple()
  }

  #parenthesised(): RuleNode {
    const tokens = this.#tokens
    tokens.expect('(')
    const rule: RuleNode = this.#rule()
    tokens.expect(')')
    if (!this.#section('labels')) return rule
    const labelled: SimpleRuleNode | CompositeRuleNode = { ...rule, labels: { ...rule.labels, ...this.#labels() } }
    return labelled
  }

  #simple(): SimpleRuleNode {
    const tokens = this.#tokens
    const first = tokens.peek()
    const type = tokens.expectKind('word', 'a rule type')
    const parameters = this.#parameters()
    const condition = beginsCondition(tokens) ? parseCondition(tokens, this.#variables) : null
    let where: SimpleRuleNode['where'] = null
    let labels: Labels = {}
    const tags: Tag[] = []
    for (;;) {
      const { position } = tokens
      if (where === null && tokens.accept('where')) {
        where = { position: tokens.position, text: tokens.expectKind('text', 'a condition in quotes') }
        if (where.text.trim() === '') throw dqdlSyntax(where.position, 'the condition is empty')
      } else if (this.#section('labels')) labels = this.#labels()
      else if (tokens.accept('with')) {
        const name = tokens.expectKind('word', '"threshold" or another tag')
        if (tags.some((tag) => tag.name === name)) throw dqdlSyntax(position, `${name} is given twice`)
        tags.push({ name, condition: parseCondition(tokens, this.#variables), position })
      } else break
    }
    const { position } = first
    return { kind: 'rule', type, parameters, condition, where, labels, tags, position, text: tokens.textSince(first) }
  }

  #analyzer(): SimpleRuleNode {
    const first = this.#tokens.peek()
    const type = this.#tokens.expectKind('word', 'an analyzer')
    const parameters = this.#parameters()
    const nothing = { condition: null, where: null, labels: {}, tags: [] }
    return { kind: 'rule', type, parameters, ...nothing, position: first.position, text: this.#tokens.textSince(first) }
  }

  /** Columns and the like: in quotes, or bare; after `of`, and joined by `and`, if one likes. */
  #parameters(): readonly Parameter[] {
    const tokens = this.#tokens
    const parameters: Parameter[] = []
    for (;;) {
      const connected = tokens.accept('of') || (parameters.length > 0 && this.#joinsParameters())
      const { position } = tokens
      const { kind, text } = tokens.peek()
      if (tokens.is('$')) {
        const { isList, values } = this.#variables.take(tokens)
        const [value] = values
        if (isList || value?.kind !== 'text')
          throw dqdlSyntax(position, 'a variable in place of a column must be one text')
        parameters.push({ text: value.text, position })
      } else if (kind === 'text' || (kind === 'word' && !reserved.has(text))) {
        tokens.take()
        parameters.push({ text, position })
      } else if (connected) throw dqdlSyntax(position, `expected a column, found ${tokens.shown}`)
      else return parameters
    }
  }
  /** `and` between parameters, not between rules. */
  #joinsParameters(): boolean {
    const tokens = this.#tokens
    if (!tokens.is('and') || tokens.peek(1).text === '(') return false
    return tokens.accept('and')
  }

  #labels(): Labels {
    const tokens = this.#tokens
    const labels: Record<string, string> = {}
    tokens.expect('[')
    while (!tokens.accept(']')) {
      if (Object.keys(labels).length > 0) tokens.expect(',')
      const { position } = tokens
      const key = tokens.expectKind('text', 'a label in quotes')
      tokens.expect('=')
      const value = tokens.expectKind('text', 'a value in quotes')
      if (Object.hasOwn(labels, key)) throw dqdlSyntax(position, `the label "${key}" is given twice`)
      if (key === '' || key.length > 128) throw dqdlSyntax(position, 'a label has 1 to 128 characters')
      if (value.length > 256) throw dqdlSyntax(position, "a label's value has at most 256 characters")
      labels[key] = value
      if (Object.keys(labels).length > 10) throw dqdlSyntax(position, 'there are more than 10 labels')
    }
    return labels
  }
}

const reserved = new Set([
  'and',
  'AND',
  'or',
  'OR',
  'not',
  'between',
  'in',
  'matches',
  'where',
  'with',
  'labels',
  'of',
  'Rules',
  'Analyzers',
])
