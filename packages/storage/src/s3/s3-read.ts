import type { Readable } from 'node:stream'
import { objectChanged } from '../errors.js'
import type { S3Bucket } from './s3-bucket.js'
import { IncompleteBody, isPreconditionFailed, statusOf } from './s3-failure.js'

/** Ranges longer than twice this are read by several requests at once. */
const requestBytes = 8 * 1024 * 1024

export interface ReadResult {
  readonly bytesRead: number
  /** Null if there was nothing to read (the range is behind the object's end). */
  readonly etag: string | null
}

/**
 * Reads [start, start + target.byteLength) into `target`. A body that breaks off is gone on with where it ended, and all
 * pieces are of one version of the object.
 * @param etag the version wanted, if it is known
 * @throws StorageError DW-STORAGE-0001, DW-STORAGE-0014
 */
export async function readRange(
  bucket: S3Bucket,
  key: string,
  path: string,
  start: number,
  target: Uint8Array,
  etag: string | null = null,
): Promise<ReadResult> {
  if (target.byteLength <= 2 * requestBytes) return readPiece(bucket, key, path, start, target, etag)
  // The first piece tells the version; where there is nothing behind it, nothing more is asked.
  const first = await readPiece(bucket, key, path, start, target.subarray(0, requestBytes), etag)
  if (first.bytesRead < requestBytes) return first
  const pieces: Promise<ReadResult>[] = []
  for (let at = requestBytes; at < target.byteLength; at += requestBytes) {
    const piece = target.subarray(at, Math.min(target.byteLength, at + requestBytes))
    pieces.push(readPiece(bucket, key, path, start + at, piece, first.etag))
  }
  const read = await Promise.all(pieces)
  return { bytesRead: read.reduce((sum, piece) => sum + piece.bytesRead, first.bytesRead), etag: first.etag }
}

async function readPiece(
  bucket: S3Bucket,
  key: string,
  path: string,
  start: number,
  target: Uint8Array,
  wanted: string | null,
): Promise<ReadResult> {
  if (target.byteLength === 0) return { bytesRead: 0, etag: wanted }
  let etag = wanted
  let filled = 0
  return bucket.send('read', path, async ({ sdk, client }) => {
    try {
      const answer = await client.send(
        new sdk.GetObjectCommand({
          ...bucket.common,
          Key: key,
          Range: `bytes=${start + filled}-${start + target.byteLength - 1}`,
          ...(etag === null ? {} : { IfMatch: etag }),
        }),
      )
      etag = answer.ETag ?? etag
      const begun = filled
      filled += await drain(answer.Body as Readable, target.subarray(filled), (count) => (filled = begun + count))
      filled = Math.min(filled, target.byteLength)
      const expected = answer.ContentLength
      if (expected !== undefined && filled - begun < expected) throw new IncompleteBody('the body ended early')
      return { bytesRead: filled, etag }
    } catch (error) {
      if (statusOf(error) === 416) return { bytesRead: filled, etag }
      if (isPreconditionFailed(error)) throw objectChanged(bucket.uri, path)
      throw error
    }
  })
}

/** The whole object. @throws StorageError DW-STORAGE-0001, DW-STORAGE-0014 */
export async function readWhole(bucket: S3Bucket, key: string, path: string): Promise<Uint8Array> {
  let content: Uint8Array | null = null
  let etag: string | null = null
  let filled = 0
  return bucket.send('read', path, async ({ sdk, client }) => {
    try {
      const answer = await client.send(
        new sdk.GetObjectCommand({
          ...bucket.common,
          Key: key,
          ...(filled === 0 ? {} : { Range: `bytes=${filled}-` }),
          ...(etag === null ? {} : { IfMatch: etag }),
        }),
      )
      etag = answer.ETag ?? null
      if (answer.ContentLength === undefined) return await answer.Body!.transformToByteArray()
      content ??= new Uint8Array(answer.ContentLength)
      const begun = filled
      await drain(answer.Body as Readable, content.subarray(filled), (count) => (filled = begun + count))
      if (filled < content.byteLength) throw new IncompleteBody('the body ended early')
      return content
    } catch (error) {
      if (isPreconditionFailed(error)) throw objectChanged(bucket.uri, path)
      // All of it came, but the checksum does not hold: from the start again.
      if (filled > 0 && filled === content?.byteLength) {
        filled = 0
        content = null
      }
      throw error
    }
  })
}

/** Copies a body as it comes. @param progress told the bytes so far, so that a body that breaks off is not lost */
async function drain(body: Readable, target: Uint8Array, progress: (count: number) => void): Promise<number> {
  let count = 0
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    const part = chunk.byteLength > target.byteLength - count ? chunk.subarray(0, target.byteLength - count) : chunk
    target.set(part, count)
    count += part.byteLength
    progress(count)
  }
  return count
}
