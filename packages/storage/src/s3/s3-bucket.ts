import type { S3Client } from '@aws-sdk/client-s3'
import { RequestRunner } from '../remote/request-runner.js'
import type { RetryOptions } from '../retry.js'
import { isAmbiguous, retryClass, storageError, type S3Operation } from './s3-failure.js'
import type { S3Options } from './s3-options.js'
import { clientFor, defaultConnections, loadSdk, type Sdk } from './s3-sdk.js'

const defaultMaxAttempts = 8

/** One attempt of a request, and what became of those before it. */
export interface Attempt {
  readonly sdk: Sdk
  readonly client: S3Client
  /** An earlier attempt's answer was lost, so its work may be done. */
  readonly uncertain: boolean
}

/** A bucket as requests see it: how it is reached, how often it is tried, how hard it is pressed. */
export class S3Bucket {
  /** `s3://bucket/prefix`, for messages. */
  readonly uri: string
  readonly name: string
  readonly options: S3Options
  readonly connections: number
  readonly #runner: RequestRunner

  constructor(uri: string, name: string, options: S3Options, retry: Pick<RetryOptions, 'sleep' | 'random'> = {}) {
    this.uri = uri
    this.name = name
    this.options = options
    this.connections = options.connections ?? defaultConnections
    const maxAttempts = options.maxAttempts ?? defaultMaxAttempts
    this.#runner = new RequestRunner(
      { maxAttempts, connections: this.connections, classify: retryClass, isAmbiguous },
      retry,
    )
  }

  /** Members of every request on this bucket. */
  get common(): { readonly Bucket: string; readonly RequestPayer?: 'requester' } {
    return { Bucket: this.name, ...(this.options.requesterPays === true ? { RequestPayer: 'requester' as const } : {}) }
  }

  /** Members of every request that makes an object. */
  get encryption(): { readonly ServerSideEncryption?: 'AES256' | 'aws:kms'; readonly SSEKMSKeyId?: string } {
    const { encryption, kmsKeyId } = this.options
    return {
      ...(encryption === undefined ? {} : { ServerSideEncryption: encryption }),
      ...(encryption === 'aws:kms' && kmsKeyId !== undefined ? { SSEKMSKeyId: kmsKeyId } : {}),
    }
  }

  /**
   * Sends a request, again if that may help. @param path what it is about, for messages
   * @throws StorageError
   */
  async send<T>(operation: S3Operation, path: string, request: (attempt: Attempt) => Promise<T>): Promise<T> {
    try {
      return await this.#runner.run((uncertain) =>
        request({ sdk: loadSdk(), client: clientFor(this.options), uncertain }),
      )
    } catch (error) {
      throw storageError(this.uri, path, operation, error)
    }
  }
}
