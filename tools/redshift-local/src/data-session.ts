import type { Executor } from './executor.js'

/** A session of the Data API: a database session that statements share, until it has been idle too long. */
export class DataSession {
  readonly id: string
  readonly executor: Executor
  readonly createdMs: number
  keepAliveSeconds: number
  isBusy = false
  isClosed = false
  readonly #onClose: () => void
  #timer: NodeJS.Timeout | null = null

  constructor(id: string, executor: Executor, keepAliveSeconds: number, createdMs: number, onClose: () => void) {
    this.id = id
    this.executor = executor
    this.keepAliveSeconds = keepAliveSeconds
    this.createdMs = createdMs
    this.#onClose = onClose
  }

  enter(): void {
    this.isBusy = true
    if (this.#timer !== null) clearTimeout(this.#timer)
  }
  /** After a statement: from now on it is idle. */
  leave(): void {
    this.isBusy = false
    if (this.isClosed) return
    this.#timer = setTimeout(() => void this.close(), this.keepAliveSeconds * 1000)
    this.#timer.unref()
  }

  /** Ends it; a transaction that is open is rolled back. */
  async close(): Promise<void> {
    if (this.isClosed) return
    this.isClosed = true
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#onClose()
    await this.executor.session.close().catch(() => undefined)
  }
}
