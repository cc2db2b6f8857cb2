import { agg, col, fn, lit, type Expr } from '@deltaworks/expression'
import type { DataFrame } from '@deltaworks/plan'
import {
  formatDate,
  formatDecimal,
  formatTimestamp,
  isNested,
  isNumeric,
  typeName,
  type DataType,
  type Field,
  type Schema,
  type Value,
} from '@deltaworks/schema'
import { asNumber } from './analyzers/counting.js'
import type { AnyFrame, QueryRunner } from './query-runner.js'
import { semanticTypeOf } from './semantic-type.js'
import type { ColumnProfile, SemanticType, TableProfile, TopValue } from './table-profile.js'

export interface ProfileOptions {
  /** Columns to profile; default all. */
  readonly columns?: readonly string[]
  /** So many of the most frequent values, of columns with few; default 0: none, which saves a scan. */
  readonly topValues?: number
  /** A column with more distinct values than this has no top values; default 40. */
  readonly lowCardinality?: number
  /** Shortest and longest texts; default true. They are the dearest figures of a small table in a cold process. */
  readonly lengths?: boolean
  /** Rows that semantic types are told from; default 200, 0: none. */
  readonly sampleRows?: number
}

/** Describes every column, in one scan of the table (and another for top values, if they are wanted). */
export async function profile(
  session: QueryRunner,
  table: AnyFrame,
  options: ProfileOptions = {},
): Promise<TableProfile> {
  const frame = table as DataFrame
  const plan = profileAggregates(frame.schema, options)
  const query = frame.agg({ rows: agg.count(), ...plan.aggregates }).plan
  const { rows } = await session.collect(query)
  const sample = await sampleOf(session, frame, options)
  const values = rows[0]!
  const result = profileOf(plan, values.slice(1), query.schema.fields.slice(1), Number(values[0]), sample)
  return topValuesOf(session, frame, result, options)
}

type Figure = 'count' | 'distinct' | 'min' | 'max' | 'mean' | 'deviation' | 'minLength' | 'maxLength'

export interface ProfilePlan {
  readonly columns: readonly { readonly field: Field; readonly figures: ReadonlyMap<Figure, number> }[]
  /** By names of their own; in this order. */
  readonly aggregates: Readonly<Record<string, Expr>>
}

/** The aggregates of a profile, which any other scan of the table may carry. */
export function profileAggregates(schema: Schema, options: ProfileOptions): ProfilePlan {
  const aggregates: Record<string, Expr> = {}
  let place = 0
  const columns = chosen(schema, options).map((field, i) => {
    const figures = new Map<Figure, number>()
    for (const [figure, aggregate] of figuresOf(field, options.lengths ?? true)) {
      aggregates[`profile_${i}_${figure}`] = aggregate
      figures.set(figure, place++)
    }
    return { field, figures }
  })
  return { columns, aggregates }
}

const chosen = (schema: Schema, { columns }: ProfileOptions): readonly Field[] =>
  columns === undefined ? schema.fields : schema.fields.filter((field) => columns.includes(field.name))

function figuresOf({ name, type }: Field, lengths: boolean): readonly (readonly [Figure, Expr])[] {
  const value = col(name)
  const figures: [Figure, Expr][] = [['count', agg.count(value)]]
  if (isNested(type) || type.kind === 'null' || type.kind === 'variant' || type.kind === 'binary') return figures
  figures.push(['distinct', agg.approxCountDistinct(value)], ['min', agg.min(value)], ['max', agg.max(value)])
  if (isNumeric(type)) figures.push(['mean', agg.avg(value)], ['deviation', agg.stddev(value)])
  if (type.kind === 'string' && lengths) {
    figures.push(['minLength', agg.min(fn.length(value))], ['maxLength', agg.max(fn.length(value))])
  }
  return figures
}

