import type { OptionKinds } from '../options/option-kinds.js'

/** How a bucket is reached and written. Secrets are never among these: they come from the credential chain. */
export interface S3Options {
  /** Of a compatible server, such as `http://127.0.0.1:9000`; absent: Amazon's. */
  readonly endpoint?: string
  /** Absent: AWS_REGION or the profile's; `us-east-1` for a compatible server. */
  readonly region?: string
  /** `http://host/bucket/key` instead of `http://bucket.host/key`. Default: true if there is an endpoint. */
  readonly pathStyle?: boolean
  /** A profile of the shared AWS configuration files. */
  readonly profile?: string
  /** A role that is assumed with the credentials found; `externalId` if its owner demands one. */
  readonly roleArn?: string
  readonly externalId?: string
  /** Where STS is asked for the role; absent: Amazon's of the region. */
  readonly stsEndpoint?: string
  /** What objects are encrypted with: `AES256` (SSE-S3) or `aws:kms` (SSE-KMS). Default: the bucket's own setting. */
  readonly encryption?: 'AES256' | 'aws:kms'
  /** Key of SSE-KMS; absent: the account's for S3. */
  readonly kmsKeyId?: string
  /** Says that this side pays for requests and transfer. */
  readonly requesterPays?: boolean
  /** Attempts of a request until it fails. Default 8. */
  readonly maxAttempts?: number
  /** Connections of one thread. Default 32. */
  readonly connections?: number
  /** Milliseconds until a silent connection is given up. Default 30,000. */
  readonly idleTimeoutMs?: number
  /** Bytes of a part of an upload. Default 8 MiB; S3 wants at least 5 MiB. */
  readonly partBytes?: number
}

export const s3Kinds: OptionKinds<S3Options> = {
  endpoint: 'text',
  region: 'text',
  pathStyle: 'flag',
  profile: 'text',
  roleArn: 'text',
  externalId: 'text',
  stsEndpoint: 'text',
  encryption: ['AES256', 'aws:kms'],
  kmsKeyId: 'text',
  requesterPays: 'flag',
  maxAttempts: 'count',
  connections: 'count',
  idleTimeoutMs: 'count',
  partBytes: 'partBytes',
}
