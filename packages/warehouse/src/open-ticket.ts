import type { ExportOptions } from './export-tables.js'
import { orphanMs } from './stage-area.js'
import type { ExportTicket, KeptTicket, WarehouseTarget } from './target.js'
import type { WarehouseTable } from './warehouse-table.js'

/** What tells exports that are still going on from those that were killed. */
export interface ExportGuard {
  /** What all exports that can be told so have in common, such as their lake. */
  readonly name: string
  /** Does `work` while no process does the export of this id, and keeps others from beginning to; not at all if one does. */
  readonly whileNotGoingOn: (loadId: string, work: () => Promise<void>) => Promise<void>
}

/** What tells, if this export does not come to its end, what it was to do. */
export class OpenTicket {
  readonly #target: WarehouseTarget
  readonly #ticket: ExportTicket
  readonly #guard: ExportGuard | undefined
  #isOpen: boolean

  constructor(target: WarehouseTarget, tables: readonly WarehouseTable[], options: ExportOptions) {
    const { loadId, nowMs, mode = 'auto', drift = 'append', resumed = false, guard } = options
    const versions = Object.fromEntries(tables.map(({ name, deltaVersion }) => [name, deltaVersion]))
    this.#target = target
    this.#guard = guard
    this.#ticket = { loadId, beganMs: nowMs, versions, mode, drift, guard: guard?.name ?? null }
    this.#isOpen = resumed
  }

  async open(): Promise<void> {
    if (this.#isOpen) return
    await this.#target.begun(this.#ticket)
    this.#isOpen = true
  }

  /**
   * The export has succeeded: it is done with, and so are those that were killed after they had published, or that are overtaken,
   * since they were to load no other tables than these. What is still going on is left alone. A ticket that stays tells nothing
   * false, and the next export finds it.
   */
  async close(): Promise<void> {
    const { loadId } = this.#ticket
    if (this.#isOpen) await this.#target.ended([loadId]).catch(() => undefined)
    for (const ticket of await this.#target.tickets().catch(() => [])) {
      if (ticket.loadId !== loadId && this.#isDone(ticket)) await this.#end(ticket).catch(() => undefined)
    }
  }

  #isDone({ isPublished, versions }: KeptTicket): boolean {
    return isPublished || Object.keys(versions).every((name) => name in this.#ticket.versions)
  }

  async #end({ loadId, guard, beganMs }: KeptTicket): Promise<void> {
    const end = () => this.#target.ended([loadId])
    if (this.#guard !== undefined && guard === this.#guard.name) await this.#guard.whileNotGoingOn(loadId, end)
    // Nobody can tell whether it goes on; a day is what staged files are left for, too.
    else if (beganMs < this.#ticket.beganMs - orphanMs) await end()
  }
}
