/** Limits of the Data API (Management Guide, "Considerations when calling the Amazon Redshift Data API"). */
export interface Limits {
  /** Bytes of one statement's text. */
  readonly statementBytes: number
  /** Bytes of a result, as its values' texts. */
  readonly resultBytes: number
  readonly batchStatements: number
  /** Statements that have been submitted and are not at their end. */
  readonly activeStatements: number
  readonly sessions: number
  readonly sessionSeconds: number
  /** Milliseconds for which statements and their results can be asked for. */
  readonly retentionMs: number
  /** Milliseconds that a statement may run. */
  readonly statementMs: number
  readonly waitSeconds: number
  /** Rows of one page of a result. */
  readonly pageRows: number
}

export const defaultLimits: Limits = {
  statementBytes: 100 * 1024,
  resultBytes: 500 * 1024 * 1024,
  batchStatements: 40,
  activeStatements: 500,
  sessions: 500,
  sessionSeconds: 24 * 3600,
  retentionMs: 24 * 3600 * 1000,
  statementMs: 24 * 3600 * 1000,
  waitSeconds: 30,
  pageRows: 1000,
}
