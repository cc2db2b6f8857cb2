import {
  boolean,
  date,
  decimal,
  float32,
  float64,
  int32,
  int64,
  string,
  timestamp,
  type DataType,
} from '@deltaworks/schema'
import { fn, lit, when, type Expr } from '@deltaworks/expression'
import { analyzers } from '../analysis/analyzers.js'
import { instanceOf, type AggregateOperand, type MetricAnalyzer } from '../analysis/metric-analyzer.js'
import { onlineNormal } from '../anomaly-strategy.js'
import { exactly, range, type Bounds } from '../bounds.js'
import { dqdlSyntax } from '../errors.js'
import { makeRule, RuleBuilder } from '../rule-builder.js'
import type { Observed } from '../rule.js'
import { hasCompleteness, isComplete } from '../rules/completeness.js'
import { referentialIntegrity } from '../rules/referential-integrity.js'
import { hasMean, hasStandardDeviation, hasSum } from '../rules/statistics.js'
import { hasColumn, hasColumnCount, hasRowCount, isFresh } from '../rules/table.js'
import { hasDistinctCount, hasUniqueness, hasUniqueValueRatio, isPrimaryKey, isUnique } from '../rules/uniqueness.js'
import { valueRule } from '../rules/values.js'
import { columnLength, columnValues } from './column-values.js'
import { fileRuleTypes } from './file-rules.js'
import { measuredBounds, numberBounds } from './operand-bounds.js'
import type { ConditionNode, SimpleRuleNode } from './syntax.js'

/** What a rule type takes, and how it becomes a rule. */
export interface RuleType {
  /** What its parameters are called in errors. */
  readonly parameters: readonly string[]
  /** How many of the last parameters may be missing; `more`: the last one may be given again. */
  readonly optional?: number
  readonly more?: boolean
  readonly condition: 'none' | 'optional' | 'required'
  /** Whether `where` narrows it; default no. */
  readonly where?: boolean
  /** Tags that it takes beside those of all; `any` of file rules. */
  readonly tags?: readonly string[] | 'any'
  /** As an analyzer, without a condition. */
  readonly analyzer?: boolean
  readonly rule: boolean
  compile(node: SimpleRuleNode, types: RuleTypes): RuleBuilder
}
export type RuleTypes = (name: string) => RuleType | null

const columnOf = ({ parameters }: SimpleRuleNode): string => parameters[0]!.text
const columnsOf = ({ parameters }: SimpleRuleNode): readonly string[] => parameters.map(({ text }) => text)

/** A condition on a number; an analyzer has none, and takes any. */
const boundsOf = ({ condition }: SimpleRuleNode): Bounds =>
  condition === null ? range(null, null) : numberBounds(condition)

const bounded = (rule: RuleBuilder, bounds: Bounds): RuleBuilder => {
  const { constraint } = rule
  return 'bounds' in constraint ? new RuleBuilder({ ...rule, constraint: { ...constraint, bounds } }) : rule
}

type Parts = Pick<RuleType, 'parameters' | 'compile'> & Partial<RuleType>
const numeric = (parts: Parts): RuleType => ({
  condition: 'required',
  where: true,
  analyzer: true,
  rule: true,
  ...parts,
})
const plain = (parts: Parts): RuleType => ({ ...numeric(parts), condition: 'none', analyzer: false, ...parts })

const measured = (make: (column: string) => RuleBuilder): RuleType =>
  numeric({ parameters: ['a column'], compile: (node) => bounded(make(columnOf(node)), boundsOf(node)) })

const keyed = (make: (columns: readonly string[]) => RuleBuilder): RuleType =>
  numeric({ parameters: ['a column'], more: true, compile: (node) => bounded(make(columnsOf(node)), boundsOf(node)) })

/** Deequ's metric, with its meaning of nulls. */
const analyzed = (parts: Partial<RuleType>, make: (node: SimpleRuleNode) => MetricAnalyzer): RuleType =>
  numeric({ parameters: ['a column'], ...parts, compile: (node) => metricRule(node, make(node), boundsOf(node)) })

