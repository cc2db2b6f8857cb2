import type * as ClientSqs from '@aws-sdk/client-sqs'
import { invalidUri, queueFailed } from '../errors.js'
import { optionalPackage } from '../optional-package.js'
import { retryClass } from '../s3/s3-failure.js'
import { withRetries } from '../retry.js'
import { createdObjects, pathsWithin, type ObjectMessage, type ObjectNotifications } from './object-notifications.js'

/** What SQS gives and takes in one request, and the longest that it waits. */
const batchSize = 10
const longestWaitSeconds = 20
/** Messages of one call of `receive`; the others come with the next. */
const mostMessages = 1000
const maxAttempts = 8

/** A queue of Amazon SQS that a bucket sends its events to. Nothing is sent, and no SDK loaded, before it is asked. */
export class SqsNotifications implements ObjectNotifications {
  readonly #url: string
  #loaded: { readonly sdk: typeof ClientSqs; readonly client: ClientSqs.SQSClient } | null = null

  /** @param url of the queue: `https://sqs.eu-central-1.amazonaws.com/123456789012/landing` */
  constructor(url: string) {
    if (!/^https?:\/\/[^/\s]+\/[^\s]+$/.test(url)) throw invalidUri(url, 'a queue has a URL, https://host/account/name')
    this.#url = url
  }

  async receive(location: string, waitMs: number, stop?: AbortSignal): Promise<readonly ObjectMessage[]> {
    const found: ObjectMessage[] = []
    let wait = Math.min(longestWaitSeconds, Math.ceil(waitMs / 1000))
    while (found.length < mostMessages && stop?.aborted !== true) {
      const messages = await this.#receiveBatch(wait, stop)
      for (const { Body = '', ReceiptHandle: receipt } of messages) {
        const objects = createdObjects(Body)
        if (objects !== null && receipt !== undefined) found.push({ paths: pathsWithin(location, objects), receipt })
      }
      if (messages.length === 0) break
      wait = 0
    }
    return found
  }

  async acknowledge(messages: readonly ObjectMessage[]): Promise<void> {
    for (let at = 0; at < messages.length; at += batchSize) {
      const Entries = messages
        .slice(at, at + batchSize)
        .map(({ receipt }, i) => ({ Id: String(i), ReceiptHandle: receipt }))
      // One that stays comes again, and finds its objects done.
      await this.#send('delete messages of', ({ sdk, client }) =>
        client.send(new sdk.DeleteMessageBatchCommand({ QueueUrl: this.#url, Entries })),
      )
    }
  }

  async #receiveBatch(WaitTimeSeconds: number, stop: AbortSignal | undefined): Promise<readonly ClientSqs.Message[]> {
    try {
      const { Messages = [] } = await this.#send('read', ({ sdk, client }) =>
        client.send(
          new sdk.ReceiveMessageCommand({ QueueUrl: this.#url, MaxNumberOfMessages: batchSize, WaitTimeSeconds }),
          stop === undefined ? {} : { abortSignal: stop },
        ),
      )
      return Messages
    } catch (error) {
      if (stop?.aborted === true) return []
      throw error
    }
  }

  async #send<T>(
    operation: string,
    request: (of: { readonly sdk: typeof ClientSqs; readonly client: ClientSqs.SQSClient }) => Promise<T>,
  ): Promise<T> {
    const loaded = (this.#loaded ??= this.#load())
    try {
      const classify = (error: unknown) => ((error as Error).name === 'AbortError' ? 'never' : retryClass(error))
      return await withRetries({ maxAttempts, classify }, () => request(loaded))
    } catch (error) {
      throw queueFailed(this.#url, operation, error)
    }
  }

  #load() {
    process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true'
    const sdk = optionalPackage<typeof ClientSqs>('@aws-sdk/client-sqs', this.#url)
    const region = /^https:\/\/sqs\.([a-z0-9-]+)\./.exec(this.#url)?.[1]
    const fallback = process.env['AWS_REGION'] ?? process.env['AWS_DEFAULT_REGION'] ?? 'us-east-1'
    const endpoint = new URL(this.#url).origin
    return { sdk, client: new sdk.SQSClient({ region: region ?? fallback, endpoint, maxAttempts: 1 }) }
  }
}
