import { randomUUID } from 'node:crypto'
import { ApiError, notFound, validation } from './api-error.js'
import { DataSession } from './data-session.js'
import type { Database } from './database/database.js'
import { Executor, type ExecutorOptions } from './executor.js'
import type { Faults } from './faults.js'
import type { Limits } from './limits.js'
import { runStatement } from './run-statement.js'
import { withParameters, type SqlParameter } from './parameters.js'
import { splitStatements } from './sql/expressions.js'
import { tokenize, type Token } from './sql/tokens.js'
import { SqlFailure } from './sql-failure.js'
import { StatementRecord, type StatementRequest } from './statement-record.js'

export interface DataApiOptions {
  readonly database: Database
  readonly limits: Limits
  readonly faults: Faults
  readonly executor: ExecutorOptions
  readonly clock: () => number
}

export interface SubmitInput {
  readonly sqls: readonly string[]
  readonly request: StatementRequest
  readonly parameters: readonly SqlParameter[]
  readonly clientToken: string | null
  readonly sessionId: string | null
  readonly keepAliveSeconds: number | null
  readonly autoCommit: boolean
}

/** Statements and sessions of the Data API. Statements run in the background; requests ask what became of them. */
export class DataApi {
  readonly statements = new Map<string, StatementRecord>()
  readonly sessions = new Map<string, DataSession>()
  readonly #options: DataApiOptions
  readonly #byToken = new Map<string, StatementRecord>()
  #queries = 0

  constructor(options: DataApiOptions) {
    this.#options = options
  }

  get limits(): Limits {
    return this.#options.limits
  }

  /** Accepts a request: it is checked, and starts. @throws ApiError */
  async submit(input: SubmitInput): Promise<StatementRecord> {
    const known = input.clientToken === null ? undefined : this.#byToken.get(input.clientToken)
    if (known !== undefined) return known
    const { limits, clock } = this.#options
    this.#forgetOld()
    this.#check(input)
    const texts = input.sqls.map((sql) => boundTokens(sql, input))
    const session = await this.#session(input)
    const record = new StatementRecord(randomUUID(), ++this.#queries, input.request, input.sqls, clock())
    record.sessionId = session.id === '' ? null : session.id
    this.statements.set(record.id, record)
    if (input.clientToken !== null) this.#byToken.set(input.clientToken, record)
    session.enter()
    const { faults } = this.#options
    void runStatement(record, texts, session, { faults, limits, clock, autoCommit: input.autoCommit }).finally(() => {
      session.leave()
      // Of a request without a session: it has the connection to itself.
      if (session.id === '') void session.close()
    })
    return record
  }

  /** `id`, or `id:2` for the second statement of a batch. @throws ApiError */
  find(id: string): { readonly record: StatementRecord; readonly sub: number | null } {
    const [plain, part] = id.split(':')
    const record = this.statements.get(plain!)
    const sub = part === undefined ? null : Number(part) - 1
    if (record === undefined || (sub !== null && record.subs[sub] === undefined)) throw notFound(id)
    return { record, sub }
  }

  /** @returns whether it could be stopped @throws ApiError */
  async cancel(id: string): Promise<boolean> {
    const { record } = this.find(id)
    if (record.isEnded)
      throw validation(`Could not cancel a query that is already in ${record.status} state with ID: ${id}`)
    record.cancelled = true
    return (await record.cancel?.()) ?? true
  }

  /** Waits for the end of a statement, but not longer than is allowed. */
  async wait(record: StatementRecord, seconds: number): Promise<void> {
    if (record.isEnded || seconds <= 0) return
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<void>(
      (resolve) => (timer = setTimeout(resolve, Math.min(seconds, this.limits.waitSeconds) * 1000)),
    )
    await Promise.race([record.done, late])
    clearTimeout(timer)
  }

  async close(): Promise<void> {
    await Promise.all([...this.sessions.values()].map((session) => session.close()))
  }

  /** @throws ApiError */
  #check({ sqls, request, sessionId, keepAliveSeconds }: SubmitInput): void {
    const { limits } = this.#options
    if (sqls.length === 0 || sqls.some((sql) => sql.trim() === '')) throw validation('Sql must not be empty.')
    if (sqls.length > limits.batchStatements)
      throw validation(`Member must have length less than or equal to ${limits.batchStatements}: Sqls`)
    const tooLong = sqls.find((sql) => Buffer.byteLength(sql) > limits.statementBytes)
    if (tooLong !== undefined) throw validation(`The query statement size exceeds ${limits.statementBytes} bytes.`)
    if (sessionId === null && request.database === null) throw validation('Database must be provided.')
    if (sessionId === null && (request.cluster === null) === (request.workgroup === null))
      throw validation('Either ClusterIdentifier or WorkgroupName must be provided, and not both.')
    if (keepAliveSeconds !== null && !(keepAliveSeconds >= 0 && keepAliveSeconds <= limits.sessionSeconds))
      throw validation(`SessionKeepAliveSeconds must be from 0 to ${limits.sessionSeconds}.`)
    const active = [...this.statements.values()].filter((record) => !record.isEnded).length
    if (active >= limits.activeStatements)
      throw new ApiError('ActiveStatementsExceededException', 'Active statements exceeded the allowed quota.')
  }

  /** The request's session, a new one that stays, or one for this request alone (its id is empty). @throws ApiError */
  async #session({ sessionId, keepAliveSeconds }: SubmitInput): Promise<DataSession> {
    if (sessionId !== null) {
      const found = this.sessions.get(sessionId)
      if (found === undefined) throw validation('Session is not available. It may have been closed or timed out.')
      if (found.isBusy) throw validation('Session is busy: another statement is running in it.')
      if (keepAliveSeconds !== null) found.keepAliveSeconds = keepAliveSeconds
      return found
    }
    const stays = keepAliveSeconds !== null && keepAliveSeconds > 0
    if (stays && this.sessions.size >= this.limits.sessions)
      throw new ApiError('ActiveSessionsExceededException', 'Active sessions exceeded the allowed quota.')
    const { database, executor, clock } = this.#options
    const opened = new Executor(await database.open(), executor)
    const id = stays ? randomUUID() : ''
    const session = new DataSession(id, opened, keepAliveSeconds ?? 0, clock(), () => this.sessions.delete(id))
    if (stays) this.sessions.set(id, session)
    return session
  }

  #forgetOld(): void {
    const oldest = this.#options.clock() - this.limits.retentionMs
    for (const [id, record] of this.statements) {
      if (record.createdMs >= oldest) return
      if (record.isEnded) this.statements.delete(id)
    }
  }
}

/** One request's text is one statement, and not several. A text that cannot be read fails when it is run. @throws ApiError */
function boundTokens(sql: string, { parameters }: SubmitInput): readonly Token[] | SqlFailure {
  let tokens: readonly Token[]
  try {
    tokens = tokenize(sql)
  } catch (error) {
    if (error instanceof SqlFailure) return error
    throw error
  }
  const statements = splitStatements(tokens)
  if (statements.length !== 1) throw validation('Multi-statement is not supported: give one statement a text.')
  return withParameters(statements[0]!, parameters)
}
