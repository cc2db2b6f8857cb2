import { openStore } from '@deltaworks/storage'
import { Lake } from '../lake.js'
import { filesOfSource, isKnownByStat, isSelected } from '../landing.js'
import type { RunOptions } from '../run.js'
import { overBudget } from './errors.js'

/** What a run may use. What it would exceed by the estimate is refused before anything is read; time is bounded as it goes. */
export interface RunBudget {
  readonly memoryBytes?: number | undefined
  /** Disk for what does not fit into memory. */
  readonly temporaryBytes?: number | undefined
  readonly timeMs?: number | undefined
}

/** Below this no worker starts, and no query goes on. */
const leastMemoryBytes = 32 * 1024 * 1024
/** Rows in memory take about so many times the bytes of the landing files that they come from. */
const growth = 2

/**
 * Rows that are new, once in memory, less what the memory budget holds, go to disk when they are sorted or joined.
 * @throws LakehouseError DW-LAKEHOUSE-0046
 */
export async function checkBudget(options: RunOptions, budget: RunBudget): Promise<void> {
  const { memoryBytes, temporaryBytes } = budget
  if (memoryBytes !== undefined && memoryBytes < leastMemoryBytes) {
    throw overBudget('memory', leastMemoryBytes, memoryBytes)
  }
  if (temporaryBytes === undefined) return
  const held = memoryBytes ?? options.session.pool.limitBytes
  const needed = Math.max(0, growth * (await pendingBytes(options)) - held)
  if (needed > temporaryBytes) throw overBudget('temporary disk', needed, temporaryBytes)
}

/** Bytes of the landing files that the run would read. */
async function pendingBytes({ lakehouse, session, root, landing, selection = {} }: RunOptions): Promise<number> {
  const lake = new Lake(session, root)
  const listing = await openStore(landing).list('')
  let bytes = 0
  for (const table of lakehouse.tables) {
    if (table.source === null) continue
    const ledger = await lake.ledger(table.path)
    for (const file of filesOfSource(listing, table.source)) {
      const wanted = isSelected(file, selection) && (selection.reprocess === true || !isKnownByStat(file, ledger))
      if (wanted) bytes += file.sizeBytes
    }
  }
  return bytes
}
