import { randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import type { SpillTarget } from './spill-store.js'

/** Spill folders of all sessions are `<host>~<process id>~<its start>~<random>`, which says whose they are, and if that still runs. */
const separator = '~'
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/**
 * Where a session spills: a folder of its own, made with the first file. It is deleted when the session is closed, when the
 * process ends (by a signal, too), and else by the next session that uses the same parent.
 */
export class SpillFolder {
  readonly path: string
  readonly limitBytes: number
  readonly #parent: string
  readonly #counter = new SharedArrayBuffer(12)
  #queries = 0

  /** @param parent default: a folder of the user in the system's folder for temporary files */
  constructor(parent: string | undefined, limitBytes: number = Number.POSITIVE_INFINITY) {
    this.#parent = parent ?? join(tmpdir(), `deltaworks-spill-${process.getuid?.() ?? 'user'}`)
    this.limitBytes = limitBytes
    const name = [hostname(), process.pid, startOf(process.pid), randomBytes(6).toString('hex')].join(separator)
    this.path = join(this.#parent, name)
    deleteOrphans(this.#parent)
    guard(this)
  }

  /** Bytes on disk now. */
  get usedBytes(): number {
    return this.#bytes(0)
  }

  /** The most that was on disk at a time. */
  get peakBytes(): number {
    return this.#bytes(1)
  }

  /** All that was ever written. */
  get writtenBytes(): number {
    return this.#bytes(2)
  }

  /** The folder of all sessions. */
  get parent(): string {
    return this.#parent
  }

  #bytes(word: number): number {
    return Atomics.load(new Int32Array(this.#counter), word) * 4096
  }

  /** A query's own folder in this one. */
  query(): SpillTarget {
    return {
      folder: join(this.path, `q${++this.#queries}`),
      session: this.#counter,
      query: new SharedArrayBuffer(8),
      limitBytes: this.limitBytes,
    }
  }

  /** Deletes what is left of a query: files of workers that died. */
  endQuery(target: SpillTarget): void {
    const counters = new Int32Array(target.query)
    if (counters[1] === 0) return
    rmSync(target.folder, { recursive: true, force: true })
    Atomics.sub(new Int32Array(target.session), 0, counters[0]!)
    try {
      rmdirSync(this.path)
    } catch {
      // Other queries spill, too.
    }
  }

  delete(): void {
    try {
      rmdirSync(this.path)
    } catch (error) {
      // Node loads its recursive deletion for this, which takes longer than most sessions spill.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') rmSync(this.path, { recursive: true, force: true })
    }
  }

  close(): void {
    this.delete()
    unguard(this)
  }
}

/** Makes a query's folder; by any thread, when it has something to put there. */
export function makeSpillFolder(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
}

/** Deletes the folders of processes of this host that are no more. */
function deleteOrphans(parent: string): void {
  let names: readonly string[]
  try {
    names = readdirSync(parent)
  } catch {
    return
  }
  for (const name of names) {
    const parts = name.split(separator)
    if (parts.length !== 4 || parts[0] !== hostname() || isRunning(Number(parts[1]), parts[2]!)) continue
    try {
      rmSync(join(parent, name), { recursive: true, force: true })
    } catch {
      // Another process may be deleting it just now.
    }
  }
}

function isRunning(pid: number, start: string): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false
  }
  return startOf(pid) === start
}

/** When a process started, where the system tells: its number alone may be another's by now. */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '0'
  } catch {
    return '0'
  }
}

const guarded = new Set<SpillFolder>()
const deleteAll = (): void => guarded.forEach((folder) => folder.delete())
const onSignal = (signal: NodeJS.Signals): void => {
  // Whoever else listens decides what the signal means: it aborts what runs, and sessions are closed.
  if (process.listenerCount(signal) > 1) return
  deleteAll()
  for (const other of signals) process.off(other, onSignal)
  process.kill(process.pid, signal)
}

function guard(folder: SpillFolder): void {
  if (guarded.size === 0) {
    process.on('exit', deleteAll)
    for (const signal of signals) process.on(signal, onSignal)
  }
  guarded.add(folder)
}

function unguard(folder: SpillFolder): void {
  guarded.delete(folder)
  if (guarded.size > 0) return
  process.off('exit', deleteAll)
  for (const signal of signals) process.off(signal, onSignal)
}
