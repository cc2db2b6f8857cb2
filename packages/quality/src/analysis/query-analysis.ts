import { agg, col, expr, type Expr } from '@deltaworks/expression'
import type { DataFrame } from '@deltaworks/plan'
import { fieldIndex, float64, typeName, type Schema, type Value } from '@deltaworks/schema'
import type { QueryContext, QueryRequirement } from '../analyzers/analyzer.js'
import { asNumber } from '../analyzers/counting.js'
import { customSqlResult, notComparable } from '../errors.js'
import { toText } from '../plain-text.js'
import { numberValue, type MetricValue } from './metric.js'
import type { AggregateOperand, CustomAggregator, MetricAnalyzer, ReferenceAnalyzer } from './metric-analyzer.js'

/** Analyzers that ask a question of their own, or of another table. */
export type QueryAnalyzer = Extract<MetricAnalyzer, { kind: 'CustomSql' }> | CustomAggregator | ReferenceAnalyzer

export const queryRequirement = (analyzer: QueryAnalyzer): QueryRequirement => ({
  kind: 'query',
  key: `${analyzer.kind} ${toText(analyzer)}`,
  run: (context) => readMetric(analyzer, context),
})

/** Names of the other tables that an analyzer needs. */
export function referencesOf(analyzer: MetricAnalyzer): readonly string[] {
  switch (analyzer.kind) {
    case 'RowCountMatch':
    case 'SchemaMatch':
    case 'DatasetMatch':
      return [analyzer.reference]
    case 'AggregateMatch':
      return [analyzer.first.reference, analyzer.second.reference].filter((name) => name !== null)
    default:
      return []
  }
}

async function readMetric(analyzer: QueryAnalyzer, context: QueryContext): Promise<MetricValue | null> {
  switch (analyzer.kind) {
    case 'CustomSql':
      return numberValue(await scalarOf(analyzer.sql, context))
    case 'CustomAggregator':
      return customMetric(analyzer, context)
    case 'RowCountMatch': {
      const rows = await rowsOf(context.reference(analyzer.reference), context)
      return numberValue(context.rowCount / rows)
    }
    case 'SchemaMatch':
      return numberValue(schemaMatch(context.frame.schema, context.reference(analyzer.reference).schema))
    case 'DatasetMatch':
      return datasetMatch(analyzer, context)
    case 'AggregateMatch': {
      const [first, second] = [await operandOf(analyzer.first, context), await operandOf(analyzer.second, context)]
      return first === null || second === null ? null : numberValue(ratio(first, second))
    }
  }
}

const rowsOf = async (frame: DataFrame, context: QueryContext): Promise<number> =>
  Number((await context.row(frame.agg({ rows: agg.count() }).plan))[0])

/** The one number of a statement. @throws QualityError DW-QUALITY-0010 if its result is anything else */
export async function scalarOf(sql: string, context: QueryContext): Promise<number> {
  const plan = await context.sql(sql)
  const rows = await context.rows(plan)
  const [field] = plan.schema.fields
  if (plan.schema.fields.length !== 1 || rows.length !== 1)
    throw customSqlResult(sql, `${rows.length} rows of ${plan.schema.fields.length} columns`)
  const value = rows[0]![0]!
  if (typeof value === 'boolean') return value ? 1 : 0
  const number = asNumber(value, field!.type)
  if (number === null) throw customSqlResult(sql, value === null ? 'null' : `a ${typeName(field!.type)}`)
  return number
}

async function customMetric({ key, aggregate }: CustomAggregator, context: QueryContext): Promise<MetricValue> {
  const counted = context.frame
    .groupBy(expr(key).cast({ kind: 'string' }).as('key'))
    .agg({ count: expr(aggregate).cast(float64) })
  const rows = await context.rows(counted.orderBy(col('key').asc()).plan)
  const total = rows.reduce((sum, [, count]) => sum + Number(count ?? 0), 0)
  const share = (count: Value | undefined) => (total === 0 ? 0 : Number(count ?? 0) / total)
  return { kind: 'numbers', values: Object.fromEntries(rows.map(([name, count]) => [String(name), share(count)])) }
}

/** The share of columns that the other has by the same name and type; of another number of columns none. */
function schemaMatch(primary: Schema, reference: Schema): number {
  if (primary.fields.length === 0 || primary.fields.length !== reference.fields.length) return 0
  const alike = primary.fields.filter((field) => {
    const other = reference.fields.find((candidate) => candidate.name === field.name)
    // Kinds alone, as Deequ compares type names: any decimal matches any other.
    return other !== undefined && other.type.kind === field.type.kind
  })
  return alike.length / primary.fields.length
}

/** The share of rows that are the same there: matched by keys, which must be unique on both sides. */
async function datasetMatch(
  analyzer: Extract<ReferenceAnalyzer, { kind: 'DatasetMatch' }>,
  context: QueryContext,
): Promise<MetricValue | null> {
  const { frame } = context
  const reference = context.reference(analyzer.reference)
  const columns = analyzer.columns ?? sameColumns(frame.schema, analyzer.keys)
  for (const [here, there] of [...analyzer.keys, ...columns]) {
    requireColumn(frame.schema, here, 'the table')
    requireColumn(reference.schema, there, analyzer.reference)
  }
  const rows = await uniqueRows(
    frame,
    analyzer.keys.map(([here]) => here),
    'the table',
    context,
  )
  await uniqueRows(
    reference,
    analyzer.keys.map(([, there]) => there),
    analyzer.reference,
    context,
  )
  if (rows === 0) return null
  const there = reference.select(...[...analyzer.keys, ...columns].map(([, name], i) => col(name).as(`there_${i}`)))
  const same = [
    ...analyzer.keys.map(([here], i) => col(here).eq(col(`there_${i}`))),
    ...columns.map(([here], i): Expr => col(here).isNotDistinctFrom(col(`there_${i + analyzer.keys.length}`))),
  ].reduce((a, b) => a.and(b))
  const [matched] = await context.row(frame.join(there, same, 'left_semi').agg({ n: agg.count() }).plan)
  return numberValue(Number(matched) / rows)
}

const sameColumns = (schema: Schema, keys: readonly (readonly [string, string])[]) =>
  schema.fields
    .filter(({ name }) => !keys.some(([here]) => here === name))
    .map(({ name }): readonly [string, string] => [name, name])

function requireColumn(schema: Schema, name: string, table: string): void {
  if (fieldIndex(schema, name) < 0) throw notComparable(`${table} has no column "${name}"`)
}

async function uniqueRows(
  frame: DataFrame,
  keys: readonly string[],
  table: string,
  context: QueryContext,
): Promise<number> {
  const counted = frame
    .groupBy(...keys.map((name) => col(name)))
    .agg({ n: agg.count() })
    .agg({ keys: agg.count(), rows: agg.sum(col('n')) })
  const [distinct, rows] = (await context.row(counted.plan)).map((count) => Number(count ?? 0))
  if (distinct !== rows)
    throw notComparable(`${keys.join(', ')} is not unique in ${table}: ${rows} rows have ${distinct} keys`)
  return rows ?? 0
}

async function operandOf({ aggregate, reference, column }: AggregateOperand, context: QueryContext) {
  const frame = reference === null ? context.frame : context.reference(reference)
  requireColumn(frame.schema, column, reference ?? 'the table')
  const of = col(column).cast(float64)
  const [value] = await context.row(frame.agg({ value: aggregate === 'sum' ? agg.sum(of) : agg.avg(of) }).plan)
  return value as number | null
}

const ratio = (first: number, second: number): number => (second === 0 ? (first === 0 ? 1 : 0) : first / second)
