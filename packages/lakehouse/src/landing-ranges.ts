import type { Session } from '@deltaworks/engine'
import { splitCsv, type CsvRange, type CsvReadOptions } from '@deltaworks/formats'
import { openStore } from '@deltaworks/storage'
import type { LandingPart } from './unpack/unpack-landing.js'

/** Files larger than this are cut into byte ranges, so that several workers read one file. */
export const splitBytes = 32 * 1024 * 1024

/** Where large CSV files can be cut. Finding that takes reading them, so a run does it once a file. */
export class LandingRanges {
  readonly #session: Session
  readonly #found = new Map<string, Promise<readonly CsvRange[]>>()

  constructor(session: Session) {
    this.#session = session
  }

  /** Ranges that begin at rows and follow each other; of a small file null alone: all of it. */
  async of(part: LandingPart, options: CsvReadOptions): Promise<readonly (CsvRange | null)[]> {
    if (part.sizeBytes <= splitBytes) return [null]
    const key = `${part.store}/${part.path}`
    let found = this.#found.get(key)
    if (found === undefined) {
      found = this.#split(part, options)
      this.#found.set(key, found)
      // Whoever tries again looks again.
      found.catch(() => this.#found.delete(key))
    }
    return found
  }

  async #split({ store, path, sizeBytes }: LandingPart, options: CsvReadOptions): Promise<readonly CsvRange[]> {
    const { context, pool } = this.#session
    const account = pool.account(`split of ${path}`)
    try {
      return await splitCsv(context, account, { store: openStore(store), path, sizeBytes }, options, splitBytes)
    } finally {
      account.close()
    }
  }
}
