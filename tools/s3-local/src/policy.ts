import { operationName, type S3Request } from './request.js'

/** As much of an IAM policy as is asked of an S3: what is allowed, on what, for which prefixes of a listing. */
export interface PolicyStatement {
  readonly Sid?: string
  readonly Action: readonly string[]
  readonly Resource: readonly string[]
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>
}
export interface Policy {
  readonly Statement: readonly PolicyStatement[]
}

/** What a request asks leave for. */
export interface Permission {
  readonly action: string
  readonly resource: string
  /** Of a listing. */
  readonly prefix: string | null
}

const actions: Readonly<Record<string, string>> = {
  GetObject: 's3:GetObject',
  HeadObject: 's3:GetObject',
  PutObject: 's3:PutObject',
  CreateMultipartUpload: 's3:PutObject',
  UploadPart: 's3:PutObject',
  CompleteMultipartUpload: 's3:PutObject',
  DeleteObject: 's3:DeleteObject',
  AbortMultipartUpload: 's3:AbortMultipartUpload',
  ListParts: 's3:ListMultipartUploadParts',
}

/** Source: Amazon S3 user guide, "Required permissions for Amazon S3 API operations". */
export function permissionsOf(request: S3Request): readonly Permission[] {
  const { bucket, key, query, headers, body } = request
  const operation = operationName(request)
  const object = (name: string): string => `arn:aws:s3:::${bucket}/${name}`
  switch (operation) {
    case 'ListObjectsV2':
    case 'ListObjects':
      return [{ action: 's3:ListBucket', resource: `arn:aws:s3:::${bucket}`, prefix: query.get('prefix') ?? '' }]
    case 'ListMultipartUploads':
      return [
        {
          action: 's3:ListBucketMultipartUploads',
          resource: `arn:aws:s3:::${bucket}`,
          prefix: query.get('prefix') ?? '',
        },
      ]
    case 'DeleteObjects':
      return [...body.toString('utf8').matchAll(/<Key>([^<]*)<\/Key>/g)].map(([, name]) => ({
        action: 's3:DeleteObject',
        resource: object(unescape(name!)),
        prefix: null,
      }))
    case 'CopyObject':
    case 'UploadPartCopy': {
      const source = decodeURIComponent(headers['x-amz-copy-source'] ?? '').replace(/^\//, '')
      return [
        { action: 's3:GetObject', resource: `arn:aws:s3:::${source}`, prefix: null },
        { action: 's3:PutObject', resource: object(key), prefix: null },
      ]
    }
    default:
      return [{ action: actions[operation] ?? `s3:${operation}`, resource: object(key), prefix: null }]
  }
}

const unescape = (text: string): string => text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&')

export const allows = (policy: Policy, permission: Permission): boolean =>
  policy.Statement.some((statement) => statementAllows(statement, permission))

export const statementAllows = (
  { Action, Resource, Condition }: PolicyStatement,
  { action, resource, prefix }: Permission,
): boolean => {
  const prefixes = Condition?.['StringLike']?.['s3:prefix']
  return (
    Action.includes(action) &&
    Resource.some((pattern) => matches(pattern, resource)) &&
    (prefixes === undefined || prefix === null || prefixes.some((pattern) => matches(pattern, prefix)))
  )
}

/** `*` and `?` as IAM has them. */
export const matches = (pattern: string, text: string): boolean =>
  new RegExp(
    `^${pattern
      .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.')}$`,
    's',
  ).test(text)
