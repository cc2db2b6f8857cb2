import { agg, col, expr, fn, lit, type Expr, type Expression } from '@deltaworks/expression'
import type { DataFrame, LogicalPlan } from '@deltaworks/plan'
import { float64, isNumeric, typeName } from '@deltaworks/schema'
import { within } from '../bounds.js'
import type { Outliers } from '../rule.js'
import { labelOf, labelsOf } from '../rules/label.js'
import type { AggregateRequirement, Analyzer } from './analyzer.js'
import { aggregate, both, countWhere, filtered, ofRows, share } from './counting.js'
import { quantiles } from './quantiles.js'

export const outliers: Analyzer<Outliers> = {
  requires: (constraint, filter) => [
    ...(momentsOf(constraint, filter) ?? []),
    { kind: 'outliers', constraint, filter },
  ],
  outcome(constraint, filter, answers) {
    const counts = answers.outliers({ kind: 'outliers', constraint, filter })
    const metric = share(counts.outliers, counts.values)
    return {
      passed: metric === null || within(constraint.bounds, metric),
      metric,
      rowsFailed: counts.outliers,
      found: `${ofRows(counts.outliers, counts.values, 'values')} are far from the others`,
    }
  },
  verdict(constraint, filter, rows) {
    const { names, frame } = outlierBounds(rows.input, constraint, filter)
    const [low, high] = rows.lookup(groupKeys(constraint), frame, names, ['low', 'high'])
    const value = expr(constraint.input).cast(float64)
    const label = labelOf(constraint.input)
    const group = constraint.groupBy.length === 0 ? '' : ` for its ${labelsOf(constraint.groupBy, ' + ')}`
    return {
      failing: both(value.lt(low!).or(value.gt(high!)), filter),
      reason: fn.concat(
        lit(`${label} "`),
        expr(constraint.input).cast({ kind: 'string' }),
        lit(`" is anomalous${group}: expected `),
        fn.round(low!, lit(2)).cast({ kind: 'string' }),
        lit(' to '),
        fn.round(high!, lit(2)).cast({ kind: 'string' }),
      ),
    }
  },
  expressions: ({ input, groupBy }) => [input, ...groupBy],
  problem({ input }, _, typeOf) {
    const type = typeOf(input)
    return isNumeric(type) ? null : `${labelOf(input)} is a ${typeName(type)}, not a number`
  },
}

/** The groups of a constraint; one constant group if it has none. */
const groupKeys = ({ groupBy }: Outliers): readonly Expr[] =>
  groupBy.length === 0 ? [lit(1)] : groupBy.map((key) => expr(key))

/** What the bounds of an ungrouped rule are made of, if the scan that all rules share can tell it; else null. */
export function momentsOf(
  { input, method, groupBy }: Outliers,
  filter: Expression | null,
): readonly AggregateRequirement[] | null {
  if (groupBy.length > 0 || method === 'mad') return null
  const value = expr(input).cast(float64)
  const moments =
    method === 'z_score'
      ? [agg.avg(value), agg.stddevPop(value)]
      : [agg.percentile(value, lit(0.25, float64)), agg.percentile(value, lit(0.75, float64))]
  return moments.map((moment) => aggregate(filtered(moment, filter)))
}

/** As `countOutliers`, with the moments known: a plain scan. */
export function countOutside(
  frame: DataFrame,
  { input, method, factor }: Outliers,
  filter: Expression | null,
  [first, second]: readonly (number | null)[],
): LogicalPlan {
  const value = expr(input).cast(float64)
  const [from, to] = [first ?? NaN, second ?? NaN]
  const spread = method === 'z_score' ? factor * to + Math.abs(from) * rounding : factor * (to - from)
  const [low, high] = method === 'z_score' ? [from - spread, from + spread] : [from - spread, to + spread]
  const outside = value.lt(lit(low, float64)).or(value.gt(lit(high, float64)))
  const known = first !== null && second !== null
  return frame.agg({
    values: filtered(agg.count(value), filter),
    outliers: countWhere(known ? outside : lit(false), filter),
  }).plan
}

/** One row: how many values there are, and how many of them lie outside their group's bounds. */
export function countOutliers(frame: DataFrame, constraint: Outliers, filter: Expression | null): LogicalPlan {
  const { names, frame: bounds, values } = outlierBounds(frame, constraint, filter)
  const renamed = bounds.rename(Object.fromEntries(names.map((name) => [name, `of_${name}`])))
  const sameGroup = names.map((name) => col(name).isNotDistinctFrom(col(`of_${name}`))).reduce((a, b) => a.and(b))
  return values.join(renamed, sameGroup, 'left').agg({
    values: agg.count(col('value')),
    outliers: agg.count().filter(
      col('value')
        .lt(col('low'))
        .or(col('value').gt(col('high'))),
    ),
  }).plan
}

/** A row a group: its keys (`names`), then `low` and `high`; and the values that they were made of. */
function outlierBounds(frame: DataFrame, constraint: Outliers, filter: Expression | null) {
  const keys = groupKeys(constraint)
  const names = keys.map((_, i) => `group_${i}`)
  const rows = filter === null ? frame : frame.filter(expr(filter))
  const values = rows
    .filter(expr(constraint.input).isNotNull())
    .select(...keys.map((key, i) => key.as(names[i]!)), expr(constraint.input).cast(float64).as('value'))
  return { names, values, frame: boundsOfGroups(values, names, constraint) }
}

/** A mean is rounded: equal values are not outliers because they differ from it in the last digit. */
const rounding = 1e-9

/** A normal distribution's standard deviation by its median absolute deviation. */
const madScale = 1.482602218505602

function boundsOfGroups(values: DataFrame, names: readonly string[], { method, factor }: Outliers): DataFrame {
  const groups = names.map((name) => col(name))
  const around = (centre: Expr, spread: Expr, slack: Expr = lit(0, float64)) => {
    const distance = spread.mul(lit(factor, float64)).add(slack)
    return [centre.sub(distance).as('low'), centre.add(distance).as('high')]
  }
  switch (method) {
    case 'z_score':
      return values
        .groupBy(...groups)
        .agg({ mean: agg.avg(col('value')), deviation: agg.stddevPop(col('value')) })
        .select(...groups, ...around(col('mean'), col('deviation'), fn.abs(col('mean')).mul(lit(rounding, float64))))
    case 'iqr': {
      const spread = col('q1').sub(col('q0')).mul(lit(factor, float64))
      return quantiles(values, names, 'value', [0.25, 0.75]).select(
        ...groups,
        col('q0').sub(spread).as('low'),
        col('q1').add(spread).as('high'),
      )
    }
    case 'mad': {
      const medians = quantiles(values, names, 'value', [0.5]).rename(
        Object.fromEntries([...names.map((name) => [name, `of_${name}`]), ['q0', 'median']]),
      )
      const sameGroup = names.map((name) => col(name).isNotDistinctFrom(col(`of_${name}`))).reduce((a, b) => a.and(b))
      const distances = values
        .join(medians, sameGroup, 'inner')
        .select(...groups, col('median'), fn.abs(col('value').sub(col('median'))).as('distance'))
      const spreads = quantiles(distances, [...names, 'median'], 'distance', [0.5])
      return spreads.select(...groups, ...around(col('median'), col('q0').mul(lit(madScale, float64))))
    }
  }
}
