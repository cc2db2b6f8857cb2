/** What a listing or a head request tells of an object. */
export interface ObjectMeta {
  /** Path within the store, `/`-separated, without a leading slash, not URL-encoded. */
  readonly path: string
  readonly sizeBytes: number
  /** Milliseconds since the epoch. */
  readonly modifiedMs: number
  readonly etag?: string
}

/** Bytes [start, end). */
export interface ByteRange {
  readonly start: number
  readonly end: number
}

/** How `put` treats the name: see there. */
export type PutMode = 'overwrite' | 'create' | 'fresh'

/**
 * A store of immutable objects under paths. Paths are relative to the store's root; `..` and absolute paths are refused.
 * Every method throws StorageError (DW-STORAGE-…) and nothing else.
 */
export interface ObjectStore {
  /** `file:///lake`, `memory://x`, `s3://bucket/prefix`: names the store in messages, and is its identity in a plan. */
  readonly uri: string
  /** @throws StorageError DW-STORAGE-0001 (not found) */
  head(path: string): Promise<ObjectMeta>
  exists(path: string): Promise<boolean>
  /**
   * The whole object, or a range of it; a range that ends beyond the object gives what there is.
   * @throws StorageError DW-STORAGE-0001
   */
  get(path: string, range?: ByteRange): Promise<Uint8Array>
  /** Reads a range straight into `target` (may be a view of WebAssembly memory). @returns bytes read, fewer only at the object's end */
  getInto(path: string, start: number, target: Uint8Array): Promise<number>
  /**
   * `overwrite` replaces atomically (readers see the old or the new object); `create` is put-if-absent:
   * @returns 'exists', having written nothing, if the object is there already. `fresh` is for a name that nobody else
   * knows (it carries a UUID): a store may write it in place, so that a writer which dies leaves a part of an object to which nothing refers.
   */
  put(path: string, data: Uint8Array | readonly Uint8Array[], mode: PutMode): Promise<'written' | 'exists'>
  /** Opens an object to be written in parts; it appears under its path, whole, at `close`. */
  writer(path: string): Promise<ObjectWriter>
  /** Every object below a folder, recursively, in ascending path order (UTF-8 bytes). A missing folder is an empty one. */
  list(prefix: string, options?: ListOptions): Promise<ObjectMeta[]>
  /**
   * Every object below a folder, in no order, with nothing kept of it: there may be millions.
   * @param wanted only objects for which it is true; a store that has to ask the system about each is spared the others
   */
  walk(prefix: string, visit: ObjectVisitor, wanted?: (path: string) => boolean): Promise<void>
  /**
   * Copies an object within the store, replacing what is there; no bytes come through this process where the store can do
   * it itself. @throws StorageError DW-STORAGE-0001
   */
  copy(from: string, to: string): Promise<void>
  /** A missing object is not an error. */
  delete(paths: readonly string[]): Promise<void>
  /**
   * Those of the paths whose bytes lie outside of the store: behind a symbolic link that leads out of it. Absent where none can.
   */
  outside?(paths: readonly string[]): Promise<readonly string[]>
  /**
   * Removes what writes that died left behind below a folder, if it is older than `olderThanMs`; no listing shows it.
   * Absent where nothing can be left. @returns how many
   */
  sweep?(prefix: string, olderThanMs: number): Promise<number>
}

/** @param modifiedMs milliseconds since the epoch */
export type ObjectVisitor = (path: string, sizeBytes: number, modifiedMs: number) => void

export interface ListOptions {
  /** Only paths greater than this one. */
  readonly startAfter?: string
  /** false: only the objects directly in the folder. Default true. */
  readonly recursive?: boolean
}

export interface ObjectWriter {
  write(data: Uint8Array): Promise<void>
  readonly sizeBytes: number
  close(): Promise<ObjectMeta>
  /** Forgets what was written. After `close` it does nothing. */
  abort(): Promise<void>
}
