import { randomUUID } from 'node:crypto'
import type { ColumnarContext } from '@deltaworks/columnar'
import { FooterCache, ParquetSplicer, spliceSource, type SpliceSource } from '@deltaworks/formats'
import type { Schema, Value } from '@deltaworks/schema'
import { joinPath, openStore, type ObjectStore, type ObjectWriter } from '@deltaworks/storage'

/** Files that follow one another in a table, to be put together. Plain data: it is posted to workers. */
export interface SpliceRun {
  readonly files: readonly SpliceInput[]
  /** Of the files that are made. */
  readonly schema: Schema
  /** `ObjectStore.uri` */
  readonly store: string
  readonly folder: string
  /** Bytes of a file that is made, about. */
  readonly fileBytes: number
}

export interface SpliceInput {
  /** `ObjectStore.uri` */
  readonly store: string
  readonly path: string
  readonly sizeBytes: number
  /** Columns with one value in the whole file that are not in it, by logical name. */
  readonly constants: Readonly<Record<string, Value>>
  /** Logical name → name in the file, where they differ. */
  readonly physicalNames: Readonly<Record<string, string>> | null
}

export interface SpliceResult {
  readonly files: readonly { readonly path: string; readonly sizeBytes: number; readonly rowCount: number }[]
  /** Places in the run of files that cannot be taken as they are: most of them would have to be decoded. */
  readonly refused: readonly number[]
}

/**
 * Puts the files of a run into one; into more where they differ in which columns may be null, or are too large for one. A file
 * appears in its store when it is whole.
 * @throws StorageError, FormatError
 */
export async function spliceRun(context: ColumnarContext, run: SpliceRun): Promise<SpliceResult> {
  const target = openStore(run.store)
  const footers = new FooterCache()
  const files: SpliceResult['files'][number][] = []
  const refused: number[] = []
  let open: OpenFile | null = null
  try {
    for (const [i, { store, ...file }] of run.files.entries()) {
      const source = await spliceSource({ ...file, store: openStore(store) }, run.schema, footers)
      if (source === null) {
        refused.push(i)
        continue
      }
      for (const group of source.rowGroups) {
        if (open !== null && !open.takes(source, run.fileBytes)) {
          files.push(await open.finish())
          open = null
        }
        open ??= await OpenFile.create(context, source, target, run.folder)
        await open.splicer.append(source, group)
      }
    }
    if (open !== null) files.push(await open.finish())
    return { files, refused }
  } catch (error) {
    await open?.abort()
    throw error
  }
}

/** Runs of which so many are done at a time: a store far away answers late. */
export async function spliceRuns(
  context: ColumnarContext,
  runs: readonly SpliceRun[],
  atATime: number,
): Promise<readonly SpliceResult[]> {
  const results: SpliceResult[] = []
  const queue = runs.entries()
  const work = async (): Promise<void> => {
    for (const [i, run] of queue) results[i] = await spliceRun(context, run)
  }
  const done = await Promise.allSettled(Array.from({ length: Math.min(atATime, runs.length) }, work))
  for (const one of done) if (one.status === 'rejected') throw one.reason
  return results
}

class OpenFile {
  readonly #path: string
  readonly #writer: ObjectWriter
  readonly splicer: ParquetSplicer

  private constructor(path: string, writer: ObjectWriter, splicer: ParquetSplicer) {
    this.#path = path
    this.#writer = writer
    this.splicer = splicer
  }

  static async create(
    context: ColumnarContext,
    source: SpliceSource,
    store: ObjectStore,
    folder: string,
  ): Promise<OpenFile> {
    const path = joinPath(folder, `part-${randomUUID()}.parquet`)
    const writer = await store.writer(path)
    return new OpenFile(path, writer, new ParquetSplicer(context, source, (part) => writer.write(part)))
  }

  /** Runs are of about the wanted size: only what is far beyond it ends a file. */
  takes({ nulls }: SpliceSource, fileBytes: number): boolean {
    return this.splicer.nulls === nulls && this.splicer.sizeBytes < 2 * fileBytes
  }

  async finish(): Promise<SpliceResult['files'][number]> {
    const { sizeBytes, rowCount } = await this.splicer.finish()
    this.splicer.close()
    await this.#writer.close()
    return { path: this.#path, sizeBytes, rowCount }
  }

  async abort(): Promise<void> {
    this.splicer.close()
    await this.#writer.abort().catch(() => undefined)
  }
}
