import {
  closeSync,
  copyFileSync,
  fsyncSync,
  lstatSync,
  openSync,
  renameSync,
  statSync,
  unlinkSync,
  type Dirent,
  type Stats,
} from 'node:fs'
import { dirname } from 'node:path'
import { pathToFileURL } from 'node:url'
import { notReadable, objectNotFound, storageFailed, systemCode } from './errors.js'
import {
  linkExclusively,
  noThrow,
  objectMeta,
  openForWriting,
  openFresh,
  readFully,
  readRange,
  removeQuietly,
  syncInPool,
  syncPath,
  temporaryName,
  writeAll,
} from './file-calls.js'
import { isAbsence, writeError } from './file-errors.js'
import { entriesAtOnce, entriesInTurn, walkFolders } from './file-walk.js'
import { FileWriter } from './file-writer.js'
import { filesOutside } from './files-outside.js'
import { pathsABatch, StatBatches } from './stat-batches.js'
import { checkFolderPath, checkObjectPath, comparePaths, temporaryPrefix } from './object-path.js'
import type {
  ByteRange,
  ListOptions,
  ObjectMeta,
  ObjectStore,
  ObjectVisitor,
  ObjectWriter,
  PutMode,
} from './object-store.js'

export interface FileStoreOptions {
  /**
   * true: an object and its directory entry are on the disk (fsync) when a write returns, so it outlives a power cut.
   * false: it outlives the death of the process, not that of the machine. Default: the environment variable
   * DELTAWORKS_DURABLE=1. Measured here: 0.4 ms a file and 0.2 ms a directory on a fast virtual disk, so some 50 ms for a small pipeline.
   */
  readonly durable?: boolean
}

/**
 * Objects are files below a folder. Calls are synchronous inside: for the many small files of a lake a trip to Node's thread
 * pool costs several times the call itself, and a bulk read runs on a worker that has nothing else to do. Only data files
 * (`fresh`) and their folders are made in the pool, several at a time: each can take a busy disk a millisecond.
 *
 * A write goes to a hidden file `.tmp-…` beside its target and takes its name when it is whole: by rename(2) to overwrite, by
 * link(2), which fails if the name is taken, to create. There is no lock, so a writer that is killed at any step leaves
 * at worst such a hidden file, which listings pass over and `sweep` removes.
 *
 * Symbolic links: reading and listing follow links to files; a listing does not enter linked folders (no cycles, and clean-up
 * never leaves the table); deleting removes the link, overwriting replaces it.
 */
export class FileStore implements ObjectStore {
  readonly uri: string
  readonly #root: string
  readonly #durable: boolean

