import { analyzers as metrics } from '../analysis/analyzers.js'
import type { MetricAnalyzer } from '../analysis/metric-analyzer.js'
import { dqdlSyntax } from '../errors.js'
import type { RuleBuilder } from '../rule-builder.js'
import { allOf, anyOf, noneOf } from '../rules/composite.js'
import { parseDocument } from './parse-document.js'
import { parsePredicate } from './predicate.js'
import { ruleTypes, type RuleType } from './rule-types.js'
import type { DqdlDocument, Labels, RuleNode, SimpleRuleNode } from './syntax.js'

/** A DQDL document, ready to be evaluated. */
export interface Ruleset {
  readonly rules: readonly RuleBuilder[]
  /** Metrics that are wanted without a verdict: rules that take anything, and all statistics of these columns. */
  readonly analyzers: readonly RuleBuilder[]
  readonly allStatisticsOf: readonly string[]
  readonly metadata: DqdlDocument['metadata']
  readonly primarySource: string | null
  readonly additionalSources: readonly string[]
  readonly labels: Labels
}

/**
 * Rules in AWS Glue's Data Quality Definition Language: `Rules = [ IsComplete "id", RowCount > 10 ]`, or the list alone.
 * They are the same data as those of the builder; a rule's description is its text.
 * @throws QualityError DW-QUALITY-0006 with line and column
 */
export const parseDqdl = (source: string): readonly RuleBuilder[] => parseRuleset(source).rules

/** As a template: dqdl`IsComplete "id", ColumnValues "age" between 0 and 150`. */
export const dqdl = (strings: TemplateStringsArray, ...values: readonly (string | number)[]): readonly RuleBuilder[] =>
  parseDqdl(String.raw(strings, ...values))

/** A whole document. @throws QualityError DW-QUALITY-0006 with line and column */
export function parseRuleset(source: string): Ruleset {
  const document = parseDocument(source)
  const { defaultLabels, metadata, primarySource, additionalSources } = document
  const rules = document.rules.map((node) => compile(node, defaultLabels).describe(node.text))
  return {
    rules: distinctIds(rules),
    analyzers: distinctIds(document.analyzers.filter(isMetric).map(compileAnalyzer)),
    allStatisticsOf: document.analyzers.filter((node) => !isMetric(node)).map(({ parameters }) => parameters[0]!.text),
    metadata,
    primarySource,
    additionalSources,
    labels: defaultLabels,
  }
}

function compile(node: RuleNode, defaultLabels: Labels): RuleBuilder {
  const labels = { ...defaultLabels, ...node.labels }
  const rule = node.kind === 'rule' ? compileRule(node) : composite(node)
  return Object.keys(labels).length === 0 ? rule : rule.labelled(labels)
}

function composite({ operator, parts }: Extract<RuleNode, { readonly kind: 'composite' }>): RuleBuilder {
  const compiled = parts.map((part) => {
    if (part.kind === 'rule' && part.where !== null)
      throw dqdlSyntax(part.where.position, 'a rule within another has no `where` of its own')
    return compile(part, {})
  })
  switch (operator) {
    case 'and':
      return allOf(...compiled)
    case 'or':
      return anyOf(...compiled)
    case 'not':
      return noneOf(compiled[0]!)
  }
}

const typeOf = (name: string): RuleType | null => (Object.hasOwn(ruleTypes, name) ? ruleTypes[name]! : null)

function compileRule(node: SimpleRuleNode): RuleBuilder {
  const type = typeOf(node.type)
  if (type === null) {
    const known = Object.keys(ruleTypes).filter((name) => ruleTypes[name]!.rule)
    throw dqdlSyntax(node.position, `"${node.type}" is not a rule type; known are ${known.join(', ')}`)
  }
  if (!type.rule) throw dqdlSyntax(node.position, `${node.type} is an analyzer, and no rule`)
  checkParameters(node, type)
  checkClauses(node, type)
  const rule = type.compile(node, typeOf)
  return node.where === null ? rule : rule.where(parsePredicate(node.where.text, node.where.position))
}

function checkParameters({ type, parameters, position }: SimpleRuleNode, expected: RuleType): void {
  const least = expected.parameters.length - (expected.optional ?? 0)
  const missing = expected.parameters[parameters.length]
  if (parameters.length < least) throw dqdlSyntax(position, `${type} needs ${missing!}`)
  const extra = parameters[expected.parameters.length]
  if (extra !== undefined && expected.more !== true)
    throw dqdlSyntax(extra.position, `"${extra.text}" is one parameter more than ${type} takes`)
}

function checkClauses({ type, condition, where, tags, position }: SimpleRuleNode, expected: RuleType): void {
  if (condition === null && expected.condition === 'required')
    throw dqdlSyntax(position, `${type} needs a condition (=, !=, >, >=, <, <=, between, in, matches)`)
  if (condition !== null && expected.condition === 'none')
    throw dqdlSyntax(condition.position, `${type} takes no condition`)
  if (where !== null && expected.where !== true) throw dqdlSyntax(where.position, `${type} has no \`where\``)
  if (expected.tags === 'any') return
  const unknown = tags.find(({ name }) => expected.tags === undefined || !expected.tags.includes(name))
  if (unknown === undefined) return
  const known = expected.tags === undefined ? '' : `; it takes ${expected.tags.join(', ')}`
  throw dqdlSyntax(unknown.position, `${type} has no ${unknown.name}${known}`)
}

const isMetric = (node: SimpleRuleNode): boolean => node.type !== 'AllStatistics'

function compileAnalyzer(node: SimpleRuleNode): RuleBuilder {
  const type = typeOf(node.type)
  if (type?.analyzer !== true) {
    const known = Object.keys(ruleTypes).filter((name) => ruleTypes[name]!.analyzer === true)
    throw dqdlSyntax(node.position, `"${node.type}" is not an analyzer; known are ${known.join(', ')}`)
  }
  checkParameters(node, type)
  return type.compile(node, typeOf).describe(node.text)
}

/** What `AllStatistics` computes of a column. @param numeric whether the column holds numbers */
export const allStatistics = (column: string, kind: 'number' | 'text' | 'other'): readonly MetricAnalyzer[] => [
  metrics.size(),
  metrics.completeness(column),
  metrics.uniqueness(column),
  ...(kind === 'number'
    ? [
        metrics.minimum(column),
        metrics.maximum(column),
        metrics.mean(column),
        metrics.standardDeviation(column),
        metrics.sum(column),
        metrics.entropy(column),
        metrics.countDistinct(column),
        metrics.uniqueValueRatio(column),
      ]
    : []),
  ...(kind === 'text'
    ? [
        metrics.minLength(column),
        metrics.maxLength(column),
        metrics.entropy(column),
        metrics.countDistinct(column),
        metrics.uniqueValueRatio(column),
      ]
    : []),
]

function distinctIds(rules: readonly RuleBuilder[]): readonly RuleBuilder[] {
  const seen = new Map<string, number>()
  return rules.map((rule) => {
    const count = (seen.get(rule.id) ?? 0) + 1
    seen.set(rule.id, count)
    return count === 1 ? rule : rule.named(`${rule.id}#${count}`)
  })
}