const metricRule = (node: SimpleRuleNode, analyzer: MetricAnalyzer, bounds: Bounds): RuleBuilder =>
  makeRule({
    id: `${node.type}:${instanceOf(analyzer)}`,
    description: node.text,
    constraint: { kind: 'metric', analyzer, bounds, dataType: null, test: null },
  })

export const ruleTypes: Readonly<Record<string, RuleType>> = {
  RowCount: numeric({ parameters: [], compile: (node) => bounded(hasRowCount(0), boundsOf(node)) }),
  ColumnCount: numeric({
    parameters: [],
    where: false,
    compile: (node) => bounded(hasColumnCount(0), boundsOf(node)),
  }),
  ColumnExists: plain({ parameters: ['a column'], where: false, compile: (node) => hasColumn(columnOf(node)) }),
  IsComplete: plain({ parameters: ['a column'], compile: (node) => isComplete(columnOf(node)) }),
  Completeness: measured((column) => hasCompleteness(column, 1)),
  IsUnique: plain({ parameters: ['a column'], more: true, compile: (node) => isUnique(...columnsOf(node)) }),
  IsPrimaryKey: plain({ parameters: ['a column'], more: true, compile: (node) => isPrimaryKey(...columnsOf(node)) }),
  Uniqueness: keyed((columns) => hasUniqueness(columns, 1)),
  UniqueValueRatio: keyed((columns) => hasUniqueValueRatio(columns, 1)),
  DistinctValuesCount: keyed((columns) => hasDistinctCount(columns, 0)),
  Mean: measured((column) => hasMean(column, 0)),
  Sum: measured((column) => hasSum(column, 0)),
  StandardDeviation: measured((column) => hasStandardDeviation(column, 0)),
  Variance: analyzed({}, (node) => analyzers.variance(columnOf(node))),
  Skewness: analyzed({}, (node) => analyzers.skewness(columnOf(node))),
  Kurtosis: analyzed({}, (node) => analyzers.kurtosis(columnOf(node))),
  Range: analyzed({}, (node) => analyzers.range(columnOf(node))),
  InterquartileRange: analyzed({}, (node) => analyzers.interquartileRange(columnOf(node))),
  ZerosCount: analyzed({}, (node) => analyzers.zerosCount(columnOf(node))),
  Entropy: analyzed({}, (node) => analyzers.entropy(columnOf(node))),
  DuplicateRowCount: analyzed({ optional: 1, more: true }, (node) => analyzers.duplicateRowCount(columnsOf(node))),
  ColumnCorrelation: analyzed({ parameters: ['a column', 'a second column'] }, (node) =>
    analyzers.correlation(columnsOf(node)[0]!, columnsOf(node)[1]!),
  ),
  ColumnValues: plain({
    parameters: ['a column'],
    condition: 'required',
    tags: ['threshold', 'ignoreCase'],
    compile: (node) => withThreshold(node, columnValues(columnOf(node), node.condition!, ignoresCase(node))),
  }),
  ColumnLength: plain({
    parameters: ['a column'],
    condition: 'required',
    tags: ['threshold'],
    compile: (node) => withThreshold(node, columnLength(columnOf(node), node.condition!)),
  }),
  ColumnDataType: plain({
    parameters: ['a column'],
    condition: 'required',
    tags: ['threshold', 'format'],
    compile: (node) => withThreshold(node, columnDataType(node)),
  }),
  ColumnNamesMatchPattern: plain({ parameters: ['a regular expression'], where: false, compile: columnNames }),
  DataFreshness: plain({ parameters: ['a column'], condition: 'required', compile: dataFreshness }),
  ReferentialIntegrity: numeric({
    parameters: ['columns', 'a table and its columns'],
    analyzer: false,
    compile: references,
  }),
  RowCountMatch: matching({}, (node) => analyzers.rowCountMatch(columnOf(node))),
  SchemaMatch: matching({}, (node) => analyzers.schemaMatch(columnOf(node))),
  DatasetMatch: matching(
    { parameters: ['a table', 'key columns', 'columns to compare'], optional: 1 },
    ({ parameters: [table, keys, columns] }) =>
      analyzers.datasetMatch(
        table!.text,
        mappings(keys!.text),
        columns === undefined ? undefined : mappings(columns.text),
      ),
  ),
  AggregateMatch: matching({ parameters: ['an aggregate', 'another aggregate'] }, ({ parameters: [first, second] }) =>
    analyzers.aggregateMatch(aggregateOf(first!), aggregateOf(second!)),
  ),
  CustomSql: customSqlType(),
  CustomSQL: customSqlType(),
  DetectAnomalies: plain({ parameters: ['a metric'], more: true, compile: detectAnomalies }),
  AllStatistics: {
    parameters: ['a column'],
    condition: 'none',
    analyzer: true,
    rule: false,
    compile: (node) => metricRule(node, analyzers.completeness(columnOf(node)), range(null, null)),
  },
  ...fileRuleTypes,
}

