import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface ReceivedRequest {
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** What an answer is. */
export interface Answer {
  readonly status: number
  readonly body?: string
  readonly contentType?: string
}

/** A service at an HTTP endpoint of this machine that keeps what it is sent: for tests. */
export class HttpReceiver {
  readonly requests: ReceivedRequest[] = []
  readonly #server: Server
  answer: (request: ReceivedRequest) => Answer

  private constructor(answer: (request: ReceivedRequest) => Answer) {
    this.answer = answer
    this.#server = createServer((request, response) => {
      const parts: Buffer[] = []
      request.on('data', (part: Buffer) => parts.push(part))
      request.on('end', () => {
        const { method = '', url = '', headers } = request
        const received = { method, path: url, headers, body: Buffer.concat(parts).toString('utf8') }
        this.requests.push(received)
        const { status, body = '', contentType = 'application/json' } = this.answer(received)
        response.writeHead(status, { 'content-type': contentType }).end(body)
      })
    })
  }

  static async start(
    answer: (request: ReceivedRequest) => Answer = () => ({ status: 200, body: '{}' }),
  ): Promise<HttpReceiver> {
    const receiver = new HttpReceiver(answer)
    await new Promise<void>((resolve) => receiver.#server.listen(0, '127.0.0.1', resolve))
    return receiver
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}
