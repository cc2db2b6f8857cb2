import { closeSync, fstatSync, fsyncSync, renameSync, type Stats } from 'node:fs'
import { dirname } from 'node:path'
import { writerClosed } from './errors.js'
import { objectMeta, removeQuietly, syncPath, writeAll } from './file-calls.js'
import { writeError } from './file-errors.js'
import type { ObjectMeta, ObjectWriter } from './object-store.js'

/** Writes a hidden file, which takes its name when it is closed. */
export class FileWriter implements ObjectWriter {
  readonly #uri: string
  readonly #path: string
  readonly #file: string
  readonly #temporary: string
  readonly #durable: boolean
  #descriptor: number
  #sizeBytes = 0

  constructor(uri: string, path: string, file: string, temporary: string, descriptor: number, durable: boolean) {
    this.#uri = uri
    this.#path = path
    this.#file = file
    this.#temporary = temporary
    this.#descriptor = descriptor
    this.#durable = durable
  }

  get sizeBytes(): number {
    return this.#sizeBytes
  }

  async write(data: Uint8Array): Promise<void> {
    if (this.#descriptor < 0) throw writerClosed(this.#uri, this.#path)
    try {
      writeAll(this.#descriptor, data)
    } catch (error) {
      throw writeError(this.#uri, this.#path, error, 'write')
    }
    this.#sizeBytes += data.byteLength
  }

  async close(): Promise<ObjectMeta> {
    if (this.#descriptor < 0) throw writerClosed(this.#uri, this.#path)
    const descriptor = this.#descriptor
    this.#descriptor = -1
    try {
      let stats: Stats
      try {
        if (this.#durable) fsyncSync(descriptor)
        stats = fstatSync(descriptor)
      } finally {
        closeSync(descriptor)
      }
      renameSync(this.#temporary, this.#file)
      if (this.#durable) syncPath(dirname(this.#file))
      return objectMeta(this.#path, stats)
    } catch (error) {
      removeQuietly(this.#temporary)
      throw writeError(this.#uri, this.#path, error, 'write')
    }
  }

  async abort(): Promise<void> {
    if (this.#descriptor < 0) return
    closeSync(this.#descriptor)
    this.#descriptor = -1
    removeQuietly(this.#temporary)
  }
}
