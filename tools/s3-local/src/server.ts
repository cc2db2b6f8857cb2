import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { assumeRole } from './assume-role.js'
import { decodeAwsChunked } from './aws-chunked.js'
import { Bucket } from './bucket.js'
import { listBuckets, listObjects } from './bucket-operations.js'
import { Faults, type FaultRule } from './faults.js'
import {
  abortMultipartUpload,
  completeMultipartUpload,
  createMultipartUpload,
  listMultipartUploads,
  listParts,
  uploadPart,
  uploadPartCopy,
} from './multipart-operations.js'
import { copyObject, deleteObjects, getObject, putObject } from './object-operations.js'
import { allows, permissionsOf, type Permission, type Policy } from './policy.js'
import { operationName, parseRequest, type S3Request, type S3Response } from './request.js'
import { accessDenied, noSuchBucket, notImplemented, S3Error } from './s3-error.js'
import { verifySignature, type Credentials } from './signature.js'
import { xmlDocument } from './xml.js'

export interface S3LocalOptions {
  /** 0 (the default): a free one. */
  readonly port?: number
  readonly host?: string
  /** With credentials every request must be signed by one of them; without, signatures are not looked at. */
  readonly credentials?: readonly Credentials[]
  /** Buckets that are there from the start. */
  readonly buckets?: readonly string[]
  /** Milliseconds that each answer waits, as a network would make it. */
  readonly latencyMs?: number
  /** true: writes ignore If-None-Match and If-Match, as stores without conditional writes do. */
  readonly ignoreConditions?: boolean
  /** Buckets whose requester pays: requests without `x-amz-request-payer` are denied. */
  readonly requesterPays?: readonly string[]
  /** What may be done; without one, everything. Can be changed while the server runs: see `policy`. */
  readonly policy?: Policy
  /** Seed of the faults' chances. */
  readonly seed?: number
  readonly clock?: () => number
}

/** A request that was answered, for tests that count. */
export interface LoggedRequest {
  readonly operation: string
  readonly bucket: string
  readonly key: string
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly fault: FaultRule['kind'] | null
}

/** An S3 server in this process; its objects are in memory and vanish with it. */
export class S3Local {
  readonly faults: Faults
  readonly requests: LoggedRequest[] = []
  /** What each request asked leave for. */
  readonly permissions: Permission[] = []
  policy: Policy | null
  readonly buckets = new Map<string, Bucket>()
  readonly #options: S3LocalOptions
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #issued: Credentials[] = []
  readonly #clock: () => number
  /** Most connections that were open at once. */
  peakConnections = 0

