/** So many files may be on their way to the store while the next one is encoded. */
const maxPending = 8

/** Writes that were begun and not awaited yet, few at a time; the first that fails is thrown by the next call. */
export class PendingPuts {
  readonly #pending = new Set<Promise<void>>()
  #failure: { readonly error: unknown } | null = null

  /** Begins a write, once few enough are pending. */
  async add(begin: () => Promise<void>): Promise<void> {
    while (this.#pending.size >= maxPending) await Promise.race(this.#pending)
    this.#throwFailure()
    const put: Promise<void> = begin()
      .catch((error: unknown) => {
        this.#failure ??= { error }
      })
      .finally(() => this.#pending.delete(put))
    this.#pending.add(put)
  }

  /** All are done. */
  async settled(): Promise<void> {
    await Promise.all(this.#pending)
    this.#throwFailure()
  }

  #throwFailure(): void {
    if (this.#failure !== null) throw this.#failure.error
  }
}
