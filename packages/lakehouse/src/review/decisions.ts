import { DeltaTable } from '@deltaworks/delta-table'
import { col, fn, lit, type Expr } from '@deltaworks/expression'
import { memoryTable, scan, type DataFrame } from '@deltaworks/plan'
import { date, field, fieldIndex, int64, schema, string, timestamp, type Schema } from '@deltaworks/schema'
import { anyFrame } from '../any-frame.js'
import type { LandingFile } from '../landing.js'
import { quarantineKey, quarantinePath } from '../quarantine.js'
import type { RunContext } from '../run-context.js'
import type { TableDefinition } from '../table-definition.js'
import { memberMark, packingOf } from '../unpack/unpack-landing.js'
import { commonSettings } from '../write-settings.js'

/**
 * What people decided about quarantined rows: one row a decision, in a table of its own beside the quarantine, so that the
 * quarantine stays what runs make of it. A row without a decision is open.
 */
export const decisionsPath = 'quality/quarantine_decisions'

export const decisionsSchema: Schema = schema([
  field('id', string, false),
  field('table_name', string, false),
  field('source_file', string, false),
  field('source_line', int64, false),
  field('decision', string, false, { comment: 'released: corrected, in its table; discarded: not wanted' }),
  field('reason', string, false),
  field('decided_at', timestamp, false),
  field('decision_date', date, false),
])

/** Of the row's key, so that it is the same for as long as the row is there. */
const idOf = (): Expr =>
  fn.left(fn.md5(fn.concat_ws('\u001f', ...quarantineKey.map((name) => col(name).cast(string)))), lit(12))

/** Quarantined rows with their `id`; null if there is no quarantine. */
export async function quarantinedRows(
  context: RunContext,
  which: { readonly table?: string | undefined; readonly decided?: boolean } = {},
): Promise<DataFrame | null> {
  const { lake } = context
  if ((await lake.table(quarantinePath)) === null) return null
  let rows = withOffset(anyFrame((await lake.frame(quarantinePath)).withColumn('id', idOf())))
  if (which.table !== undefined) rows = rows.filter(col('table_name').eq(lit(which.table)))
  if (which.decided === true || (await lake.table(decisionsPath)) === null) return rows
  const decided = (await lake.frame(decisionsPath)).select('id')
  return rows.join(decided, ['id'], 'left_anti')
}

/** Quarantines of old do not have the column until a row is added to them. */
const withOffset = (rows: DataFrame): DataFrame =>
  fieldIndex(rows.schema, 'source_offset') < 0 ? anyFrame(rows.withColumn('source_offset', lit(null, int64))) : rows

export interface DecidedRow {
  readonly id: string
  readonly table: string
  readonly sourceFile: string
  readonly sourceLine: bigint
}

/** Records a decision for rows that have none. @returns how many there were */
export async function recordDecisions(
  rows: readonly DecidedRow[],
  decision: 'released' | 'discarded',
  reason: string,
  context: RunContext,
): Promise<number> {
  if (rows.length === 0) return 0
  const { lake, nowMicros } = context
  const stamps = [decision, reason, nowMicros, Number(nowMicros / 86_400_000_000n)] as const
  const values = rows.map(({ id, table, sourceFile, sourceLine }) => [id, table, sourceFile, sourceLine, ...stamps])
  const source = scan(memoryTable(decisionsSchema, values))
  const existing = await lake.table(decisionsPath)
  const settings = commonSettings(context)
  const written =
    existing === null
      ? await DeltaTable.createWith(lake.session, lake.uri(decisionsPath), source, {
          ...settings,
          schema: decisionsSchema,
        })
      : await existing.merge({ source, on: ['id'], whenNotMatchedInsert: [{}], ...settings })
  lake.wrote(decisionsPath, written)
  return written.version === existing?.version ? 0 : written.lastWrite.rowsWritten
}

/** What is delivered again is decided again: its former decisions were about other rows. */
export async function reopenDecisions(
  table: TableDefinition,
  files: readonly LandingFile[],
  context: RunContext,
): Promise<void> {
  const again = files.filter((file) => file.state !== 'new')
  const existing = again.length === 0 ? null : await context.lake.table(decisionsPath)
  if (existing === null) return
  const condition = col('table_name').eq(lit(table.name)).and(rowsOfFiles(again))
  context.lake.wrote(decisionsPath, await existing.delete(condition, commonSettings(context)))
}

/** Rows that were released and are refused again wait again: what was corrected was not enough. */
export async function reopenRefused(refused: DataFrame, context: RunContext): Promise<void> {
  const { lake, signal } = context
  const existing = await lake.table(decisionsPath)
  if (existing === null) return
  const released = (await lake.frame(decisionsPath)).filter(col('decision').eq(lit('released')))
  const again = anyFrame(refused.withColumn('id', idOf())).select('id').join(released.select('id'), ['id'], 'left_semi')
  const { rows } = await lake.session.collect(again, { signal })
  if (rows.length === 0) return
  const condition = col('id').in_(rows.map(([id]) => lit(id!)))
  lake.wrote(decisionsPath, await existing.delete(condition, commonSettings(context)))
}

/** Rows that came from landing files, or from members of them. */
export function rowsOfFiles(files: readonly Pick<LandingFile, 'path'>[]): Expr {
  const members = files
    .filter((file) => (packingOf(file.path)?.archive ?? null) !== null)
    .map((file) => fn.starts_with(col('source_file'), lit(file.path + memberMark)))
  return members.reduce((a, b) => a.or(b), col('source_file').in_(files.map((file) => lit(file.path))))
}
