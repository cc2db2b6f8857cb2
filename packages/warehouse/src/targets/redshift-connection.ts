import type {
  DescribeStatementCommandOutput,
  ExecuteStatementCommandInput,
  Field,
  RedshiftDataClient,
} from '@aws-sdk/client-redshift-data'
import { cannotOpen, sessionLost, statementAborted, statementFailed, statementTimeout } from '../errors.js'
import type { SqlConnection } from '../sql-connection.js'
import type { TextRows } from '../table-probe.js'
import { text } from '../dialects/sql-text.js'
import { redshiftDataDriver } from './redshift-data-driver.js'
import { checkRedshiftConnection, redshiftLocation, type RedshiftConnectionOptions } from './redshift-options.js'

/** Seconds that a request may wait at the service for the statement's end. */
const waitSeconds = 10
/** Database errors after which the same may go well: serializable isolation (1023), a deadlock, a cluster that restarts. */
const transientReason = /\b1023\b|serializable isolation|deadlock detected|system requested abort|restarting/i
const busyErrors = ['ActiveStatementsExceededException', 'ActiveSessionsExceededException', 'ThrottlingException']

/** A session of a Redshift database by the Data API: statements are submitted, and asked after until they are at their end. */
export class RedshiftDataConnection implements SqlConnection {
  readonly location: string
  readonly #options: RedshiftConnectionOptions
  #client: RedshiftDataClient | null = null
  #sessionId: string | null = null
  #inTransaction = false

  /** @throws WarehouseError DW-WAREHOUSE-0016 */
  constructor(options: RedshiftConnectionOptions) {
    checkRedshiftConnection(options)
    this.#options = options
    this.location = redshiftLocation(options)
  }

  async run(sql: string): Promise<void> {
    await this.#finished(sql)
  }

  async query(sql: string): Promise<TextRows> {
    const { Id } = await this.#finished(sql)
    return this.#result(Id!)
  }

  async loadErrors(uri: string): Promise<readonly string[]> {
    const rows = await this.query(
      `SELECT TRIM(colname), TRIM(err_reason), TRIM(filename), line_number FROM stl_load_errors WHERE filename LIKE ${text(`${uri.replaceAll(/[%_\\]/g, '_')}%`)} ORDER BY starttime DESC LIMIT 5`,
    )
    return rows.map(([column, reason, file, line]) => `${reason}, column ${column} in ${file}, row ${line}`)
  }

  /** A transaction that is still open would hold up the question what became of it. */
  async reset(): Promise<void> {
    if (this.#sessionId !== null) await this.run('ROLLBACK').catch(() => undefined)
    this.#forgetSession()
  }

  async close(): Promise<void> {
    if (this.#inTransaction) await this.run('ROLLBACK').catch(() => undefined)
    this.#client?.destroy()
    this.#client = null
    this.#forgetSession()
  }

  #forgetSession(): void {
    this.#sessionId = null
    this.#inTransaction = false
  }

  /** Runs a statement in the session to its end. @throws WarehouseError DW-WAREHOUSE-0013, 0015, 0018, 0019 */
  async #finished(sql: string): Promise<DescribeStatementCommandOutput> {
    const began = Date.now()
    const id = await this.#submit(sql)
    const end = await this.#end(id, sql, began)
    if (end.Status !== 'FINISHED') throw this.#failure(sql, end)
    const word = /^\s*(\w+)/.exec(sql)?.[1]?.toUpperCase()
    if (word === 'BEGIN') this.#inTransaction = true
    else if (word === 'COMMIT' || word === 'ROLLBACK') this.#inTransaction = false
    return end
  }