function matching(parts: Partial<RuleType>, make: (node: SimpleRuleNode) => MetricAnalyzer): RuleType {
  return analyzed({ parameters: ['a table'], where: false, analyzer: false, ...parts }, make)
}

function customSqlType(): RuleType {
  return plain({
    parameters: ['a statement'],
    condition: 'optional',
    where: false,
    tags: ['threshold'],
    compile(node) {
      const sql = columnOf(node)
      if (node.condition !== null)
        return named(metricRule(node, analyzers.customSql(sql), boundsOf(node)), 'custom_sql')
      const rule = makeRule({
        id: 'custom_sql',
        description: node.text,
        constraint: { kind: 'custom_sql', sql, bounds: exactly(1) },
      })
      return withThreshold(node, rule)
    },
  })
}

const named = (rule: RuleBuilder, id: string): RuleBuilder => rule.named(id)

export function withThreshold(node: SimpleRuleNode, rule: RuleBuilder): RuleBuilder {
  const threshold = node.tags.find(({ name }) => name === 'threshold')
  return threshold === undefined ? rule : bounded(rule, numberBounds(threshold.condition))
}

const ignoresCase = ({ tags }: SimpleRuleNode): boolean =>
  tags.some(({ name, condition }) => name === 'ignoreCase' && tagText(condition).toLowerCase() === 'true')

/** The one text of a tag: `with ignoreCase = "true"`. */
export function tagText({ operator, operands, position }: ConditionNode): string {
  const [operand] = operands
  if (operator === '=' && operand?.kind === 'text') return operand.text
  if (operator === '=' && operand?.kind === 'number' && operand.number.kind === 'literal') return operand.number.text
  throw dqdlSyntax(position, 'expected = and a text in quotes')
}

const dataTypes: Readonly<Record<string, DataType>> = {
  BOOLEAN: boolean,
  DATE: date,
  TIMESTAMP: timestamp,
  INTEGER: int32,
  LONG: int64,
  DOUBLE: float64,
  FLOAT: float32,
  STRING: string,
  DECIMAL: decimal(38, 18),
}

/** `ColumnDataType "a" = "Integer"`, `!=`, `in [...]`; a date may have a format. Missing values are not asked about. */
function columnDataType(node: SimpleRuleNode): RuleBuilder {
  const { operator, operands, negated, position } = node.condition!
  if (operator !== '=' && operator !== '!=' && operator !== 'in')
    throw dqdlSyntax(position, 'a data type is compared by =, != or in')
  const format = node.tags.find(({ name }) => name === 'format')
  const types = operands.map((operand) => {
    if (operand.kind !== 'text') throw dqdlSyntax(operand.position, 'expected a type in quotes')
    const type = dataTypeOf(operand.text)
    if (type === null)
      throw dqdlSyntax(
        operand.position,
        `"${operand.text}" is not a type; known are ${Object.keys(dataTypes).map(titled).join(', ')}`,
      )
    return type
  })
  const reads = (value: Expr): Expr =>
    types
      .map((type) =>
        format !== undefined && type.kind === 'date'
          ? fn.try_to_date(value.cast(string), lit(tagText(format.condition))).isNotNull()
          : value.tryCast(type).isNotNull(),
      )
      .reduce((a, b) => a.or(b))
  const wanted = operator === '!=' || negated
  const holds = (value: Expr) =>
    when(value.isNotNull(), wanted ? reads(value).not() : reads(value)).otherwise(lit(null, boolean))
  const text = `${wanted ? 'not ' : ''}of type ${operands.map((o) => (o.kind === 'text' ? o.text : '')).join(' or ')}`
  return valueRule('type', columnOf(node), holds, text, 1)
}

