import type { MemoryPool, PoolAccount } from '@deltaworks/engine'
import { inputsOf, type DataFrame, type LogicalPlan, type TableProvider } from '@deltaworks/plan'
import { isDeltaworksError } from '@deltaworks/schema'
import type { FrameReuse } from '../run-result.js'

interface KeptFrame {
  readonly frame: DataFrame
  readonly bytes: number
}

/** Part of the session's memory budget that frames may have: the rest is for those who read them. */
const defaultShare = 0.25

/**
 * Rows that a run computed or read once and keeps for who reads them next. They have a bound of their own, and reserve from the
 * session's budget; beyond either the one that was used longest ago is let go, and its rows are read from the table again.
 */
export class FrameCache {
  readonly limitBytes: number
  readonly #pool: MemoryPool
  /** The one used longest ago comes first. */
  readonly #frames = new Map<string, KeptFrame>()
  #account: PoolAccount | null = null
  #bytes = 0
  #peakBytes = 0
  #hits = 0
  #misses = 0
  #dropped = 0

  constructor(pool: MemoryPool, limitBytes?: number) {
    this.#pool = pool
    this.limitBytes = limitBytes ?? Math.floor(pool.limitBytes * defaultShare)
  }

  get reuse(): FrameReuse {
    return {
      hits: this.#hits,
      misses: this.#misses,
      dropped: this.#dropped,
      peakBytes: this.#peakBytes,
      limitBytes: this.limitBytes,
    }
  }

  /** @returns null if it is not kept: who asks reads the table, which is a miss */
  get(key: string): DataFrame | null {
    const kept = this.#frames.get(key)
    if (kept === undefined) {
      this.#misses++
      return null
    }
    this.#hits++
    this.#frames.delete(key)
    this.#frames.set(key, kept)
    return kept.frame
  }

  has(key: string): boolean {
    return this.#frames.has(key)
  }

  /** @returns false: there is no room for it */
  put(key: string, frame: DataFrame): boolean {
    this.forget(key)
    const bytes = segmentBytes(frame.plan)
    while (bytes <= this.limitBytes) {
      if (this.#bytes + bytes <= this.limitBytes && this.#reserve(bytes)) {
        this.#frames.set(key, { frame, bytes })
        this.#bytes += bytes
        this.#peakBytes = Math.max(this.#peakBytes, this.#bytes)
        return true
      }
      const [oldest] = this.#frames.keys()
      if (oldest === undefined) break
      this.forget(oldest)
      this.#dropped++
    }
    this.#dropped++
    return false
  }

  /** Lets a frame go that is not wanted any more. */
  forget(key: string): void {
    const kept = this.#frames.get(key)
    if (kept === undefined) return
    this.#frames.delete(key)
    this.#bytes -= kept.bytes
    this.#account?.release(kept.bytes)
  }

  close(): void {
    this.#frames.clear()
    this.#bytes = 0
    this.#account?.close()
    this.#account = null
  }

  #reserve(bytes: number): boolean {
    this.#account ??= this.#pool.account('frames of a run')
    try {
      this.#account.reserve(bytes)
      return true
    } catch (error) {
      if (isDeltaworksError(error) && error.fault === 'resources') return false
      throw error
    }
  }
}

/** Bytes of the segments in memory that a frame reads. */
function segmentBytes(plan: LogicalPlan): number {
  const tables = new Set<TableProvider>()
  const visit = (node: LogicalPlan): void => {
    if (node.kind === 'scan') tables.add(node.table)
    else inputsOf(node).forEach(visit)
  }
  visit(plan)
  return [...tables].reduce((sum, table) => sum + (isInMemory(table) ? (table.statistics.sizeBytes ?? 0) : 0), 0)
}

const isInMemory = (table: TableProvider): boolean => {
  const facts = table.describe()
  return typeof facts === 'object' && facts !== null && 'kind' in facts && facts['kind'] === 'segments'
}