  /** @param root absolute path; it need not exist yet */
  constructor(root: string, options: FileStoreOptions = {}) {
    this.#root = root.length > 1 && root.endsWith('/') ? root.slice(0, -1) : root
    this.uri = pathToFileURL(this.#root).href
    this.#durable = options.durable ?? process.env['DELTAWORKS_DURABLE'] === '1'
  }

  async head(path: string): Promise<ObjectMeta> {
    const stats = this.#stat(path)
    if (stats === undefined) throw objectNotFound(this.uri, path)
    return objectMeta(path, stats)
  }

  async exists(path: string): Promise<boolean> {
    return this.#stat(path) !== undefined
  }

  async get(path: string, range?: ByteRange): Promise<Uint8Array> {
    const file = this.#resolve(path)
    try {
      const descriptor = openSync(file, 'r')
      try {
        return readRange(descriptor, file, range)
      } finally {
        closeSync(descriptor)
      }
    } catch (error) {
      throw this.#readError(path, error)
    }
  }

  async getInto(path: string, start: number, target: Uint8Array): Promise<number> {
    const file = this.#resolve(path)
    try {
      const descriptor = openSync(file, 'r')
      try {
        return readFully(descriptor, target, start)
      } finally {
        closeSync(descriptor)
      }
    } catch (error) {
      throw this.#readError(path, error)
    }
  }

  async put(path: string, data: Uint8Array | readonly Uint8Array[], mode: PutMode): Promise<'written' | 'exists'> {
    const file = this.#resolve(path)
    if (mode === 'fresh') return this.#putFresh(path, file, data)
    try {
      if (mode === 'create' && lstatSync(file, noThrow) !== undefined) return 'exists'
      const temporary = temporaryName(file)
      let left = true
      try {
        this.#writeTemporary(temporary, data)
        if (mode === 'create') {
          if (!linkExclusively(temporary, file)) return 'exists'
        } else {
          renameSync(temporary, file)
          left = false
        }
      } finally {
        if (left) removeQuietly(temporary)
      }
      if (this.#durable) syncPath(dirname(file))
      return 'written'
    } catch (error) {
      throw this.#writeError(path, error)
    }
  }

  /** Such files come in numbers, a folder each, and the caller has others to encode while they are made. */
  async #putFresh(path: string, file: string, data: Uint8Array | readonly Uint8Array[]): Promise<'written'> {
    try {
      const descriptor = await openFresh(file)
      try {
        writeAll(descriptor, data)
        if (this.#durable) await syncInPool(descriptor)
      } catch (error) {
        removeQuietly(file)
        throw error
      } finally {
        closeSync(descriptor)
      }
      if (this.#durable) syncPath(dirname(file))
      return 'written'
    } catch (error) {
      throw this.#writeError(path, error)
    }
  }

  #writeTemporary(temporary: string, data: Uint8Array | readonly Uint8Array[]): void {
    const descriptor = openForWriting(temporary)
    try {
      writeAll(descriptor, data)
      if (this.#durable) fsyncSync(descriptor)
    } finally {
      closeSync(descriptor)
    }
  }

  async writer(path: string): Promise<ObjectWriter> {
    const file = this.#resolve(path)
    const temporary = temporaryName(file)
    try {
      return new FileWriter(this.uri, path, file, temporary, openForWriting(temporary), this.#durable)
    } catch (error) {
      throw this.#writeError(path, error)
    }
  }

  async list(prefix: string, options: ListOptions = {}): Promise<ObjectMeta[]> {
    const { startAfter, recursive = true } = options
    const found: ObjectMeta[] = []
    const visit = (path: string, name: string): void => {
      if (name.startsWith(temporaryPrefix)) return
      if (startAfter !== undefined && comparePaths(path, startAfter) <= 0) return
      const stats = this.#statListed(path)
      if (stats !== undefined) found.push(objectMeta(path, stats))
    }
    walkFolders(checkFolderPath(this.uri, prefix), this.#entries(entriesAtOnce), visit, recursive)
    return found.sort((a, b) => comparePaths(a.path, b.path))
  }

  async walk(prefix: string, visit: ObjectVisitor, wanted: (path: string) => boolean = () => true): Promise<void> {
    const folder = checkFolderPath(this.uri, prefix)
    const batches = new StatBatches((path) => this.#file(path))
    try {
      let paths: string[] = []
      walkFolders(folder, this.#entries(entriesInTurn), (path, name) => {
        if (name.startsWith(temporaryPrefix) || !wanted(path)) return
        if (paths.push(path) < pathsABatch) return
        batches.add(paths)
        paths = []
      })
      batches.add(paths)
      await batches.each((path, sizeBytes, modifiedMs) => {
        if (sizeBytes >= 0) return visit(path, sizeBytes, modifiedMs)
        const stats = this.#statListed(path)
        if (stats !== undefined) visit(path, stats.size, Math.floor(stats.mtimeMs))
      })
    } finally {
      await batches.close()
    }
  }

  async outside(paths: readonly string[]): Promise<readonly string[]> {
    return filesOutside(
      this.#root,
      paths.map((path) => this.#resolve(path)),
    ).map((file) => file.slice(this.#file('').length + (this.#root === '/' ? 0 : 1)))
  }

  async copy(from: string, to: string): Promise<void> {
    const source = this.#resolve(from)
    const target = this.#resolve(to)
    if (this.#stat(from) === undefined) throw objectNotFound(this.uri, from)
    const temporary = temporaryName(target)
    try {
      // Made first, so that its folder is there.
      closeSync(openForWriting(temporary))
      copyFileSync(source, temporary)
      if (this.#durable) syncPath(temporary)
      renameSync(temporary, target)
      if (this.#durable) syncPath(dirname(target))
    } catch (error) {
      removeQuietly(temporary)
      throw this.#writeError(to, error)
    }
  }

  async delete(paths: readonly string[]): Promise<void> {
    for (const path of paths) {
      const file = this.#resolve(path)
      try {
        unlinkSync(file)
      } catch (error) {
        if (!isAbsence(error)) throw this.#writeError(path, error, 'delete')
      }
    }
  }

  async sweep(prefix: string, olderThanMs: number): Promise<number> {
    const limitMs = Date.now() - olderThanMs
    let removed = 0
    walkFolders(checkFolderPath(this.uri, prefix), this.#entries(entriesInTurn), (path, name) => {
      if (!name.startsWith(temporaryPrefix)) return
      const file = this.#file(path)
      const stats = lstatSync(file, noThrow)
      if (stats === undefined || stats.mtimeMs > limitMs) return
      removeQuietly(file)
      removed++
    })
    return removed
  }

  /** Of a folder, which may be gone since it was seen. */
  #entries(read: (folder: string) => Iterable<Dirent>): (folder: string) => Iterable<Dirent> {
    const file = (path: string): string => this.#file(path)
    const readError = (path: string, error: unknown): Error => this.#readError(path, error)
    return function* (folder) {
      try {
        yield* read(file(folder))
      } catch (error) {
        if (!isAbsence(error)) throw readError(folder, error)
      }
    }
  }

  /** Of a file that a listing showed; undefined: it is gone, or no file. */
  #statListed(path: string): Stats | undefined {
    try {
      const stats = statSync(this.#file(path), noThrow)
      return stats?.isFile() === true ? stats : undefined
    } catch (error) {
      // A link that leads in a circle.
      if (systemCode(error) === 'ELOOP') return undefined
      throw this.#readError(path, error)
    }
  }

  #stat(path: string): Stats | undefined {
    const file = this.#resolve(path)
    try {
      const stats = statSync(file, noThrow)
      return stats?.isFile() === true ? stats : undefined
    } catch (error) {
      if (isAbsence(error)) return undefined
      throw this.#readError(path, error)
    }
  }

  #resolve(path: string): string {
    checkObjectPath(this.uri, path)
    return this.#file(path)
  }

  #file(path: string): string {
    return this.#root === '/' ? `/${path}` : path === '' ? this.#root : `${this.#root}/${path}`
  }

  #readError(path: string, error: unknown): Error {
    const code = systemCode(error)
    if (isAbsence(error) || code === 'EISDIR') return objectNotFound(this.uri, path, error)
    if (code === 'EACCES' || code === 'EPERM') return notReadable(this.uri, path, error)
    return storageFailed(this.uri, path, 'read', error)
  }

  #writeError(path: string, error: unknown, operation: 'write' | 'delete' = 'write'): Error {
    return writeError(this.uri, path, error, operation)
  }
}
