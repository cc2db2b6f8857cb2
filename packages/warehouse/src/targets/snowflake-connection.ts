import type { Connection, ConnectionOptions } from 'snowflake-sdk'
import { cannotOpen, sessionLost, statementAborted, statementFailed } from '../errors.js'
import type { SqlConnection } from '../sql-connection.js'
import type { TextRows } from '../table-probe.js'
import { snowflakeDriver } from './snowflake-driver.js'
import {
  checkSnowflakeConnection,
  snowflakeLocation,
  type SnowflakeConnectionOptions,
  type SnowflakeLogin,
} from './snowflake-options.js'

/** Errors after which the same may go well: a statement timed out or cancelled (604, 630), a lock that was not had (625, 378). */
const transientCodes = ['000604', '000625', '000630', '000378']

/** A session of Snowflake through its own driver. */
export class SnowflakeConnection implements SqlConnection {
  readonly location: string
  readonly #options: SnowflakeConnectionOptions
  #connection: Connection | null = null

  /** @throws WarehouseError DW-WAREHOUSE-0016 */
  constructor(options: SnowflakeConnectionOptions) {
    checkSnowflakeConnection(options)
    this.#options = options
    this.location = snowflakeLocation(options)
  }

  async run(sql: string): Promise<void> {
    await this.query(sql)
  }

  async query(sql: string): Promise<TextRows> {
    return execute(await this.#open(), sql).catch((error: unknown) => {
      throw this.#failure(sql, error)
    })
  }

  reset(): Promise<void> {
    return this.close()
  }

  async close(): Promise<void> {
    const connection = this.#connection
    this.#connection = null
    // A session that is gone already cannot be ended.
    if (connection !== null) await new Promise<void>((resolve) => connection.destroy(() => resolve()))
  }

  #failure(sql: string, error: unknown): Error {
    const { code, isFatal } = error as { readonly code?: unknown; readonly isFatal?: boolean }
    const reason = snowflakeReason(error)
    if (isFatal === true || /connection.*(terminated|closed|reset)|ECONN|socket hang up/i.test(reason)) {
      this.#connection = null
      return sessionLost(this.location, reason, error)
    }
    return transientCodes.includes(String(code).padStart(6, '0')) || /transaction conflict/i.test(reason)
      ? statementAborted(this.location, sql, reason)
      : statementFailed(this.location, sql, reason, error)
  }

  async #open(): Promise<Connection> {
    if (this.#connection !== null) return this.#connection
    const { statementSeconds = 3600 } = this.#options
    const connection = snowflakeDriver().createConnection(driverOptions(this.#options))
    try {
      await new Promise<void>((resolve, reject) => {
        connection.connect((error) => (error === undefined || error === null ? resolve() : reject(error)))
      })
      const settings = [
        `TIMEZONE = 'UTC'`,
        'QUOTED_IDENTIFIERS_IGNORE_CASE = FALSE',
        `STATEMENT_TIMEOUT_IN_SECONDS = ${statementSeconds}`,
      ]
      for (const setting of settings) await execute(connection, `ALTER SESSION SET ${setting}`)
    } catch (error) {
      throw cannotOpen(this.location, snowflakeReason(error), error)
    }
    this.#connection = connection
    return connection
  }
}

/** Everything as text, so that nothing is rounded. */
const execute = (connection: Connection, sqlText: string): Promise<TextRows> =>
  new Promise((resolve, reject) => {
    connection.execute({
      sqlText,
      rowMode: 'array',
      fetchAsString: ['String', 'Boolean', 'Number', 'Date', 'JSON', 'Buffer'],
      complete: (error, _, rows) => {
        if (error !== undefined && error !== null) reject(error)
        else resolve(((rows ?? []) as unknown as readonly unknown[][]).map((row) => row.map(textOf)))
      },
    })
  })

const textOf = (value: unknown): string | null => {
  if (value === null || value === undefined) return null
  return typeof value === 'object' ? JSON.stringify(value) : String(value as string | number | boolean)
}

function driverOptions(options: SnowflakeConnectionOptions): ConnectionOptions {
  const { account, login, database, schema, role, warehouse, accessUrl, queryTag = 'deltaworks-export' } = options
  const url = accessUrl === undefined ? null : new URL(accessUrl)
  return {
    account,
    database,
    schema,
    application: 'deltaworks',
    queryTag,
    clientSessionKeepAlive: true,
    ...(role === undefined ? {} : { role }),
    ...(warehouse === undefined ? {} : { warehouse }),
    ...(url === null
      ? {}
      : {
          accessUrl: url.origin,
          host: url.hostname,
          port: Number(url.port || 443),
          protocol: url.protocol.replace(':', ''),
        }),
    ...loginOptions(login),
  } as ConnectionOptions
}

function loginOptions(login: SnowflakeLogin): Partial<ConnectionOptions> {
  switch (login.kind) {
    case 'password':
      return { username: login.username, password: login.password }
    case 'key-pair':
      return {
        authenticator: 'SNOWFLAKE_JWT',
        username: login.username,
        privateKeyPath: login.privateKeyPath,
        ...(login.passphrase === undefined ? {} : { privateKeyPass: login.passphrase }),
      }
    case 'oauth':
      return { authenticator: 'OAUTH', token: login.token }
  }
}

export const snowflakeReason = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split('\n').slice(0, 2).join(' ').replace(/\.$/, '')
