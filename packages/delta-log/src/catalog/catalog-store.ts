import { randomUUID } from 'node:crypto'
import {
  comparePaths,
  joinPath,
  type ByteRange,
  type ListOptions,
  type ObjectMeta,
  type ObjectStore,
  type ObjectVisitor,
  type ObjectWriter,
  type PutMode,
} from '@deltaworks/storage'
import { unpublishedVersion } from '../errors.js'
import { commitFileName, parseLogFileName, versionDigits } from '../log-file.js'
import type { CommitCatalog, Ratified, RatifiedCommit } from './commit-catalog.js'

/**
 * The store of a table as its catalog sees it. The log's commits are those that the catalog has ratified, under the names that they
 * have when they are published; a commit is put by staging it, having it ratified, and publishing it. So whoever reads or
 * writes a log need not know that a catalog manages the table.
 */
export class CatalogStore implements ObjectStore {
  readonly uri: string
  readonly #inner: ObjectStore
  readonly #log: string
  readonly #catalog: CommitCatalog
  /** What a version is never changes once it is ratified. */
  readonly #commits = new Map<number, RatifiedCommit>()
  #latest = -1

  /** @param table path of the table's folder in the store */
  constructor(inner: ObjectStore, table: string, catalog: CommitCatalog) {
    this.uri = inner.uri
    this.#inner = inner
    this.#log = joinPath(table, '_delta_log')
    this.#catalog = catalog
  }

