import { createRequire } from 'node:module'
import type * as Pglite from '@electric-sql/pglite'
import { copyText } from '@deltaworks/formats'
import { statementFailed } from '../errors.js'
import type { RowsStep, SqlConnection } from '../sql-connection.js'
import type { TextRows } from '../table-probe.js'
import { postgresReason } from '../targets/postgres-connection.js'
import type { Batches } from '../warehouse-table.js'

/** PostgreSQL in this process (PGlite), for tests. It has no COPY by the protocol: pieces are copied from memory. */
export class PgliteConnection implements SqlConnection {
  readonly location = 'pglite'
  readonly #database: Pglite.PGlite

  private constructor(database: Pglite.PGlite) {
    this.#database = database
  }

  static async open(): Promise<PgliteConnection> {
    const { PGlite } = createRequire(import.meta.url)('@electric-sql/pglite') as typeof Pglite
    const database = await PGlite.create()
    await database.exec(`SET TIME ZONE 'UTC'; SET client_min_messages TO warning`)
    return new PgliteConnection(database)
  }

  async run(sql: string): Promise<void> {
    try {
      await this.#database.exec(sql)
    } catch (error) {
      throw statementFailed(this.location, sql, postgresReason(error), error)
    }
  }

  async query(sql: string): Promise<TextRows> {
    try {
      const { rows } = await this.#database.query<(string | null)[]>(sql, [], { rowMode: 'array', parsers: asText })
      return rows
    } catch (error) {
      throw statementFailed(this.location, sql, postgresReason(error), error)
    }
  }

  async copyRows({ sql, columns }: RowsStep, rows: Batches): Promise<void> {
    for await (const piece of copyText(rows.heap, columns, rows.batches())) {
      try {
        await this.#database.query(sql.replace('FROM STDIN', `FROM '/dev/blob'`), [], { blob: new Blob([piece]) })
      } catch (error) {
        throw statementFailed(this.location, sql, postgresReason(error), error)
      }
    }
  }

  reset(): Promise<void> {
    return Promise.resolve()
  }
  /** Targets come and go; the database stays. */
  close(): Promise<void> {
    return Promise.resolve()
  }
  shutDown(): Promise<void> {
    return this.#database.close()
  }
}

/** Every type's text as the server gives it. */
const typeOids = [
  16, 17, 18, 19, 20, 21, 23, 25, 26, 114, 700, 701, 1042, 1043, 1082, 1083, 1114, 1184, 1186, 1700, 3802,
]
const asText = Object.fromEntries(typeOids.map((oid) => [oid, (value: string) => value]))
