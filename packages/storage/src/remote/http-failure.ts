import {
  bucketNotFound,
  credentialsRefused,
  notReadable,
  notWritable,
  objectNotFound,
  storageFailed,
  StorageError,
} from '../errors.js'
import type { RetryClass } from '../retry.js'

export type RemoteOperation = 'read' | 'write' | 'delete' | 'list' | 'copy'

/** What a request to a store failed with, whichever SDK sent it. */
export interface HttpFailure {
  /** Absent: no answer came. */
  readonly status: number | undefined
  /** The store's own name of the failure. */
  readonly code: string
  readonly message: string
}

/** What a store's failures are called where that says more than their status. */
export interface FailureNames {
  readonly bucketMissing: ReadonlySet<string>
  readonly credentials: ReadonlySet<string>
}

/** Whether another attempt may succeed; what has no status is the network's doing, unless it is a mistake of ours. */
export function httpRetryClass({ status, code }: HttpFailure, names: FailureNames): RetryClass {
  if (names.credentials.has(code)) return 'never'
  if (status === 503 || status === 429) return 'slow-down'
  if (status === 408 || status === 500 || status === 502 || status === 504) return 'soon'
  return status === undefined || status < 300 ? 'soon' : 'never'
}

/** Whether it is unknown if the request was executed. */
export const isAmbiguousFailure = (failure: HttpFailure, names: FailureNames): boolean =>
  httpRetryClass(failure, names) !== 'never' &&
  (failure.status === undefined || failure.status < 300 || failure.status >= 500 || failure.status === 408)

/** What a failed request means to the store's user. */
export function remoteError(
  store: string,
  path: string,
  operation: RemoteOperation,
  failure: HttpFailure,
  names: FailureNames,
  cause: unknown,
): StorageError {
  if (cause instanceof StorageError) return cause
  const { status, code, message } = failure
  if (names.bucketMissing.has(code)) return bucketNotFound(store, store.split('/')[2] ?? '', cause)
  if (names.credentials.has(code)) return credentialsRefused(store, message || code, cause)
  if (status === 404) return objectNotFound(store, path, cause)
  if (status === 401) return credentialsRefused(store, message || code, cause)
  if (status === 403) {
    return operation === 'read' || operation === 'list'
      ? notReadable(store, path, cause)
      : notWritable(store, path, 'access is denied', cause)
  }
  return storageFailed(store, path, operation, new Error(message, { cause }))
}
