import type { ObjectStore } from '@deltaworks/storage'
import { openParquet, type OpenedFile } from './footer.js'

/** Files are read one after the other, two at a time at most where one ends in the middle of a morsel. */
const maxFooters = 4

/**
 * Footers of files that are scanned in parts, so that each is read once. Its owner keeps it no longer than files may be relied
 * on not to change: for a query. One that failed is not kept.
 */
export class FooterCache {
  readonly #files = new Map<string, Promise<OpenedFile>>()

  /** `bytesRead` is 0 if the footer was there. @throws as `openParquet` does */
  async open(store: ObjectStore, path: string, sizeBytes: number): Promise<OpenedFile> {
    const key = `${store.uri}\n${path}`
    const known = this.#files.get(key)
    if (known !== undefined) return { ...(await known), bytesRead: 0 }
    const opening = openParquet(store, path, sizeBytes)
    for (const oldest of this.#files.keys()) {
      if (this.#files.size < maxFooters) break
      this.#files.delete(oldest)
    }
    this.#files.set(key, opening)
    try {
      return await opening
    } catch (error) {
      this.#files.delete(key)
      throw error
    }
  }
}
