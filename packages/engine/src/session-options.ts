import type { ExpressionMode } from '@deltaworks/expression'
import type { TableFunction } from './sql.js'

export interface SessionOptions {
  /** Worker threads for large inputs; default: as many as there are cores. */
  readonly threads?: number
  /** Budget over all threads; default half of the machine's memory, at most 4 GiB. */
  readonly memoryBytes?: number
  /**
   * Parent of the folder for rows that do not fit into memory; default: one for the user among the system's temporary files.
   * The session's own folder in it is deleted when the session is closed, and when the process ends; what a killed process
   * left is deleted by the next session with the same parent.
   */
  readonly spillFolder?: string
  /** Disk that the session may use for that; default: as much as there is. */
  readonly spillLimitBytes?: number
  /** The session's time zone; default UTC. */
  readonly timezone?: string
  /** The session's clock, microseconds since the epoch. */
  readonly now?: () => bigint
  /** Inputs that take at most so much memory (estimated: Parquet and CSV grow) are executed on the calling thread; default 128 MiB, and 24 MiB once the workers run. */
  readonly inlineBytes?: number
  /** What a worker takes at once, about; default 4 to 32 MiB, by the size of the input. Rows come in the same order whatever it is. */
  readonly morselBytes?: number
  /** How expressions are computed; results are the same. Default `auto`: compiled, but for what is too small to be worth it. */
  readonly expressions?: ExpressionMode
  /** File of the worker threads, where a bundler moved it; default: beside this package's own. */
  readonly workerFile?: string
  /** Table functions of SQL beside the engine's own: `read_delta`, say. */
  readonly tableFunctions?: Readonly<Record<string, TableFunction>>
}
