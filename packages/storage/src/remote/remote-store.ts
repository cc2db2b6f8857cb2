import { randomUUID } from 'node:crypto'
import { probeCreation } from '../conditional-write-probe.js'
import { objectChanged, StorageError } from '../errors.js'
import {
  checkFolderPath,
  checkObjectPath,
  comparePaths,
  isListed,
  isTemporary,
  temporaryPrefix,
} from '../object-path.js'
import type {
  ByteRange,
  ListOptions,
  ObjectMeta,
  ObjectStore,
  ObjectVisitor,
  ObjectWriter,
  PutMode,
} from '../object-store.js'
import type { RetryOptions } from '../retry.js'
import { ReadAhead } from './read-ahead.js'
import type { OpenedRange } from './received-body.js'
import {
  httpRetryClass,
  isAmbiguousFailure,
  remoteError,
  type FailureNames,
  type RemoteOperation,
} from './http-failure.js'
import type { RemoteBackend, RemoteObject } from './remote-backend.js'
import { drain, IncompleteBody, readPieces } from './read-pieces.js'
import { remotePartBytes, RemoteWriter, type PartsInOrder } from './remote-writer.js'
import { RequestRunner } from './request-runner.js'

/** More than this is put in parts. */
const singlePutBytes = 32 * 1024 * 1024

export interface RemoteSettings {
  readonly maxAttempts: number
  readonly connections: number
}

/**
 * A bucket below a prefix, reached through a cloud's own SDK; nothing is sent before the first call. What `S3Store` promises holds
 * here too: requests are repeated after faults that pass, a put whose answer was lost is recognised by an id in the
 * object's metadata, a store that is not the cloud's own is tried before the first conditional put (DW-STORAGE-0012).
 */
export class RemoteStore implements ObjectStore {
  readonly uri: string
  readonly #backend: RemoteBackend
  /** '' or `prefix/`. */
  readonly #prefix: string
  readonly #names: FailureNames
  readonly #runner: RequestRunner
  readonly #readAhead: ReadAhead
  #probe: Promise<void> | null = null

