import { DeltaTable } from '@deltaworks/delta-table'
import { col, lit } from '@deltaworks/expression'
import { scan, values } from '@deltaworks/plan'
import { date, field, float64, int64, schema, string, timestamp, type Schema, type Value } from '@deltaworks/schema'
import { appendShared } from '../delta-append.js'
import type { RunContext } from '../run-context.js'
import { profilesPath } from '../runs/operations-path.js'
import { commonSettings } from '../write-settings.js'
import type { BatchColumnProfile, BatchProfile } from './batch-profile.js'
import { compared } from './profile-drift.js'
import type { MeasuredBatch } from './profile-pass.js'

export { profilesPath } from '../runs/operations-path.js'

/** A row a column of each ingested batch, in the Delta table `operations/profiles`. */
export const profilesSchema: Schema = schema([
  field('run_id', string, false),
  field('run_date', date, false, { comment: 'day of the run’s clock' }),
  field('ingested_at', timestamp, false),
  field('table_name', string, false),
  field('row_count', int64, false, { comment: 'well-formed rows of the batch' }),
  field('sampled_rows', int64, false, { comment: 'rows that quantiles, histogram and frequent values are told from' }),
  field('column_name', string, false),
  field('column_type', string, false),
  field('null_count', int64, false),
  field('approximate_distinct', int64),
  field('min_value', string),
  field('max_value', string),
  field('mean', float64),
  field('standard_deviation', float64),
  field('min_length', int64),
  field('max_length', int64),
  field('semantic_type', string),
  field('profile', string, false, { comment: 'all of it, as JSON: with quantiles, histogram and frequent values' }),
])

/** Earlier batches of a table that a new one is compared with. */
const comparedBatches = 10

/** Compares ingested batches with those before them, and records them, in one commit for all. */
export async function keepProfiles(
  batches: readonly MeasuredBatch[],
  context: RunContext,
): Promise<readonly BatchProfile[]> {
  const { session } = context.lake
  const uri = context.lake.uri(profilesPath)
  const history = await DeltaTable.openIfExists(session, uri)
  const profiles: BatchProfile[] = []
  for (const batch of batches) {
    const earlier = history === null ? [] : await earlierBatches(history, batch.table, context)
    profiles.push(compared(batch, earlier))
  }
  const rows = batches.flatMap((batch) => batch.columns.map((column) => profileRow(batch, column, context)))
  if (rows.length > 0) await appendShared(session, uri, values(profilesSchema, rows), commonSettings(context))
  return profiles
}

function profileRow(
  batch: MeasuredBatch,
  column: BatchColumnProfile,
  { runId, nowMicros }: RunContext,
): readonly Value[] {
  return [
    runId,
    Number(nowMicros / 86_400_000_000n),
    nowMicros,
    batch.table,
    BigInt(batch.rowCount),
    BigInt(batch.sampledRows),
    column.name,
    column.type,
    BigInt(column.nullCount),
    bigintOf(column.approximateDistinct),
    column.min,
    column.max,
    column.mean,
    column.standardDeviation,
    bigintOf(column.minLength),
    bigintOf(column.maxLength),
    column.semanticType,
    JSON.stringify(column),
  ]
}

const bigintOf = (value: number | null): bigint | null => (value === null ? null : BigInt(value))

/** The latest first. */
async function earlierBatches(
  history: DeltaTable,
  table: string,
  { lake: { session }, signal }: RunContext,
): Promise<readonly MeasuredBatch[]> {
  const ofTable = scan(history.provider()).filter(col('table_name').eq(lit(table)))
  const runs = ofTable
    .select('run_id', 'ingested_at')
    .distinct()
    .orderBy(col('ingested_at').desc(), col('run_id').desc())
    .limit(comparedBatches)
  const { rows: latest } = await session.collect(runs, { signal })
  const first = latest.at(-1)?.[1]
  if (first === undefined) return []
  const wanted = ofTable
    .filter(col('ingested_at').ge(lit(first as bigint, timestamp)))
    .select('run_id', 'row_count', 'sampled_rows', 'profile')
  const { rows } = await session.collect(wanted, { signal })
  return latest.flatMap(([run]) => {
    const own = rows.filter(([runId]) => runId === run)
    if (own.length === 0) return []
    const [, rowCount, sampledRows] = own[0]!
    const columns = own.map(([, , , profile]) => JSON.parse(profile as string) as BatchColumnProfile)
    return [{ table, rowCount: Number(rowCount), sampledRows: Number(sampledRows), columns }]
  })
}
