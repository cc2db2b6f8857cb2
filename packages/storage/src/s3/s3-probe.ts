import { randomUUID } from 'node:crypto'
import { probeCreation } from '../conditional-write-probe.js'
import { temporaryPrefix } from '../object-path.js'
import type { S3Bucket } from './s3-bucket.js'
import { isPreconditionFailed, statusOf } from './s3-failure.js'
import { putObject } from './s3-writer.js'

/** Tries a bucket's conditional writes below a prefix. @throws StorageError DW-STORAGE-0012 */
export async function probeConditionalWrites(bucket: S3Bucket, keyPrefix: string): Promise<void> {
  const key = `${keyPrefix}${temporaryPrefix}probe-${randomUUID()}`
  // What messages name: below the store's own prefix.
  const prefix = bucket.uri.split('/').slice(3).join('/')
  const path = prefix === '' ? key : key.slice(prefix.length + 1)
  const store = {
    uri: bucket.uri,
    endpoint: bucket.options.endpoint,
    create: async (name: string, body: Uint8Array) => (await putObject(bucket, name, path, body, 'create')).outcome,
    remove: (keys: readonly string[]) =>
      bucket.send('delete', path, ({ sdk, client }) => {
        const Objects = keys.map((Key) => ({ Key }))
        return client.send(new sdk.DeleteObjectsCommand({ ...bucket.common, Delete: { Objects, Quiet: true } }))
      }),
    isUnsupported: unsupportedCondition,
  }
  await probeCreation(store, key)
}

function unsupportedCondition(error: unknown): boolean {
  const cause = (error as { readonly cause?: { readonly cause?: unknown } }).cause?.cause ?? error
  return statusOf(cause) === 501 || isPreconditionFailed(cause)
}
