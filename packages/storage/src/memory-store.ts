import { objectNotFound, writerClosed } from './errors.js'
import { checkFolderPath, checkObjectPath, comparePaths } from './object-path.js'
import type {
  ByteRange,
  ListOptions,
  ObjectMeta,
  ObjectStore,
  ObjectVisitor,
  ObjectWriter,
  PutMode,
} from './object-store.js'

interface StoredObject {
  readonly bytes: Uint8Array
  readonly meta: ObjectMeta
}

/**
 * Objects in this thread's memory, for tests and for tables that need not outlive the process. Same contract as a disk: bytes
 * are copied in and out. Another thread that opens the same URI sees a store of its own (`isThreadLocal`).
 */
export class MemoryStore implements ObjectStore {
  readonly uri: string
  readonly #objects = new Map<string, StoredObject>()
  readonly #clock: () => number
  #writes = 0

  /** @param clock gives `modifiedMs`; tests pass their own */
  constructor(name = '', clock: () => number = Date.now) {
    this.uri = `memory://${name}`
    this.#clock = clock
  }

  async head(path: string): Promise<ObjectMeta> {
    return this.#find(path).meta
  }

  async exists(path: string): Promise<boolean> {
    checkObjectPath(this.uri, path)
    return this.#objects.has(path)
  }

  async get(path: string, range?: ByteRange): Promise<Uint8Array> {
    const { bytes } = this.#find(path)
    return range === undefined ? bytes.slice() : bytes.slice(range.start, range.end)
  }

  async getInto(path: string, start: number, target: Uint8Array): Promise<number> {
    const part = this.#find(path).bytes.subarray(start, start + target.byteLength)
    target.set(part)
    return part.byteLength
  }

  async put(path: string, data: Uint8Array | readonly Uint8Array[], mode: PutMode): Promise<'written' | 'exists'> {
    checkObjectPath(this.uri, path)
    if (mode === 'create' && this.#objects.has(path)) return 'exists'
    this.#store(path, concatenate(data instanceof Uint8Array ? [data] : data))
    return 'written'
  }

  async writer(path: string): Promise<ObjectWriter> {
    checkObjectPath(this.uri, path)
    return new MemoryWriter(this.uri, path, (bytes) => this.#store(path, bytes))
  }

  async list(prefix: string, options: ListOptions = {}): Promise<ObjectMeta[]> {
    const folder = checkFolderPath(this.uri, prefix)
    const start = folder === '' ? '' : `${folder}/`
    const { startAfter, recursive = true } = options
    const found: ObjectMeta[] = []
    for (const [path, { meta }] of this.#objects) {
      if (!path.startsWith(start)) continue
      if (!recursive && path.includes('/', start.length)) continue
      if (startAfter === undefined || comparePaths(path, startAfter) > 0) found.push(meta)
    }
    return found.sort((a, b) => comparePaths(a.path, b.path))
  }

  async walk(prefix: string, visit: ObjectVisitor, wanted: (path: string) => boolean = () => true): Promise<void> {
    for (const { path, sizeBytes, modifiedMs } of await this.list(prefix)) {
      if (wanted(path)) visit(path, sizeBytes, modifiedMs)
    }
  }

  async copy(from: string, to: string): Promise<void> {
    checkObjectPath(this.uri, to)
    this.#store(to, this.#find(from).bytes)
  }

  async delete(paths: readonly string[]): Promise<void> {
    for (const path of paths) {
      checkObjectPath(this.uri, path)
      this.#objects.delete(path)
    }
  }

  #find(path: string): StoredObject {
    checkObjectPath(this.uri, path)
    const found = this.#objects.get(path)
    if (found === undefined) throw objectNotFound(this.uri, path)
    return found
  }

  #store(path: string, bytes: Uint8Array): ObjectMeta {
    const meta = { path, sizeBytes: bytes.byteLength, modifiedMs: this.#clock(), etag: String(++this.#writes) }
    this.#objects.set(path, { bytes, meta })
    return meta
  }
}

class MemoryWriter implements ObjectWriter {
  readonly #uri: string
  readonly #path: string
  readonly #store: (bytes: Uint8Array) => ObjectMeta
  #parts: Uint8Array[] | null = []
  #sizeBytes = 0

  constructor(uri: string, path: string, store: (bytes: Uint8Array) => ObjectMeta) {
    this.#uri = uri
    this.#path = path
    this.#store = store
  }

  get sizeBytes(): number {
    return this.#sizeBytes
  }

  async write(data: Uint8Array): Promise<void> {
    if (this.#parts === null) throw writerClosed(this.#uri, this.#path)
    this.#parts.push(data.slice())
    this.#sizeBytes += data.byteLength
  }

  async close(): Promise<ObjectMeta> {
    if (this.#parts === null) throw writerClosed(this.#uri, this.#path)
    const bytes = concatenate(this.#parts)
    this.#parts = null
    return this.#store(bytes)
  }

  async abort(): Promise<void> {
    this.#parts = null
  }
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.byteLength
  }
  return bytes
}
