import type { Bucket } from './bucket.js'
import { verifyChecksums } from './checksum.js'
import { conditionsOf, copySource, keptOf, parseRange } from './object-operations.js'
import type { S3Request, S3Response } from './request.js'
import { invalidArgument } from './s3-error.js'
import { readElements, xmlDocument } from './xml.js'

const uploadId = (request: S3Request): string => request.query.get('uploadId') ?? ''
const iso = (ms: number): string => new Date(ms).toISOString()

export function createMultipartUpload(bucket: Bucket, request: S3Request): S3Response {
  const { id, key } = bucket.startUpload(request.key, keptOf(request.headers))
  return {
    status: 200,
    body: xmlDocument('InitiateMultipartUploadResult', { Bucket: request.bucket, Key: key, UploadId: id }),
  }
}

export function uploadPart(bucket: Bucket, request: S3Request): S3Response {
  const checksums = verifyChecksums(request.body, request.headers)
  const partNumber = Number(request.query.get('partNumber'))
  const etag = bucket.putPart(request.key, uploadId(request), partNumber, request.body)
  return { status: 200, headers: { etag, ...checksums } }
}

export function uploadPartCopy(
  bucket: Bucket,
  request: S3Request,
  findBucket: (name: string) => Bucket | undefined,
): S3Response {
  const { body } = copySource(request, findBucket)
  const text = request.headers['x-amz-copy-source-range']
  const range = text === undefined ? { start: 0, end: body.length } : parseRange(text, body.length)
  if (range === null) throw invalidArgument('The x-amz-copy-source-range value must be of the form bytes=first-last')
  const part = body.subarray(range.start, range.end)
  const etag = bucket.putPart(request.key, uploadId(request), Number(request.query.get('partNumber')), part)
  return { status: 200, body: xmlDocument('CopyPartResult', { ETag: etag, LastModified: iso(Date.now()) }) }
}

export function completeMultipartUpload(bucket: Bucket, request: S3Request): S3Response {
  const parts = readElements(request.body.toString('utf8'), 'Part').map((part) => ({
    partNumber: Number(part.get('PartNumber')),
    etag: part.get('ETag') ?? '',
  }))
  const { etag } = bucket.completeUpload(request.key, uploadId(request), parts, conditionsOf(request))
  return {
    status: 200,
    body: xmlDocument('CompleteMultipartUploadResult', {
      Location: `/${request.bucket}/${request.key}`,
      Bucket: request.bucket,
      Key: request.key,
      ETag: etag,
    }),
  }
}

export function abortMultipartUpload(bucket: Bucket, request: S3Request): S3Response {
  bucket.upload(request.key, uploadId(request))
  bucket.uploads.delete(uploadId(request))
  return { status: 204 }
}

export function listParts(bucket: Bucket, request: S3Request): S3Response {
  const upload = bucket.upload(request.key, uploadId(request))
  const parts = [...upload.parts].sort(([a], [b]) => a - b)
  return {
    status: 200,
    body: xmlDocument('ListPartsResult', {
      Bucket: request.bucket,
      Key: request.key,
      UploadId: upload.id,
      IsTruncated: false,
      Part: parts.map(([number, { etag, body, modifiedMs }]) => ({
        PartNumber: number,
        LastModified: iso(modifiedMs),
        ETag: etag,
        Size: body.length,
      })),
    }),
  }
}

/** All uploads under a prefix, in one page. */
export function listMultipartUploads(bucket: Bucket, request: S3Request): S3Response {
  const prefix = request.query.get('prefix') ?? ''
  const uploads = [...bucket.uploads.values()].filter(({ key }) => key.startsWith(prefix))
  return {
    status: 200,
    body: xmlDocument('ListMultipartUploadsResult', {
      Bucket: request.bucket,
      Prefix: prefix,
      MaxUploads: 1000,
      IsTruncated: false,
      Upload: uploads.map(({ key, id, initiatedMs }) => ({ Key: key, UploadId: id, Initiated: iso(initiatedMs) })),
    }),
  }
}
