import { createHash } from 'node:crypto'
import { LocalServer, type LocalRequest, type LocalResponse } from './local-server.js'
import { newId, rangeOf, StoredObjects, type StoredObject } from './stored-objects.js'

export interface GcsLocalOptions {
  readonly buckets: readonly string[]
  /** true: writes ignore ifGenerationMatch. */
  readonly ignoreConditions?: boolean
  /** Objects of one page of a listing. Default 1,000. */
  readonly pageSize?: number
}

interface Session {
  readonly bucket: StoredObjects
  readonly key: string
  readonly metadata: Readonly<Record<string, string>>
  readonly create: boolean
  readonly chunks: Buffer[]
}

/** Google Cloud Storage (the JSON API that its SDK speaks) in this process: objects, resumable uploads, generations. */
export class GcsLocal {
  readonly server: LocalServer
  readonly buckets: ReadonlyMap<string, StoredObjects>
  readonly #sessions = new Map<string, Session>()
  readonly #pageSize: number

  private constructor(server: LocalServer, { buckets, ignoreConditions = false, pageSize = 1000 }: GcsLocalOptions) {
    this.server = server
    this.#pageSize = pageSize
    this.buckets = new Map(buckets.map((name) => [name, new StoredObjects(ignoreConditions)]))
  }

  static async start(options: GcsLocalOptions): Promise<GcsLocal> {
    let local: GcsLocal | null = null
    const server = await LocalServer.start((request) => local!.#handle(request))
    local = new GcsLocal(server, options)
    return local
  }

  get endpoint(): string {
    return this.server.endpoint
  }

  stop(): Promise<void> {
    return this.server.stop()
  }

  #handle(request: LocalRequest): LocalResponse {
    const { url, method } = request
    const session = url.searchParams.get('upload_id')
    if (session !== null) return this.#continue(request, session)
    const [, upload, bucketName = '', rest = ''] =
      /^\/(upload\/)?storage\/v1\/b\/([^/]+)\/o(?:\/(.*))?$/.exec(url.pathname) ?? []
    const bucket = this.buckets.get(bucketName)
    if (bucket === undefined) return failure(404, 'The specified bucket does not exist.', 'notFound')
    if (upload !== undefined) return this.#begin(request, bucket)
    const rewrite = /^(.*)\/rewriteTo\/b\/([^/]+)\/o\/(.*)$/.exec(rest)
    if (rewrite !== null) return this.#rewrite(bucket, rewrite)
    const key = decodeURIComponent(rest)
    if (key === '') return list(bucket, url, this.#pageSize)
    const object = bucket.get(key)
    const generation = url.searchParams.get('generation')
    if (object === undefined || (generation !== null && generation !== object.version)) {
      return failure(404, `No such object: ${bucketName}/${key}`, 'notFound')
    }
    if (method === 'DELETE') {
      bucket.delete(key)
      return { status: 204 }
    }
    return url.searchParams.get('alt') === 'media' ? content(request, object) : json(200, told(object))
  }

  #begin({ url, headers, body }: LocalRequest, bucket: StoredObjects): LocalResponse {
    const create = url.searchParams.get('ifGenerationMatch') === '0'
    if (url.searchParams.get('uploadType') === 'resumable') {
      const description = (body.length === 0 ? {} : JSON.parse(body.toString())) as ObjectDescription
      const key = url.searchParams.get('name') ?? description.name ?? ''
      if (create && bucket.get(key) !== undefined) return conditionFailed
      const id = newId()
      this.#sessions.set(id, { bucket, key, metadata: description.metadata ?? {}, create, chunks: [] })
      return { status: 200, headers: { location: `${this.endpoint}${url.pathname}?upload_id=${id}` } }
    }
    const { description, media } = multipart(headers['content-type'] ?? '', body)
    const key = url.searchParams.get('name') ?? description.name ?? ''
    return stored(bucket.put(key, media, description.metadata ?? {}, create))
  }