/** @param values of the plan's aggregates, with their `fields` */
export function profileOf(
  plan: ProfilePlan,
  values: readonly Value[],
  fields: readonly Field[],
  rowCount: number,
  sample: ReadonlyMap<string, readonly string[]>,
): TableProfile {
  const columns = plan.columns.map(({ field, figures }): ColumnProfile => {
    const at = (figure: Figure): { readonly value: Value; readonly type: DataType } | null => {
      const place = figures.get(figure)
      return place === undefined ? null : { value: values[place] ?? null, type: fields[place]!.type }
    }
    const number = (figure: Figure): number | null => {
      const found = at(figure)
      return found === null ? null : asNumber(found.value, found.type)
    }
    const text = (figure: Figure): string | null => {
      const found = at(figure)
      return found === null ? null : profileText(found.value, found.type)
    }
    const nullCount = rowCount - (number('count') ?? 0)
    const approximateDistinct = number('distinct')
    return {
      name: field.name,
      type: typeName(field.type),
      nullCount,
      completeness: rowCount === 0 ? 1 : (rowCount - nullCount) / rowCount,
      approximateDistinct,
      min: text('min'),
      max: text('max'),
      mean: number('mean'),
      standardDeviation: number('deviation'),
      minLength: number('minLength'),
      maxLength: number('maxLength'),
      semanticType: semanticType(field, approximateDistinct, rowCount - nullCount, sample.get(field.name) ?? []),
      topValues: null,
    }
  })
  return { rowCount, columns }
}

function semanticType(
  { name, type }: Field,
  distinct: number | null,
  count: number,
  sample: readonly string[],
): SemanticType | null {
  if (type.kind === 'string') {
    const looksLike = semanticTypeOf(sample, name)
    if (looksLike !== null) return looksLike
  }
  if (distinct === null || count < 20 || (type.kind !== 'string' && type.kind !== 'int32' && type.kind !== 'int64'))
    return null
  // Distinct counts are approximate to a few percent.
  if (distinct >= count * 0.95 && (/(^|_)(id|key|number|code)$/i.test(name) || type.kind === 'string'))
    return 'identifier'
  return distinct <= Math.min(40, count / 10) ? 'category' : null
}

/** Text values of the first rows, by column. */
export async function sampleOf(
  session: QueryRunner,
  frame: DataFrame,
  options: ProfileOptions,
  run?: { readonly signal?: AbortSignal },
): Promise<ReadonlyMap<string, readonly string[]>> {
  const limit = options.sampleRows ?? 200
  const names = chosen(frame.schema, options)
    .filter((field) => field.type.kind === 'string')
    .map((field) => field.name)
  if (limit === 0 || names.length === 0) return new Map()
  const { rows } = await session.collect(frame.select(...names.map((name) => col(name))).limit(limit).plan, run)
  return new Map(
    names.map((name, i) => [name, rows.map((row) => row[i] as string | null).filter((text) => text !== null)]),
  )
}

/** Fills in the most frequent values of the columns that have few: one more scan for all of them. */
export async function topValuesOf(
  session: QueryRunner,
  frame: DataFrame,
  result: TableProfile,
  options: ProfileOptions,
  run?: { readonly signal?: AbortSignal },
): Promise<TableProfile> {
  const wanted = options.topValues ?? 0
  const limit = options.lowCardinality ?? 40
  const few = result.columns.filter(
    ({ approximateDistinct }) => approximateDistinct !== null && approximateDistinct <= limit,
  )
  if (wanted === 0 || few.length === 0) return result
  const counted = few
    .map(({ name }) => frame.select(lit(name).as('column'), col(name).cast({ kind: 'string' }).as('value')))
    .reduce((a, b) => a.union(b))
    .groupBy(col('column'), col('value'))
    .agg({ occurrences: agg.count() })
  const { rows } = await session.collect(counted.plan, run)
  const top = new Map<string, TopValue[]>()
  for (const [column, value, count] of rows) {
    const list = top.get(column as string) ?? []
    if (list.length === 0) top.set(column as string, list)
    list.push({ value: value as string | null, count: Number(count) })
  }
  for (const list of top.values()) {
    list.sort((a, b) => b.count - a.count || compareText(a.value, b.value)).splice(wanted)
  }
  return { ...result, columns: result.columns.map((c) => ({ ...c, topValues: top.get(c.name) ?? null })) }
}

const compareText = (a: string | null, b: string | null): number => ((a ?? '') < (b ?? '') ? -1 : 1)

/** A value as profiles show it. */
export function profileText(value: Value, type: DataType): string | null {
  if (value === null) return null
  switch (type.kind) {
    case 'decimal':
      return formatDecimal(value as bigint, type.scale)
    case 'date':
      return formatDate(value as number)
    case 'timestamp':
    case 'timestamp_ntz':
      return formatTimestamp(value as bigint)
    default:
      return typeof value === 'string' ? value : String(value as number | bigint | boolean)
  }
}