  constructor(
    uri: string,
    prefix: string,
    backend: RemoteBackend,
    names: FailureNames,
    settings: RemoteSettings,
    retry?: Pick<RetryOptions, 'sleep' | 'random'>,
  ) {
    this.uri = uri
    this.#backend = backend
    this.#prefix = prefix === '' ? '' : `${prefix}/`
    this.#readAhead = new ReadAhead(settings.connections)
    this.#names = names
    this.#runner = new RequestRunner(
      {
        ...settings,
        classify: (error) =>
          error instanceof StorageError ? 'never' : httpRetryClass(backend.failureOf(error), names),
        isAmbiguous: (error) => !(error instanceof StorageError) && isAmbiguousFailure(backend.failureOf(error), names),
      },
      retry,
    )
  }

  async head(path: string): Promise<ObjectMeta> {
    const key = this.#key(path)
    return this.#metaOf(await this.#send('read', path, () => this.#backend.head(key)))
  }

  async exists(path: string): Promise<boolean> {
    const key = this.#key(path)
    return this.#send('read', path, async () => {
      try {
        await this.#backend.head(key)
        return true
      } catch (error) {
        if (this.#isMissing(error)) return false
        throw error
      }
    })
  }

  async get(path: string, range?: ByteRange): Promise<Uint8Array> {
    const size = range === undefined ? (await this.head(path)).sizeBytes : Math.max(0, range.end - range.start)
    const target = new Uint8Array(size)
    const { bytesRead } = await this.#read(path, range?.start ?? 0, target, null)
    if (range === undefined && bytesRead < size) throw objectChanged(this.uri, path)
    return bytesRead === size ? target : target.slice(0, bytesRead)
  }

  async getInto(path: string, start: number, target: Uint8Array): Promise<number> {
    checkObjectPath(this.uri, path)
    return this.#readAhead.read(path, start, target, {
      read: (from, into, etag) => this.#read(path, from, into, etag),
      open: (from, end, etag) => this.#open(path, from, end, etag),
    })
  }

  #open(path: string, start: number, end: number, etag: string): Promise<OpenedRange> {
    const key = this.#key(path)
    return this.#send('read', path, async () => {
      const { stream } = await this.#backend.read(key, start, end, etag)
      return { stream, total: null }
    })
  }

  #read(path: string, start: number, target: Uint8Array, etag: string | null) {
    const key = this.#key(path)
    return readPieces(start, target, etag, (from, into, wanted) => {
      let [filled, version] = [0, wanted]
      return this.#send('read', path, async () => {
        try {
          const { stream, etag: found } = await this.#backend.read(key, from + filled, from + into.byteLength, version)
          version = found ?? version
          const begun = filled
          filled += await drain(stream, into.subarray(filled), (count) => (filled = begun + count))
          return { bytesRead: filled, etag: version }
        } catch (error) {
          const { status } = this.#backend.failureOf(error)
          if (status === 416) return { bytesRead: filled, etag: version }
          if (status === 412) throw objectChanged(this.uri, path)
          if (status === 404 && version !== null) throw objectChanged(this.uri, path)
          throw status !== undefined && status < 300 ? new IncompleteBody('the body ended early') : error
        }
      })
    })
  }

  async put(path: string, data: Uint8Array | readonly Uint8Array[], mode: PutMode): Promise<'written' | 'exists'> {
    const key = this.#key(path)
    const parts = data instanceof Uint8Array ? [data] : data
    const size = parts.reduce((sum, part) => sum + part.byteLength, 0)
    const create = mode === 'create'
    if (create) await this.#probed(key)
    this.#readAhead.forget(path)
    if (size <= singlePutBytes) return this.#putWhole(path, Buffer.concat(parts, size), create)
    const upload = this.#startUpload(path, create)
    try {
      const whole = Buffer.concat(parts, size)
      let at = 0
      for (; at + remotePartBytes < size; at += remotePartBytes) {
        await upload.send(whole.subarray(at, at + remotePartBytes))
      }
      return await upload.finish(whole.subarray(at))
    } catch (error) {
      await upload.abort()
      throw error
    }
  }

  #startUpload(path: string, create: boolean): PartsInOrder {
    const writeId = randomUUID()
    const upload = this.#backend.upload(this.#key(path), create, writeId)
    const send = async (request: () => Promise<void>): Promise<void> => {
      if (!upload.retriesItself) return this.#send('write', path, request)
      // Its failure is the end of it.
      await request().catch((error: unknown) => {
        throw remoteError(this.uri, path, 'write', this.#backend.failureOf(error), this.#names, error)
      })
    }
    let number = 0
    let taken = false
    /** The name may turn out to be taken with any part. */
    const unlessTaken = async (request: (own: number) => Promise<void>): Promise<void> => {
      const own = number++
      if (taken) return
      await send(async () => {
        try {
          await request(own)
        } catch (error) {
          const { status } = this.#backend.failureOf(error)
          if (!create || (status !== 409 && status !== 412)) throw error
          taken = true
        }
      })
    }
    return {
      send: (part) => unlessTaken((own) => upload.send(part, own)),
      finish: async (last) => {
        await unlessTaken((own) => upload.finish(last, own))
        // An attempt whose answer was lost may have taken the name itself.
        return !taken || (await this.#isOurs(path, writeId)) ? 'written' : 'exists'
      },
      abort: () => upload.abort(),
    }
  }

  async #putWhole(path: string, body: Uint8Array, create: boolean): Promise<'written' | 'exists'> {
    const key = this.#key(path)
    const writeId = randomUUID()
    try {
      const outcome = await this.#send('write', path, async (uncertain) => {
        try {
          await this.#backend.put(key, body, create, writeId)
          return 'written' as const
        } catch (error) {
          const { status } = this.#backend.failureOf(error)
          if (!create || (status !== 409 && status !== 412)) throw error
          return uncertain ? ('unsure' as const) : ('exists' as const)
        }
      })
      if (outcome !== 'unsure') return outcome
      return (await this.#isOurs(path, writeId)) ? 'written' : 'exists'
    } catch (error) {
      // All attempts are used up, and one of them may have done it.
      if (create && (await this.#isOurs(path, writeId).catch(() => false))) return 'written'
      throw error
    }
  }

  /** Whether the object that is there now was made by this write. */
  async #isOurs(path: string, writeId: string): Promise<boolean> {
    const key = this.#key(path)
    return this.#send('read', path, async () => {
      try {
        return (await this.#backend.head(key)).writeId === writeId
      } catch (error) {
        if (this.#isMissing(error)) return false
        throw error
      }
    })
  }

  async writer(path: string): Promise<ObjectWriter> {
    checkObjectPath(this.uri, path)
    this.#readAhead.forget(path)
    return new RemoteWriter({
      uri: this.uri,
      path,
      putWhole: (body) => this.#putWhole(path, body.slice(), false),
      startUpload: () => this.#startUpload(path, false),
    })
  }

  async list(prefix: string, options: ListOptions = {}): Promise<ObjectMeta[]> {
    const folder = checkFolderPath(this.uri, prefix)
    const { startAfter, recursive = true } = options
    const found: ObjectMeta[] = []
    for await (const object of this.#objects(folder, !recursive, startAfter)) {
      const meta = this.#metaOf(object)
      if (!isListed(meta.path)) continue
      if (startAfter === undefined || comparePaths(meta.path, startAfter) > 0) found.push(meta)
    }
    return found.sort((a, b) => comparePaths(a.path, b.path))
  }

  async walk(prefix: string, visit: ObjectVisitor, wanted: (path: string) => boolean = () => true): Promise<void> {
    for await (const object of this.#objects(checkFolderPath(this.uri, prefix), false)) {
      const { path, sizeBytes, modifiedMs } = this.#metaOf(object)
      if (isListed(path) && wanted(path)) visit(path, sizeBytes, modifiedMs)
    }
  }

  async *#objects(folder: string, flat: boolean, startAfter?: string): AsyncGenerator<RemoteObject, void, undefined> {
    const request = {
      prefix: folder === '' ? this.#prefix : `${this.#prefix}${folder}/`,
      flat,
      startAfter: startAfter === undefined ? undefined : this.#prefix + startAfter,
    }
    let page: string | undefined
    do {
      const { objects, next } = await this.#send('list', folder, () => this.#backend.list({ ...request, page }))
      yield* objects
      page = next
    } while (page !== undefined)
  }

  async copy(from: string, to: string): Promise<void> {
    const [source, target] = [this.#key(from), this.#key(to)]
    this.#readAhead.forget(to)
    await this.#send('copy', from, () => this.#backend.copy(source, target))
  }

  async delete(paths: readonly string[]): Promise<void> {
    const keys = paths.map((path) => this.#key(path))
    for (const path of paths) this.#readAhead.forget(path)
    await Promise.all(keys.map((key, i) => this.#send('delete', paths[i]!, () => this.#backend.remove(key))))
  }

  /** Uploads that were never finished are the cloud's to forget, after a week. */
  async sweep(prefix: string, olderThanMs: number): Promise<number> {
    const limitMs = Date.now() - olderThanMs
    const old: string[] = []
    for await (const { key, modifiedMs } of this.#objects(checkFolderPath(this.uri, prefix), false)) {
      if (isTemporary(key) && modifiedMs <= limitMs) old.push(key.slice(this.#prefix.length))
    }
    await this.delete(old)
    return old.length
  }

  /** Once a store, beside the first object that is created; the clouds' own are known to keep the promise. */
  async #probed(key: string): Promise<void> {
    const { endpoint, uri } = this.#backend
    if (endpoint === undefined) return
    const pathOf = (of: string): string => of.slice(this.#prefix.length)
    const store = {
      uri,
      endpoint,
      create: (name: string, body: Uint8Array) => this.#putWhole(pathOf(name), body, true),
      remove: (keys: readonly string[]) => this.delete(keys.map(pathOf)),
      isUnsupported: (error: unknown) =>
        this.#backend.failureOf((error as { readonly cause?: { readonly cause?: unknown } }).cause?.cause).status ===
        501,
    }
    const probeKey = `${key.slice(0, key.lastIndexOf('/') + 1)}${temporaryPrefix}probe-${randomUUID()}`
    this.#probe ??= probeCreation(store, probeKey).catch((error: unknown) => {
      // A refusal stays; what may pass is tried again with the next write.
      if ((error as { readonly code?: string }).code !== 'DW-STORAGE-0012') this.#probe = null
      throw error
    })
    await this.#probe
  }

  async #send<T>(operation: RemoteOperation, path: string, request: (uncertain: boolean) => Promise<T>): Promise<T> {
    try {
      return await this.#runner.run(request)
    } catch (error) {
      throw remoteError(this.uri, path, operation, this.#backend.failureOf(error), this.#names, error)
    }
  }

  #isMissing(error: unknown): boolean {
    const { status, code } = this.#backend.failureOf(error)
    return status === 404 && !this.#names.bucketMissing.has(code)
  }

  #metaOf({ key, sizeBytes, modifiedMs, etag }: RemoteObject): ObjectMeta {
    return { path: key.slice(this.#prefix.length), sizeBytes, modifiedMs, ...(etag === undefined ? {} : { etag }) }
  }

  #key(path: string): string {
    checkObjectPath(this.uri, path)
    return this.#prefix + path
  }
}
