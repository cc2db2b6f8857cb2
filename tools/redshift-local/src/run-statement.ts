import type { DataSession } from './data-session.js'
import type { FaultRule, Faults } from './faults.js'
import type { Limits } from './limits.js'
import { resultBytes } from './result-page.js'
import type { Token } from './sql/tokens.js'
import { failureText, sqlError, SqlFailure } from './sql-failure.js'
import type { StatementRecord, StatementStatus, SubStatement } from './statement-record.js'

export interface RunOptions {
  readonly faults: Faults
  readonly limits: Limits
  readonly clock: () => number
  /** Batches only: each statement by itself, instead of all in one transaction. */
  readonly autoCommit: boolean
}

type Text = readonly Token[] | SqlFailure

/** Runs what a request submitted, to its end; whatever happens is told by the record. */
export async function runStatement(
  record: StatementRecord,
  texts: readonly Text[],
  session: DataSession,
  options: RunOptions,
): Promise<void> {
  const { clock, limits } = options
  record.cancel = () => session.executor.session.cancel()
  record.move('PICKED', clock())
  const timer = setTimeout(() => {
    record.cancelled = true
    void session.executor.session.cancel()
  }, limits.statementMs)
  try {
    if (!record.isBatch) await runSingle(record, texts[0]!, session, options)
    else await runBatch(record, texts, session, options)
  } catch (error) {
    record.move(record.cancelled ? 'ABORTED' : 'FAILED', clock(), failureText(error))
  } finally {
    clearTimeout(timer)
    record.cancel = null
  }
}

async function runSingle(
  record: StatementRecord,
  text: Text,
  session: DataSession,
  options: RunOptions,
): Promise<void> {
  const { status, error } = await runOne(record, 0, text, session, options)
  record.move(status, options.clock(), error)
}

async function runBatch(
  record: StatementRecord,
  texts: readonly Text[],
  session: DataSession,
  options: RunOptions,
): Promise<void> {
  const database = session.executor.session
  const inOne = !options.autoCommit && !database.inTransaction
  if (inOne) await database.begin()
  let failed: SubStatement | null = null
  for (const [i, text] of texts.entries()) {
    const { status } = await runOne(record, i, text, session, options)
    if (status === 'FINISHED') continue
    failed ??= record.subs[i]!
    if (!options.autoCommit) break
  }
  for (const sub of record.subs) if (sub.status === 'SUBMITTED') sub.status = 'ABORTED'
  if (inOne && !session.isClosed) await database.end(failed === null ? 'COMMIT' : 'ROLLBACK')
  record.move(failed?.status ?? 'FINISHED', options.clock(), failed?.error ?? null)
}

interface Ended {
  readonly status: StatementStatus
  readonly error: string | null
}

async function runOne(
  record: StatementRecord,
  index: number,
  text: Text,
  session: DataSession,
  options: RunOptions,
): Promise<Ended> {
  const sub = record.subs[index]!
  const began = options.clock()
  record.move('STARTED', began)
  sub.status = 'STARTED'
  const { status, error } = await attempt(record, sub, text, session, options)
  sub.status = status
  sub.error = error
  sub.durationMs = options.clock() - began
  return { status, error }
}

async function attempt(
  record: StatementRecord,
  sub: SubStatement,
  text: Text,
  session: DataSession,
  { faults, limits }: RunOptions,
): Promise<Ended> {
  const fault = faults.ofStatement(sub.sql)
  const before = await faultBefore(fault, session)
  if (before !== null) return before
  if (record.cancelled) return { status: 'ABORTED', error: `ERROR: Query cancelled on user's request` }
  try {
    if (text instanceof SqlFailure) throw text
    const { result, affected } = await session.executor.run(text, record.queryId)
    if (result !== null && resultBytes(result) > limits.resultBytes)
      throw sqlError('54000', `The result is larger than ${limits.resultBytes} bytes`)
    sub.result = result
    sub.affected = affected
  } catch (error) {
    return { status: record.cancelled ? 'ABORTED' : 'FAILED', error: failureText(error) }
  }
  return fault?.kind === 'timeout-after'
    ? { status: 'ABORTED', error: 'ERROR: Query was aborted: its time ran out' }
    : { status: 'FINISHED', error: null }
}

async function faultBefore(fault: FaultRule | null, session: DataSession): Promise<Ended | null> {
  switch (fault?.kind) {
    case 'abort':
      return { status: 'ABORTED', error: 'ERROR: Query was aborted' }
    case 'fail':
      return { status: 'FAILED', error: 'ERROR: An internal error occurred in the compute node' }
    case 'lose-session':
      await session.close()
      return { status: 'FAILED', error: 'ERROR: Connection to the cluster was lost' }
    case 'delay':
      await new Promise((resolve) => setTimeout(resolve, fault.delayMs ?? 100))
      return null
    default:
      return null
  }
}
