import type { Bucket, StoredObject } from './bucket.js'
import type { S3Request, S3Response } from './request.js'
import { invalidArgument } from './s3-error.js'
import { xmlDocument } from './xml.js'

/** ListObjectsV2, and the older ListObjects: one page. */
export function listObjects(bucket: Bucket, request: S3Request, newer: boolean): S3Response {
  const { query } = request
  const prefix = query.get('prefix') ?? ''
  const delimiter = query.get('delimiter') ?? ''
  const token = newer ? query.get('continuation-token') : query.get('marker')
  const startAfter = newer ? (query.get('start-after') ?? '') : ''
  const maxKeys = Math.min(1000, Number(query.get('max-keys') ?? 1000))
  if (!(maxKeys >= 0)) throw invalidArgument('max-keys must be a number from 0 to 1000.')
  const after = token === null ? startAfter : newer ? Buffer.from(token, 'base64url').toString('utf8') : token
  const page = bucket.list({ prefix, delimiter, after, resumed: token !== null, maxKeys })
  const encodes = query.get('encoding-type') === 'url'
  const name = (key: string): string => (encodes ? encodeKey(key) : key)
  const owner = !newer || query.get('fetch-owner') === 'true'
  return {
    status: 200,
    body: xmlDocument('ListBucketResult', {
      Name: request.bucket,
      Prefix: name(prefix),
      Delimiter: delimiter === '' ? null : name(delimiter),
      MaxKeys: maxKeys,
      EncodingType: encodes ? 'url' : null,
      IsTruncated: page.next !== null,
      ...(newer
        ? {
            KeyCount: page.objects.length + page.prefixes.length,
            ContinuationToken: token,
            StartAfter: startAfter === '' ? null : name(startAfter),
            NextContinuationToken: page.next === null ? null : Buffer.from(page.next).toString('base64url'),
          }
        : { Marker: name(token ?? ''), NextMarker: page.next === null ? null : name(page.next) }),
      Contents: page.objects.map((object) => entry(object, name, owner)),
      CommonPrefixes: page.prefixes.map((common) => ({ Prefix: name(common) })),
    }),
  }
}

const entry = (
  { key, body, etag, modifiedMs, headers }: StoredObject,
  name: (key: string) => string,
  owner: boolean,
) => ({
  Key: name(key),
  LastModified: new Date(Math.floor(modifiedMs / 1000) * 1000).toISOString(),
  ETag: etag,
  Size: body.length,
  StorageClass: headers['x-amz-storage-class'] ?? 'STANDARD',
  Owner: owner ? { ID: 's3-local' } : null,
})

const encodeKey = (key: string): string => encodeURIComponent(key).replaceAll('%2F', '/')

export const listBuckets = (buckets: ReadonlyMap<string, unknown>): S3Response => ({
  status: 200,
  body: xmlDocument('ListAllMyBucketsResult', {
    Owner: { ID: 's3-local' },
    Buckets: {
      Bucket: [...buckets.keys()].sort().map((name) => ({ Name: name, CreationDate: new Date(0).toISOString() })),
    },
  }),
})
