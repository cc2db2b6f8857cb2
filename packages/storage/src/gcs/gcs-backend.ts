import { once } from 'node:events'
import { Readable } from 'node:stream'
import type { ReadableStream } from 'node:stream/web'
import type * as CloudStorage from '@google-cloud/storage'
import { optionalPackage } from '../optional-package.js'
import type { HttpFailure } from '../remote/http-failure.js'
import type {
  ListRequest,
  RemoteBackend,
  RemoteBody,
  RemoteObject,
  RemotePage,
  RemoteUpload,
} from '../remote/remote-backend.js'
import { remotePartBytes } from '../remote/remote-writer.js'
import type { GcsOptions } from './gcs-options.js'

const writeIdKey = 'deltaworks-write'
const pageSize = 1000

type Sdk = typeof CloudStorage

/** A bucket of Google Cloud Storage, through its SDK. The version of an object is its generation. */
export class GcsBackend implements RemoteBackend {
  readonly uri: string
  readonly endpoint: string | undefined
  readonly #name: string
  readonly #options: GcsOptions
  #bucket: CloudStorage.Bucket | null = null
  /** Of a client that repeats requests, which only uploads in parts may. */
  #uploadBucket: CloudStorage.Bucket | null = null

  constructor(uri: string, name: string, options: GcsOptions) {
    this.uri = uri
    this.#name = name
    this.#options = options
    this.endpoint = options.endpoint
  }

  async head(key: string): Promise<RemoteObject & { readonly writeId: string | undefined }> {
    const [metadata] = await this.#file(key).getMetadata()
    const writeId = metadata.metadata?.[writeIdKey]
    return { ...objectOf(metadata), key, writeId: typeof writeId === 'string' ? writeId : undefined }
  }

  /**
   * The bytes are fetched by ourselves, with the SDK's credentials: its own stream neither ends nor fails when a connection is cut.
   */
  async read(key: string, start: number, end: number | null, etag: string | null): Promise<RemoteBody> {
    const { storage, name } = this.#opened()
    const url = new URL(`${storage.apiEndpoint}/storage/v1/b/${name}/o/${encodeURIComponent(key)}?alt=media`)
    if (etag !== null) url.searchParams.set('generation', etag)
    if (this.#options.userProject !== undefined) url.searchParams.set('userProject', this.#options.userProject)
    const authorization = this.endpoint === undefined ? await storage.authClient.getRequestHeaders(url.href) : {}
    const response = await fetch(url, {
      headers: { ...authorization, range: `bytes=${start}-${end === null ? '' : end - 1}` },
    })
    if (!response.ok) {
      const message = (await response.text()).slice(0, 300)
      throw Object.assign(new Error(message || response.statusText), { code: response.status })
    }
    const stream = Readable.fromWeb(response.body as ReadableStream<Uint8Array>)
    return { stream, etag: response.headers.get('x-goog-generation') ?? etag }
  }

  async put(key: string, body: Uint8Array, create: boolean, writeId: string): Promise<void> {
    await this.#file(key).save(Buffer.from(body.buffer, body.byteOffset, body.byteLength), {
      resumable: false,
      validation: 'crc32c',
      ...this.#writeOptions(create, writeId),
    })
  }

  async list({ prefix, flat, startAfter, page }: ListRequest): Promise<RemotePage> {
    const [files, next] = await this.#opened().getFiles({
      autoPaginate: false,
      prefix,
      maxResults: pageSize,
      ...(flat ? { delimiter: '/' } : {}),
      ...(startAfter === undefined ? {} : { startOffset: startAfter }),
      ...(page === undefined ? {} : { pageToken: page }),
    })
    const objects = files.map(({ name, metadata }) => ({ ...objectOf(metadata), key: name }))
    return { objects, next: (next as { readonly pageToken?: string } | null)?.pageToken }
  }

  async copy(from: string, to: string): Promise<void> {
    const { kmsKeyName } = this.#options
    await this.#file(from).copy(this.#file(to), kmsKeyName === undefined ? {} : { destinationKmsKeyName: kmsKeyName })
  }

  async remove(key: string): Promise<void> {
    await this.#file(key).delete({ ignoreNotFound: true })
  }

  upload(key: string, create: boolean, writeId: string): RemoteUpload {
    this.#uploadBucket ??= this.#open(true)
    const file = this.#uploadBucket.file(key)
    const stream = file.createWriteStream({
      resumable: true,
      chunkSize: remotePartBytes,
      validation: 'crc32c',
      ...this.#writeOptions(create, writeId),
    })
    let failure: unknown = null
    stream.on('error', (error) => (failure = error))
    const write = async (part: Uint8Array): Promise<void> => {
      if (failure !== null) throw failure
      if (!stream.write(part)) await once(stream, 'drain')
      if (failure !== null) throw failure
    }
    return {
      retriesItself: true,
      send: (part) => write(part.slice()),
      finish: async (last) => {
        if (failure !== null) throw failure
        const finished = once(stream, 'finish')
        stream.end(last.slice())
        await finished
      },
      abort: async () => void stream.destroy(),
    }
  }

  failureOf(error: unknown): HttpFailure {
    const { code, message, errors, response } = (error ?? {}) as {
      readonly code?: number | string
      readonly message?: string
      readonly errors?: readonly { readonly reason?: string }[]
      readonly response?: { readonly status?: number; readonly statusCode?: number }
    }
    const told = typeof code === 'number' ? code : Number.parseInt(code ?? '', 10)
    const status = Number.isNaN(told) ? (response?.status ?? response?.statusCode) : told
    const text = message ?? String(error)
    const reason = errors?.[0]?.reason ?? ''
    const named = /Could not load the default credentials|invalid_grant/.test(text)
      ? 'credentials'
      : status === 404 && /bucket does not exist/i.test(text)
        ? 'bucketNotFound'
        : reason
    return { status: named === 'credentials' ? undefined : status, code: named, message: text }
  }

  #writeOptions(create: boolean, writeId: string) {
    const { kmsKeyName } = this.#options
    return {
      metadata: { metadata: { [writeIdKey]: writeId } },
      ...(kmsKeyName === undefined ? {} : { kmsKeyName }),
      ...(create ? { preconditionOpts: { ifGenerationMatch: 0 } } : {}),
    }
  }

  #file(key: string): CloudStorage.File {
    return this.#opened().file(key)
  }

  #opened(): CloudStorage.Bucket {
    return (this.#bucket ??= this.#open(false))
  }

  #open(autoRetry: boolean): CloudStorage.Bucket {
    const { Storage } = optionalPackage<Sdk>('@google-cloud/storage', this.uri)
    const { endpoint, projectId, keyFile, userProject } = this.#options
    const storage = new Storage({
      // Attempts are ours to count: a store must know whether an earlier one may have done its work.
      retryOptions: { autoRetry, ...(autoRetry ? {} : { maxRetries: 0 }) },
      ...(endpoint === undefined ? {} : { apiEndpoint: endpoint }),
      ...(projectId === undefined ? (endpoint === undefined ? {} : { projectId: 'local' }) : { projectId }),
      ...(keyFile === undefined ? {} : { keyFilename: keyFile }),
    })
    return storage.bucket(this.#name, userProject === undefined ? {} : { userProject })
  }
}

const objectOf = ({ size, updated, generation }: CloudStorage.FileMetadata) => ({
  sizeBytes: Number(size ?? 0),
  modifiedMs: updated === undefined ? 0 : Date.parse(updated),
  etag: generation === undefined ? undefined : String(generation),
})