const titled = (name: string): string => name[0]! + name.slice(1).toLowerCase()

function dataTypeOf(text: string): DataType | null {
  const name = text.toUpperCase()
  const digits = /^DECIMAL\((\d+), *(\d+)\)$/.exec(name)
  if (digits !== null) return decimal(Number(digits[1]), Number(digits[2]))
  return Object.hasOwn(dataTypes, name) ? dataTypes[name]! : null
}

function columnNames(node: SimpleRuleNode): RuleBuilder {
  const { text: pattern, position } = node.parameters[0]!
  try {
    new RegExp(pattern, 'u')
  } catch {
    throw dqdlSyntax(position, `"${pattern}" is not a regular expression`)
  }
  const constraint = { kind: 'column_names', pattern, bounds: exactly(1) } as const
  return makeRule({ id: 'column_names', description: node.text, constraint })
}

function dataFreshness(node: SimpleRuleNode): RuleBuilder {
  const bounds = measuredBounds(node.condition!, (operand) => {
    if (operand.kind !== 'duration') throw dqdlSyntax(operand.position, 'expected a number of days, hours or minutes')
    return operand.hours
  })
  return bounded(isFresh(columnOf(node), 0), bounds)
}

/** `ReferentialIntegrity "a,b" "other.{x,y}" = 1.0` */
function references(node: SimpleRuleNode): RuleBuilder {
  const keys = listed(columnOf(node))
  const { text, position } = node.parameters[1]!
  const target = /^([^.]+)\.(?:\{([^}]*)\}|(.+))$/.exec(text)
  if (target === null) throw dqdlSyntax(position, 'expected "table.column" or "table.{column, column}"')
  const referenced = listed(target[2] ?? target[3]!)
  if (referenced.length !== keys.length)
    throw dqdlSyntax(position, `${keys.length} columns cannot refer to ${referenced.length}`)
  return bounded(referentialIntegrity(keys, target[1]!.trim(), referenced), boundsOf(node))
}

const listed = (text: string): readonly string[] => text.split(',').map((name) => name.trim())

/** `"id"`, `"id,day"`, `"id->other_id"` */
const mappings = (text: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    listed(text).map((pair) => {
      const [here, there = here] = pair.split('->').map((name) => name.trim())
      return [here!, there!]
    }),
  )

/** `"sum(a)"`, `"avg(other.a)"` */
function aggregateOf({ text, position }: SimpleRuleNode['parameters'][number]): AggregateOperand {
  const match = /^(sum|avg)\((?:([^.()]+)\.)?([^()]+)\)$/i.exec(text.trim())
  if (match === null) throw dqdlSyntax(position, `expected "sum(column)" or "avg(table.column)", found "${text}"`)
  const table = match[2]?.trim() ?? null
  return {
    aggregate: match[1]!.toLowerCase() as 'sum' | 'avg',
    reference: table === 'primary' ? null : table,
    column: match[3]!.trim(),
  }
}

/** `DetectAnomalies "Mean" "price"`: the metric, compared with its history. */
function detectAnomalies(node: SimpleRuleNode, types: RuleTypes): RuleBuilder {
  const [metric, ...parameters] = node.parameters
  const type = types(metric!.text)
  if (type?.analyzer !== true || type.rule === false)
    throw dqdlSyntax(metric!.position, `"${metric!.text}" is not a metric that has a history`)
  const observed = type.compile({ ...node, type: metric!.text, parameters, condition: null }, types)
  return makeRule({
    id: `anomalies:${observed.id}`,
    description: node.text,
    constraint: { kind: 'history', observed: observed.constraint as Observed, strategy: onlineNormal({ warmUp: 2 }) },
  })
}
