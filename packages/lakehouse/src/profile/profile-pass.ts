import { agg, col, fn, lit, type Expr } from '@deltaworks/expression'
import type { DataFrame } from '@deltaworks/plan'
import { profileAggregates, profileOf, profileText, type ColumnProfile } from '@deltaworks/quality'
import { isNested, type DataType, type Field, type Value } from '@deltaworks/schema'
import { anyFrame } from '../any-frame.js'
import { landedFields, landingColumns } from '../landing-columns.js'
import type { TableDefinition } from '../table-definition.js'
import type { LandingPart } from '../unpack/unpack-landing.js'
import type { BatchColumnProfile, BatchProfile } from './batch-profile.js'
import { frequentOf, histogramOf, orderedPoints, pointOf, quantilesOf, shown } from './sample-figures.js'

/** Of landing files, that the sampled rows make up, about: however long rows are, the sample has its bounds. */
const sampleBytes = 128 * 1024
/** Rows of Parquet take about so much less than as text. */
const parquetFactor = 5

/** The measures of a batch as aggregates, which any scan of its landed rows may carry. */
export interface ProfilePass {
  /** The landed rows with what the aggregates ask of each. */
  prepare(landed: DataFrame): DataFrame
  readonly aggregates: Readonly<Record<string, Expr>>
  /** @param values of the aggregates, with their `fields` */
  profile(values: readonly Value[], fields: readonly Field[]): MeasuredBatch
}

/** A profile that was not yet compared with earlier ones. */
export type MeasuredBatch = Omit<BatchProfile, 'comparedBatches' | 'drift'>

/** Well-formed rows are measured; of a large batch, some that are chosen by a hash of their place give what needs values. */
export function profilePass(table: TableDefinition, parts: readonly LandingPart[]): ProfilePass {
  const schema = { fields: landedFields(table).fields.filter(({ type }) => type.kind !== 'null') }
  const plan = profileAggregates(schema, {})
  const sampled = schema.fields.filter(({ type }) => isSampled(type))
  const isGood = col('_is_good')
  const isSample = col('_is_sampled')
  const measures = {
    rows: agg.count(),
    ...plan.aggregates,
  }
  const samples = {
    sampled_rows: agg.count(),
    ...Object.fromEntries(sampled.map(({ name }, i) => [`sample_${i}`, agg.collectList(col(name))])),
  }
  return {
    prepare: (landed) => {
      const good = anyFrame(landed).withColumn('_is_good', col(landingColumns.corruptReason).isNull())
      return anyFrame(good).withColumn('_is_sampled', sampleCondition(table, parts))
    },
    aggregates: { ...filteredBy(measures, isGood), ...filteredBy(samples, isSample) },
    profile: (values, fields) => {
      const measured = Object.keys(measures).length
      const rowCount = Number(values[0])
      const lists = new Map(sampled.map(({ name }, i) => [name, values[measured + 1 + i] as readonly Value[]]))
      const texts = new Map(
        sampled.flatMap(({ name, type }) =>
          type.kind === 'string' ? [[name, lists.get(name) as readonly string[]]] : [],
        ),
      )
      const basic = profileOf(plan, values.slice(1, measured), fields.slice(1, measured), rowCount, texts)
      return {
        table: table.name,
        rowCount,
        sampledRows: Number(values[measured]),
        columns: basic.columns.map((column, i) =>
          columnProfile(table, column, schema.fields[i]!.type, lists.get(column.name) ?? [], rowCount),
        ),
      }
    },
  }
}

const isSampled = (type: DataType): boolean => !isNested(type) && type.kind !== 'binary' && type.kind !== 'variant'

const filteredBy = (aggregates: Readonly<Record<string, Expr>>, condition: Expr): Readonly<Record<string, Expr>> =>
  Object.fromEntries(Object.entries(aggregates).map(([name, aggregate]) => [name, aggregate.filter(condition)]))

function sampleCondition(table: TableDefinition, parts: readonly LandingPart[]): Expr {
  const bytes = parts.reduce((sum, part) => sum + part.sizeBytes, 0)
  const text = table.source!.format === 'parquet' ? bytes * parquetFactor : bytes
  const every = Math.max(1, Math.round(text / sampleBytes))
  const isGood = col('_is_good')
  if (every === 1) return isGood
  const place = fn.xxhash64(col(landingColumns.sourceFile), col(landingColumns.sourceLine))
  return isGood.and(place.mod(lit(BigInt(every))).eq(lit(0n)))
}

function columnProfile(
  { columns }: TableDefinition,
  column: ColumnProfile,
  type: DataType,
  values: readonly Value[],
  rowCount: number,
): BatchColumnProfile {
  const point = pointOf(type)
  const points = point === null ? null : orderedPoints(values, point)
  const isPersonal = columns[column.name]!.facts.pii !== null
  const hidden = isPersonal
    ? ({ min: null, max: null, topValues: null, quantiles: null, histogram: null } as const)
    : {}
  return {
    ...column,
    min: column.min === null ? null : shown(column.min),
    max: column.max === null ? null : shown(column.max),
    topValues: isSampled(type)
      ? frequentOf(values, rowCount - column.nullCount, (value) => profileText(value, type) ?? '')
      : null,
    quantiles: points === null ? null : quantilesOf(points),
    histogram: points === null ? null : histogramOf(points),
    ...hidden,
  }
}
