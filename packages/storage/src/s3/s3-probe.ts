import { randomUUID } from 'node:crypto'
import { conditionsIgnored, type StorageError } from '../errors.js'
import type { S3Bucket } from './s3-bucket.js'
import { isPreconditionFailed, statusOf } from './s3-failure.js'
import { putObject } from './s3-writer.js'

/** Writers that race for one key in the probe, and what each of them writes. */
const racers = 4
const raceBytes = 32 * 1024

/** Names of objects that no listing shows and that `sweep` removes. */
export const temporaryPrefix = '.tmp-'

/**
 * Tries whether the store holds the promise that commits rest on: of several writers that create one key, one succeeds. A store
 * that fails it is refused by name; one that passes may still break it under a load that this does not make.
 * @throws StorageError DW-STORAGE-0012
 */
export async function probeConditionalWrites(bucket: S3Bucket, keyPrefix: string): Promise<void> {
  const key = `${keyPrefix}${temporaryPrefix}probe-${randomUUID()}`
  const create = async (suffix: string): Promise<'written' | 'exists'> =>
    (await putObject(bucket, key + suffix, key, new Uint8Array(raceBytes), 'create')).outcome
  try {
    await create('').catch((error: unknown) => {
      throw unsupportedCondition(error) ? refusal(bucket, 'it knows no If-None-Match') : error
    })
    if ((await create('')) === 'written') throw refusal(bucket, 'it ignores If-None-Match')
    const race = await Promise.all(Array.from({ length: racers }, () => create('-race')))
    const winners = race.filter((outcome) => outcome === 'written').length
    if (winners !== 1) throw refusal(bucket, `${winners} of ${racers} writers created one object`)
  } finally {
    await bucket
      .send('delete', key, ({ sdk, client }) =>
        client.send(
          new sdk.DeleteObjectsCommand({
            ...bucket.common,
            Delete: { Objects: [{ Key: key }, { Key: `${key}-race` }], Quiet: true },
          }),
        ),
      )
      // It may be forbidden to us; the probe's objects are small, and no listing shows them.
      .catch(() => undefined)
  }
}

const refusal = (bucket: S3Bucket, finding: string): StorageError =>
  conditionsIgnored(bucket.uri, bucket.options.endpoint ?? null, finding)

function unsupportedCondition(error: unknown): boolean {
  const cause = (error as { readonly cause?: { readonly cause?: unknown } }).cause?.cause ?? error
  return statusOf(cause) === 501 || isPreconditionFailed(cause)
}
