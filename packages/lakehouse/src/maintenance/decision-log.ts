import { DeltaTable } from '@deltaworks/delta-table'
import type { Session } from '@deltaworks/engine'
import { col, lit } from '@deltaworks/expression'
import { scan, values } from '@deltaworks/plan'
import { field, float64, int64, schema, string, timestamp, type Schema, type Value } from '@deltaworks/schema'
import { joinPath } from '@deltaworks/storage'
import { appendShared } from '../delta-append.js'
import { maintenanceLogPath } from '../runs/operations-path.js'

/** `not due`: below its threshold; `in part`: as far as the budget or the window went; the others as `MaintenanceStepResult`. */
export type MaintenanceDecision = 'done' | 'in part' | 'postponed' | 'busy' | 'not due' | 'failed'

/** A row an operation of a table that a maintenance run decided about, in the Delta table `operations/maintenance`. */
export const decisionLogSchema: Schema = schema([
  field('run_id', string, false),
  field('decided_at', timestamp, false),
  field('table_name', string, false),
  field('operation', string, false),
  field('decision', string, false),
  field('reason', string, false),
  field('policy', string, false, { comment: 'what the definition says of the table’s maintenance, as JSON' }),
  field('measure', string, false, { comment: 'what was looked at' }),
  field('measured', float64, false),
  field('threshold', float64, false, { comment: 'from which on the operation is due' }),
  field('version', int64, false, { comment: 'of the table, when it was looked at' }),
  field('benefit', float64, true, { comment: 'seconds that a query is expected to save; null: not due' }),
  field('expected_seconds', float64, true),
  field('expected_bytes_rewritten', int64, true),
  field('seconds', float64, true, { comment: 'what it took; null: not done' }),
  field('bytes_rewritten', int64, true),
  field('bytes_freed', int64, true),
  field('files_before', int64, true),
  field('files_after', int64, true),
  field('scanned_bytes_before', int64, true, { comment: 'that a query for one value of a usual filter opens' }),
  field('scanned_bytes_after', int64, true),
])

/** A decision, with what it was made from and what came of it. */
export interface DecisionEntry {
  readonly runId: string
  readonly decidedMs: number
  readonly table: string
  readonly operation: string
  readonly decision: MaintenanceDecision
  readonly reason: string
  /** As JSON. */
  readonly policy: string
  readonly measure: string
  readonly measured: number
  readonly threshold: number
  readonly version: number
  readonly benefit: number | null
  readonly expectedSeconds: number | null
  readonly expectedBytesRewritten: number | null
  readonly seconds: number | null
  readonly bytesRewritten: number | null
  readonly bytesFreed: number | null
  readonly filesBefore: number | null
  readonly filesAfter: number | null
  readonly scannedBytesBefore: number | null
  readonly scannedBytesAfter: number | null
}

const count = (value: number | null): Value => (value === null ? null : BigInt(Math.round(value)))

/** Adds the decisions of a run, in one commit. */
export async function recordDecisions(
  session: Session,
  root: string,
  entries: readonly DecisionEntry[],
): Promise<void> {
  if (entries.length === 0) return
  const rows = entries.map((entry): Value[] => [
    entry.runId,
    BigInt(Math.round(entry.decidedMs)) * 1000n,
    entry.table,
    entry.operation,
    entry.decision,
    entry.reason,
    entry.policy,
    entry.measure,
    entry.measured,
    entry.threshold,
    BigInt(entry.version),
    entry.benefit,
    entry.expectedSeconds,
    count(entry.expectedBytesRewritten),
    entry.seconds,
    count(entry.bytesRewritten),
    count(entry.bytesFreed),
    count(entry.filesBefore),
    count(entry.filesAfter),
    count(entry.scannedBytesBefore),
    count(entry.scannedBytesAfter),
  ])
  await appendShared(session, joinPath(root, maintenanceLogPath), values(decisionLogSchema, rows))
}

/** The decisions of a lake's maintenance, the newest first. `all`: also what was not due. */
export async function readDecisions(
  session: Session,
  root: string,
  choice: { readonly tables: readonly string[]; readonly limit: number; readonly all: boolean },
): Promise<readonly DecisionEntry[]> {
  const table = await DeltaTable.openIfExists(session, joinPath(root, maintenanceLogPath))
  if (table === null) return []
  const rowsOf = scan(table.provider())
  const due = choice.all ? rowsOf : rowsOf.filter(col('decision').eq(lit('not due')).not())
  const chosen =
    choice.tables.length === 0 ? due : due.filter(col('table_name').in_(choice.tables.map((name) => lit(name))))
  const { rows } = await session.collect(
    chosen
      .select(...decisionLogSchema.fields.map(({ name }) => name))
      .orderBy(col('decided_at').desc(), col('run_id'), col('table_name'), col('operation'))
      .limit(choice.limit),
  )
  return rows.map(entryOf)
}

function entryOf(row: readonly Value[]): DecisionEntry {
  const of = (name: string): Value => row[decisionLogSchema.fields.findIndex((f) => f.name === name)]!
  const text = (name: string): string => String(of(name))
  const number = (name: string): number | null => (of(name) === null ? null : Number(of(name)))
  return {
    runId: text('run_id'),
    decidedMs: Number((of('decided_at') as bigint) / 1000n),
    table: text('table_name'),
    operation: text('operation'),
    decision: text('decision') as MaintenanceDecision,
    reason: text('reason'),
    policy: text('policy'),
    measure: text('measure'),
    measured: Number(of('measured')),
    threshold: Number(of('threshold')),
    version: Number(of('version')),
    benefit: number('benefit'),
    expectedSeconds: number('expected_seconds'),
    expectedBytesRewritten: number('expected_bytes_rewritten'),
    seconds: number('seconds'),
    bytesRewritten: number('bytes_rewritten'),
    bytesFreed: number('bytes_freed'),
    filesBefore: number('files_before'),
    filesAfter: number('files_after'),
    scannedBytesBefore: number('scanned_bytes_before'),
    scannedBytesAfter: number('scanned_bytes_after'),
  }
}
