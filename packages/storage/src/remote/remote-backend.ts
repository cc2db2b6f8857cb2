import type { Readable } from 'node:stream'
import type { HttpFailure } from './http-failure.js'

export interface RemoteObject {
  readonly key: string
  readonly sizeBytes: number
  readonly modifiedMs: number
  readonly etag: string | undefined
}

export interface RemoteBody {
  readonly stream: Readable
  /** The version of the object that the bytes are of. */
  readonly etag: string | null
}

export interface RemotePage {
  readonly objects: readonly RemoteObject[]
  /** What asks for the next page; undefined: this is the last. */
  readonly next: string | undefined
}

export interface ListRequest {
  readonly prefix: string
  /** Only objects whose keys have no slash behind the prefix. */
  readonly flat: boolean
  /** A hint: keys up to this one are not wanted. */
  readonly startAfter: string | undefined
  readonly page: string | undefined
}

/** An object that is sent in parts, in order; it appears when it is finished. */
export interface RemoteUpload {
  /** true: the SDK sends parts again by itself; false: a part may be sent again under its number. */
  readonly retriesItself: boolean
  /** @param number of the part, from 0 */
  send(part: Uint8Array, number: number): Promise<void>
  /** Fails with 409 or 412 if it was to be created and is there. */
  finish(last: Uint8Array, number: number): Promise<void>
  abort(): Promise<void>
}

/**
 * The requests of one bucket, each sent once; who calls sends them again. Failures are thrown as the SDK throws them, and
 * told apart by `failureOf`.
 */
export interface RemoteBackend {
  /** `gs://bucket`, for messages. */
  readonly uri: string
  /** Absent: the cloud's own. */
  readonly endpoint: string | undefined
  head(key: string): Promise<RemoteObject & { readonly writeId: string | undefined }>
  /** Bytes [start, end); end null: to the object's end. @param etag the version wanted */
  read(key: string, start: number, end: number | null, etag: string | null): Promise<RemoteBody>
  /** @param create fail with 409 or 412 if the object is there */
  put(key: string, body: Uint8Array, create: boolean, writeId: string): Promise<void>
  list(request: ListRequest): Promise<RemotePage>
  copy(from: string, to: string): Promise<void>
  /** A missing object is not an error. */
  remove(key: string): Promise<void>
  upload(key: string, create: boolean, writeId: string): RemoteUpload
  failureOf(error: unknown): HttpFailure
}
