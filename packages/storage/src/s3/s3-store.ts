import { checkFolderPath, checkObjectPath, isListed, isTemporary } from '../object-path.js'
import type {
  ByteRange,
  ListOptions,
  ObjectMeta,
  ObjectStore,
  ObjectVisitor,
  ObjectWriter,
  PutMode,
} from '../object-store.js'
import { notWritable, storageFailed } from '../errors.js'
import type { RetryOptions } from '../retry.js'
import { ReadAhead } from '../remote/read-ahead.js'
import { S3Bucket } from './s3-bucket.js'
import { isNotFound, storageError } from './s3-failure.js'
import { s3Options } from '../options/storage-configuration.js'
import type { S3Options } from './s3-options.js'
import { probeConditionalWrites } from './s3-probe.js'
import { openRange, readRange, readWhole } from './s3-read.js'
import { putObject, S3Writer } from './s3-writer.js'

/** More than this is put in parts. */
const singlePutBytes = 32 * 1024 * 1024
const deleteBatch = 1000
/** CopyObject's limit; beyond it, an object is copied in parts. */
const singleCopyBytes = 5 * 1024 ** 3
const copyPartBytes = 512 * 1024 ** 2

/**
 * Objects of a bucket below a prefix, in Amazon S3 or a server that speaks its protocol (API version 2006-03-01). Nothing is
 * sent, and the SDK is not loaded, before the first call.
 *
 * - Requests are repeated after faults that pass (see `retryClass`), with random, growing waits; while the store says
 *   "slow down", fewer are under way.
 * - `create` is a conditional put. Before the first one the store is tried, unless it is Amazon's own; one that ignores the
 *   condition is refused (DW-STORAGE-0012). A put whose answer was lost is recognised by an id in the object's metadata.
 * - Objects whose names begin with `.tmp-`, keys that end with a slash, and keys that are no paths are not listed.
 */
export class S3Store implements ObjectStore {
  readonly uri: string
  readonly #bucket: S3Bucket
  /** '' or `prefix/`. */
  readonly #prefix: string
  readonly #readAhead: ReadAhead
  #probe: Promise<void> | null = null

  /**
   * @param uri `s3://bucket` or `s3://bucket/prefix`
   * @param retry how to wait; tests pass their own
   */
  constructor(uri: string, options?: S3Options, retry?: Pick<RetryOptions, 'sleep' | 'random'>) {
    const [bucket = '', ...prefix] = uri.slice('s3://'.length).split('/')
    this.uri = uri
    this.#prefix = prefix.length === 0 ? '' : `${prefix.join('/')}/`
    this.#bucket = new S3Bucket(uri, bucket, options ?? s3Options(bucket), retry)
    this.#readAhead = new ReadAhead(this.#bucket.connections)
  }

