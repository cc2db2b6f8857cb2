import { unlimited, type ColumnarContext } from '@deltaworks/columnar'
import { ParquetWriter } from '@deltaworks/formats'
import type { Schema } from '@deltaworks/schema'
import { joinPath, type ObjectStore } from '@deltaworks/storage'
import type { Batches } from './warehouse-table.js'

/** Staged files that a load left behind (it was killed), and no ticket tells of, are removed when they are older than this. */
export const orphanMs = 24 * 3600 * 1000

export interface StageAreaOptions {
  readonly store: ObjectStore
  /** Folder in the store that is ours alone. */
  readonly prefix: string
  /** What the warehouse calls that folder: `s3://bucket/prefix`. */
  readonly uri: string
  /** Files come in multiples of this (slices of the cluster), if there is enough for them. Default 2. */
  readonly slices?: number
  /** Bytes of a file, about; default 64 MiB. */
  readonly fileBytes?: number
  readonly nowMs?: () => number
}

export interface StagedFile {
  readonly path: string
  readonly sizeBytes: number
  readonly rowCount: number
}

/** What a COPY with MANIFEST reads (Database Developer Guide, "Using a manifest to specify data files"). */
export interface Manifest {
  readonly entries: readonly {
    readonly url: string
    readonly mandatory: boolean
    readonly meta: { readonly content_length: number }
  }[]
}

/** A folder of an object store where rows lie as Parquet files, with a manifest, until a warehouse has read them. */
export class StageArea {
  readonly uri: string
  readonly #options: StageAreaOptions

  constructor(options: StageAreaOptions) {
    this.#options = options
    this.uri = options.uri.replace(/\/+$/, '')
  }

  /**
   * Writes rows under a URI of this area: `part-00000.parquet` and so on, `manifest`, and at last `content`.
   * @param content says which rows they are
   * @param resumed whether files of the same content that an earlier try left whole are used
   */
  async write(uri: string, columns: Schema, rows: Batches, content: string, resumed: boolean): Promise<void> {
    const folder = this.#path(uri)
    if (resumed) {
      if (await this.#isWhole(folder, content)) return
      await this.remove(uri)
    }
    const written =
      rows.writeFiles === undefined
        ? await this.#writeHere(folder, columns, rows)
        : await rows.writeFiles(this.#sink(folder))
    // Loading nothing is an error in some warehouses; a file without rows is none.
    const files = written.length > 0 ? written : [await this.#writeEmpty(folder, columns, rows)]
    const manifest: Manifest = {
      entries: files.map(({ path, sizeBytes }) => ({
        url: this.#uriOf(path),
        mandatory: true,
        meta: { content_length: sizeBytes },
      })),
    }
    const { store } = this.#options
    await store.put(joinPath(folder, 'manifest'), Buffer.from(JSON.stringify(manifest, null, 1)), 'overwrite')
    await store.put(joinPath(folder, contentName), Buffer.from(content), 'overwrite')
  }

  /** Whether what is under a folder was staged to its end, is what is wanted, and is there as its manifest says. */
  async #isWhole(folder: string, content: string): Promise<boolean> {
    const { store } = this.#options
    const present = new Map((await store.list(folder)).map(({ path, sizeBytes }) => [this.#uriOf(path), sizeBytes]))
    const read = async (name: string): Promise<string | null> => {
      const path = joinPath(folder, name)
      return present.has(this.#uriOf(path)) ? new TextDecoder().decode(await store.get(path)) : null
    }
    if ((await read(contentName)) !== content) return false
    const manifest = JSON.parse((await read('manifest')) ?? '{"entries":[{}]}') as Manifest
    return manifest.entries.every(({ url, meta }) => meta !== undefined && present.get(url) === meta.content_length)
  }

  async remove(uri: string): Promise<void> {
    const { store } = this.#options
    await store.delete((await store.list(this.#path(uri))).map(({ path }) => path))
  }

  /** Removes everything that a load has staged: `uri/loadId/…`. */
  async removeLoad(loadId: string): Promise<void> {
    if (loadId !== '') await this.remove(`${this.uri}/${loadId}`)
  }

  /** Removes what loads that were killed left behind, and no later export knew of. */
  async removeOrphans(): Promise<number> {
    const { store, prefix, nowMs = Date.now } = this.#options
    const old = (await store.list(prefix)).filter(({ modifiedMs }) => modifiedMs < nowMs() - orphanMs)
    if (old.length > 0) await store.delete(old.map(({ path }) => path))
    return old.length
  }

  #sink(folder: string): ParquetSink {
    const { store, fileBytes = defaultFileBytes, slices = defaultSlices } = this.#options
    return { store: store.uri, folder, fileBytes, slices }
  }

  /** One file at a time, of the calling thread. */
  async #writeHere(folder: string, columns: Schema, { heap, batches }: Batches): Promise<readonly StagedFile[]> {
    const { store, fileBytes = defaultFileBytes, slices = defaultSlices } = this.#options
    const context: ColumnarContext = { heap, kernels: heap.kernels! }
    const files: StagedFile[] = []
    let parts: Uint8Array[] = []
    let writer: ParquetWriter | null = null
    const end = async (open: ParquetWriter): Promise<void> => {
      const { rowCount, sizeBytes } = open.finish()
      const path = joinPath(folder, `part-${String(files.length).padStart(5, '0')}.parquet`)
      await store.put(path, parts, 'overwrite')
      files.push({ path, sizeBytes, rowCount })
      parts = []
      writer = null
    }
    try {
      // Files begin small, so that a small table has as many as there are slices, and grow to the size that is best.
      for await (const batch of batches()) {
        writer ??= new ParquetWriter(context, unlimited, columns, {
          encoding: 'plain',
          onPart: (part) => parts.push(Uint8Array.from(part)),
        })
        writer.write(batch)
        const limit = files.length < slices ? fileBytes / 4 : fileBytes
        if (writer.estimatedBytes >= limit) await end(writer)
      }
      if (writer !== null) await end(writer)
    } finally {
      ;(writer as ParquetWriter | null)?.close()
    }
    return files
  }

  async #writeEmpty(folder: string, columns: Schema, { heap }: Batches): Promise<StagedFile> {
    const { parts, sizeBytes } = new ParquetWriter({ heap, kernels: heap.kernels! }, unlimited, columns).finish()
    const path = joinPath(folder, 'part-00000.parquet')
    await this.#options.store.put(path, parts, 'overwrite')
    return { path, sizeBytes, rowCount: 0 }
  }

  #path(uri: string): string {
    return joinPath(this.#options.prefix, uri.slice(this.uri.length + 1))
  }
  #uriOf(path: string): string {
    return `${this.uri}/${path.slice(this.#options.prefix.length).replace(/^\/+/, '')}`
  }
}

/** Not read by warehouses: they read what the manifest names, or files that end with `.parquet`. */
const contentName = 'content'

const defaultFileBytes = 64 * 1024 * 1024
const defaultSlices = 2

/** Where files are to be written, by whoever can do it faster than one thread. */
export interface ParquetSink {
  /** `ObjectStore.uri` */
  readonly store: string
  readonly folder: string
  /** Bytes of a file, about. */
  readonly fileBytes: number
  /** Of so many files, or a multiple of them, as many are read at a time as can be. */
  readonly slices: number
}
