import {
  bucketNotFound,
  credentialsRefused,
  invalidStorageOptions,
  notReadable,
  notWritable,
  objectNotFound,
  storageFailed,
  StorageError,
  systemCode,
} from '../errors.js'
import type { RetryClass } from '../retry.js'

/** What the SDK throws, as far as it concerns us. */
interface SdkFailure {
  readonly name: string
  readonly status: number | undefined
  readonly message: string
}

const failureOf = (error: unknown): SdkFailure => {
  const { name, message, $metadata } = (error ?? {}) as {
    readonly name?: string
    readonly message?: string
    readonly $metadata?: { readonly httpStatusCode?: number }
  }
  return { name: name ?? '', message: message ?? String(error), status: $metadata?.httpStatusCode }
}

export const statusOf = (error: unknown): number | undefined => failureOf(error).status

export const isNotFound = (error: unknown): boolean => {
  const { name, status } = failureOf(error)
  return (
    name === 'NoSuchKey' ||
    name === 'NotFound' ||
    (status === 404 && name !== 'NoSuchBucket' && name !== 'NoSuchUpload')
  )
}

export const isPreconditionFailed = (error: unknown): boolean => {
  const { name, status } = failureOf(error)
  // 304 is what some compatible servers answer to a failed condition on a write.
  return status === 412 || status === 304 || name === 'PreconditionFailed'
}

export const isUploadGone = (error: unknown): boolean => {
  const { name, status } = failureOf(error)
  return name === 'NoSuchUpload' || status === 404
}

const throttles = new Set([
  'SlowDown',
  'Throttling',
  'ThrottlingException',
  'RequestThrottled',
  'TooManyRequests',
  'RequestLimitExceeded',
  'ServiceUnavailable',
])
const passing = new Set([
  'InternalError',
  'RequestTimeout',
  'RequestTimeTooSkewed',
  'ConditionalRequestConflict',
  'OperationAborted',
  'IncompleteBody',
  'TimeoutError',
  'ExpiredToken',
])
/** Failures before a request leaves this machine, which are not the network's. */
const local = new Set(['CredentialsProviderError', 'TokenProviderError', 'TypeError', 'RangeError'])

/** Whether another attempt may succeed. Whatever has no HTTP status and is no mistake of ours is the network's doing. */
export function retryClass(error: unknown): RetryClass {
  if (error instanceof StorageError) return 'never'
  const { name, status, message } = failureOf(error)
  if (throttles.has(name) || status === 503 || status === 429) return 'slow-down'
  if (passing.has(name) || status === 408 || status === 500 || status === 502 || status === 504) return 'soon'
  if (status !== undefined && status >= 300) return 'never'
  return local.has(name) || /region is missing/i.test(message) ? 'never' : 'soon'
}

/** Whether it is unknown if the request was executed. */
export function isAmbiguous(error: unknown): boolean {
  const { status } = failureOf(error)
  return retryClass(error) !== 'never' && (status === undefined || status < 300 || status >= 500 || status === 408)
}

const credentialProblems = new Set([
  'CredentialsProviderError',
  'TokenProviderError',
  'InvalidAccessKeyId',
  'SignatureDoesNotMatch',
  'InvalidToken',
  'ExpiredToken',
  'AuthorizationHeaderMalformed',
])

export type S3Operation = 'read' | 'write' | 'delete' | 'list' | 'copy'

const actions: Readonly<Record<S3Operation, string>> = {
  read: 's3:GetObject',
  write: 's3:PutObject',
  delete: 's3:DeleteObject',
  list: 's3:ListBucket',
  copy: 's3:GetObject and s3:PutObject',
}

/** What is missing in the policy of who runs this, as its owner writes it. */
function permissionOf(operation: S3Operation, store: string, path: string): string {
  const [bucket = '', ...prefix] = store.slice('s3://'.length).split('/')
  const place = [...prefix, path].filter((part) => part !== '').join('/')
  const resource =
    operation === 'list' ? `${bucket}${place === '' ? '' : ` for the prefix ${place}`}` : `${bucket}/${place}`
  return `${actions[operation]} on arn:aws:s3:::${resource}`
}

/** What a failed request means to the store's user. */
export function storageError(store: string, path: string, operation: S3Operation, error: unknown): StorageError {
  if (error instanceof StorageError) return error
  const { name, status, message } = failureOf(error)
  const bucket = store.split('/')[2] ?? ''
  if (name === 'NoSuchBucket') return bucketNotFound(store, bucket, error)
  if (isNotFound(error)) return objectNotFound(store, path, error)
  if (/region is missing/i.test(message)) {
    return invalidStorageOptions(store, 'no region is known; set AWS_REGION, or "region" in the storage configuration')
  }
  if (credentialProblems.has(name)) return credentialsRefused(store, message || name, error)
  if (name === 'AccessDenied' || status === 403 || status === 401) {
    const permission = permissionOf(operation, store, path)
    return operation === 'read' || operation === 'list'
      ? notReadable(store, path, error, permission)
      : notWritable(store, path, `access is denied: ${permission} is not allowed`, error)
  }
  const code = systemCode(error)
  const reason = [
    message,
    name !== 'Error' && !message.includes(name) ? `(${name})` : '',
    code !== undefined && !message.includes(code) ? `(${code})` : '',
  ]
  return storageFailed(
    store,
    path,
    operation,
    new Error(reason.filter((part) => part !== '').join(' '), { cause: error }),
  )
}