  async head(path: string): Promise<ObjectMeta> {
    const Key = this.#key(path)
    const answer = await this.#bucket.send('read', path, ({ sdk, client }) =>
      client.send(new sdk.HeadObjectCommand({ ...this.#bucket.common, Key })),
    )
    return objectMeta(path, answer.ContentLength, answer.LastModified, answer.ETag)
  }

  async exists(path: string): Promise<boolean> {
    const Key = this.#key(path)
    return this.#bucket.send('read', path, async ({ sdk, client }) => {
      try {
        await client.send(new sdk.HeadObjectCommand({ ...this.#bucket.common, Key }))
        return true
      } catch (error) {
        if (isNotFound(error)) return false
        throw error
      }
    })
  }

  async get(path: string, range?: ByteRange): Promise<Uint8Array> {
    const key = this.#key(path)
    if (range === undefined) return readWhole(this.#bucket, key, path)
    const target = new Uint8Array(Math.max(0, range.end - range.start))
    const { bytesRead } = await readRange(this.#bucket, key, path, range.start, target)
    return bytesRead === target.byteLength ? target : target.slice(0, bytesRead)
  }

  async getInto(path: string, start: number, target: Uint8Array): Promise<number> {
    const key = this.#key(path)
    return this.#readAhead.read(path, start, target, {
      read: (from, into, etag) => readRange(this.#bucket, key, path, from, into, etag),
      open: (from, end, etag) => openRange(this.#bucket, key, path, from, end, etag),
    })
  }

  async put(path: string, data: Uint8Array | readonly Uint8Array[], mode: PutMode): Promise<'written' | 'exists'> {
    const key = this.#key(path)
    const parts = data instanceof Uint8Array ? [data] : data
    const size = parts.reduce((sum, part) => sum + part.byteLength, 0)
    if (mode === 'create') await this.#probed(key)
    this.#readAhead.forget(path)
    if (size <= singlePutBytes) {
      return (await putObject(this.#bucket, key, path, joined(parts, size), mode)).outcome
    }
    const writer = new S3Writer(this.#bucket, key, path, mode)
    try {
      for (const part of parts) await writer.write(part)
    } catch (error) {
      await writer.abort()
      throw error
    }
    return writer.finish()
  }

  async writer(path: string): Promise<ObjectWriter> {
    const key = this.#key(path)
    this.#readAhead.forget(path)
    return new S3Writer(this.#bucket, key, path)
  }

  async list(prefix: string, options: ListOptions = {}): Promise<ObjectMeta[]> {
    const { startAfter, recursive = true } = options
    const found: ObjectMeta[] = []
    for await (const page of this.#pages(checkFolderPath(this.uri, prefix), !recursive, startAfter)) found.push(...page)
    return found
  }

  async walk(prefix: string, visit: ObjectVisitor, wanted: (path: string) => boolean = () => true): Promise<void> {
    for await (const page of this.#pages(checkFolderPath(this.uri, prefix), false)) {
      for (const { path, sizeBytes, modifiedMs } of page) if (wanted(path)) visit(path, sizeBytes, modifiedMs)
    }
  }

  /** Of 1,000 objects each, ascending. */
  async *#pages(folder: string, flat: boolean, startAfter?: string): AsyncGenerator<readonly ObjectMeta[]> {
    let token: string | undefined
    do {
      const page = await this.#bucket.send('list', folder, ({ sdk, client }) =>
        client.send(
          new sdk.ListObjectsV2Command({
            ...this.#bucket.common,
            Prefix: folder === '' ? this.#prefix : `${this.#prefix}${folder}/`,
            ...(flat ? { Delimiter: '/' } : {}),
            ...(startAfter === undefined ? {} : { StartAfter: this.#prefix + startAfter }),
            ...(token === undefined ? {} : { ContinuationToken: token }),
          }),
        ),
      )
      const objects: ObjectMeta[] = []
      for (const { Key, Size, LastModified, ETag } of page.Contents ?? []) {
        const path = Key!.slice(this.#prefix.length)
        if (isListed(path)) objects.push(objectMeta(path, Size, LastModified, ETag))
      }
      yield objects
      token = page.IsTruncated === true ? page.NextContinuationToken : undefined
    } while (token !== undefined)
  }

  async copy(from: string, to: string): Promise<void> {
    const { common, encryption } = this.#bucket
    const target = this.#key(to)
    const { sizeBytes, etag } = await this.head(from)
    const CopySource = `${common.Bucket}/${encodeURIComponent(this.#key(from)).replaceAll('%2F', '/')}`
    this.#readAhead.forget(to)
    const source = { CopySource, ...(etag === undefined ? {} : { CopySourceIfMatch: `"${etag}"` }) }
    if (sizeBytes <= singleCopyBytes) {
      await this.#bucket.send('copy', from, ({ sdk, client }) =>
        client.send(new sdk.CopyObjectCommand({ ...common, ...encryption, ...source, Key: target })),
      )
      return
    }
    await this.#copyInParts(from, target, source, sizeBytes)
  }

  async #copyInParts(
    from: string,
    Key: string,
    source: { readonly CopySource: string; readonly CopySourceIfMatch?: string },
    sizeBytes: number,
  ): Promise<void> {
    const { common, encryption } = this.#bucket
    const { UploadId } = await this.#bucket.send('copy', from, ({ sdk, client }) =>
      client.send(new sdk.CreateMultipartUploadCommand({ ...common, ...encryption, Key })),
    )
    const upload = { ...common, Key, UploadId: UploadId! }
    try {
      const ranges = Array.from({ length: Math.ceil(sizeBytes / copyPartBytes) }, (_, i) => i + 1)
      const Parts = await Promise.all(
        ranges.map(async (PartNumber) => {
          const first = (PartNumber - 1) * copyPartBytes
          const last = Math.min(sizeBytes, first + copyPartBytes) - 1
          const range = { CopySourceRange: `bytes=${first}-${last}`, PartNumber }
          const { CopyPartResult } = await this.#bucket.send('copy', from, ({ sdk, client }) =>
            client.send(new sdk.UploadPartCopyCommand({ ...upload, ...source, ...range })),
          )
          return { PartNumber, ETag: CopyPartResult!.ETag! }
        }),
      )
      await this.#bucket.send('copy', from, ({ sdk, client }) =>
        client.send(new sdk.CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts } })),
      )
    } catch (error) {
      await this.#abort(Key, UploadId!).catch(() => undefined)
      throw error
    }
  }

  async delete(paths: readonly string[]): Promise<void> {
    const keys = paths.map((path) => this.#key(path))
    for (const path of paths) this.#readAhead.forget(path)
    const batches: (readonly string[])[] = []
    for (let at = 0; at < keys.length; at += deleteBatch) batches.push(keys.slice(at, at + deleteBatch))
    await Promise.all(batches.map((batch) => this.#deleteBatch(batch)))
  }

  async #deleteBatch(keys: readonly string[]): Promise<void> {
    const pathOf = (key: string): string => key.slice(this.#prefix.length)
    await this.#bucket.send('delete', pathOf(keys[0]!), async ({ sdk, client }) => {
      const Objects = keys.map((Key) => ({ Key }))
      const { Errors = [] } = await client.send(
        new sdk.DeleteObjectsCommand({ ...this.#bucket.common, Delete: { Objects, Quiet: true } }),
      )
      const failed = Errors.find(({ Code }) => Code !== 'NoSuchKey')
      if (failed === undefined) return
      const path = pathOf(failed.Key ?? keys[0]!)
      const failure = Object.assign(new Error(failed.Message ?? failed.Code), { name: failed.Code ?? 'Error' })
      if (failed.Code === 'AccessDenied') throw notWritable(this.uri, path, 'deleting is denied', failure)
      // Deleting again is harmless, so a key that failed for a while makes the batch one that is tried again.
      if (failed.Code === 'InternalError' || failed.Code === 'SlowDown') throw failure
      throw storageFailed(this.uri, path, 'delete', failure)
    })
  }

  /** Uploads that were never completed (they cost storage, and no listing shows them), and `.tmp-` objects. */
  async sweep(prefix: string, olderThanMs: number): Promise<number> {
    const folder = checkFolderPath(this.uri, prefix)
    const Prefix = folder === '' ? this.#prefix : `${this.#prefix}${folder}/`
    const limitMs = Date.now() - olderThanMs
    const isOld = (time: Date | undefined): boolean => time !== undefined && time.getTime() <= limitMs
    let removed = 0
    for (const { Key, UploadId, Initiated } of await this.#uploads(Prefix)) {
      if (!isOld(Initiated)) continue
      await this.#abort(Key!, UploadId!)
      removed++
    }
    const temporary = await this.#temporaryKeys(Prefix, isOld)
    await this.delete(temporary.map((key) => key.slice(this.#prefix.length)))
    return removed + temporary.length
  }

  async #uploads(Prefix: string) {
    const found = []
    let marker: { readonly KeyMarker?: string; readonly UploadIdMarker?: string } | null = {}
    while (marker !== null) {
      const from: { readonly KeyMarker?: string; readonly UploadIdMarker?: string } = marker
      const page = await this.#bucket.send('list', Prefix, ({ sdk, client }) =>
        client.send(new sdk.ListMultipartUploadsCommand({ ...this.#bucket.common, Prefix, ...from })),
      )
      found.push(...(page.Uploads ?? []))
      marker =
        page.IsTruncated === true && page.NextKeyMarker !== undefined
          ? {
              KeyMarker: page.NextKeyMarker,
              ...(page.NextUploadIdMarker === undefined ? {} : { UploadIdMarker: page.NextUploadIdMarker }),
            }
          : null
    }
    return found
  }

  async #temporaryKeys(Prefix: string, isOld: (time: Date | undefined) => boolean): Promise<string[]> {
    const keys: string[] = []
    let token: string | undefined
    do {
      const page = await this.#bucket.send('list', Prefix, ({ sdk, client }) =>
        client.send(
          new sdk.ListObjectsV2Command({
            ...this.#bucket.common,
            Prefix,
            ...(token === undefined ? {} : { ContinuationToken: token }),
          }),
        ),
      )
      for (const { Key, LastModified } of page.Contents ?? []) {
        if (isTemporary(Key!) && isOld(LastModified)) keys.push(Key!)
      }
      token = page.IsTruncated === true ? page.NextContinuationToken : undefined
    } while (token !== undefined)
    return keys
  }

  #abort(Key: string, UploadId: string): Promise<unknown> {
    return this.#bucket.send('delete', Key, ({ sdk, client }) =>
      client.send(new sdk.AbortMultipartUploadCommand({ ...this.#bucket.common, Key, UploadId })),
    )
  }

  /** Once a store, beside the first object that is created; Amazon's own stores are known to keep the promise. */
  async #probed(key: string): Promise<void> {
    if (this.#bucket.options.endpoint === undefined) return
    this.#probe ??= probeConditionalWrites(this.#bucket, key.slice(0, key.lastIndexOf('/') + 1)).catch(
      (error: unknown) => {
        // A refusal stays; what may pass is tried again with the next write.
        if ((error as { readonly code?: string }).code !== 'DW-STORAGE-0012') this.#probe = null
        throw storageError(this.uri, key, 'write', error)
      },
    )
    await this.#probe
  }

  #key(path: string): string {
    checkObjectPath(this.uri, path)
    return this.#prefix + path
  }
}

const objectMeta = (
  path: string,
  size: number | undefined,
  modified: Date | undefined,
  etag: string | undefined,
): ObjectMeta => ({
  path,
  sizeBytes: size ?? 0,
  modifiedMs: modified?.getTime() ?? 0,
  ...(etag === undefined ? {} : { etag: etag.replaceAll('"', '') }),
})

/** One private piece of memory: the SDK signs and sends it more than once, and cannot hash shared memory. */
function joined(parts: readonly Uint8Array[], size: number): Uint8Array {
  const only = parts[0]
  if (parts.length === 1 && only!.buffer instanceof ArrayBuffer) return only!
  const whole = new Uint8Array(size)
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.byteLength
  }
  return whole
}
