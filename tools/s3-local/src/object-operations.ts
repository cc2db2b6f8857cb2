import { unquoted, type Bucket, type Conditions, type StoredObject } from './bucket.js'
import { invalidArgument, noSuchBucket, preconditionFailed, S3Error } from './s3-error.js'
import { verifyChecksums } from './checksum.js'
import type { S3Request, S3Response } from './request.js'
import { readElements, xmlDocument } from './xml.js'

/** Headers of a write that are kept with the object and come back with it. */
const keptHeaders =
  /^(content-(type|language|disposition)|cache-control|expires|x-amz-meta-.*|x-amz-storage-class|x-amz-server-side-encryption.*|x-amz-tagging)$/

export const conditionsOf = ({ headers }: S3Request): Conditions => ({
  ifMatch: headers['if-match'],
  ifNoneMatch: headers['if-none-match'],
})

export function keptOf(headers: Readonly<Record<string, string>>): Record<string, string> {
  const kept = Object.fromEntries(Object.entries(headers).filter(([name]) => keptHeaders.test(name)))
  if (headers['content-encoding'] !== undefined) {
    const encoding = headers['content-encoding']
      .replace(/(^|,)\s*aws-chunked\s*(?=,|$)/, '')
      .replace(/^,/, '')
      .trim()
    if (encoding !== '') kept['content-encoding'] = encoding
  }
  return kept
}

/** What an answer tells of how the object is kept. */
const encryption = (headers: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith('x-amz-server-side-encryption')))

export function putObject(bucket: Bucket, request: S3Request): S3Response {
  const checksums = verifyChecksums(request.body, request.headers)
  const headers = { ...keptOf(request.headers), ...checksums }
  const { etag } = bucket.put(request.key, request.body, headers, conditionsOf(request))
  return { status: 200, headers: { etag, ...encryption(headers), ...checksums } }
}

/** GET and HEAD: conditions, ranges, and the headers that the object was put with. */
export function getObject(bucket: Bucket, request: S3Request): S3Response {
  const object = bucket.get(request.key)
  const { body, etag, modifiedMs } = object
  if (readConditions(object, request) === 'not-modified') return { status: 304, headers: { etag } }
  const headers: Record<string, string> = {
    'content-type': 'binary/octet-stream',
    ...object.headers,
    etag,
    'last-modified': new Date(modifiedMs).toUTCString(),
    'accept-ranges': 'bytes',
  }
  const range = request.headers['range'] === undefined ? null : parseRange(request.headers['range'], body.length)
  if (range === null) {
    if (request.headers['x-amz-checksum-mode'] !== 'ENABLED') dropChecksums(headers)
    return { status: 200, headers, body }
  }
  dropChecksums(headers)
  headers['content-range'] = `bytes ${range.start}-${range.end - 1}/${body.length}`
  return { status: 206, headers, body: body.subarray(range.start, range.end) }
}

function dropChecksums(headers: Record<string, string>): void {
  for (const name of Object.keys(headers)) if (name.startsWith('x-amz-checksum-')) delete headers[name]
}

function readConditions({ etag, modifiedMs }: StoredObject, { headers }: S3Request): 'not-modified' | 'read' {
  const { 'if-match': match, 'if-none-match': noneMatch } = headers
  const modified = Math.floor(modifiedMs / 1000) * 1000
  if (match !== undefined && match !== '*' && unquoted(match) !== unquoted(etag)) throw preconditionFailed('If-Match')
  if (match === undefined && modified > Date.parse(headers['if-unmodified-since'] ?? '')) {
    throw preconditionFailed('If-Unmodified-Since')
  }
  if (noneMatch !== undefined)
    return noneMatch === '*' || unquoted(noneMatch) === unquoted(etag) ? 'not-modified' : 'read'
  return modified <= Date.parse(headers['if-modified-since'] ?? '') ? 'not-modified' : 'read'
}

/**
 * `bytes=2-4`, `bytes=2-`, `bytes=-3`; several ranges, or something else, mean the whole object.
 * @returns [start, end), or null. @throws S3Error InvalidRange (416)
 */
export function parseRange(text: string, size: number): { readonly start: number; readonly end: number } | null {
  const found = /^bytes=(\d*)-(\d*)$/.exec(text)
  if (found === null || (found[1] === '' && found[2] === '')) return null
  const unsatisfiable = new S3Error(416, 'InvalidRange', 'The requested range is not satisfiable.')
  if (found[1] === '') {
    const length = Math.min(Number(found[2]), size)
    if (length === 0) throw unsatisfiable
    return { start: size - length, end: size }
  }
  const start = Number(found[1])
  const end = found[2] === '' ? size : Math.min(Number(found[2]) + 1, size)
  if (found[2] !== '' && Number(found[2]) < start) return null
  if (start >= size) throw unsatisfiable
  return { start, end }
}

export function copyObject(
  bucket: Bucket,
  request: S3Request,
  findBucket: (name: string) => Bucket | undefined,
): S3Response {
  const source = copySource(request, findBucket)
  const replaces = request.headers['x-amz-metadata-directive'] === 'REPLACE'
  const headers = {
    ...(replaces ? keptOf(request.headers) : source.headers),
    ...encryption(request.headers),
  }
  const { etag, modifiedMs } = bucket.put(request.key, source.body, headers, conditionsOf(request))
  const lastModified = new Date(modifiedMs).toISOString()
  return {
    status: 200,
    headers: encryption(headers),
    body: xmlDocument('CopyObjectResult', { LastModified: lastModified, ETag: etag }),
  }
}

/** The object that `x-amz-copy-source` names, if its conditions hold. */
export function copySource({ headers }: S3Request, findBucket: (name: string) => Bucket | undefined): StoredObject {
  const text = decodeURIComponent(headers['x-amz-copy-source']!.replace(/^\//, '').replace(/\?versionId=.*$/, ''))
  const slash = text.indexOf('/')
  if (slash < 1) throw invalidArgument('Copy Source must mention the source bucket and key: sourcebucket/sourcekey')
  const bucket = findBucket(text.slice(0, slash))
  if (bucket === undefined) throw noSuchBucket(text.slice(0, slash))
  const source = bucket.get(text.slice(slash + 1))
  const wanted = headers['x-amz-copy-source-if-match']
  if (wanted !== undefined && unquoted(wanted) !== unquoted(source.etag)) {
    throw preconditionFailed('x-amz-copy-source-if-match')
  }
  return source
}

export function deleteObjects(bucket: Bucket, request: S3Request): S3Response {
  verifyChecksums(request.body, request.headers)
  const xml = request.body.toString('utf8')
  const wanted = readElements(xml, 'Object').map((object) => object.get('Key') ?? '')
  if (wanted.length > 1000) throw new S3Error(400, 'MalformedXML', 'A request deletes at most 1000 keys.')
  for (const key of wanted) bucket.delete(key)
  const quiet = /<Quiet>\s*true\s*<\/Quiet>/.test(xml)
  return {
    status: 200,
    body: xmlDocument('DeleteResult', { Deleted: quiet ? [] : wanted.map((key) => ({ Key: key })) }),
  }
}
