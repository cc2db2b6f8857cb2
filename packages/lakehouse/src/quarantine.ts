import { DeltaTable } from '@deltaworks/delta-table'
import { col, fn, lit } from '@deltaworks/expression'
import type { DataFrame } from '@deltaworks/plan'
import { date, field, int64, schema, string, timestamp, type Schema } from '@deltaworks/schema'
import { landingColumns } from './landing-columns.js'
import type { RunContext } from './run-context.js'
import type { TableDefinition } from './table-definition.js'
import { commonSettings } from './write-settings.js'

/**
 * Where rows wait that could not be used: one Delta table for the whole lake. A row's key is what was landed (table, file,
 * line and record), so that quarantining it again changes nothing.
 */
export const quarantinePath = 'quality/quarantine'

export const quarantineSchema: Schema = schema([
  field('table_name', string, false),
  field('stage', string, false, { comment: 'read: the row is malformed; rule: a quality rule failed on it' }),
  field('disposition', string, false, { comment: 'refused: taken out; flagged: used, but to be looked at' }),
  field('rules', string, false, { comment: 'ids of the rules that failed, separated by ", "' }),
  field('reason', string, false),
  field('source_file', string, false),
  field('source_line', int64, false),
  field('source_offset', int64, true, {
    comment:
      'byte at which the row begins, from 0, in the file unpacked and as UTF-8; null: no file that is known has it',
  }),
  field('record', string, false, { comment: 'the row as landed (malformed) or as JSON' }),
  field('run_id', string, false),
  field('quarantined_at', timestamp, false),
  field('run_date', date, false),
])

export const quarantineKey = ['table_name', 'source_file', 'source_line', 'stage', 'record'] as const

interface RunStamp {
  readonly runId: string
  readonly nowMicros: bigint
}

const stamps = ({ runId, nowMicros }: RunStamp) => [
  lit(runId).as('run_id'),
  lit(nowMicros, timestamp).as('quarantined_at'),
  lit(Number(nowMicros / 86_400_000_000n), date).as('run_date'),
]

/** Landed rows that could not be read, as rows of the quarantine table. */
export const malformedRows = (landed: DataFrame, table: string, stamp: RunStamp): DataFrame =>
  landed
    .filter(col(landingColumns.corruptReason).isNotNull())
    .select(
      lit(table).as('table_name'),
      lit('read').as('stage'),
      lit('refused').as('disposition'),
      lit('well_formed').as('rules'),
      col(landingColumns.corruptReason).as('reason'),
      col(landingColumns.sourceFile).as('source_file'),
      col(landingColumns.sourceLine).as('source_line'),
      col(landingColumns.sourceOffset).as('source_offset'),
      fn.coalesce(col(landingColumns.rawRecord), lit('')).as('record'),
      ...stamps(stamp),
    )

/**
 * Rows on which rules failed, with the rules and their reasons, as rows of the quarantine table. Rows of a built table come from
 * no landing file: their place is the table's.
 */
export const ruleFailures = (
  bad: DataFrame,
  { name, path, columns, source }: TableDefinition,
  disposition: 'refused' | 'flagged',
  stamp: RunStamp,
): DataFrame =>
  bad.select(
    lit(name).as('table_name'),
    lit('rule').as('stage'),
    lit(disposition).as('disposition'),
    col('failed_rules').as('rules'),
    col('failure_reasons').as('reason'),
    source === null ? lit(path).as('source_file') : col('source_file'),
    source === null ? lit(0n).as('source_line') : col('source_line'),
    lit(null, int64).as('source_offset'),
    fn.to_json(fn.named_struct(...Object.keys(columns).flatMap((key) => [lit(key), col(key)]))).as('record'),
    ...stamps(stamp),
  )

/** Adds rows that are not there yet. @returns the table, and how many were added; nothing is committed if none were */
export async function addToQuarantine(
  rows: DataFrame,
  context: RunContext,
): Promise<{ readonly table: DeltaTable; readonly added: number }> {
  const { lake } = context
  const existing = await lake.table(quarantinePath)
  const settings = commonSettings(context)
  const table =
    existing === null
      ? await DeltaTable.createWith(lake.session, lake.uri(quarantinePath), rows, {
          ...settings,
          schema: quarantineSchema,
          partitionBy: [],
        })
      : await existing.merge({
          source: rows,
          on: quarantineKey,
          whenNotMatchedInsert: [{}],
          mergeSchema: true,
          ...settings,
        })
  lake.wrote(quarantinePath, table)
  return { table, added: table.version === existing?.version ? 0 : table.lastWrite.rowsWritten }
}
