import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { objectNotFoundCode, type ObjectStore } from '@deltaworks/storage'
import { leaseLost } from './errors.js'
import { leasesPath } from './operations-path.js'
import { decodeJson, encodeJson, numberedPath, numberOfPath } from './numbered-objects.js'

/** What a lease says of who has it. */
export interface LeaseHolder {
  readonly runId: string
  readonly owner: string
  readonly host: string
  readonly pid: number
  readonly startedMs: number
}

interface LeaseRecord extends LeaseHolder {
  /** Until when it holds unless it is renewed, by the holder's clock. */
  readonly expiresMs: number
}

export type LeaseOutcome =
  { readonly kind: 'held'; readonly lease: RunLease } | { readonly kind: 'taken'; readonly holder: LeaseHolder }

export interface LeaseOptions {
  readonly runId: string
  /** What is leased: runs of other names may go on beside it. Letters, digits, `_`, `-` and `+`. */
  readonly name: string
  /** How long it holds without being renewed; default 60 s. Clocks of schedulers must not be further apart than half of it. */
  readonly durationMs?: number | undefined
  readonly now?: () => number
}

const defaultDurationMs = 60_000

/**
 * The right to run a lakehouse, held by one run at a time. Leases are numbered objects: number N+1 is put (if absent) once
 * N has expired, or number 1 if there is none, so that of many that want it one gets it. Its holder alone writes it again,
 * to renew it, and deletes it when it ends. Where a holder stood still for longer than its lease, two may run at
 * once for a while: that is safe (each commit of a table happens once), only not what the scheduler wants.
 */
export class RunLease {
  readonly #store: ObjectStore
  readonly #folder: string
  readonly #path: string
  readonly #durationMs: number
  readonly #now: () => number
  #record: LeaseRecord
  #renewal: NodeJS.Timeout | undefined
  #writing: Promise<void> = Promise.resolve()
  #released = false

  private constructor(
    store: ObjectStore,
    folder: string,
    path: string,
    record: LeaseRecord,
    durationMs: number,
    now: () => number,
  ) {
    this.#store = store
    this.#folder = folder
    this.#path = path
    this.#record = record
    this.#durationMs = durationMs
    this.#now = now
    this.#renewal = setInterval(() => void this.renew(), durationMs / 3)
    this.#renewal.unref()
  }

  /** Takes the lease of a lake if nobody has it. */
  static async acquire(store: ObjectStore, options: LeaseOptions): Promise<LeaseOutcome> {
    const now = options.now ?? Date.now
    const durationMs = options.durationMs ?? defaultDurationMs
    const folder = `${leasesPath}/${options.name}`
    for (;;) {
      const last = (await store.list(folder)).at(-1)
      const number = last === undefined ? 0 : numberOfPath(last.path)
      if (last !== undefined) {
        const held = await readLease(store, last.path)
        if (held !== null && held.expiresMs > now() && isAlive(held)) return { kind: 'taken', holder: held }
      }
      const record: LeaseRecord = {
        runId: options.runId,
        owner: randomUUID(),
        host: hostname(),
        pid: process.pid,
        startedMs: now(),
        expiresMs: now() + durationMs,
      }
      const path = numberedPath(folder, number + 1)
      if ((await store.put(path, encodeJson(record), 'create')) === 'exists') continue
      if (number > 0) await store.delete([numberedPath(folder, number)])
      return { kind: 'held', lease: new RunLease(store, folder, path, record, durationMs, now) }
    }
  }

  /** @throws LakehouseError DW-LAKEHOUSE-0041 if the lease expired before it was renewed, and another run has it */
  async check(): Promise<void> {
    if (this.#record.expiresMs > this.#now()) return
    const last = (await this.#store.list(this.#folder)).at(-1)
    if (last !== undefined && last.path !== this.#path) throw leaseLost(this.#record.runId)
  }

  /** A store that does not answer now may do so before the lease ends. */
  renew(): Promise<void> {
    this.#writing = this.#writing.then(async () => {
      if (this.#released) return
      const record = { ...this.#record, expiresMs: this.#now() + this.#durationMs }
      try {
        await this.#store.put(this.#path, encodeJson(record), 'overwrite')
        this.#record = record
      } catch {
        return
      }
    })
    return this.#writing
  }

  async release(): Promise<void> {
    clearInterval(this.#renewal)
    await this.#writing
    if (this.#released) return
    this.#released = true
    await this.#store.delete([this.#path])
  }
}

/** A process of this machine that was killed need not be waited for; of other machines only the lease's end tells. */
function isAlive({ host, pid }: LeaseHolder): boolean {
  if (host !== hostname() || pid === process.pid) return true
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}

/** Null if the object is gone: then a newer one is there. */
async function readLease(store: ObjectStore, path: string): Promise<LeaseRecord | null> {
  try {
    return decodeJson(await store.get(path)) as LeaseRecord
  } catch (error) {
    if ((error as { readonly code?: string }).code === objectNotFoundCode) return null
    throw error
  }
}
