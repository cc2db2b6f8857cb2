import type { QueryResult } from './database/database.js'

export type StatementStatus = 'SUBMITTED' | 'PICKED' | 'STARTED' | 'FINISHED' | 'FAILED' | 'ABORTED'

/** One SQL text of a request. */
export interface SubStatement {
  readonly sql: string
  status: StatementStatus
  error: string | null
  result: QueryResult | null
  affected: number
  durationMs: number
}

/** What was submitted by one request, and what became of it. */
export class StatementRecord {
  readonly id: string
  readonly isBatch: boolean
  readonly subs: readonly SubStatement[]
  readonly createdMs: number
  readonly queryId: number
  readonly request: StatementRequest
  updatedMs: number
  status: StatementStatus = 'SUBMITTED'
  error: string | null = null
  sessionId: string | null = null
  cancelled = false
  /** Stops it, if it can be stopped where it is. */
  cancel: (() => Promise<boolean>) | null = null
  /** Resolves at its end. */
  readonly done: Promise<void>
  #resolve: () => void = () => undefined

  constructor(id: string, queryId: number, request: StatementRequest, sqls: readonly string[], nowMs: number) {
    this.id = id
    this.queryId = queryId
    this.request = request
    this.isBatch = request.isBatch
    this.createdMs = nowMs
    this.updatedMs = nowMs
    this.subs = sqls.map((sql) => ({ sql, status: 'SUBMITTED', error: null, result: null, affected: 0, durationMs: 0 }))
    this.done = new Promise((resolve) => (this.#resolve = resolve))
  }

  get isEnded(): boolean {
    return this.status === 'FINISHED' || this.status === 'FAILED' || this.status === 'ABORTED'
  }
  move(status: StatementStatus, nowMs: number, error: string | null = null): void {
    this.status = status
    this.updatedMs = nowMs
    this.error = error
    if (this.isEnded) this.#resolve()
  }
}

export interface StatementRequest {
  readonly isBatch: boolean
  readonly name: string | null
  readonly database: string | null
  readonly cluster: string | null
  readonly workgroup: string | null
  readonly dbUser: string | null
  readonly secretArn: string | null
}
