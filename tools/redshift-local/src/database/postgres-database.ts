import { createRequire } from 'node:module'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type * as Pg from 'pg'
import type { from as CopyFrom } from 'pg-copy-streams'
import { sessionStart, type Database, type DatabaseSession, type QueryResult } from './database.js'

const require = createRequire(import.meta.url)

/** A PostgreSQL server (15 or newer); each session is a connection of its own. */
export class PostgresDatabase implements Database {
  readonly name = 'PostgreSQL'
  readonly #url: string

  constructor(url: string) {
    this.#url = url
  }

  async open(): Promise<DatabaseSession> {
    const { Client } = require('pg') as typeof Pg
    const client = new Client({ connectionString: this.#url, application_name: 'redshift-local' })
    client.on('error', () => undefined)
    await client.connect()
    await client.query(sessionStart)
    return new PostgresSession(client, this.#url)
  }
  async close(): Promise<void> {
    // Sessions are closed by those who opened them.
  }
}

class PostgresSession implements DatabaseSession {
  readonly #client: Pg.Client
  readonly #url: string
  #running = 0
  inTransaction = false

  constructor(client: Pg.Client, url: string) {
    this.#client = client
    this.#url = url
  }

  async query(sql: string): Promise<QueryResult> {
    const result = await this.#busy(() =>
      this.#client.query<(string | null)[]>({ text: sql, rowMode: 'array', types: asText }),
    )
    return {
      columns: result.fields.map(({ name, dataTypeID }) => ({ name, typeOid: dataTypeID })),
      rows: result.rows,
      affected: result.rowCount ?? 0,
    }
  }

  async copyIn(sql: string, pieces: AsyncIterable<Uint8Array<ArrayBuffer>>): Promise<number> {
    const { from } = require('pg-copy-streams') as { readonly from: typeof CopyFrom }
    const sink = this.#client.query(from(sql))
    await this.#busy(() => pipeline(Readable.from(pieces, { objectMode: true, highWaterMark: 2 }), sink))
    return sink.rowCount
  }

  async begin(): Promise<void> {
    await this.query('BEGIN')
    this.inTransaction = true
  }
  async end(how: 'COMMIT' | 'ROLLBACK'): Promise<void> {
    this.inTransaction = false
    await this.query(how)
  }

  async cancel(): Promise<boolean> {
    if (this.#running === 0) return false
    const { Client } = require('pg') as typeof Pg
    const other = new Client({ connectionString: this.#url })
    await other.connect()
    try {
      const { processID } = this.#client as unknown as { readonly processID: number }
      await other.query(`SELECT pg_cancel_backend(${processID})`)
      return true
    } finally {
      await other.end()
    }
  }
  async close(): Promise<void> {
    await this.#client.end().catch(() => undefined)
  }

  async #busy<T>(task: () => Promise<T>): Promise<T> {
    this.#running++
    try {
      return await task()
    } finally {
      this.#running--
    }
  }
}

const asText = { getTypeParser: () => (value: unknown) => value } as unknown as Pg.CustomTypesConfig