  async #ask(): Promise<Ratified | null> {
    const ratified = await this.#catalog.ratified()
    for (const commit of ratified?.commits ?? []) this.#commits.set(commit.version, commit)
    this.#latest = Math.max(this.#latest, ratified?.latestVersion ?? -1)
    return ratified
  }

  /** The version of a path, if it is that of a commit. */
  #versionOf(path: string): number | null {
    const file = this.#logFile(path)
    return file?.kind === 'commit' ? file.version : null
  }

  #logFile(path: string) {
    const start = `${this.#log}/`
    return path.startsWith(start) ? parseLogFileName(path.slice(start.length)) : null
  }

  #staged(file: string): string {
    return joinPath(this.#log, '_staged_commits', file)
  }

  #published(version: number): string {
    return joinPath(this.#log, commitFileName(version))
  }

  /** The catalog's commit of a version; null: it is published, if the catalog knows it at all. */
  async #commit(version: number): Promise<RatifiedCommit | null> {
    if (version > this.#latest) await this.#ask()
    return this.#commits.get(version) ?? null
  }

  /** The object that stands for a path; undefined: nothing may be read there. */
  async #source(path: string): Promise<RatifiedCommit | string | undefined> {
    const version = this.#versionOf(path)
    if (version === null) return path
    const commit = await this.#commit(version)
    // A file beyond the latest version was never ratified.
    return version > this.#latest ? undefined : (commit ?? path)
  }

  async get(path: string, range?: ByteRange): Promise<Uint8Array> {
    const source = await this.#source(path)
    // Asked for by a name that nothing has, the store makes the error.
    if (source === undefined) return this.#inner.get(this.#staged(path.slice(this.#log.length + 1)), range)
    if (typeof source === 'string') return this.#inner.get(source, range)
    if ('file' in source) return this.#inner.get(this.#staged(source.file), range)
    return range === undefined ? source.content : source.content.subarray(range.start, range.end)
  }

  async getInto(path: string, start: number, target: Uint8Array): Promise<number> {
    if (this.#versionOf(path) === null) return this.#inner.getInto(path, start, target)
    const bytes = await this.get(path, { start, end: start + target.length })
    target.set(bytes)
    return bytes.length
  }

  async head(path: string): Promise<ObjectMeta> {
    const source = await this.#source(path)
    if (source === undefined) return this.#inner.head(this.#staged(path.slice(this.#log.length + 1)))
    return typeof source === 'string' ? this.#inner.head(source) : this.#metaOf(source)
  }

  async exists(path: string): Promise<boolean> {
    const source = await this.#source(path)
    return source !== undefined && (typeof source !== 'string' || (await this.#inner.exists(source)))
  }

  async #metaOf(commit: RatifiedCommit): Promise<ObjectMeta> {
    const path = this.#published(commit.version)
    if ('content' in commit) return { path, sizeBytes: commit.content.length, modifiedMs: 0 }
    const { sizeBytes, modifiedMs } = await this.#inner.head(this.#staged(commit.file))
    return { path, sizeBytes, modifiedMs }
  }

  async list(prefix: string, options: ListOptions = {}): Promise<ObjectMeta[]> {
    if (prefix !== this.#log) return this.#inner.list(prefix, options)
    // The catalog first: what is published since then is newer than its answer, and passed over.
    const ratified = await this.#ask()
    if (ratified === null) return []
    const own = new Set(ratified.commits.map(({ version }) => version))
    const listed = (await this.#inner.list(prefix, options)).filter(({ path }) => {
      const file = this.#logFile(path)
      if (file === null) return true
      return file.version <= ratified.latestVersion && !(file.kind === 'commit' && own.has(file.version))
    })
    const { startAfter } = options
    const wanted = ratified.commits.filter(
      ({ version }) => startAfter === undefined || comparePaths(this.#published(version), startAfter) > 0,
    )
    const found = [...listed, ...(await Promise.all(wanted.map((commit) => this.#metaOf(commit))))]
    return found.sort((a, b) => comparePaths(a.path, b.path))
  }

  async put(path: string, data: Uint8Array | readonly Uint8Array[], mode: PutMode): Promise<'written' | 'exists'> {
    const file = this.#logFile(path)
    if (file === null) return this.#inner.put(path, data, mode)
    if (file.kind === 'commit') return this.#putCommit(file.version, data)
    // PROTOCOL.md, "Maintenance Operations on Catalog-managed Tables".
    if (!(await this.#publishTo(file.version))) throw unpublishedVersion(this.#log, file.version)
    return this.#inner.put(path, data, mode)
  }

  async #putCommit(version: number, data: Uint8Array | readonly Uint8Array[]): Promise<'written' | 'exists'> {
    const file = `${versionDigits(version)}.${randomUUID()}.json`
    await this.#inner.put(this.#staged(file), data, 'create')
    if ((await this.#catalog.propose({ version, file })) === 'taken') {
      await this.#inner.delete([this.#staged(file)]).catch(() => undefined)
      await this.#ask()
      return 'exists'
    }
    this.#commits.set(version, { version, file })
    this.#latest = Math.max(this.#latest, version)
    // The commit stands; whoever comes next may publish it as well.
    await this.#publishTo(version).catch(() => false)
    return 'written'
  }

  /** Publishes ratified commits, in order. @returns whether the version is published then */
  async #publishTo(version: number): Promise<boolean> {
    const ratified = await this.#ask()
    for (const commit of ratified?.commits ?? []) {
      if (commit.version > version) break
      const content = 'content' in commit ? commit.content : await this.#inner.get(this.#staged(commit.file))
      await this.#inner.put(this.#published(commit.version), content, 'create')
      await this.#catalog.published(commit.version)
    }
    return version <= (ratified?.latestVersion ?? -1) && (await this.#inner.exists(this.#published(version)))
  }

  writer(path: string): Promise<ObjectWriter> {
    return this.#inner.writer(path)
  }

  walk(prefix: string, visit: ObjectVisitor, wanted?: (path: string) => boolean): Promise<void> {
    return this.#inner.walk(prefix, visit, wanted)
  }

  copy(from: string, to: string): Promise<void> {
    return this.#inner.copy(from, to)
  }

  delete(paths: readonly string[]): Promise<void> {
    return this.#inner.delete(paths)
  }

  async outside(paths: readonly string[]): Promise<readonly string[]> {
    return (await this.#inner.outside?.(paths)) ?? []
  }

  async sweep(prefix: string, olderThanMs: number): Promise<number> {
    return (await this.#inner.sweep?.(prefix, olderThanMs)) ?? 0
  }
}
