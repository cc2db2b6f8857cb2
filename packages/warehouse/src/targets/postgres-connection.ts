import { createRequire } from 'node:module'
import type { Client } from 'pg'
import type * as Pg from 'pg'
import type { from as CopyFrom } from 'pg-copy-streams'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { copyText } from '@deltaworks/formats'
import { cannotOpen, driverMissing, statementFailed } from '../errors.js'
import type { RowsStep, SqlConnection } from '../sql-connection.js'
import type { TextRows } from '../table-probe.js'
import type { Batches } from '../warehouse-table.js'

interface Driver {
  readonly pg: typeof Pg
  readonly copyFrom: typeof CopyFrom
}
let driver: Driver | undefined

/** Loaded when it is first needed. @throws WarehouseError DW-WAREHOUSE-0006 */
function postgresDriver(): Driver {
  if (driver === undefined) {
    const require = createRequire(import.meta.url)
    try {
      driver = {
        pg: require('pg') as typeof Pg,
        copyFrom: (require('pg-copy-streams') as { readonly from: typeof CopyFrom }).from,
      }
    } catch (error) {
      throw driverMissing('pg', error)
    }
  }
  return driver
}

/** A connection with a PostgreSQL server, by the wire protocol. */
export class PostgresConnection implements SqlConnection {
  readonly location: string
  readonly #url: string
  readonly #queryTag: string
  #client: Client | null = null

  /** @param url `postgres://user@host:port/database?sslmode=require`; a password may stand in PGPASSWORD or ~/.pgpass */
  constructor(url: string, queryTag = 'deltaworks-export') {
    this.#url = url
    this.#queryTag = queryTag
    this.location = withoutPassword(url)
  }

  async run(sql: string): Promise<void> {
    await this.#query(sql)
  }

  async query(sql: string): Promise<TextRows> {
    return this.#query(sql)
  }

  async copyRows({ sql, columns }: RowsStep, rows: Batches): Promise<void> {
    const client = await this.#open()
    const sink = client.query(postgresDriver().copyFrom(sql))
    try {
      await pipeline(
        Readable.from(copyText(rows.heap, columns, rows.batches()), { objectMode: true, highWaterMark: 2 }),
        sink,
      )
    } catch (error) {
      throw statementFailed(this.location, sql, postgresReason(error), error)
    }
  }

  async reset(): Promise<void> {
    await this.close()
  }

  async close(): Promise<void> {
    const client = this.#client
    this.#client = null
    // A connection that is lost already cannot be ended.
    await client?.end().catch(() => undefined)
  }

  async #query(sql: string): Promise<TextRows> {
    const client = await this.#open()
    try {
      const { rows } = await client.query<(string | null)[]>({ text: sql, rowMode: 'array', types: asText })
      return rows
    } catch (error) {
      throw statementFailed(this.location, sql, postgresReason(error), error)
    }
  }

  async #open(): Promise<Client> {
    if (this.#client !== null) return this.#client
    const { pg } = postgresDriver()
    const client = new pg.Client({ connectionString: this.#url, application_name: this.#queryTag })
    // An error outside of a query is told by the next query.
    client.on('error', () => undefined)
    try {
      await client.connect()
      await client.query(`SET TIME ZONE 'UTC'; SET DateStyle TO ISO; SET client_min_messages TO warning`)
    } catch (error) {
      throw cannotOpen(this.location, postgresReason(error), error)
    }
    this.#client = client
    return client
  }
}

const asText = { getTypeParser: () => (value: unknown) => value } as unknown as Pg.CustomTypesConfig

function withoutPassword(url: string): string {
  try {
    const parsed = new URL(url)
    parsed.password = ''
    parsed.search = ''
    return parsed.href
  } catch {
    return 'postgres'
  }
}

export const postgresReason = (error: unknown): string => {
  const { message, detail } = error as { readonly message?: string; readonly detail?: string }
  const first = (message ?? String(error)).split('\n')[0]!.replace(/\.$/, '')
  return detail === undefined ? first : `${first} (${detail.replaceAll('\n', ' ').slice(0, 200)})`
}
