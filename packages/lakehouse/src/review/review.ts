import { agg, col, lit } from '@deltaworks/expression'
import type { Value } from '@deltaworks/schema'
import { unknownQuarantined } from '../errors.js'
import type { RunContext } from '../run-context.js'
import { quarantinedRows, recordDecisions, type DecidedRow } from './decisions.js'

/** Quarantined rows of one kind, counted. */
export interface QuarantineGroup {
  readonly table: string
  readonly stage: string
  readonly disposition: string
  readonly rules: string
  readonly sourceFile: string
  readonly rows: number
}

/** A quarantined row: what was landed, and why it could not be used. */
export interface QuarantinedRow extends DecidedRow {
  readonly stage: 'read' | 'rule'
  /** The byte at which it begins in its file, unpacked and as UTF-8; null: not known. */
  readonly sourceOffset: bigint | null
  readonly disposition: string
  readonly rules: string
  readonly reason: string
  /** The row as landed (`read`) or as JSON (`rule`). */
  readonly record: string
  readonly runId: string
}

export interface ReviewFilter {
  readonly table?: string | undefined
  /** Also rows that were decided upon. */
  readonly decided?: boolean
}

/** What waits in quarantine, by table, rule and file; most rows first. */
export async function quarantineGroups(context: RunContext, filter: ReviewFilter = {}): Promise<QuarantineGroup[]> {
  const rows = await quarantinedRows(context, filter)
  if (rows === null) return []
  const groups = rows
    .groupBy('table_name', 'stage', 'disposition', 'rules', 'source_file')
    .agg({ rows: agg.count() })
    .orderBy(col('rows').desc(), 'table_name', 'rules', 'source_file')
  const found = await context.lake.session.collect(groups, { signal: context.signal })
  return found.rows.map(([table, stage, disposition, rules, sourceFile, count]) => ({
    table: String(table),
    stage: String(stage),
    disposition: String(disposition),
    rules: String(rules),
    sourceFile: String(sourceFile),
    rows: Number(count),
  }))
}

const columns = [
  'id',
  'table_name',
  'source_file',
  'source_line',
  'stage',
  'disposition',
  'rules',
  'reason',
  'record',
  'run_id',
  'source_offset',
]

/** Rows themselves, in the order of file and line. @param ids these only; `limit` of them at most */
export async function quarantineRecords(
  context: RunContext,
  filter: ReviewFilter & { readonly ids?: readonly string[]; readonly limit?: number } = {},
): Promise<readonly QuarantinedRow[]> {
  const { ids, limit } = filter
  const rows = ids?.length === 0 ? null : await quarantinedRows(context, filter)
  if (rows === null) return []
  const wanted = ids === undefined ? rows : rows.filter(col('id').in_(ids.map((id) => lit(id))))
  const ordered = wanted.select(...columns).orderBy('table_name', 'source_file', 'source_line', 'id')
  const query = limit === undefined ? ordered : ordered.limit(limit)
  return (await context.lake.session.collect(query, { signal: context.signal })).rows.map(toRecord)
}

function toRecord(row: readonly Value[]): QuarantinedRow {
  const text = (i: number): string => String(row[i])
  return {
    id: text(0),
    table: text(1),
    sourceFile: text(2),
    sourceLine: row[3] as bigint,
    stage: text(4) === 'read' ? 'read' : 'rule',
    disposition: text(5),
    rules: text(6),
    reason: text(7),
    record: text(8),
    runId: text(9),
    sourceOffset: row[10] as bigint | null,
  }
}

/** Rows by their ids. @throws LakehouseError DW-LAKEHOUSE-0016 naming those that are not in quarantine */
export async function recordsById(ids: readonly string[], context: RunContext): Promise<readonly QuarantinedRow[]> {
  const found = await quarantineRecords(context, { ids, decided: true })
  const known = new Set(found.map((row) => row.id))
  const missing = ids.filter((id) => !known.has(id))
  if (missing.length > 0) throw unknownQuarantined(missing)
  return found
}

/** Says of rows that they are not wanted. @returns how many were open until now */
export async function discardQuarantined(ids: readonly string[], reason: string, context: RunContext): Promise<number> {
  return recordDecisions(await recordsById(ids, context), 'discarded', reason, context)
}