  private constructor(options: S3LocalOptions) {
    this.#options = options
    this.#clock = options.clock ?? Date.now
    this.faults = new Faults(options.seed)
    this.policy = options.policy ?? null
    for (const name of options.buckets ?? []) this.#createBucket(name)
    this.#server = createServer(
      { keepAliveTimeout: 60_000 },
      (message, response) => void this.#serve(message, response),
    )
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket)
      this.peakConnections = Math.max(this.peakConnections, this.#sockets.size)
      socket.once('close', () => this.#sockets.delete(socket))
    })
  }

  /** Starts a server. @throws the system's error if the port is taken */
  static async start(options: S3LocalOptions = {}): Promise<S3Local> {
    const local = new S3Local(options)
    await new Promise<void>((resolve, reject) => {
      local.#server.once('error', reject)
      local.#server.listen(options.port ?? 0, options.host ?? '127.0.0.1', resolve)
    })
    return local
  }

  /** `http://127.0.0.1:PORT` */
  get endpoint(): string {
    const { address, port } = this.#server.address() as AddressInfo
    return `http://${address}:${port}`
  }

  /** Ends every connection and the server. */
  async stop(): Promise<void> {
    const stopped = new Promise((resolve) => this.#server.close(resolve))
    for (const socket of this.#sockets) socket.destroy()
    await stopped
  }

  #createBucket(name: string): void {
    this.buckets.set(name, new Bucket(this.#clock, this.#options.ignoreConditions === true))
  }

  async #serve(message: IncomingMessage, response: ServerResponse): Promise<void> {
    let request: S3Request | null = null
    let fault: FaultRule | null = null
    let answer: S3Response
    try {
      const raw = await readBody(message)
      request = decoded(parseRequest(message, raw))
      const operation = operationName(request)
      fault = this.faults.next(operation, request.key)
      if (fault?.kind === 'cut-request') {
        this.#log(request, 0, fault)
        message.socket.destroy()
        return
      }
      answer = faultAnswer(fault) ?? this.#answer(request, raw, operation)
    } catch (error) {
      if (message.destroyed && request === null) return
      answer = errorAnswer(error, message.url ?? '/')
    }
    if (request !== null) this.#log(request, answer.status, fault)
    const delay = (this.#options.latencyMs ?? 0) + (fault?.kind === 'delay' ? (fault.delayMs ?? 200) : 0)
    if (delay > 0) await sleep(delay)
    if (fault?.kind === 'lost-response') message.socket.destroy()
    else await send(response, answer, message.method === 'HEAD', fault)
  }

  #log(request: S3Request, status: number, fault: FaultRule | null): void {
    const { bucket, key, headers } = request
    this.requests.push({ operation: operationName(request), bucket, key, status, headers, fault: fault?.kind ?? null })
  }

  #answer(request: S3Request, raw: Buffer, operation: string): S3Response {
    this.#authenticate(request, raw)
    if (operation !== 'AssumeRole') this.#authorize(request)
    if (operation === 'AssumeRole') {
      const { response, issued } = assumeRole(request.body, this.#issued.length, this.#clock())
      this.#issued.push(issued)
      return response
    }
    if (operation === 'ListBuckets') return listBuckets(this.buckets)
    if (operation === 'CreateBucket') return this.#create(request.bucket)
    const bucket = this.#bucket(request)
    switch (operation) {
      case 'HeadBucket':
        return { status: 200 }
      case 'DeleteBucket':
        if (bucket.size > 0) throw new S3Error(409, 'BucketNotEmpty', 'The bucket you tried to delete is not empty.')
        this.buckets.delete(request.bucket)
        return { status: 204 }
      case 'GetBucketLocation':
        return { status: 200, body: xmlDocument('LocationConstraint', {}) }
      case 'ListObjectsV2':
      case 'ListObjects':
        return listObjects(bucket, request, operation === 'ListObjectsV2')
      case 'ListMultipartUploads':
        return listMultipartUploads(bucket, request)
      case 'DeleteObjects':
        return deleteObjects(bucket, request)
      case 'PutObject':
        return putObject(bucket, request)
      case 'CopyObject':
        return copyObject(bucket, request, (name) => this.buckets.get(name))
      case 'GetObject':
      case 'HeadObject':
        return getObject(bucket, request)
      case 'DeleteObject':
        bucket.delete(request.key)
        return { status: 204 }
      case 'CreateMultipartUpload':
        return createMultipartUpload(bucket, request)
      case 'UploadPart':
        return uploadPart(bucket, request)
      case 'UploadPartCopy':
        return uploadPartCopy(bucket, request, (name) => this.buckets.get(name))
      case 'CompleteMultipartUpload':
        return completeMultipartUpload(bucket, request)
      case 'AbortMultipartUpload':
        return abortMultipartUpload(bucket, request)
      case 'ListParts':
        return listParts(bucket, request)
      default:
        throw notImplemented(operation)
    }
  }

  #authorize(request: S3Request): void {
    const asked = permissionsOf(request)
    this.permissions.push(...asked)
    const { policy } = this
    const denied = policy === null ? undefined : asked.find((permission) => !allows(policy, permission))
    if (denied !== undefined) {
      throw accessDenied(`User is not authorized to perform: ${denied.action} on resource: ${denied.resource}`)
    }
  }

  #authenticate({ method, url, headers }: S3Request, body: Buffer): void {
    const { credentials } = this.#options
    if (credentials === undefined) return
    const known = [...credentials, ...this.#issued]
    const find = (id: string): Credentials | undefined => known.find(({ accessKeyId }) => accessKeyId === id)
    verifySignature({ method, url, headers, body }, find, this.#clock())
  }

  #create(name: string): S3Response {
    if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name)) {
      throw new S3Error(400, 'InvalidBucketName', `The specified bucket is not valid: ${name}`)
    }
    if (this.buckets.has(name)) {
      throw new S3Error(409, 'BucketAlreadyOwnedByYou', 'Your previous request to create the bucket succeeded.')
    }
    this.#createBucket(name)
    return { status: 200, headers: { location: `/${name}` } }
  }

  #bucket({ bucket, headers }: S3Request): Bucket {
    const found = this.buckets.get(bucket)
    if (found === undefined) throw noSuchBucket(bucket)
    if (this.#options.requesterPays?.includes(bucket) === true && headers['x-amz-request-payer'] !== 'requester') {
      throw accessDenied('The requester of this bucket pays, and has to say so.')
    }
    return found
  }
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

