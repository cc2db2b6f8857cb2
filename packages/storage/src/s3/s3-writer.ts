import { randomUUID } from 'node:crypto'
import { writerClosed } from '../errors.js'
import type { ObjectMeta, ObjectWriter, PutMode } from '../object-store.js'
import type { S3Bucket } from './s3-bucket.js'
import { isNotFound, isPreconditionFailed, isUploadGone, storageError } from './s3-failure.js'

/** Parts that are sent at once; each holds its bytes until it is there. */
const partsUnderWay = 4
const defaultPartBytes = 8 * 1024 * 1024
/** S3 takes 10,000 parts of up to 5 GiB: parts grow so that 5 TiB fit. */
const partsOfOneSize = 1000

/** Names a write in the object's own metadata, so that a writer whose answer was lost can tell its work from another's. */
export const writeIdKey = 'deltaworks-write'

/** Whether the object that is there now was made by this write. */
export async function isOurs(bucket: S3Bucket, key: string, path: string, writeId: string): Promise<boolean> {
  return bucket.send('read', path, async ({ sdk, client }) => {
    try {
      const { Metadata } = await client.send(new sdk.HeadObjectCommand({ ...bucket.common, Key: key }))
      return Metadata?.[writeIdKey] === writeId
    } catch (error) {
      if (isNotFound(error)) return false
      throw error
    }
  })
}

export interface Put {
  readonly outcome: 'written' | 'exists'
  readonly etag: string | undefined
}

/** Puts an object in one request. `create` writes nothing if the object is there, whatever answers are lost on the way. */
export async function putObject(
  bucket: S3Bucket,
  key: string,
  path: string,
  body: Uint8Array,
  mode: PutMode,
): Promise<Put> {
  const writeId = randomUUID()
  let answered: 'refused' | 'uncertain' = 'uncertain'
  try {
    return await bucket
      .send('write', path, async ({ sdk, client, uncertain }) => {
        try {
          const { ETag } = await client.send(
            new sdk.PutObjectCommand({
              ...bucket.common,
              ...bucket.encryption,
              Key: key,
              Body: body,
              Metadata: { [writeIdKey]: writeId },
              ...(mode === 'create' ? { IfNoneMatch: '*' } : {}),
            }),
          )
          return { outcome: 'written' as const, etag: ETag }
        } catch (error) {
          if (mode !== 'create' || !isPreconditionFailed(error)) throw error
          if (!uncertain) answered = 'refused'
          return { outcome: 'exists' as const, etag: undefined }
        }
      })
      .then(async (put) =>
        put.outcome === 'exists' && answered === 'uncertain' && (await isOurs(bucket, key, path, writeId))
          ? { outcome: 'written', etag: undefined }
          : put,
      )
  } catch (error) {
    // All attempts are used up, and one of them may have done it.
    if (mode === 'create' && (await isOurs(bucket, key, path, writeId).catch(() => false))) {
      return { outcome: 'written', etag: undefined }
    }
    throw error
  }
}

interface Part {
  readonly ETag: string
  readonly PartNumber: number
}

/**
 * An object that is sent while it is written: at most five parts are in memory. What fits in one part is put at once.
 */
export class S3Writer implements ObjectWriter {
  readonly #bucket: S3Bucket
  readonly #key: string
  readonly #path: string
  readonly #mode: PutMode
  readonly #writeId = randomUUID()
  #uploadId: Promise<string> | null = null
  #buffer: Uint8Array
  #filled = 0
  #sizeBytes = 0
  #closed = false
  #count = 0
  readonly #parts: Part[] = []
  readonly #underWay = new Set<Promise<void>>()
  #failure: unknown = null

  constructor(bucket: S3Bucket, key: string, path: string, mode: PutMode = 'overwrite') {
    this.#bucket = bucket
    this.#key = key
    this.#path = path
    this.#mode = mode
    this.#buffer = new Uint8Array(this.#partBytes())
  }

  get sizeBytes(): number {
    return this.#sizeBytes
  }

