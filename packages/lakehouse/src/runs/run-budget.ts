import type { Session } from '@deltaworks/engine'
import { openStore } from '@deltaworks/storage'
import { Lake } from '../lake.js'
import { filesOfSource, isKnownByStat, isSelected } from '../landing.js'
import type { RunOptions } from '../run.js'
import type { TableDefinition } from '../table-definition.js'
import { overBudget, overTime } from './errors.js'
import { selectedTables } from './step-graph.js'
import { stepHistory } from './step-history.js'

/**
 * What a run may use. What it would exceed by the estimate is refused before anything is read. As it goes, it makes do with
 * its memory (rows go to disk, fewer threads work), and ends with an error beyond its disk or its time.
 */
export interface RunBudget {
  readonly memoryBytes?: number | undefined
  /** Disk for what does not fit into memory. */
  readonly temporaryBytes?: number | undefined
  readonly timeMs?: number | undefined
  /** Bytes of landing files. */
  readonly readBytes?: number | undefined
}

/** What a run is expected to use. Made of listings and logs; no file is read. */
export interface RunEstimate {
  /** Of the landing files that it would read. */
  readonly readBytes: number
  /** What of their rows does not fit into the memory budget when they are sorted or joined. */
  readonly temporaryBytes: number
  /** By what its steps took in earlier runs, three at least; null: too little is known. */
  readonly timeMs: number | null
}

/** Below this no worker starts, and no query goes on. */
const leastMemoryBytes = 32 * 1024 * 1024
/** What a worker needs to work as usual: its batches, and its part of what operators hold. */
const threadBytes = 64 * 1024 * 1024
/** Rows in memory take about so many times the bytes of the landing files that they come from. */
const growth = 2
const leastRuns = 3

/** Threads for a memory budget: fewer of them spill less than many that have too little each. */
export const threadsFor = (memoryBytes: number, cores: number): number =>
  Math.max(1, Math.min(cores, Math.floor(memoryBytes / threadBytes)))

/** @throws LakehouseError DW-LAKEHOUSE-0046, 0056 */
export async function checkBudget(options: RunOptions, budget: RunBudget): Promise<void> {
  const { memoryBytes, temporaryBytes, timeMs, readBytes } = budget
  if (memoryBytes !== undefined && memoryBytes < leastMemoryBytes) {
    throw overBudget('memory', leastMemoryBytes, memoryBytes)
  }
  if (temporaryBytes === undefined && timeMs === undefined && readBytes === undefined) return
  const estimate = await estimateRun(options, budget)
  if (readBytes !== undefined && estimate.readBytes > readBytes) {
    throw overBudget('landing files', estimate.readBytes, readBytes)
  }
  if (temporaryBytes !== undefined && estimate.temporaryBytes > temporaryBytes) {
    throw overBudget('temporary disk', estimate.temporaryBytes, temporaryBytes)
  }
  if (timeMs !== undefined && estimate.timeMs !== null && estimate.timeMs > timeMs) {
    throw overTime(estimate.timeMs, timeMs)
  }
}

export async function estimateRun(options: RunOptions, budget: RunBudget = {}): Promise<RunEstimate> {
  const pending = await pendingBytes(options)
  const readBytes = [...pending.values()].reduce((sum, bytes) => sum + bytes, 0)
  const held = budget.memoryBytes ?? options.session.pool.limitBytes
  return {
    readBytes,
    temporaryBytes: Math.max(0, growth * readBytes - held),
    timeMs: await expectedTime(options.session, options.root, changing(options, pending)),
  }
}

/** Bytes of the landing files that the run would read, by table. */
async function pendingBytes(options: RunOptions): Promise<ReadonlyMap<TableDefinition, number>> {
  const { lakehouse, session, root, landing, selection = {} } = options
  const lake = new Lake(session, root)
  const listing = await openStore(landing).list('')
  const pending = new Map<TableDefinition, number>()
  for (const table of selectedTables(lakehouse, options.steps ?? {})) {
    if (table.source === null) continue
    const ledger = await lake.ledger(table.path)
    for (const file of filesOfSource(listing, table.source)) {
      const wanted = isSelected(file, selection) && (selection.reprocess === true || !isKnownByStat(file, ledger))
      if (wanted) pending.set(table, (pending.get(table) ?? 0) + file.sizeBytes)
    }
  }
  return pending
}

/** Tables with files to be read, and what is built from them. */
function changing(
  { lakehouse, steps = {} }: RunOptions,
  pending: ReadonlyMap<TableDefinition, number>,
): ReadonlySet<TableDefinition> {
  const selected = selectedTables(lakehouse, steps)
  const found = new Set<TableDefinition>(pending.keys())
  for (const table of lakehouse.tables) {
    if (selected.has(table) && Object.values(table.from).some((input) => found.has(input))) found.add(table)
  }
  return found
}

async function expectedTime(
  session: Session,
  root: string,
  tables: ReadonlySet<TableDefinition>,
): Promise<number | null> {
  if (tables.size === 0) return 0
  const history = await stepHistory(session, root)
  let timeMs = 0
  let known = 0
  for (const { name } of tables) {
    for (const step of [`ingest ${name}`, `check ${name}`, `build ${name}`]) {
      const usual = history.get(step)
      if (usual === undefined || usual.runs < leastRuns) continue
      known++
      timeMs += usual.durationMs.mean
    }
  }
  return known === 0 ? null : timeMs
}
