/** What the last operation on a table did. */
export interface WriteReport {
  readonly rowsWritten: number
  readonly filesWritten: number
  readonly bytesWritten: number
  readonly filesRemoved: number
  /** false: there was nothing to do, no version was made. */
  readonly committed: boolean
  /** Spark's operation metrics of the commit. */
  readonly metrics: Readonly<Record<string, number>>
}

export const emptyReport: WriteReport = {
  rowsWritten: 0,
  filesWritten: 0,
  bytesWritten: 0,
  filesRemoved: 0,
  committed: false,
  metrics: {},
}
