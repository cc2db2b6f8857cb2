import type { Readable } from 'node:stream'
import { objectChanged } from '../errors.js'
import type { S3Bucket } from './s3-bucket.js'
import { drain, IncompleteBody, readPieces, type ReadResult } from '../remote/read-pieces.js'
import type { OpenedRange } from '../remote/received-body.js'
import { isPreconditionFailed, statusOf } from './s3-failure.js'

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
  return readPieces(start, target, etag, (from, into, wanted) => readPiece(bucket, key, path, from, into, wanted))
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

/** Asks for [start, end) of a version; the body is the caller's to take. @returns null if there is no such range */
export async function openRange(
  bucket: S3Bucket,
  key: string,
  path: string,
  start: number,
  end: number,
  etag: string,
): Promise<OpenedRange | null> {
  return bucket.send('read', path, async ({ sdk, client }) => {
    const range = { Range: `bytes=${start}-${end - 1}`, IfMatch: etag }
    const answer = await client.send(new sdk.GetObjectCommand({ ...bucket.common, Key: key, ...range }))
    const [, first, total] = /^bytes (\d+)-\d+\/(\d+)$/.exec(answer.ContentRange ?? '') ?? []
    const stream = answer.Body as Readable
    if (Number(first) === start) return { stream, total: Number(total) }
    stream.destroy()
    return null
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