  async write(data: Uint8Array): Promise<void> {
    if (this.#closed) throw writerClosed(this.#bucket.uri, this.#path)
    for (let at = 0; at < data.byteLength;) {
      if (this.#filled === this.#buffer.byteLength) await this.#sendPart()
      const part = data.subarray(at, at + this.#buffer.byteLength - this.#filled)
      this.#buffer.set(part, this.#filled)
      this.#filled += part.byteLength
      at += part.byteLength
    }
    this.#sizeBytes += data.byteLength
  }

  async close(): Promise<ObjectMeta> {
    await this.finish()
    return { path: this.#path, sizeBytes: this.#sizeBytes, modifiedMs: Date.now() }
  }

  /** Closes. @returns 'exists', having written nothing, if the mode is `create` and the object is there */
  async finish(): Promise<'written' | 'exists'> {
    if (this.#closed) throw writerClosed(this.#bucket.uri, this.#path)
    this.#closed = true
    const last = this.#buffer.subarray(0, this.#filled)
    if (this.#uploadId === null) {
      return (await putObject(this.#bucket, this.#key, this.#path, last, this.#mode)).outcome
    }
    try {
      if (this.#filled > 0) this.#startPart(last)
      await Promise.all(this.#underWay)
      if (this.#failure !== null) throw this.#failure
      const outcome = await this.#complete(await this.#uploadId)
      if (outcome === 'exists') await this.#forget()
      return outcome
    } catch (error) {
      await this.#forget()
      throw error
    }
  }

  async abort(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#forget()
  }

  #partBytes(): number {
    const bytes = this.#bucket.options.partBytes ?? defaultPartBytes
    return bytes * 2 ** Math.floor(this.#count / partsOfOneSize)
  }

  async #sendPart(): Promise<void> {
    while (this.#underWay.size >= partsUnderWay) await Promise.race(this.#underWay)
    if (this.#failure !== null) {
      this.#closed = true
      await this.#forget()
      throw this.#failure
    }
    this.#startPart(this.#buffer)
    this.#buffer = new Uint8Array(this.#partBytes())
    this.#filled = 0
  }

  #startPart(body: Uint8Array): void {
    const PartNumber = ++this.#count
    this.#uploadId ??= this.#start()
    const sent: Promise<void> = this.#uploadId
      .then((id) => this.#upload(id, PartNumber, body))
      .then((ETag) => void this.#parts.push({ ETag, PartNumber }))
      .catch((error: unknown) => void (this.#failure ??= error))
      .finally(() => this.#underWay.delete(sent))
    this.#underWay.add(sent)
  }

  #start(): Promise<string> {
    const started = this.#bucket.send('write', this.#path, async ({ sdk, client }) => {
      const { UploadId } = await client.send(
        new sdk.CreateMultipartUploadCommand({
          ...this.#bucket.common,
          ...this.#bucket.encryption,
          Key: this.#key,
          Metadata: { [writeIdKey]: this.#writeId },
        }),
      )
      return UploadId!
    })
    // Who waits for it sees it fail; nobody may wait yet.
    started.catch(() => undefined)
    return started
  }

  async #upload(UploadId: string, PartNumber: number, Body: Uint8Array): Promise<string> {
    const { ETag } = await this.#bucket.send('write', this.#path, ({ sdk, client }) =>
      client.send(new sdk.UploadPartCommand({ ...this.#bucket.common, Key: this.#key, UploadId, PartNumber, Body })),
    )
    return ETag!
  }

  async #complete(UploadId: string): Promise<'written' | 'exists'> {
    const parts = this.#parts.sort((a, b) => a.PartNumber - b.PartNumber)
    const { outcome, failure } = await this.#bucket.send('write', this.#path, async ({ sdk, client, uncertain }) => {
      try {
        await client.send(
          new sdk.CompleteMultipartUploadCommand({
            ...this.#bucket.common,
            Key: this.#key,
            UploadId,
            MultipartUpload: { Parts: parts },
            ...(this.#mode === 'create' ? { IfNoneMatch: '*' } : {}),
          }),
        )
        return { outcome: 'written' as const, failure: null }
      } catch (error) {
        const refused = this.#mode === 'create' && isPreconditionFailed(error)
        if (refused && !uncertain) return { outcome: 'exists' as const, failure: null }
        // The upload may be gone, or its name taken, because an attempt whose answer was lost has completed it.
        if (uncertain && (refused || isUploadGone(error))) {
          return { outcome: 'unsure' as const, failure: refused ? null : error }
        }
        throw error
      }
    })
    if (outcome !== 'unsure') return outcome
    if (await isOurs(this.#bucket, this.#key, this.#path, this.#writeId)) return 'written'
    if (failure === null) return 'exists'
    throw storageError(this.#bucket.uri, this.#path, 'write', failure)
  }

  /** Gives up the upload; what cannot be told now, `sweep` removes later. */
  async #forget(): Promise<void> {
    await Promise.all(this.#underWay)
    if (this.#uploadId === null) return
    try {
      const UploadId = await this.#uploadId
      await this.#bucket.send('delete', this.#path, ({ sdk, client }) =>
        client.send(new sdk.AbortMultipartUploadCommand({ ...this.#bucket.common, Key: this.#key, UploadId })),
      )
    } catch {
      // Nothing was started, or the store is out of reach.
    }
  }
}
