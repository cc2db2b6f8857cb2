import { gcsOptions } from '../options/storage-configuration.js'
import type { FailureNames } from '../remote/http-failure.js'
import { RemoteStore } from '../remote/remote-store.js'
import type { RetryOptions } from '../retry.js'
import { GcsBackend } from './gcs-backend.js'
import type { GcsOptions } from './gcs-options.js'

const names: FailureNames = {
  bucketMissing: new Set(['bucketNotFound']),
  credentials: new Set(['credentials', 'authError']),
}

/** The store of `gs://bucket/prefix`. The SDK is loaded with the first request. */
export function openGcs(
  uri: string,
  options?: GcsOptions,
  retry?: Pick<RetryOptions, 'sleep' | 'random'>,
): RemoteStore {
  const [bucket = '', ...prefix] = uri.slice('gs://'.length).split('/')
  const settings = options ?? gcsOptions(bucket)
  const backend = new GcsBackend(`gs://${bucket}`, bucket, settings)
  const { maxAttempts = 8, connections = 32 } = settings
  return new RemoteStore(uri, prefix.join('/'), backend, names, { maxAttempts, connections }, retry)
}