  #failure(sql: string, { Status, Error: error }: DescribeStatementCommandOutput): Error {
    const reason = (error ?? `it ended ${String(Status)}`).replace(/^ERROR: /, '').replace(/\.$/, '')
    if (/connection.*lost|session.*(closed|not available)/i.test(reason)) {
      this.#forgetSession()
      return sessionLost(this.location, reason, null)
    }
    return Status === 'ABORTED' || transientReason.test(reason)
      ? statementAborted(this.location, sql, reason)
      : statementFailed(this.location, sql, reason, null)
  }

  async #submit(sql: string): Promise<string> {
    const { ExecuteStatementCommand } = redshiftDataDriver()
    for (let reopened = false; ; reopened = true) {
      const SessionId = this.#sessionId ?? (await this.#openSession())
      const input: ExecuteStatementCommandInput = {
        Sql: sql,
        SessionId,
        WaitTimeSeconds: Math.min(waitSeconds, this.#options.statementSeconds ?? waitSeconds),
      }
      try {
        const { Id } = await this.#patiently(() => this.#opened().send(new ExecuteStatementCommand(input)))
        return Id!
      } catch (error) {
        if (!isSessionGone(error)) throw statementFailed(this.location, sql, reasonOf(error), error)
        const hadTransaction = this.#inTransaction
        this.#forgetSession()
        // An idle session that ran out is replaced; a transaction that went with it cannot be.
        if (hadTransaction || reopened) throw sessionLost(this.location, reasonOf(error), error)
      }
    }
  }

  /** Asks after a statement, less and less often. */
  async #end(id: string, sql: string, began: number): Promise<DescribeStatementCommandOutput> {
    const { CancelStatementCommand, DescribeStatementCommand } = redshiftDataDriver()
    const { statementSeconds = 3600, pollMs = [25, 2000] } = this.#options
    const deadline = began + statementSeconds * 1000
    for (let pause = pollMs[0]; ; pause = Math.min(pause * 2, pollMs[1])) {
      const left = Math.max(0, Math.ceil((deadline - Date.now()) / 1000))
      const wait = { Id: id, WaitTimeSeconds: Math.min(waitSeconds, left) }
      const told = await this.#patiently(() => this.#opened().send(new DescribeStatementCommand(wait))).catch(
        (error: unknown) => {
          throw sessionLost(this.location, reasonOf(error), error)
        },
      )
      if (told.Status === 'FINISHED' || told.Status === 'FAILED' || told.Status === 'ABORTED') return told
      if (Date.now() >= deadline) {
        await this.#opened()
          .send(new CancelStatementCommand({ Id: id }))
          .catch(() => undefined)
        throw statementTimeout(this.location, sql, statementSeconds)
      }
      await new Promise((resolve) => setTimeout(resolve, pause))
    }
  }

  async #result(id: string): Promise<TextRows> {
    const { GetStatementResultCommand } = redshiftDataDriver()
    const rows: (string | null)[][] = []
    let token: string | undefined
    do {
      const input = token === undefined ? { Id: id } : { Id: id, NextToken: token }
      const page = await this.#patiently(() => this.#opened().send(new GetStatementResultCommand(input)))
      for (const record of page.Records ?? []) rows.push(record.map(textOfField))
      token = page.NextToken
    } while (token !== undefined && token !== '')
    return rows
  }

  async #openSession(): Promise<string> {
    const { ExecuteStatementCommand } = redshiftDataDriver()
    const {
      cluster,
      workgroup,
      database,
      secretArn,
      dbUser,
      queryGroup = 'deltaworks-export',
      sessionSeconds = 300,
    } = this.#options
    const input: ExecuteStatementCommandInput = {
      Database: database,
      ...(cluster === undefined ? {} : { ClusterIdentifier: cluster }),
      ...(workgroup === undefined ? {} : { WorkgroupName: workgroup }),
      ...(secretArn === undefined ? {} : { SecretArn: secretArn }),
      ...(dbUser === undefined ? {} : { DbUser: dbUser }),
      // Names are the lake's, letter for letter.
      Sql: 'SET enable_case_sensitive_identifier TO true',
      SessionKeepAliveSeconds: sessionSeconds,
      WaitTimeSeconds: waitSeconds,
    }
    try {
      const { Id, SessionId } = await this.#patiently(() => this.#opened().send(new ExecuteStatementCommand(input)))
      const { Status, Error: error } = await this.#end(Id!, input.Sql!, Date.now())
      if (Status !== 'FINISHED') throw new Error(error ?? `the session's first statement ended ${String(Status)}`)
      this.#sessionId = SessionId!
    } catch (error) {
      throw cannotOpen(this.location, reasonOf(error), error)
    }
    await this.run(`SET query_group TO ${text(queryGroup)}`)
    await this.run(`SET timezone TO 'UTC'`)
    return this.#sessionId
  }

  /** The service's own limits are waited out: it says so before it does anything. */
  async #patiently<T>(request: () => Promise<T>): Promise<T> {
    const { maxAttempts = 10, pollMs = [25, 2000] } = this.#options
    for (let attempt = 1, pause = pollMs[0]; ; attempt++, pause = Math.min(pause * 2, pollMs[1])) {
      try {
        return await request()
      } catch (error) {
        if (attempt >= maxAttempts || !busyErrors.includes((error as Error).name)) throw error
        await new Promise((resolve) => setTimeout(resolve, pause * (0.5 + Math.random())))
      }
    }
  }

  #opened(): RedshiftDataClient {
    if (this.#client === null) {
      const { RedshiftDataClient } = redshiftDataDriver()
      const { region, endpoint, maxAttempts = 10 } = this.#options
      this.#client = new RedshiftDataClient({
        maxAttempts,
        ...(region === undefined ? {} : { region }),
        ...(endpoint === undefined ? {} : { endpoint }),
        ...(region === undefined && endpoint !== undefined ? { region: 'us-east-1' } : {}),
      })
    }
    return this.#client
  }
}

const isSessionGone = (error: unknown): boolean =>
  (error as Error).name === 'ResourceNotFoundException' ||
  /session .*(not available|closed|expired|does not exist)/i.test(reasonOf(error))

/** The service's message, or the first line of another. */
export const reasonOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split('\n')[0]!.replace(/\.$/, '')

function textOfField(field: Field): string | null {
  if (field.isNull === true) return null
  const { stringValue, longValue, doubleValue, booleanValue, blobValue } = field
  if (blobValue !== undefined) return Buffer.from(blobValue).toString('hex')
  return stringValue ?? String(longValue ?? doubleValue ?? booleanValue ?? '')
}
