import type { ObjectStore } from '@deltaworks/storage'
import {
  alterAttributes,
  columnFacts,
  existingOid,
  forgetKey,
  forgetTable,
  oidOf,
  rememberKey,
  rememberTable,
} from './database/catalog.js'
import type { DatabaseSession, QueryResult } from './database/database.js'
import { sqlError } from './sql-failure.js'
import { translateExpressions } from './sql/expressions.js'
import { parseStatement, settingSql, type Statement } from './sql/statement.js'
import { joinTokens, quoteText, tokenize, type Token } from './sql/tokens.js'
import { copy } from './transfer/copy.js'
import type { LoadErrors } from './transfer/load-error.js'
import { unload } from './transfer/unload.js'

export interface ExecutorOptions {
  readonly openStore: (uri: string) => ObjectStore
  readonly loadErrors: LoadErrors
}

/** What a statement gave; `result` is null if it gives none. */
export interface Outcome {
  readonly result: QueryResult | null
  readonly affected: number
}

const nothing: Outcome = { result: null, affected: 0 }

/** Runs Redshift's statements in one session, on PostgreSQL. */
export class Executor {
  readonly session: DatabaseSession
  readonly #options: ExecutorOptions
  #caseSensitive = false
  /** Whether the transaction is the client's own, not one that holds a single statement together. */
  #wasInTransaction = false

  constructor(session: DatabaseSession, options: ExecutorOptions) {
    this.session = session
    this.#options = options
  }

  /** @param query its number, for the system's tables @throws SqlFailure, and PostgreSQL's errors */
  async run(tokens: readonly Token[], query: number): Promise<Outcome> {
    const statement = parseStatement(tokens, this.#caseSensitive)
    switch (statement.kind) {
      case 'begin':
        if (this.session.inTransaction) return nothing
        await this.session.begin()
        return nothing
      case 'commit':
        return this.#end('COMMIT')
      case 'rollback':
        return this.#end('ROLLBACK')
      case 'set':
        return this.#set(statement.name, statement.value)
      case 'sql':
        return this.#plain(statement.sql, statement.hasResult, tokens)
      default:
        return this.#whole(() => this.#composite(statement, query))
    }
  }

  async #end(how: 'COMMIT' | 'ROLLBACK'): Promise<Outcome> {
    // As in PostgreSQL, a COMMIT or ROLLBACK outside of a transaction is a warning.
    if (this.session.inTransaction) await this.session.end(how)
    return nothing
  }

  async #set(name: string, value: string): Promise<Outcome> {
    if (name === 'enable_case_sensitive_identifier') this.#caseSensitive = /^(true|on|1)$/i.test(value)
    await this.session.query(settingSql(name, value))
    return nothing
  }

  async #plain(sql: string, hasResult: boolean, tokens: readonly Token[]): Promise<Outcome> {
    if (/stl_load_errors|sys_load_error_detail/i.test(joinTokens(tokens)))
      for (const fill of this.#options.loadErrors.statements()) await this.session.query(fill)
    const result = await this.session.query(sql)
    return hasResult ? { result, affected: -1 } : { result: null, affected: result.affected }
  }

  /** Several statements of PostgreSQL for one of Redshift: all of them, or none. */
  async #whole(task: () => Promise<Outcome>): Promise<Outcome> {
    this.#wasInTransaction = this.session.inTransaction
    if (this.session.inTransaction) return task()
    await this.session.begin()
    try {
      const outcome = await task()
      await this.session.end('COMMIT')
      return outcome
    } catch (error) {
      await this.session.end('ROLLBACK').catch(() => undefined)
      throw error
    }
  }

  async #composite(
    statement: Exclude<Statement, { readonly kind: 'begin' | 'commit' | 'rollback' | 'set' | 'sql' }>,
    query: number,
  ): Promise<Outcome> {
    const { session } = this
    switch (statement.kind) {
      case 'create-table': {
        if (statement.ifNotExists && (await oidOf(session, statement.relation)) !== null) return nothing
        const { affected } = await session.query(statement.sql)
        await rememberTable(session, await existingOid(session, statement.relation), statement.attributes)
        return { result: null, affected }
      }
      case 'drop-tables':
        for (const relation of statement.relations) {
          const oid = await oidOf(session, relation)
          if (oid !== null) await forgetTable(session, oid, relation.name, statement.cascade)
        }
        await session.query(statement.sql)
        return nothing
      case 'add-key':
        await rememberKey(session, await existingOid(session, statement.relation), statement.key)
        return nothing
      case 'drop-key':
        await forgetKey(session, await existingOid(session, statement.relation), statement.name)
        return nothing
      case 'alter-type':
        return this.#alterType(statement)
      case 'alter-attributes':
        await alterAttributes(session, await existingOid(session, statement.relation), statement.attributes)
        return nothing
      case 'masking-policy':
        return this.#maskingPolicy(statement)
      case 'attach-policy':
        return this.#attachPolicy(statement)
      case 'copy': {
        const { openStore, loadErrors } = this.#options
        const rows = await copy(statement, { session, openStore, loadErrors, query, startMs: Date.now() })
        return { result: null, affected: rows }
      }
      case 'unload': {
        const inner = translateExpressions(tokenize(statement.query), this.#caseSensitive)
        const rows = await unload(statement, inner, { session, openStore: this.#options.openStore })
        return { result: null, affected: rows }
      }
    }
  }

  /** Only the length of a VARCHAR, not in a transaction, and not of every encoding (Developer Guide, "ALTER TABLE"). */
  async #alterType(statement: Extract<Statement, { readonly kind: 'alter-type' }>): Promise<Outcome> {
    const oid = await existingOid(this.session, statement.relation)
    if (this.#wasInTransaction)
      throw sqlError('25001', 'ALTER TABLE ALTER COLUMN cannot run inside a transaction block')
    const { encoding, isKey } = await columnFacts(this.session, oid, statement.column)
    if (isKey) throw sqlError('0A000', `cannot alter column "${statement.column}": it is part of a key`)
    if (['BYTEDICT', 'RUNLENGTH', 'TEXT255', 'TEXT32K'].includes(encoding ?? ''))
      throw sqlError('0A000', `cannot alter column "${statement.column}" with the encoding ${encoding}`)
    await this.session.query(statement.sql)
    return nothing
  }

  async #maskingPolicy({
    name,
    ifNotExists,
  }: Extract<Statement, { readonly kind: 'masking-policy' }>): Promise<Outcome> {
    const { affected } = await this.session.query(
      `INSERT INTO redshift_local.masking_policies VALUES (${quoteText(name)}) ON CONFLICT DO NOTHING`,
    )
    if (affected === 0 && !ifNotExists) throw sqlError('42710', `masking policy "${name}" already exists`)
    return nothing
  }

  async #attachPolicy(statement: Extract<Statement, { readonly kind: 'attach-policy' }>): Promise<Outcome> {
    const { name, relation, column } = statement
    const oid = await existingOid(this.session, relation)
    const { rows } = await this.session.query(
      `SELECT (SELECT COUNT(*) FROM redshift_local.masking_policies WHERE name = ${quoteText(name)}), (SELECT COUNT(*) FROM pg_attribute WHERE attrelid = ${oid} AND attname = ${quoteText(column)})`,
    )
    if (rows[0]![0] === '0') throw sqlError('42704', `masking policy "${name}" does not exist`)
    if (rows[0]![1] === '0') throw sqlError('42703', `column "${column}" does not exist`)
    await this.session.query(
      `INSERT INTO redshift_local.attached_policies VALUES (${quoteText(name)}, ${oid}, ${quoteText(column)})`,
    )
    return nothing
  }
}
