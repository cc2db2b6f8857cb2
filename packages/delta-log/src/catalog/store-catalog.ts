import { joinPath, type ObjectStore } from '@deltaworks/storage'
import { versionDigits } from '../log-file.js'
import type { CatalogOperation, CommitCatalog, Ratified, StagedCommit } from './commit-catalog.js'

/**
 * A catalog without a server: one record a version in a folder of a store, `<version>.json`, ratified by put-if-absent. The record of a
 * published commit stays, without its file, so that its version is never taken again.
 */
export class StoreCatalog implements CommitCatalog {
  readonly #store: ObjectStore
  readonly #folder: string
  readonly #allowed: ReadonlySet<CatalogOperation>
  /** Up to here this client has marked records as published. */
  #marked = -1

  constructor(store: ObjectStore, folder: string, allowed: readonly CatalogOperation[] = []) {
    this.#store = store
    this.#folder = folder
    this.#allowed = new Set(allowed)
  }

  async ratified(): Promise<Ratified | null> {
    const versions = await this.#versions()
    const latestVersion = versions.at(-1)
    if (latestVersion === undefined) return null
    const commits: StagedCommit[] = []
    // From the last one down: they are published in order.
    for (let i = versions.length - 1; i >= 0; i--) {
      const file = await this.#file(versions[i]!)
      if (file === null) break
      commits.unshift({ version: versions[i]!, file })
    }
    return { latestVersion, commits }
  }

  async #versions(): Promise<readonly number[]> {
    const found = await this.#store.list(this.#folder, { recursive: false })
    return found.flatMap(({ path }) => {
      const match = /(?:^|\/)(\d{20})\.json$/.exec(path)
      return match === null ? [] : [Number(match[1])]
    })
  }

  async #file(version: number): Promise<string | null> {
    const record = await this.#store.get(this.#record(version))
    return (JSON.parse(Buffer.from(record).toString('utf8')) as { readonly file: string | null }).file
  }

  async propose({ version, file }: StagedCommit): Promise<'ratified' | 'taken'> {
    if (version > 0 && !(await this.#store.exists(this.#record(version - 1)))) {
      throw new RangeError(`version ${version - 1} is not ratified, so version ${version} cannot be`)
    }
    const record = Buffer.from(JSON.stringify({ file }))
    return (await this.#store.put(this.#record(version), record, 'create')) === 'written' ? 'ratified' : 'taken'
  }

  async published(version: number): Promise<void> {
    const record = Buffer.from(JSON.stringify({ file: null }))
    const first = this.#marked < 0 ? await this.#firstUnpublished(version) : this.#marked + 1
    for (let v = first; v <= version; v++) await this.#store.put(this.#record(v), record, 'overwrite')
    this.#marked = Math.max(this.#marked, version)
  }

  async #firstUnpublished(version: number): Promise<number> {
    const known = await this.ratified()
    return known?.commits[0]?.version ?? version + 1
  }

  allows(operation: CatalogOperation): boolean {
    return this.#allowed.has(operation)
  }

  #record(version: number): string {
    return joinPath(this.#folder, `${versionDigits(version)}.json`)
  }
}
