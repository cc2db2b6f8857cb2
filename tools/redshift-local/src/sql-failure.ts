/** What the database says of a statement that it cannot run: what `Error` of a FAILED statement holds. */
export class SqlFailure extends Error {
  override readonly name = 'SqlFailure'
  /** SQLSTATE */
  readonly sqlState: string

  constructor(sqlState: string, message: string) {
    super(message)
    this.sqlState = sqlState
  }
}

export const sqlError = (sqlState: string, message: string): SqlFailure => new SqlFailure(sqlState, message)
/** Something that Redshift does not do, or that this server does not. */
export const unsupported = (what: string): SqlFailure => sqlError('0A000', `${what} is not supported`)

export const failureText = (error: unknown): string => {
  const message = error instanceof Error ? error.message.split('\n')[0]! : String(error)
  return `ERROR: ${message}`
}
