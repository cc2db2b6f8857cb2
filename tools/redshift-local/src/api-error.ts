/** An error of the Data API itself: no statement was run for the request. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly type: ApiErrorType
  readonly status: number
  readonly details: Readonly<Record<string, string>>

  constructor(type: ApiErrorType, message: string, details: Readonly<Record<string, string>> = {}) {
    super(message)
    this.type = type
    this.status = type === 'InternalServerException' || type === 'DatabaseConnectionException' ? 500 : 400
    this.details = details
  }
}

export type ApiErrorType =
  | 'ValidationException'
  | 'ResourceNotFoundException'
  | 'ActiveStatementsExceededException'
  | 'ActiveSessionsExceededException'
  | 'ThrottlingException'
  | 'ExecuteStatementException'
  | 'BatchExecuteStatementException'
  | 'DatabaseConnectionException'
  | 'InternalServerException'
  | 'UnknownOperationException'

export const validation = (message: string): ApiError => new ApiError('ValidationException', message)
export const notFound = (id: string): ApiError =>
  new ApiError('ResourceNotFoundException', `Query does not exist.`, { ResourceId: id })
