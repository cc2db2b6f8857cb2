import { LocalServer, type LocalRequest, type LocalResponse } from './local-server.js'
import { newId, rangeOf, StoredObjects, type StoredObject } from './stored-objects.js'

export interface AzureLocalOptions {
  readonly containers: readonly string[]
  /** true: writes ignore If-None-Match. */
  readonly ignoreConditions?: boolean
  /** Blobs of one page of a listing. Default 5,000. */
  readonly pageSize?: number
}

/** Azure Blob Storage (its REST API) in this process: block blobs, block lists, copies, listings. */
export class AzureLocal {
  /** The account that is in its address, and a key for it, which is not looked at. */
  static readonly account = 'devstoreaccount1'
  static readonly key = Buffer.from('a key for tests').toString('base64')
  readonly server: LocalServer
  readonly containers: ReadonlyMap<string, StoredObjects>
  /** Blocks that no list has named yet, by blob and id. */
  readonly #blocks = new Map<string, Buffer>()
  readonly #pageSize: number

  private constructor(
    server: LocalServer,
    { containers, ignoreConditions = false, pageSize = 5000 }: AzureLocalOptions,
  ) {
    this.server = server
    this.#pageSize = pageSize
    this.containers = new Map(containers.map((name) => [name, new StoredObjects(ignoreConditions)]))
  }

  static async start(options: AzureLocalOptions): Promise<AzureLocal> {
    let local: AzureLocal | null = null
    const server = await LocalServer.start((request) => local!.#handle(request))
    local = new AzureLocal(server, options)
    return local
  }

  get endpoint(): string {
    return `${this.server.endpoint}/${AzureLocal.account}`
  }

  stop(): Promise<void> {
    return this.server.stop()
  }

  #handle(request: LocalRequest): LocalResponse {
    const { url, method } = request
    const [, , name = '', ...rest] = url.pathname.split('/')
    const container = this.containers.get(name)
    if (container === undefined) return failure(404, 'ContainerNotFound')
    const key = decodeURIComponent(rest.join('/'))
    if (key === '') return list(container, url, this.#pageSize)
    switch (method) {
      case 'HEAD':
      case 'GET':
        return read(request, container.get(key))
      case 'DELETE':
        return container.delete(key) ? { status: 202 } : failure(404, 'BlobNotFound')
      default:
        return this.#write(request, container, name, key)
    }
  }

  #write(request: LocalRequest, container: StoredObjects, name: string, key: string): LocalResponse {
    const { url, headers, body } = request
    const create = headers['if-none-match'] === '*'
    const blockOf = (id: string): string => `${name}/${key}\n${id}`
    switch (url.searchParams.get('comp')) {
      case 'block':
        this.#blocks.set(blockOf(url.searchParams.get('blockid') ?? ''), body)
        return { status: 201 }
      case 'blocklist': {
        const ids = [...body.toString().matchAll(/<Latest>([^<]*)<\/Latest>/g)].map(([, id]) => id!)
        const blocks = ids.map((id) => this.#blocks.get(blockOf(id)))
        if (blocks.includes(undefined)) return failure(400, 'InvalidBlockList')
        const whole = Buffer.concat(blocks as Buffer[])
        return stored(container.put(key, whole, metadataOf(headers), create))
      }
      default: {
        const source = headers['x-ms-copy-source']
        if (source !== undefined) return this.#copy(new URL(source), container, key)
        return stored(container.put(key, body, metadataOf(headers), create))
      }
    }
  }

  #copy({ pathname }: URL, target: StoredObjects, key: string): LocalResponse {
    const [, , name = '', ...rest] = pathname.split('/')
    const source = this.containers.get(name)?.get(decodeURIComponent(rest.join('/')))
    if (source === undefined) return failure(404, 'BlobNotFound')
    target.put(key, source.body, source.metadata, false)
    return { status: 202, headers: { 'x-ms-copy-id': newId(), 'x-ms-copy-status': 'success' } }
  }
}

const metadataOf = (headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      name.startsWith('x-ms-meta-') ? [[name.slice(10), value]] : [],
    ),
  )

const etagOf = ({ version }: StoredObject): string => `"0x${version}"`

function read({ headers, method }: LocalRequest, object: StoredObject | undefined): LocalResponse {
  if (object === undefined) return failure(404, 'BlobNotFound')
  const wanted = headers['if-match']
  if (wanted !== undefined && wanted !== etagOf(object)) return failure(412, 'ConditionNotMet')
  const facts = {
    etag: etagOf(object),
    'last-modified': new Date(object.modifiedMs).toUTCString(),
    'x-ms-blob-type': 'BlockBlob',
    'accept-ranges': 'bytes',
    ...Object.fromEntries(Object.entries(object.metadata).map(([name, value]) => [`x-ms-meta-${name}`, value])),
  }
  if (method === 'HEAD') return { status: 200, headers: { ...facts, 'content-length': String(object.body.length) } }
  const range = rangeOf(headers['x-ms-range'] ?? headers['range'], object.body.length)
  if (range === 'wrong') return failure(416, 'InvalidRange')
  if (range === 'whole') return { status: 200, headers: facts, body: object.body }
  const { start, end } = range
  const ofRange = { ...facts, 'content-range': `bytes ${start}-${end - 1}/${object.body.length}` }
  return { status: 206, headers: ofRange, body: object.body.subarray(start, end) }
}

const stored = (object: StoredObject | null): LocalResponse =>
  object === null
    ? failure(409, 'BlobAlreadyExists')
    : { status: 201, headers: { etag: etagOf(object), 'last-modified': new Date(object.modifiedMs).toUTCString() } }

function list(container: StoredObjects, { searchParams }: URL, pageSize: number): LocalResponse {
  const of = (name: string): string => searchParams.get(name) ?? ''
  const most = Math.min(pageSize, Number(of('maxresults') || pageSize))
  const { objects, folders, next } = container.list(of('prefix'), of('delimiter'), of('marker'), most)
  const blobs = objects.map(
    (object) =>
      `<Blob><Name>${escaped(object.key)}</Name><Properties><Last-Modified>${new Date(object.modifiedMs).toUTCString()}</Last-Modified>` +
      `<Etag>${etagOf(object).replaceAll('"', '')}</Etag><Content-Length>${object.body.length}</Content-Length><BlobType>BlockBlob</BlobType></Properties>` +
      `<Metadata>${Object.entries(object.metadata)
        .map(([name, value]) => `<${name}>${escaped(value)}</${name}>`)
        .join('')}</Metadata></Blob>`,
  )
  const prefixes = folders.map((name) => `<BlobPrefix><Name>${escaped(name)}</Name></BlobPrefix>`)
  const body =
    `<?xml version="1.0" encoding="utf-8"?><EnumerationResults ServiceEndpoint="http://local/" ContainerName="c">` +
    `<Blobs>${blobs.join('')}${prefixes.join('')}</Blobs><NextMarker>${escaped(next ?? '')}</NextMarker></EnumerationResults>`
  return { status: 200, headers: { 'content-type': 'application/xml' }, body }
}

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')

const failure = (status: number, code: string): LocalResponse => ({
  status,
  headers: { 'x-ms-error-code': code, 'content-type': 'application/xml' },
  body: `<?xml version="1.0" encoding="utf-8"?><Error><Code>${code}</Code><Message>${code}</Message></Error>`,
})
