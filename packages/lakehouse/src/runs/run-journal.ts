import { DeltaTable } from '@deltaworks/delta-table'
import { col, lit } from '@deltaworks/expression'
import type { Session } from '@deltaworks/engine'
import { scan, values } from '@deltaworks/plan'
import {
  date,
  field,
  float64,
  int32,
  int64,
  schema,
  string,
  timestamp,
  type Schema,
  type Value,
} from '@deltaworks/schema'
import { joinPath } from '@deltaworks/storage'
import type { RunResult } from '../run-result.js'
import { runsPath } from './operations-path.js'

/** A row a run (its `step` is null) and a row a step of it, in the Delta table `operations/runs`. */
export const runsSchema: Schema = schema([
  field('run_id', string, false),
  field('run_date', date, false, { comment: 'day of the run’s clock' }),
  field('lakehouse', string, false),
  field('environment', string, false),
  field('step', string, true, { comment: 'null: the run as a whole' }),
  field('kind', string, false),
  field('table_name', string),
  field('status', string, false),
  field('attempts', int32, false),
  field('started_at', timestamp, false),
  field('duration_ms', float64, false),
  field('rows_in', int64),
  field('rows_out', int64),
  field('rows_quarantined', int64),
  field('version', int64, true, { comment: 'of the table, after the step' }),
  field('error_code', string),
  field('message', string),
])

/** Adds the rows of a run that has ended, in one commit. */
export async function recordRun(
  session: Session,
  root: string,
  result: RunResult,
  facts: { readonly environment: string; readonly nowMicros: bigint },
): Promise<void> {
  const uri = joinPath(root, runsPath)
  const rows = values(runsSchema, journalRows(result, facts))
  const settings = { nowMs: Number(facts.nowMicros / 1000n) }
  const table = await DeltaTable.openIfExists(session, uri)
  if (table === null) await DeltaTable.createWith(session, uri, rows, settings)
  else await table.append(rows, settings)
}

function journalRows(
  result: RunResult,
  { environment, nowMicros }: { readonly environment: string; readonly nowMicros: bigint },
): Value[][] {
  const head = [result.runId, Number(nowMicros / 86_400_000_000n), result.lakehouse, environment]
  const at = (ms: number): bigint => BigInt(Math.round(result.startedMs + ms)) * 1000n
  const failures = new Map(result.failures.map((failure) => [failure.step, failure]))
  const steps = result.steps.map((step): Value[] => {
    const failure = failures.get(step.step)
    return [
      ...head,
      step.step,
      step.kind,
      step.table,
      step.status,
      step.attempts,
      at(step.startMs),
      step.endMs - step.startMs,
      BigInt(step.rowsIn),
      BigInt(step.rowsOut),
      BigInt(step.rowsQuarantined),
      step.version === null ? null : BigInt(step.version),
      failure?.code ?? null,
      failure?.message ?? step.note,
    ]
  })
  const sum = (of: (step: RunResult['steps'][number]) => number): bigint =>
    BigInt(result.steps.reduce((all, step) => all + of(step), 0))
  const whole: Value[] = [
    ...head,
    null,
    'run',
    null,
    result.status,
    1,
    at(0),
    result.durationMs,
    sum((step) => (step.kind === 'ingest' ? step.rowsIn : 0)),
    sum((step) => (step.kind === 'quarantine' ? 0 : step.rowsOut)),
    BigInt(result.quarantined),
    null,
    result.failures[0]?.code ?? null,
    result.failures[0]?.message ?? null,
  ]
  return [whole, ...steps]
}

/** A run as its journal tells it. */
export interface JournalEntry {
  readonly runId: string
  readonly status: string
  readonly environment: string
  readonly startedMs: number
  readonly durationMs: number
  readonly rowsIn: number
  readonly rowsOut: number
  readonly rowsQuarantined: number
  readonly message: string | null
}

/** The runs of a lake that ended, the newest first. */
export async function readJournal(session: Session, root: string, limit: number): Promise<readonly JournalEntry[]> {
  const table = await DeltaTable.openIfExists(session, joinPath(root, runsPath))
  if (table === null) return []
  const runs = scan(table.provider())
    .filter(col('kind').eq(lit('run')))
    .select(
      'run_id',
      'status',
      'environment',
      'started_at',
      'duration_ms',
      'rows_in',
      'rows_out',
      'rows_quarantined',
      'message',
    )
    .orderBy(col('started_at').desc())
    .limit(limit)
  const { rows } = await session.collect(runs)
  return rows.map(([runId, status, environment, startedAt, durationMs, rowsIn, rowsOut, quarantined, message]) => ({
    runId: String(runId),
    status: String(status),
    environment: String(environment),
    startedMs: Number((startedAt as bigint) / 1000n),
    durationMs: Number(durationMs),
    rowsIn: Number(rowsIn),
    rowsOut: Number(rowsOut),
    rowsQuarantined: Number(quarantined),
    message: message === null ? null : String(message),
  }))
}
