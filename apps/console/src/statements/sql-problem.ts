import { UsageError } from '@deltaworks/cli'

/** A statement that cannot be understood, or not be done. */
export const sqlProblem = (message: string): UsageError =>
  new UsageError('DW-CLI-0004', 'usage', `${message}. Nothing was changed.`)
