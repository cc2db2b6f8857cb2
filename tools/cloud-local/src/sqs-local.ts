import { createHash, randomUUID } from 'node:crypto'
import { LocalServer, type LocalRequest, type LocalResponse } from './local-server.js'

interface QueuedMessage {
  readonly id: string
  readonly body: string
  /** When it may be given again; milliseconds since the epoch. */
  visibleMs: number
  receipt: string
}

export interface SqsLocalOptions {
  /** How long a message that was given is hidden; then it comes again. Default 30,000. */
  readonly visibilityMs?: number
}

/** One queue of Amazon SQS (its JSON protocol) in this process: receive with waiting, delete in batches, redelivery. */
export class SqsLocal {
  readonly server: LocalServer
  readonly #visibilityMs: number
  #messages: QueuedMessage[] = []
  #arrived: (() => void)[] = []

  private constructor(server: LocalServer, options: SqsLocalOptions) {
    this.server = server
    this.#visibilityMs = options.visibilityMs ?? 30_000
  }

  static async start(options: SqsLocalOptions = {}): Promise<SqsLocal> {
    let local: SqsLocal | null = null
    const server = await LocalServer.start((request) => local!.#handle(request))
    local = new SqsLocal(server, options)
    return local
  }

  get queueUrl(): string {
    return `${this.server.endpoint}/000000000000/landing`
  }

  /** Messages that nobody has deleted. */
  get size(): number {
    return this.#messages.length
  }

  send(body: string): void {
    this.#messages.push({ id: randomUUID(), body, visibleMs: 0, receipt: '' })
    for (const wake of this.#arrived.splice(0)) wake()
  }

  /** What S3 sends when an object was made. */
  sendCreated(bucket: string, key: string): void {
    const encoded = encodeURIComponent(key).replaceAll('%20', '+').replaceAll('%2F', '/')
    const s3 = { bucket: { name: bucket }, object: { key: encoded, size: 1 } }
    this.send(JSON.stringify({ Records: [{ eventSource: 'aws:s3', eventName: 'ObjectCreated:Put', s3 }] }))
  }

  stop(): Promise<void> {
    for (const wake of this.#arrived.splice(0)) wake()
    return this.server.stop()
  }

  async #handle({ headers, body }: LocalRequest): Promise<LocalResponse> {
    const input = JSON.parse(body.toString()) as Readonly<Record<string, unknown>>
    switch (headers['x-amz-target']) {
      case 'AmazonSQS.ReceiveMessage':
        return json(
          200,
          await this.#receive(Number(input['MaxNumberOfMessages'] ?? 1), Number(input['WaitTimeSeconds'] ?? 0)),
        )
      case 'AmazonSQS.DeleteMessageBatch':
        return json(
          200,
          this.#delete(input['Entries'] as readonly { readonly Id: string; readonly ReceiptHandle: string }[]),
        )
      default:
        return json(400, { __type: 'com.amazonaws.sqs#UnsupportedOperation', message: 'not served here' })
    }
  }

  async #receive(most: number, waitSeconds: number): Promise<object> {
    const deadlineMs = Date.now() + waitSeconds * 1000
    for (;;) {
      const now = Date.now()
      const given = this.#messages.filter((message) => message.visibleMs <= now).slice(0, most)
      if (given.length > 0 || now >= deadlineMs) {
        for (const message of given) {
          message.visibleMs = now + this.#visibilityMs
          message.receipt = randomUUID()
        }
        return given.length === 0 ? {} : { Messages: given.map(told) }
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.min(50, deadlineMs - now))
        this.#arrived.push(() => {
          clearTimeout(timer)
          resolve()
        })
      })
    }
  }

  #delete(entries: readonly { readonly Id: string; readonly ReceiptHandle: string }[]): object {
    const receipts = new Set(entries.map((entry) => entry.ReceiptHandle))
    this.#messages = this.#messages.filter((message) => !receipts.has(message.receipt))
    return { Successful: entries.map(({ Id }) => ({ Id })), Failed: [] }
  }
}

const told = ({ id, body, receipt }: QueuedMessage): object => ({
  MessageId: id,
  ReceiptHandle: receipt,
  Body: body,
  MD5OfBody: createHash('md5').update(body).digest('hex'),
})

const json = (status: number, body: object): LocalResponse => ({
  status,
  headers: { 'content-type': 'application/x-amz-json-1.0' },
  body: JSON.stringify(body),
})
