import { DeltaTable } from '@deltaworks/delta-table'
import type { Session } from '@deltaworks/engine'
import { scan, type DataFrame } from '@deltaworks/plan'
import { joinPath } from '@deltaworks/storage'
import { tableNotBuilt } from './errors.js'
import type { Ledger } from './landing.js'
import { FrameCache } from './runs/frame-cache.js'

/** The tables of one lake as a run sees them: each opened once, and again after it was written. */
export class Lake {
  readonly session: Session
  readonly root: string
  readonly #tables = new Map<string, Promise<DeltaTable | null>>()
  /** Rows that this run computed and kept in memory, so that what was just written need not be read again. */
  readonly frames: FrameCache

  readonly #pinned: ReadonlyMap<string, number>
  readonly #others: 'newest' | 'absent'

  /**
   * @param pinned tables (paths) that are seen as they were at a version
   * @param others how those that are not pinned are seen
   * @param frames where rows are kept; default: a cache of its own
   */
  constructor(
    session: Session,
    root: string,
    pinned: ReadonlyMap<string, number> = new Map(),
    others: 'newest' | 'absent' = 'newest',
    frames: FrameCache = new FrameCache(session.pool),
  ) {
    this.session = session
    this.frames = frames
    this.root = root
    this.#pinned = pinned
    this.#others = others
  }

  uri(path: string): string {
    return joinPath(this.root, path)
  }

  /** The table under `<root>/<path>`, or null if there is none. */
  table(path: string): Promise<DeltaTable | null> {
    let opened = this.#tables.get(path)
    if (opened === undefined) {
      opened = this.#open(path)
      this.#tables.set(path, opened)
    }
    return opened
  }

  async #open(path: string): Promise<DeltaTable | null> {
    const version = this.#pinned.get(path)
    if (version === undefined && this.#others === 'absent') return null
    const newest = await DeltaTable.openIfExists(this.session, this.uri(path))
    return version === undefined || newest === null ? newest : newest.at({ version })
  }

  /** Opens tables at once, where each takes several requests over a network; on a disk that gains nothing. */
  async preload(paths: readonly string[]): Promise<void> {
    if (this.root.startsWith('file:')) return
    await Promise.all(paths.map((path) => this.table(path)))
  }

  /** The table's version in its store now, whatever this run has seen; -1 if it does not exist. */
  async currentVersion(path: string): Promise<number> {
    return (await DeltaTable.openIfExists(this.session, this.uri(path)))?.version ?? -1
  }

  /** @throws LakehouseError DW-LAKEHOUSE-0007 */
  async existing(path: string): Promise<DeltaTable> {
    const table = await this.table(path)
    if (table === null) throw tableNotBuilt(path, this.root)
    return table
  }

  /** Records what a write left behind. */
  wrote(path: string, table: DeltaTable, rows?: DataFrame): void {
    this.#tables.set(path, Promise.resolve(table))
    if (rows === undefined) this.frames.forget(path)
    else this.frames.put(path, rows)
  }

  /** A table's rows: those kept in memory, or a scan of its current version. */
  async frame(path: string): Promise<DataFrame> {
    const kept = this.frames.get(path)
    return kept ?? scan((await this.existing(path)).provider())
  }

  async version(path: string): Promise<number> {
    return (await this.table(path))?.version ?? -1
  }

  /** The application transactions of a table: what it says of its own origin. */
  async ledger(path: string): Promise<Ledger> {
    return (await this.table(path))?.appTransactions ?? new Map<string, number>()
  }
}
