import type { TableSession } from '@deltaworks/delta-table'
import type { FileSink, Session } from '@deltaworks/engine'
import { scan, type DataFrame, type LogicalPlan, type TableProvider } from '@deltaworks/plan'
import { readsTable } from './passing-rows.js'

type WriteFiles = TableSession['writeFiles']
export type FilesOfWrite = Awaited<ReturnType<WriteFiles>>

/** What a write would have written. */
export interface AskedWrite {
  readonly plan: LogicalPlan
  readonly sink: FileSink
}

const givenUp = new Error('there is nothing to write')
const cannotRepeat = new Error('the rows came by once, and cannot be written a second time')

/**
 * A write that has begun and waits for its files, which are made by someone else: it then commits them, or is given up and leaves
 * nothing. A write that loses its commit to another one deletes its files, and may ask a second time.
 */
export class CapturedWrite<T> {
  /** What it asked for; null if it came to its end without. @throws what the write throws before it asks */
  readonly asked: Promise<AskedWrite | null>
  readonly #done: Promise<T>
  #answer: (files: FilesOfWrite) => void = () => undefined
  #refuse: (error: Error) => void = () => undefined

  /** @param again makes the files anew for a write that asks a second time */
  constructor(
    engine: Session,
    source: TableProvider,
    write: (session: TableSession, rows: DataFrame) => Promise<T>,
    again: (asked: AskedWrite) => Promise<FilesOfWrite> = () => Promise.reject(cannotRepeat),
  ) {
    const files = new Promise<FilesOfWrite>((resolve, reject) => {
      this.#answer = resolve
      this.#refuse = reject
    })
    files.catch(() => undefined)
    let ask: (asked: AskedWrite) => void = () => undefined
    let isFirst = true
    const asking = new Promise<AskedWrite>((resolve) => (ask = resolve))
    const session: TableSession = {
      context: engine.context,
      pool: engine.pool,
      collect: (query, run) => engine.collect(query, run),
      stream: (query, run) => engine.stream(query, run),
      materialise: (query, run) => engine.materialise(query, run),
      writeFiles: (plan, sink, run) => {
        if (!readsTable(plan, source)) return engine.writeFiles(plan, sink, run)
        if (!isFirst) return again({ plan, sink })
        isFirst = false
        ask({ plan, sink })
        return files
      },
    }
    this.#done = write(session, scan(source))
    this.asked = Promise.race([asking, this.#done.then(() => null)])
    this.asked.catch(() => undefined)
  }

  async finish(files: FilesOfWrite): Promise<T> {
    this.#answer(files)
    return this.#done
  }

  async giveUp(): Promise<void> {
    this.#refuse(givenUp)
    await this.#done.catch(() => undefined)
  }
}
