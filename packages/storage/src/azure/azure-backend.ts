import type { Readable } from 'node:stream'
import type * as Identity from '@azure/identity'
import type * as StorageBlob from '@azure/storage-blob'
import { invalidStorageOptions } from '../errors.js'
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
import type { AzureOptions } from './azure-options.js'

/** Names of metadata are identifiers here. */
const writeIdKey = 'deltaworkswrite'
const pageSize = 1000

type Sdk = typeof StorageBlob

/** A container of Azure Blob Storage (or of Data Lake Storage, by its blob endpoint), through its SDK. */
export class AzureBackend implements RemoteBackend {
  readonly uri: string
  readonly endpoint: string | undefined
  readonly #name: string
  readonly #options: AzureOptions
  #container: StorageBlob.ContainerClient | null = null

  constructor(uri: string, container: string, options: AzureOptions) {
    this.uri = uri
    this.#name = container
    this.#options = options
    this.endpoint = options.endpoint
  }

  async head(key: string): Promise<RemoteObject & { readonly writeId: string | undefined }> {
    const { contentLength, lastModified, etag, metadata } = await this.#blob(key).getProperties()
    return {
      key,
      sizeBytes: contentLength ?? 0,
      modifiedMs: lastModified?.getTime() ?? 0,
      etag: versionOf(etag),
      writeId: metadata?.[writeIdKey],
    }
  }

  async read(key: string, start: number, end: number | null, etag: string | null): Promise<RemoteBody> {
    const count = end === null ? undefined : end - start
    // A body that breaks off is ours to go on with.
    const options = { maxRetryRequests: 0, ...(etag === null ? {} : { conditions: { ifMatch: `"${etag}"` } }) }
    const answer = await this.#blob(key).download(start, count, options)
    return { stream: answer.readableStreamBody as Readable, etag: versionOf(answer.etag) ?? etag }
  }

  async put(key: string, body: Uint8Array, create: boolean, writeId: string): Promise<void> {
    await this.#blob(key).upload(Buffer.from(body), body.byteLength, this.#writeOptions(create, writeId))
  }

  async list({ prefix, flat, page }: ListRequest): Promise<RemotePage> {
    const settings = { maxPageSize: pageSize, ...(page === undefined ? {} : { continuationToken: page }) }
    const container = this.#opened()
    const pages = flat
      ? container.listBlobsByHierarchy('/', { prefix, includeMetadata: true }).byPage(settings)
      : container.listBlobsFlat({ prefix, includeMetadata: true }).byPage(settings)
    const { value } = await pages.next()
    if (value === undefined) return { objects: [], next: undefined }
    const found = value as {
      readonly segment: { readonly blobItems: readonly StorageBlob.BlobItem[] }
      readonly continuationToken?: string
    }
    const objects = found.segment.blobItems.filter((item) => !isFolder(item)).map(objectOf)
    return { objects, next: found.continuationToken === '' ? undefined : found.continuationToken }
  }

  async copy(from: string, to: string): Promise<void> {
    const poller = await this.#blob(to).beginCopyFromURL(this.#blob(from).url, { intervalInMs: 100 })
    await poller.pollUntilDone()
  }

  async remove(key: string): Promise<void> {
    await this.#blob(key).deleteIfExists({ deleteSnapshots: 'include' })
  }

  upload(key: string, create: boolean, writeId: string): RemoteUpload {
    const blob = this.#blob(key)
    const blocks: string[] = []
    const stage = async (part: Uint8Array, number: number): Promise<void> => {
      // All ids of a blob are of one length.
      const id = Buffer.from(`${writeId}-${String(number).padStart(6, '0')}`).toString('base64')
      await blob.stageBlock(id, Buffer.from(part), part.byteLength)
      blocks[number] = id
    }
    return {
      retriesItself: false,
      send: stage,
      finish: async (last, number) => {
        if (last.byteLength > 0) await stage(last, number)
        await blob.commitBlockList(blocks, this.#writeOptions(create, writeId))
      },
      // Blocks that no list names are forgotten by the service after a week.
      abort: async () => undefined,
    }
  }

  failureOf(error: unknown): HttpFailure {
    const { statusCode, code, message, name, details } = (error ?? {}) as {
      readonly statusCode?: number
      readonly code?: string
      readonly message?: string
      readonly name?: string
      readonly details?: { readonly errorCode?: string }
    }
    const text = (message ?? String(error)).split('\n')[0]!
    const named =
      name === 'CredentialUnavailableError' ||
      name === 'AggregateAuthenticationError' ||
      // Azurite gives a wrong signature the code of a right one that may not.
      (statusCode === 403 && /failed to authenticate/i.test(text))
    return { status: statusCode, code: named ? 'credentials' : (details?.errorCode ?? code ?? ''), message: text }
  }

  #writeOptions(create: boolean, writeId: string) {
    const { encryptionScope } = this.#options
    return {
      metadata: { [writeIdKey]: writeId },
      ...(encryptionScope === undefined ? {} : { encryptionScope }),
      ...(create ? { conditions: { ifNoneMatch: '*' } } : {}),
    }
  }

  #blob(key: string): StorageBlob.BlockBlobClient {
    return this.#opened().getBlockBlobClient(key)
  }

  #opened(): StorageBlob.ContainerClient {
    return (this.#container ??= this.#open().getContainerClient(this.#name))
  }

  #open(): StorageBlob.BlobServiceClient {
    const { BlobServiceClient, StorageSharedKeyCredential } = optionalPackage<Sdk>('@azure/storage-blob', this.uri)
    // Attempts are ours to count.
    const pipeline = { retryOptions: { maxTries: 1 } }
    const connection = process.env['AZURE_STORAGE_CONNECTION_STRING']
    if (connection !== undefined && connection !== '')
      return BlobServiceClient.fromConnectionString(connection, pipeline)
    const { account, endpoint } = this.#options
    if (account === undefined) {
      throw invalidStorageOptions(
        this.uri,
        'no account is known; set AZURE_STORAGE_ACCOUNT_NAME, or "account" in the storage configuration',
      )
    }
    const url = endpoint ?? `https://${account}.blob.core.windows.net`
    const key = process.env['AZURE_STORAGE_ACCOUNT_KEY']
    if (key !== undefined && key !== '') {
      return new BlobServiceClient(url, new StorageSharedKeyCredential(account, key), pipeline)
    }
    const token = process.env['AZURE_STORAGE_SAS_TOKEN']
    if (token !== undefined && token !== '') {
      return new BlobServiceClient(`${url}?${token.replace(/^\?/, '')}`, undefined, pipeline)
    }
    const { DefaultAzureCredential } = optionalPackage<typeof Identity>('@azure/identity', this.uri)
    return new BlobServiceClient(url, new DefaultAzureCredential(), pipeline)
  }
}

/** Listings have no quotes about it, headers do. */
const versionOf = (etag: string | undefined): string | undefined => etag?.replaceAll('"', '')

/** Accounts with a hierarchy of their own list folders as blobs. */
const isFolder = ({ metadata }: StorageBlob.BlobItem): boolean => metadata?.['hdi_isfolder'] === 'true'

const objectOf = ({ name, properties }: StorageBlob.BlobItem): RemoteObject => ({
  key: name,
  sizeBytes: properties.contentLength ?? 0,
  modifiedMs: properties.lastModified.getTime(),
  etag: versionOf(properties.etag),
})
