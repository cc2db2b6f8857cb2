import { contentDigest, digestChunkBytes } from '@deltaworks/formats'
import { errorToData, type ErrorData } from '@deltaworks/schema'
import { openStore } from '@deltaworks/storage'

/** A file whose content is to be hashed, as data. */
export interface DigestTask {
  /** URI of its store. */
  readonly store: string
  readonly path: string
  readonly sizeBytes: number
}

export type DigestTaskResult =
  { readonly kind: 'finished'; readonly sha256: string } | { readonly kind: 'failed'; readonly error: ErrorData }

/** SHA-256 of the file, hex. */
export const digestOf = (file: DigestTask): Promise<string> =>
  contentDigest(openStore(file.store), file, new Uint8Array(Math.min(digestChunkBytes, file.sizeBytes)))

/** Runs a task on this thread. Its errors are a result, so that a rejection means a dead worker. */
export async function digestTask(task: DigestTask): Promise<DigestTaskResult> {
  try {
    return { kind: 'finished', sha256: await digestOf(task) }
  } catch (error) {
    return { kind: 'failed', error: errorToData(error) }
  }
}
