import { readFileSync } from 'node:fs'
import { invalidStorageOptions } from '../errors.js'

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

/** The content of a storage configuration file: what holds for all buckets, and what for one of them. */
export interface StorageConfiguration {
  readonly s3?: S3Options
  readonly buckets?: { readonly [bucket: string]: S3Options }
}

type Kind = 'text' | 'flag' | 'count' | 'encryption'

/** Every option, its kind, and the environment variable that sets it for all buckets. */
const optionKinds: { readonly [Name in keyof Required<S3Options>]: Kind } = {
  endpoint: 'text',
  region: 'text',
  pathStyle: 'flag',
  profile: 'text',
  roleArn: 'text',
  externalId: 'text',
  stsEndpoint: 'text',
  encryption: 'encryption',
  kmsKeyId: 'text',
  requesterPays: 'flag',
  maxAttempts: 'count',
  connections: 'count',
  idleTimeoutMs: 'count',
  partBytes: 'count',
}

const optionNames = Object.keys(optionKinds) as readonly (keyof S3Options)[]

/** `pathStyle` → `DELTAWORKS_S3_PATH_STYLE`. */
const variableOf = (option: string): string =>
  `DELTAWORKS_S3_${option.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`

/** Names a file of `StorageConfiguration`, or is one itself (JSON). */
export const storageVariable = 'DELTAWORKS_STORAGE'

type Environment = Readonly<Record<string, string | undefined>>

/**
 * The options of a bucket: the environment's variables `DELTAWORKS_S3_…`, over them what the configuration named by
 * `DELTAWORKS_STORAGE` says of all buckets, over that what it says of this one. Threads share the environment, so each
 * worker finds the same.
 * @throws StorageError DW-STORAGE-0010 naming the wrong option
 */
export function s3Options(bucket: string, environment: Environment = process.env): S3Options {
  const variables: Record<string, unknown> = {}
  for (const name of optionNames) {
    const text = environment[variableOf(name)]
    if (text !== undefined && text !== '') variables[name] = fromText(name, text)
  }
  const { s3 = {}, buckets = {} } = configuration(environment[storageVariable])
  const options: S3Options = { ...variables, ...s3, ...buckets[bucket] }
  const endpoint = options.endpoint ?? environment['AWS_ENDPOINT_URL_S3'] ?? environment['AWS_ENDPOINT_URL']
  return endpoint === undefined || endpoint === '' ? options : { ...options, endpoint }
}

function fromText(name: keyof S3Options, text: string): unknown {
  const where = `the environment variable ${variableOf(name)}`
  switch (optionKinds[name]) {
    case 'flag':
      if (/^(1|true|yes)$/i.test(text)) return true
      if (/^(0|false|no)$/i.test(text)) return false
      throw invalidStorageOptions(where, `"${text}" is neither true nor false`)
    case 'count':
      return checked(name, Number(text), where)
    case 'text':
    case 'encryption':
      return checked(name, text, where)
  }
}

const parsed = new Map<string, StorageConfiguration>()

function configuration(source: string | undefined): StorageConfiguration {
  if (source === undefined || source === '') return {}
  let known = parsed.get(source)
  if (known === undefined) {
    known = readConfiguration(source)
    parsed.set(source, known)
  }
  return known
}

function readConfiguration(source: string): StorageConfiguration {
  const inline = source.trimStart().startsWith('{')
  const where = inline ? storageVariable : source
  let json: unknown
  try {
    json = JSON.parse(inline ? source : readFileSync(source, 'utf8'))
  } catch (error) {
    throw invalidStorageOptions(where, error instanceof Error ? error.message : String(error))
  }
  const { s3, buckets, ...unknown } = object(json, where)
  for (const name of Object.keys(unknown)) {
    throw invalidStorageOptions(where, `unknown key "${name}"; there are "s3" and "buckets"`)
  }
  const checkedBuckets: Record<string, S3Options> = {}
  for (const [bucket, options] of Object.entries(buckets === undefined ? {} : object(buckets, where))) {
    checkedBuckets[bucket] = checkedOptions(options, `${where}, bucket "${bucket}"`)
  }
  return { ...(s3 === undefined ? {} : { s3: checkedOptions(s3, `${where}, "s3"`) }), buckets: checkedBuckets }
}

function object(value: unknown, where: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  throw invalidStorageOptions(where, 'an object was expected')
}

function checkedOptions(value: unknown, where: string): S3Options {
  const options: Record<string, unknown> = {}
  for (const [name, given] of Object.entries(object(value, where))) {
    if (!(optionNames as readonly string[]).includes(name)) {
      throw invalidStorageOptions(where, `unknown option "${name}"; there are ${optionNames.join(', ')}`)
    }
    options[name] = checked(name as keyof S3Options, given, where)
  }
  return options
}

function checked(name: keyof S3Options, value: unknown, where: string): unknown {
  const expected = mismatch(name, value)
  if (expected !== null) throw invalidStorageOptions(where, `${name} must be ${expected}, not ${JSON.stringify(value)}`)
  return value
}

/** @returns in words, what the value should have been; null if it is that */
function mismatch(name: keyof S3Options, value: unknown): string | null {
  switch (optionKinds[name]) {
    case 'flag':
      return typeof value === 'boolean' ? null : 'true or false'
    case 'count': {
      const least = name === 'partBytes' ? 5 * 1024 * 1024 : 1
      return Number.isSafeInteger(value) && (value as number) >= least ? null : `a whole number from ${least}`
    }
    case 'encryption':
      return value === 'AES256' || value === 'aws:kms' ? null : '"AES256" or "aws:kms"'
    case 'text':
      if (typeof value !== 'string' || value === '') return 'a text'
      return !name.toLowerCase().endsWith('endpoint') || /^https?:\/\/[^/\s]+/.test(value) ? null : 'an http(s) URL'
  }
}
