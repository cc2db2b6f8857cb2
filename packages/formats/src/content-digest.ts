import { createHash, hash } from 'node:crypto'
import type { ObjectStore } from '@deltaworks/storage'
import type { FileScan } from './file-scan.js'

/** Puts the hash of a whole file where the scan wants it. */
export function keepDigest({ digest }: Pick<FileScan, 'digest'>, content: Uint8Array): void {
  digest?.set(hash('sha256', content, 'buffer'))
}

/** Memory that `contentDigest` reads a file through, if it is as large. */
export const digestChunkBytes = 2 * 1024 * 1024

/**
 * SHA-256 of a file's content, hex. The file is read front to back.
 * @param chunk memory that it may use
 */
export async function contentDigest(
  store: ObjectStore,
  { path, sizeBytes }: { readonly path: string; readonly sizeBytes: number },
  chunk: Uint8Array,
): Promise<string> {
  if (sizeBytes === 0) return hash('sha256', new Uint8Array(0))
  const whole = createHash('sha256')
  for (let start = 0; start < sizeBytes;) {
    const wanted = Math.min(sizeBytes - start, chunk.byteLength)
    const part = chunk.subarray(0, await store.getInto(path, start, chunk.subarray(0, wanted)))
    if (start === 0 && part.byteLength === sizeBytes) return hash('sha256', part)
    whole.update(part)
    start += part.byteLength
    if (part.byteLength < wanted) break
  }
  return whole.digest('hex')
}
