import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { openStore, type ObjectStore } from '@deltaworks/storage'
import { ApiError } from './api-error.js'
import { DataApi } from './data-api.js'
import { installCatalog } from './database/catalog.js'
import type { Database } from './database/database.js'
import { PgliteDatabase } from './database/pglite-database.js'
import { PostgresDatabase } from './database/postgres-database.js'
import { Faults, type FaultRule } from './faults.js'
import { defaultLimits, type Limits } from './limits.js'
import { operations, type Input } from './operations.js'
import { LoadErrors } from './transfer/load-error.js'

export interface RedshiftLocalOptions {
  /** 0 (the default): a free one. */
  readonly port?: number
  readonly host?: string
  /** `postgres://…` of a server; absent: PGlite in this process. */
  readonly databaseUrl?: string
  /** Where PGlite keeps its files; absent: in memory. */
  readonly folder?: string
  readonly limits?: Partial<Limits>
  /** How COPY and UNLOAD reach S3; default: as `openStore` does, by the environment (`DELTAWORKS_S3_ENDPOINT`, AWS credentials). */
  readonly openStore?: (uri: string) => ObjectStore
  /** Seed of the faults' chances. */
  readonly seed?: number
  readonly clock?: () => number
}

/** A request that was answered, for tests that count. */
export interface LoggedRequest {
  readonly operation: string
  readonly sql: string
  readonly status: number
  readonly fault: FaultRule['kind'] | null
}

/** Requests that are remembered: the last so many. */
const loggedRequests = 50_000

/** The Redshift Data API in this process. */
export class RedshiftLocal {
  readonly faults: Faults
  readonly requests: LoggedRequest[] = []
  readonly #api: DataApi
  readonly #database: Database
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  private constructor(database: Database, options: RedshiftLocalOptions) {
    this.#database = database
    this.faults = new Faults(options.seed)
    this.#api = new DataApi({
      database,
      faults: this.faults,
      limits: { ...defaultLimits, ...options.limits },
      executor: { openStore: options.openStore ?? openStore, loadErrors: new LoadErrors() },
      clock: options.clock ?? Date.now,
    })
    this.#server = createServer(
      { keepAliveTimeout: 60_000 },
      (message, response) => void this.#serve(message, response),
    )
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket)
      socket.once('close', () => this.#sockets.delete(socket))
    })
  }

  static async start(options: RedshiftLocalOptions = {}): Promise<RedshiftLocal> {
    const { databaseUrl, folder, port = 0, host = '127.0.0.1' } = options
    const database = databaseUrl === undefined ? await PgliteDatabase.create(folder) : new PostgresDatabase(databaseUrl)
    const session = await database.open()
    await installCatalog(session)
    await session.close()
    const local = new RedshiftLocal(database, options)
    await new Promise<void>((resolve, reject) => {
      local.#server.once('error', reject)
      local.#server.listen(port, host, resolve)
    })
    return local
  }

  /** What a client is given as its endpoint. */
  get endpoint(): string {
    const { address, port } = this.#server.address() as AddressInfo
    return `http://${address}:${port}`
  }

  /** Runs SQL beside the API, as another user of the database would. @returns rows, everything as text */
  async query(sql: string): Promise<readonly (readonly (string | null)[])[]> {
    const session = await this.#database.open()
    try {
      return (await session.query(sql)).rows
    } finally {
      await session.close()
    }
  }

  /** Ends all sessions, and rolls back what they had open: what a client that dies leaves to the idle time-out. */
  closeSessions(): Promise<void> {
    return this.#api.close()
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
    await this.#api.close()
    await this.#database.close()
  }

  async #serve(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const operation = String(message.headers['x-amz-target'] ?? '').replace(/^RedshiftData\./, '')
    let input: Input
    try {
      input = JSON.parse((await bodyOf(message)) || '{}') as Input
    } catch {
      return answer(response, 400, { __type: 'SerializationException', Message: 'The request is no JSON.' })
    }
    const sql = String(input['Sql'] ?? (input['Sqls'] as readonly string[] | undefined)?.join(';\n') ?? '')
    const fault = this.faults.ofRequest(operation, sql)
    const log = (status: number) => {
      if (this.requests.length >= loggedRequests) this.requests.shift()
      this.requests.push({ operation, sql, status, fault: fault?.kind ?? null })
    }
    if (fault?.kind === 'cut-request') {
      log(0)
      response.destroy()
      return
    }
    try {
      refuse(fault)
      const handler = operations[operation]
      if (handler === undefined) throw new ApiError('UnknownOperationException', `${operation} is not served.`)
      const output = await handler(this.#api, input)
      log(200)
      if (fault?.kind === 'lost-response') response.destroy()
      else answer(response, 200, output)
    } catch (error) {
      const told = error instanceof ApiError ? error : new ApiError('InternalServerException', String(error))
      log(told.status)
      answer(response, told.status, {
        __type: told.type,
        Message: told.message,
        message: told.message,
        ...told.details,
      })
    }
  }
}

/** @throws ApiError */
function refuse(fault: FaultRule | null): void {
  switch (fault?.kind) {
    case 'throttle':
      throw new ApiError('ThrottlingException', 'Rate exceeded')
    case 'busy':
      throw new ApiError('ActiveStatementsExceededException', 'Active statements exceeded the allowed quota.')
    case 'internal-error':
      throw new ApiError('InternalServerException', 'The service failed.')
    default:
  }
}

async function bodyOf(message: IncomingMessage): Promise<string> {
  const parts: Buffer[] = []
  for await (const part of message) parts.push(part as Buffer)
  return Buffer.concat(parts).toString('utf8')
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  const type = (body as { readonly __type?: string }).__type
  response.writeHead(status, {
    'content-type': 'application/x-amz-json-1.1',
    'x-amzn-requestid': 'redshift-local',
    ...(type === undefined ? {} : { 'x-amzn-errortype': type }),
  })
  response.end(JSON.stringify(body))
}
