import { createRequire } from 'node:module'
import type * as Pglite from '@electric-sql/pglite'
import { sqlError } from '../sql-failure.js'
import { sessionStart, type Database, type DatabaseSession, type QueryResult } from './database.js'

/**
 * PostgreSQL in this process. It has one connection, so sessions take turns: whoever has a transaction open has it until the
 * end, and the others wait, as they would for each other's locks.
 */
export class PgliteDatabase implements Database {
  readonly name = 'PGlite'
  readonly #pglite: Pglite.PGlite
  readonly #waiting: {
    readonly session: PgliteSession
    readonly go: () => void
    readonly stop: (why: Error) => void
  }[] = []
  #owner: PgliteSession | null = null

  private constructor(pglite: Pglite.PGlite) {
    this.#pglite = pglite
  }

  /** @param folder where it keeps its files; absent: in memory */
  static async create(folder?: string): Promise<PgliteDatabase> {
    const { PGlite } = createRequire(import.meta.url)('@electric-sql/pglite') as typeof Pglite
    const pglite = folder === undefined ? await PGlite.create() : await PGlite.create(folder)
    await pglite.exec(sessionStart)
    return new PgliteDatabase(pglite)
  }

  open(): Promise<DatabaseSession> {
    return Promise.resolve(new PgliteSession(this, this.#pglite))
  }
  async close(): Promise<void> {
    await this.#pglite.close()
  }

  /** Resolves when the session may use the connection. */
  async acquire(session: PgliteSession): Promise<void> {
    if (this.#owner === session) return
    if (this.#owner === null) {
      this.#owner = session
      return
    }
    await new Promise<void>((go, stop) => this.#waiting.push({ session, go, stop }))
  }
  release(session: PgliteSession): void {
    if (this.#owner !== session) return
    const next = this.#waiting.shift()
    this.#owner = next?.session ?? null
    next?.go()
  }
  /** Takes a waiting session out of the line. */
  dismiss(session: PgliteSession): boolean {
    const at = this.#waiting.findIndex((waiting) => waiting.session === session)
    if (at < 0) return false
    const [dismissed] = this.#waiting.splice(at, 1)
    dismissed!.stop(sqlError('57014', `Query cancelled on user's request`))
    return true
  }
}

class PgliteSession implements DatabaseSession {
  readonly #database: PgliteDatabase
  readonly #pglite: Pglite.PGlite
  inTransaction = false

  constructor(database: PgliteDatabase, pglite: Pglite.PGlite) {
    this.#database = database
    this.#pglite = pglite
  }

  query(sql: string): Promise<QueryResult> {
    return this.#alone(async () => {
      const result = await this.#pglite.query<(string | null)[]>(sql, [], { rowMode: 'array', parsers: asText })
      return {
        columns: result.fields.map(({ name, dataTypeID }) => ({ name, typeOid: dataTypeID })),
        rows: result.rows,
        affected: result.affectedRows ?? 0,
      }
    })
  }

  copyIn(sql: string, pieces: AsyncIterable<Uint8Array<ArrayBuffer>>): Promise<number> {
    return this.#alone(async () => {
      let rows = 0
      for await (const piece of pieces) {
        const from = sql.replace('FROM STDIN', `FROM '/dev/blob'`)
        const { affectedRows } = await this.#pglite.query(from, [], { blob: new Blob([piece]) })
        rows += affectedRows ?? 0
      }
      return rows
    })
  }

  async begin(): Promise<void> {
    await this.#database.acquire(this)
    await this.#pglite.exec('BEGIN')
    this.inTransaction = true
  }
  async end(how: 'COMMIT' | 'ROLLBACK'): Promise<void> {
    try {
      await this.#database.acquire(this)
      await this.#pglite.exec(how)
    } finally {
      this.inTransaction = false
      this.#database.release(this)
    }
  }

  /** What runs in WebAssembly runs to its end; only what waits can be stopped. */
  cancel(): Promise<boolean> {
    return Promise.resolve(this.#database.dismiss(this))
  }
  async close(): Promise<void> {
    this.#database.dismiss(this)
    if (this.inTransaction) await this.end('ROLLBACK')
  }

  async #alone<T>(task: () => Promise<T>): Promise<T> {
    await this.#database.acquire(this)
    try {
      return await task()
    } finally {
      if (!this.inTransaction) this.#database.release(this)
    }
  }
}

/** Types whose values PGlite would turn into something else than text. */
const parsedOids = [
  16, 17, 18, 19, 20, 21, 23, 25, 26, 114, 700, 701, 1042, 1043, 1082, 1083, 1114, 1184, 1186, 1700, 3802,
]
const arrayOids = [1000, 1005, 1007, 1009, 1015, 1016, 1021, 1022, 1231]
const asText = Object.fromEntries([...parsedOids, ...arrayOids].map((oid) => [oid, (value: string) => value]))
