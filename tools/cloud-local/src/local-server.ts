import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

/** A request with its body, which is whole. */
export interface LocalRequest {
  readonly method: string
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

export interface LocalResponse {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array | string
}

/** What may befall a request: the answer is an error, or the connection ends before or after the work was done. */
export interface LocalFault {
  readonly kind: 'unavailable' | 'too-many' | 'cut-request' | 'lost-response' | 'cut-body'
  /** Which requests; all of them if absent. */
  readonly matches?: (request: LocalRequest) => boolean
  /** Default: without end. */
  readonly times?: number
}

/** An HTTP server in this process, with faults on demand. */
export class LocalServer {
  readonly requests: LocalRequest[] = []
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #handle: (request: LocalRequest) => LocalResponse | Promise<LocalResponse>
  #faults: { readonly fault: LocalFault; done: number }[] = []

  private constructor(handle: (request: LocalRequest) => LocalResponse | Promise<LocalResponse>) {
    this.#handle = handle
    this.#server = createServer((message, response) => void this.#serve(message, response))
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket)
      socket.once('close', () => this.#sockets.delete(socket))
    })
  }

  static async start(
    handle: (request: LocalRequest) => LocalResponse | Promise<LocalResponse>,
    port = 0,
  ): Promise<LocalServer> {
    const local = new LocalServer(handle)
    await new Promise<void>((resolve, reject) => {
      local.#server.once('error', reject)
      local.#server.listen(port, '127.0.0.1', resolve)
    })
    return local
  }

  /** `http://127.0.0.1:PORT` */
  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  addFault(fault: LocalFault): void {
    this.#faults.push({ fault, done: 0 })
  }

  clearFaults(): void {
    this.#faults = []
  }

  async stop(): Promise<void> {
    const stopped = new Promise((resolve) => this.#server.close(resolve))
    for (const socket of this.#sockets) socket.destroy()
    await stopped
  }

  async #serve(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    try {
      for await (const chunk of message) chunks.push(chunk as Buffer)
    } catch {
      // The client went away.
      return
    }
    const request: LocalRequest = {
      method: message.method ?? 'GET',
      url: new URL(message.url ?? '/', this.endpoint),
      headers: message.headers as Readonly<Record<string, string>>,
      body: Buffer.concat(chunks),
    }
    this.requests.push(request)
    const fault = this.#faultOf(request)
    if (fault === 'cut-request') return void message.socket.destroy()
    if (fault === 'unavailable' || fault === 'too-many') {
      return void response.writeHead(fault === 'too-many' ? 429 : 503).end()
    }
    const answer = await this.#handle(request)
    if (fault === 'lost-response') return void message.socket.destroy()
    this.#answer(request, response, answer, fault === 'cut-body')
  }

  #answer({ method }: LocalRequest, response: ServerResponse, answer: LocalResponse, cut: boolean): void {
    const body = Buffer.from(answer.body ?? '')
    response.writeHead(answer.status, { 'content-length': String(body.byteLength), ...answer.headers })
    if (method === 'HEAD') response.end()
    else if (cut) response.write(body.subarray(0, body.byteLength >> 1), () => response.socket?.destroy())
    else response.end(body)
  }

  #faultOf(request: LocalRequest): LocalFault['kind'] | null {
    for (const active of this.#faults) {
      const { kind, matches, times = Infinity } = active.fault
      if (active.done >= times || matches?.(request) === false) continue
      active.done++
      return kind
    }
    return null
  }
}