  #continue({ headers, body, method }: LocalRequest, id: string): LocalResponse {
    const session = this.#sessions.get(id)
    if (session === undefined) return failure(404, 'There is no such upload.', 'notFound')
    if (method === 'DELETE') {
      this.#sessions.delete(id)
      return { status: 499 }
    }
    const [, from, total] = /^bytes (?:(\d+)-\d+|\*)\/(\d+|\*)$/.exec(headers['content-range'] ?? '') ?? []
    const held = Buffer.concat(session.chunks)
    if (from !== undefined && Number(from) === held.length) session.chunks.push(body)
    const all = Buffer.concat(session.chunks)
    if (total === undefined || total === '*' || Number(total) > all.length) {
      return { status: 308, headers: all.length === 0 ? {} : { range: `bytes=0-${all.length - 1}` } }
    }
    this.#sessions.delete(id)
    return stored(session.bucket.put(session.key, all, session.metadata, session.create))
  }

  #rewrite(bucket: StoredObjects, [, from, toBucket, to]: RegExpExecArray): LocalResponse {
    const source = bucket.get(decodeURIComponent(from!))
    const target = this.buckets.get(toBucket!)
    if (source === undefined || target === undefined) return failure(404, 'No such object.', 'notFound')
    const written = target.put(decodeURIComponent(to!), source.body, source.metadata, false)!
    return json(200, { done: true, resource: told(written) })
  }
}

interface ObjectDescription {
  readonly name?: string
  readonly metadata?: Readonly<Record<string, string>>
}

function list(bucket: StoredObjects, { searchParams }: URL, pageSize: number): LocalResponse {
  const of = (name: string): string => searchParams.get(name) ?? ''
  const from = of('pageToken') === '' ? of('startOffset') : of('pageToken')
  const most = Math.min(pageSize, Number(of('maxResults') || pageSize))
  const { objects, folders, next } = bucket.list(of('prefix'), of('delimiter'), from, most)
  return json(200, {
    items: objects.map(told),
    prefixes: folders,
    ...(next === undefined ? {} : { nextPageToken: next }),
  })
}

function content({ headers }: LocalRequest, { body, version }: StoredObject): LocalResponse {
  const range = rangeOf(headers['range'], body.length)
  if (range === 'wrong') return failure(416, 'The range cannot be satisfied.', 'requestedRangeNotSatisfiable')
  const common = { 'x-goog-generation': version, 'content-type': 'application/octet-stream' }
  if (range === 'whole') return { status: 200, headers: common, body }
  const { start, end } = range
  const headersOfRange = { ...common, 'content-range': `bytes ${start}-${end - 1}/${body.length}` }
  return { status: 206, headers: headersOfRange, body: body.subarray(start, end) }
}

/** Checksums are told with every listing; they are computed once. */
const checksums = new WeakMap<StoredObject, { readonly md5Hash: string; readonly crc32c: string }>()

function told(object: StoredObject): object {
  const { key, body, metadata, version, modifiedMs } = object
  let sums = checksums.get(object)
  if (sums === undefined) {
    sums = { md5Hash: createHash('md5').update(body).digest('base64'), crc32c: crc32c(body) }
    checksums.set(object, sums)
  }
  return {
    kind: 'storage#object',
    name: key,
    size: String(body.length),
    generation: version,
    updated: new Date(modifiedMs).toISOString(),
    ...sums,
    metadata,
  }
}

const stored = (object: StoredObject | null): LocalResponse =>
  object === null ? conditionFailed : json(200, told(object))

/** A body of two parts: what the object is, and its bytes. */
function multipart(type: string, body: Buffer): { readonly description: ObjectDescription; readonly media: Buffer } {
  const boundary = /boundary=("?)([^";]+)\1/.exec(type)?.[2] ?? ''
  const parts: Buffer[] = []
  const mark = `--${boundary}`
  for (let at = body.indexOf(mark); at >= 0;) {
    const next = body.indexOf(mark, at + mark.length)
    if (next < 0) break
    const part = body.subarray(at + mark.length + 2, next - 2)
    parts.push(part.subarray(part.indexOf('\r\n\r\n') + 4))
    at = next
  }
  return { description: JSON.parse(parts[0]!.toString()) as ObjectDescription, media: parts[1]! }
}

const json = (status: number, body: object): LocalResponse => ({
  status,
  headers: { 'content-type': 'application/json; charset=UTF-8' },
  body: JSON.stringify(body),
})

const failure = (code: number, message: string, reason: string): LocalResponse =>
  json(code, { error: { code, message, errors: [{ message, domain: 'global', reason }] } })

const conditionFailed = failure(
  412,
  'At least one of the pre-conditions you specified did not hold.',
  'conditionNotMet',
)

const crcTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte
  for (let bit = 0; bit < 8; bit++) value = (value & 1) === 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1
  return value >>> 0
})

/** As Google tells it: the checksum's four bytes, highest first, in base64. */
function crc32c(body: Buffer): string {
  let crc = 0xffffffff
  for (const byte of body) crc = (crc >>> 8) ^ crcTable[(crc ^ byte) & 0xff]!
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE((crc ^ 0xffffffff) >>> 0)
  return bytes.toString('base64')
}