async function readBody(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of message) chunks.push(chunk as Buffer)
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)
}

/** The request with the body that its chunks carry, and their trailers as headers. */
function decoded(request: S3Request): S3Request {
  const { headers } = request
  const chunked =
    headers['content-encoding']?.includes('aws-chunked') === true ||
    headers['x-amz-content-sha256']?.startsWith('STREAMING-') === true
  if (!chunked) return request
  const { body, trailers } = decodeAwsChunked(request.body)
  const expected = headers['x-amz-decoded-content-length']
  if (expected !== undefined && Number(expected) !== body.length) {
    throw new S3Error(
      400,
      'IncompleteBody',
      'You did not provide the number of bytes specified by x-amz-decoded-content-length.',
    )
  }
  return { ...request, body, headers: { ...headers, ...trailers } }
}

function faultAnswer(fault: FaultRule | null): S3Response | null {
  switch (fault?.kind) {
    case 'slow-down':
      return errorAnswer(new S3Error(503, 'SlowDown', 'Please reduce your request rate.'), '')
    case 'internal-error':
      return errorAnswer(new S3Error(500, 'InternalError', 'We encountered an internal error. Please try again.'), '')
    case 'conflict':
      return errorAnswer(
        new S3Error(409, 'ConditionalRequestConflict', 'A conflicting conditional operation is under way.'),
        '',
      )
    default:
      return null
  }
}

function errorAnswer(error: unknown, resource: string): S3Response {
  const known = error instanceof S3Error ? error : new S3Error(500, 'InternalError', String(error))
  return {
    status: known.status,
    headers: { 'content-type': 'application/xml' },
    body: xmlDocument(
      'Error',
      { Code: known.code, Message: known.message, Resource: resource, RequestId: 's3-local' },
      '',
    ),
  }
}

async function send(
  response: ServerResponse,
  answer: S3Response,
  head: boolean,
  fault: FaultRule | null,
): Promise<void> {
  const body = typeof answer.body === 'string' ? Buffer.from(answer.body) : (answer.body ?? Buffer.alloc(0))
  const xml = typeof answer.body === 'string' ? { 'content-type': 'application/xml' } : {}
  response.writeHead(answer.status, {
    'x-amz-request-id': 's3-local',
    ...xml,
    ...answer.headers,
    ...(answer.status === 204 || answer.status === 304 ? {} : { 'content-length': String(body.length) }),
  })
  if (head) response.end()
  else if (fault?.kind === 'cut-body') {
    response.write(body.subarray(0, body.length >>> 1), () => response.socket?.destroy())
  } else if (fault?.kind === 'slow-body') await dribble(response, body, fault.delayMs ?? 200)
  else response.end(body)
}

const dribbles = 10

async function dribble(response: ServerResponse, body: Buffer, delayMs: number): Promise<void> {
  for (let i = 0; i < dribbles && !response.destroyed; i++) {
    const at = (share: number): number => Math.floor((body.length * share) / dribbles)
    response.write(body.subarray(at(i), at(i + 1)))
    await sleep(delayMs / dribbles)
  }
  response.end()
}
