import type { DeltaTable } from '@deltaworks/delta-table'
import type { Session } from '@deltaworks/engine'
import { Lake } from '../lake.js'
import { tableOf, type LakehouseDefinition } from '../lakehouse-definition.js'
import { maintenanceOperations } from '../maintenance-operations.js'
import type { RunResult } from '../run-result.js'
import { unfinishedRun } from '../runs/run-manifest.js'
import { stepHistory } from '../runs/step-history.js'
import type { TableDefinition } from '../table-definition.js'
import type { AlertFacts, AlertTask, ResourcePressure } from './judge-alerts.js'

/** Gathers what the alert rules of a lakehouse look at; what no rule asks for is not read. */
export async function alertFacts({
  lakehouse,
  session,
  root,
  task = 'run',
  result,
  error,
  pressures = [],
  nowMs = Date.now(),
}: {
  readonly lakehouse: LakehouseDefinition
  readonly session: Session
  readonly root: string
  readonly task?: AlertTask
  readonly result: RunResult | null
  readonly error: AlertFacts['error']
  readonly pressures?: readonly ResourcePressure[]
  readonly nowMs?: number
}): Promise<AlertFacts> {
  const asked = new Set(lakehouse.alerts.map(({ kind }) => kind))
  const looksBack = result !== null && (asked.has('slow') || asked.has('anomaly'))
  const ran = task === 'run' && (result !== null || error !== null)
  const unfinished = asked.has('failure') && ran ? await unfinishedRun(root) : null
  return {
    task,
    result,
    error,
    // A run that ended with an error can be resumed, and is told as what it is.
    unfinished: unfinished === null || error !== null || unfinished.runId === result?.runId ? null : unfinished.runId,
    history: looksBack ? await stepHistory(session, root, result.runId) : new Map(),
    pressures,
    changedMs: asked.has('freshness') ? await lastChanges(watchedTables(lakehouse), session, root) : new Map(),
    nowMs,
  }
}

const watchedTables = (lakehouse: LakehouseDefinition): readonly TableDefinition[] =>
  lakehouse.alerts.flatMap((rule) => (rule.kind === 'freshness' ? [tableOf(lakehouse, rule.table)] : []))

/** Commits that are looked at before all of a log is. */
const recentCommits = 20

/** When rows of tables last changed, by name; null: a table that is not there. */
export async function lastChanges(
  tables: readonly TableDefinition[],
  session: Session,
  root: string,
): Promise<ReadonlyMap<string, number | null>> {
  const lake = new Lake(session, root)
  const changes = new Map<string, number | null>()
  for (const { name, path } of tables) {
    const table = await lake.table(path)
    const recent = table === null ? null : changeOf(await table.history(recentCommits))
    // Maintenance does not make rows fresh; of a table whose commits are all cleaned away the oldest that is left tells.
    const older = table === null || recent !== null ? null : await table.history()
    changes.set(name, recent ?? (older === null ? null : (changeOf(older) ?? older.at(-1)?.timestampMs ?? null)))
  }
  return changes
}

type Commits = Awaited<ReturnType<DeltaTable['history']>>

const changeOf = (commits: Commits): number | null =>
  commits.find(({ info }) => !maintenanceOperations.has(info?.operation ?? ''))?.timestampMs ?? null
