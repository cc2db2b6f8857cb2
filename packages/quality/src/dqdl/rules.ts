import { decimal, date, boolean, float64, int64, string, timestamp, type DataType } from '@deltaworks/schema'
import { range, type Bounds } from '../bounds.js'
import { dqdlSyntax, dqdlUnsupported } from '../errors.js'
import { RuleBuilder } from '../rule-builder.js'
import { hasCompleteness, isComplete } from '../rules/completeness.js'
import { customSql } from '../rules/composite.js'
import { referentialIntegrity } from '../rules/referential-integrity.js'
import { hasMean, hasStandardDeviation, hasSum } from '../rules/statistics.js'
import { hasColumn, hasRowCount, hasColumnCount, isFresh } from '../rules/table.js'
import { hasDistinctCount, hasUniqueness, hasUniqueValueRatio, isPrimaryKey, isUnique } from '../rules/uniqueness.js'
import { hasDataType } from '../rules/values.js'
import { numberBounds } from './number-bounds.js'
import type { TokenReader } from './token-reader.js'
import { columnLength, columnValues } from './value-rules.js'
import { parsePredicate } from './predicate.js'

type RuleParser = (tokens: TokenReader) => RuleBuilder

/** The rule types that can be evaluated; each parses what stands after its name. */
const ruleTypes: Readonly<Record<string, RuleParser>> = {
  IsComplete: (tokens) => isComplete(column(tokens)),
  Completeness: (tokens) => measured(tokens, (name) => hasCompleteness(name, 1)),
  IsUnique: (tokens) => isUnique(...columns(tokens)),
  IsPrimaryKey: (tokens) => isPrimaryKey(...columns(tokens)),
  Uniqueness: (tokens) => withBounds(hasUniqueness(columns(tokens), 1), numberBounds(tokens)),
  UniqueValueRatio: (tokens) => withBounds(hasUniqueValueRatio(columns(tokens), 1), numberBounds(tokens)),
  DistinctValuesCount: (tokens) => withBounds(hasDistinctCount(columns(tokens), 0), numberBounds(tokens)),
  RowCount: (tokens) => withBounds(hasRowCount(0), numberBounds(tokens)),
  ColumnCount: (tokens) => withBounds(hasColumnCount(0), numberBounds(tokens)),
  ColumnExists: (tokens) => hasColumn(column(tokens)),
  Mean: (tokens) => measured(tokens, (name) => hasMean(name, 0)),
  Sum: (tokens) => measured(tokens, (name) => hasSum(name, 0)),
  StandardDeviation: (tokens) => measured(tokens, (name) => hasStandardDeviation(name, 0)),
  ColumnValues: (tokens) => columnValues(column(tokens), tokens),
  ColumnLength: (tokens) => columnLength(column(tokens), tokens),
  ColumnDataType: dataType,
  ReferentialIntegrity: references,
  DataFreshness: freshness,
  CustomSql: custom,
  CustomSQL: custom,
}

/** Rule types of the language that we know by name and do not evaluate yet. */
const unsupported = new Set(
  (
    'AggregateMatch ColumnCorrelation ColumnNamesMatchPattern DatasetMatch DetectAnomalies Entropy RowCountMatch SchemaMatch ' +
    'FileFreshness FileMatch FileUniqueness FileSize AllStatistics'
  ).split(' '),
)

/** One rule, with its `where` and `with threshold` in either order. */
export function parseRule(tokens: TokenReader): RuleBuilder {
  const { position } = tokens
  const name = tokens.expectKind('word', 'a rule type')
  const parser = Object.hasOwn(ruleTypes, name) ? ruleTypes[name]! : null
  if (parser === null) {
    if (unsupported.has(name)) throw dqdlUnsupported(position, name)
    throw dqdlSyntax(position, `"${name}" is not a rule type; known are ${Object.keys(ruleTypes).join(', ')}`)
  }
  let rule = parser(tokens)
  for (;;) {
    if (tokens.accept('where')) {
      const at = tokens.position
      rule = rule.where(parsePredicate(tokens.expectKind('text', 'a condition in quotes'), at))
    } else if (tokens.is('with')) {
      const at = tokens.position
      tokens.take()
      tokens.expect('threshold')
      if (rule.constraint.kind !== 'compliance') throw dqdlSyntax(at, `${name} has no threshold`)
      rule = withBounds(rule, numberBounds(tokens))
    } else return rule
  }
}

const column = (tokens: TokenReader): string => tokens.expectKind('text', 'a column name in quotes')

function columns(tokens: TokenReader): readonly string[] {
  const names = [column(tokens)]
  while (tokens.peek().kind === 'text') names.push(column(tokens))
  return names
}

const measured = (tokens: TokenReader, make: (column: string) => RuleBuilder): RuleBuilder => {
  const rule = make(column(tokens))
  return withBounds(rule, numberBounds(tokens))
}

function withBounds(rule: RuleBuilder, bounds: Bounds): RuleBuilder {
  const { constraint } = rule
  return 'bounds' in constraint ? new RuleBuilder({ ...rule, constraint: { ...constraint, bounds } }) : rule
}

const dataTypes: Readonly<Record<string, DataType>> = {
  Boolean: boolean,
  Date: date,
  Timestamp: timestamp,
  Integer: int64,
  Long: int64,
  Double: float64,
  Float: float64,
  String: string,
  Decimal: decimal(38, 18),
}

function dataType(tokens: TokenReader): RuleBuilder {
  const name = column(tokens)
  tokens.expect('=')
  const at = tokens.position
  const type = tokens.expectKind('text', 'a type in quotes')
  const found = Object.entries(dataTypes).find(([key]) => key.toLowerCase() === type.toLowerCase())
  if (found === undefined)
    throw dqdlSyntax(at, `"${type}" is not a type; known are ${Object.keys(dataTypes).join(', ')}`)
  return hasDataType(name, found[1])
}

/** `ReferentialIntegrity "a,b" "other.{x,y}" = 1.0` */
function references(tokens: TokenReader): RuleBuilder {
  const keys = column(tokens)
    .split(',')
    .map((name) => name.trim())
  const at = tokens.position
  const target = /^([^.]+)\.(?:\{([^}]*)\}|(.+))$/.exec(tokens.expectKind('text', 'a table and its columns in quotes'))
  if (target === null) throw dqdlSyntax(at, 'expected "table.column" or "table.{column, column}"')
  const referenced = (target[2] ?? target[3]!).split(',').map((name) => name.trim())
  if (referenced.length !== keys.length)
    throw dqdlSyntax(at, `${keys.length} columns cannot refer to ${referenced.length}`)
  return withBounds(referentialIntegrity(keys, target[1]!.trim(), referenced), numberBounds(tokens))
}

function freshness(tokens: TokenReader): RuleBuilder {
  const name = column(tokens)
  const inclusive = tokens.accept('<=')
  if (!inclusive) tokens.expect('<')
  const amount = tokens.number('a number of hours or days')
  const unit =
    tokens.accept('days') || tokens.accept('day') ? 24 : tokens.accept('hours') || tokens.accept('hour') ? 1 : null
  if (unit === null) throw dqdlSyntax(tokens.position, 'expected "hours" or "days"')
  return withBounds(isFresh(name, amount * unit), range(null, amount * unit, { maxInclusive: inclusive }))
}

function custom(tokens: TokenReader): RuleBuilder {
  const sql = tokens.expectKind('text', 'a statement in quotes')
  return withBounds(customSql(sql, 0), numberBounds(tokens))
}
