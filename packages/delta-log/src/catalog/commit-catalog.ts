/**
 * What a catalog knows of the commits of one table that it manages (PROTOCOL.md, "Catalog-managed tables"): it decides which commit
 * a version is. A client of a real catalog implements this; `StoreCatalog` is one that keeps its records in an object store.
 */
export interface CommitCatalog {
  /** Ratified commits that may not be published yet, ascending and without a gap, and the latest version; null: there is no table. */
  ratified(): Promise<Ratified | null>
  /**
   * Makes a staged commit the one of its version, at most once a version, and none before the version below it.
   * @returns 'taken': another one is that version
   */
  propose(commit: StagedCommit): Promise<'ratified' | 'taken'>
  /** The commits up to this version stand in `_delta_log`: the catalog need not keep them. */
  published(version: number): Promise<void>
  /** Whether a client may do what changes no rows. Without it: nothing but checkpoints, log compactions and checksums. */
  allows?(operation: CatalogOperation): boolean
}

export type CatalogOperation = 'VACUUM' | 'OPTIMIZE' | 'log clean-up'

export interface Ratified {
  readonly latestVersion: number
  readonly commits: readonly RatifiedCommit[]
}

/** A commit in a file, or one that the catalog has kept itself. */
export type RatifiedCommit = StagedCommit | { readonly version: number; readonly content: Uint8Array }

export interface StagedCommit {
  readonly version: number
  /** Name in `_delta_log/_staged_commits`. */
  readonly file: string
}
