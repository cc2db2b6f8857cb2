import { instanceOf, metricName, type MetricAnalyzer } from './analysis/metric-analyzer.js'
import type { Expression } from '@deltaworks/expression'
import { range } from './bounds.js'
import { toText } from './plain-text.js'
import type { Constraint, Rule } from './rule.js'
import { labelOf, labelsOf } from './rules/label.js'

/**
 * What a metric is called in the repository, by Glue's pattern: `Column.price.Mean`, `Dataset.*.RowCount`. Rules with the same
 * metric share its history. Null: the constraint has no metric of its own.
 */
export function historyName(constraint: Constraint, filter: Expression | null): string | null {
  const name = baseName(constraint)
  return name === null || filter === null ? name : `${name} where ${toText(filter)}`
}

function baseName(constraint: Constraint): string | null {
  switch (constraint.kind) {
    case 'completeness':
      return `Column.${labelOf(constraint.input)}.Completeness`
    case 'uniqueness':
      return `${ofColumns(labelsOf(constraint.keys, ','))}.${measures[constraint.measure]}`
    case 'compliance':
      return constraint.subject === null
        ? `Dataset.*.Compliance.${constraint.reason}`
        : `Column.${labelOf(constraint.subject)}.ColumnValues.Compliance.${constraint.reason}`
    case 'referential_integrity':
      return `${ofColumns(labelsOf(constraint.keys, ','))}.ReferentialIntegrity.${constraint.reference}`
    case 'row_count':
      return 'Dataset.*.RowCount'
    case 'column_count':
      return 'Dataset.*.ColumnCount'
    case 'column_exists':
      return `Column.${constraint.column}.Exists`
    case 'statistic':
      return `Column.${labelOf(constraint.input)}.${statistics[constraint.statistic]}`
    case 'freshness':
      return `Column.${labelOf(constraint.input)}.DataFreshness`
    case 'outliers':
      return `Column.${labelOf(constraint.input)}.Outliers.${constraint.method}`
    case 'history':
      return baseName(constraint.observed)
    case 'custom_sql':
      return 'Dataset.*.CustomSQL.Compliance'
    case 'column_names':
      return 'Dataset.*.ColumnNamesPatternMatchRatio'
    case 'column_list':
      return `Dataset.*.Columns.${constraint.columns.join(',')}`
    case 'metric':
      return metricHistoryName(constraint.analyzer)
    case 'composite':
    case 'files':
      return null
  }
}

const ofColumns = (names: string) => `${names.includes(',') ? 'Multicolumn' : 'Column'}.${names}`

const measures = {
  uniqueness: 'Uniqueness',
  distinctness: 'Distinctness',
  unique_value_ratio: 'UniqueValueRatio',
  distinct_count: 'DistinctValuesCount',
} as const
const statistics = {
  min: 'Minimum',
  max: 'Maximum',
  mean: 'Mean',
  sum: 'Sum',
  standard_deviation: 'StandardDeviation',
  distinct_count: 'DistinctValuesCount',
  min_length: 'MinimumLength',
  max_length: 'MaximumLength',
} as const

function metricHistoryName(analyzer: MetricAnalyzer): string {
  const instance = instanceOf(analyzer)
  const of = instance === '*' ? 'Dataset.*' : ofColumns(instance)
  return `${of}.${metricName(analyzer)}${analyzer.kind === 'CustomSql' ? `.${analyzer.sql}` : ''}`
}

const anything = range(null, null)

/** Earlier metrics by name, oldest first. */
export type History = ReadonlyMap<string, readonly number[]>

/** Whether a rule looks at earlier metrics. */
export const needsHistory = ({ constraint }: Rule): boolean => looksBack(constraint)

const looksBack = (constraint: Constraint): boolean =>
  constraint.kind === 'history' ||
  (constraint.kind === 'composite'
    ? constraint.parts.some(looksBack)
    : 'bounds' in constraint && constraint.bounds.kind === 'dynamic')

/**
 * The constraint with bounds that its own history makes. Where there are too few earlier metrics for them, it takes anything:
 * a first run has nothing to compare with, and passes.
 */
export function resolveBounds(constraint: Constraint, filter: Expression | null, history: History): Constraint {
  if (constraint.kind === 'composite')
    return { ...constraint, parts: constraint.parts.map((part) => resolveBounds(part, filter, history)) }
  if (!('bounds' in constraint) || constraint.bounds.kind !== 'dynamic') return constraint
  const earlier = history.get(historyName(constraint, filter) ?? '') ?? []
  return { ...constraint, bounds: constraint.bounds.resolve(earlier) ?? anything }
}

/** The constraints whose metrics are kept, of a rule: itself, or the parts of a composite. */
export const leavesOf = (constraint: Constraint): readonly Constraint[] =>
  constraint.kind === 'composite' ? constraint.parts.flatMap(leavesOf) : [constraint]

/** The metrics of each rule, oldest first: trends for reports. */
export function historyOfRules(
  records: readonly { readonly rule: string; readonly metric: number }[],
): ReadonlyMap<string, readonly number[]> {
  const series = new Map<string, number[]>()
  for (const { rule, metric } of records) {
    const found = series.get(rule)
    if (found === undefined) series.set(rule, [metric])
    else found.push(metric)
  }
  return series
}
