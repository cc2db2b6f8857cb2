import { writerClosed } from '../errors.js'
import type { ObjectMeta, ObjectWriter } from '../object-store.js'

export const remotePartBytes = 8 * 1024 * 1024

/** What a writer needs of its store: the object in one request, or an upload in parts. */
export interface WriterTarget {
  readonly uri: string
  readonly path: string
  putWhole(body: Uint8Array): Promise<unknown>
  startUpload(): PartsInOrder
}

/** An upload whose parts are sent until they are there. */
export interface PartsInOrder {
  send(part: Uint8Array): Promise<void>
  /** @returns 'exists' if it was to be created and is there */
  finish(last: Uint8Array): Promise<'written' | 'exists'>
  abort(): Promise<void>
}

/** An object that is sent while it is written, one part at a time. What fits in one part is put at once. */
export class RemoteWriter implements ObjectWriter {
  readonly #target: WriterTarget
  #upload: PartsInOrder | null = null
  #buffer = new Uint8Array(remotePartBytes)
  #filled = 0
  #sizeBytes = 0
  #closed = false

  constructor(target: WriterTarget) {
    this.#target = target
  }

  get sizeBytes(): number {
    return this.#sizeBytes
  }

  async write(data: Uint8Array): Promise<void> {
    if (this.#closed) throw writerClosed(this.#target.uri, this.#target.path)
    for (let at = 0; at < data.byteLength;) {
      if (this.#filled === remotePartBytes) await this.#send()
      const part = data.subarray(at, at + remotePartBytes - this.#filled)
      this.#buffer.set(part, this.#filled)
      this.#filled += part.byteLength
      at += part.byteLength
    }
    this.#sizeBytes += data.byteLength
  }

  async close(): Promise<ObjectMeta> {
    if (this.#closed) throw writerClosed(this.#target.uri, this.#target.path)
    this.#closed = true
    const last = this.#buffer.subarray(0, this.#filled)
    if (this.#upload === null) await this.#target.putWhole(last)
    else await this.#upload.finish(last)
    return { path: this.#target.path, sizeBytes: this.#sizeBytes, modifiedMs: Date.now() }
  }

  async abort(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#upload?.abort()
  }

  async #send(): Promise<void> {
    this.#upload ??= this.#target.startUpload()
    try {
      await this.#upload.send(this.#buffer)
    } catch (error) {
      this.#closed = true
      await this.#upload.abort()
      throw error
    }
    this.#buffer = new Uint8Array(remotePartBytes)
    this.#filled = 0
  }
}
