import type { IncomingMessage } from 'node:http'
import { S3Error } from './s3-error.js'

/** A request as the operations see it. */
export interface S3Request {
  readonly method: string
  /** As it was sent, still percent-encoded. */
  readonly url: string
  /** Empty for requests on the service itself. */
  readonly bucket: string
  /** Empty for requests on a bucket. */
  readonly key: string
  readonly query: URLSearchParams
  /** Names in lower case; several of a name are joined by commas. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

export interface S3Response {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Buffer | string
}

/** Splits a path-style address: `/bucket/key?query`. @throws S3Error InvalidURI */
export function parseRequest(message: IncomingMessage, body: Buffer): S3Request {
  const url = message.url ?? '/'
  const question = url.indexOf('?')
  const path = question < 0 ? url : url.slice(0, question)
  const slash = path.indexOf('/', 1)
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(message.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(',') : value
  }
  return {
    method: message.method ?? 'GET',
    url,
    bucket: decode(slash < 0 ? path.slice(1) : path.slice(1, slash)),
    key: slash < 0 ? '' : decode(path.slice(slash + 1)),
    query: new URLSearchParams(question < 0 ? '' : url.slice(question + 1).replaceAll('+', '%20')),
    headers,
    body,
  }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new S3Error(400, 'InvalidURI', 'Could not parse the specified URI.')
  }
}

/** The operation's name in the S3 API, for logs and faults. */
export function operationName({ method, bucket, key, query, headers }: S3Request): string {
  if (bucket === '') return method === 'POST' ? 'AssumeRole' : 'ListBuckets'
  if (key === '') {
    switch (method) {
      case 'PUT':
        return 'CreateBucket'
      case 'HEAD':
        return 'HeadBucket'
      case 'DELETE':
        return 'DeleteBucket'
      case 'POST':
        return query.has('delete') ? 'DeleteObjects' : 'PostObject'
      default:
        if (query.has('location')) return 'GetBucketLocation'
        if (query.has('uploads')) return 'ListMultipartUploads'
        return query.get('list-type') === '2' ? 'ListObjectsV2' : 'ListObjects'
    }
  }
  const copies = headers['x-amz-copy-source'] !== undefined
  switch (method) {
    case 'PUT':
      if (query.has('partNumber')) return copies ? 'UploadPartCopy' : 'UploadPart'
      return copies ? 'CopyObject' : 'PutObject'
    case 'POST':
      return query.has('uploads') ? 'CreateMultipartUpload' : 'CompleteMultipartUpload'
    case 'DELETE':
      return query.has('uploadId') ? 'AbortMultipartUpload' : 'DeleteObject'
    case 'HEAD':
      return 'HeadObject'
    default:
      return query.has('uploadId') ? 'ListParts' : 'GetObject'
  }
}
