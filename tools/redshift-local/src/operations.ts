import { ApiError, validation } from './api-error.js'
import type { DataApi } from './data-api.js'
import type { SqlParameter } from './parameters.js'
import { resultBytes, resultPage } from './result-page.js'
import type { StatementRecord, SubStatement } from './statement-record.js'

/** A request's JSON. */
export type Input = Readonly<Record<string, unknown>>
export type Operation = (api: DataApi, input: Input) => Promise<unknown>

const textOf = (input: Input, name: string): string | null => {
  const value = input[name]
  if (value === undefined || value === null) return null
  if (typeof value !== 'string') throw validation(`${name} must be a text.`)
  return value
}
const required = (input: Input, name: string): string => {
  const value = textOf(input, name)
  if (value === null) throw validation(`${name} must be given.`)
  return value
}
const numberOf = (input: Input, name: string): number | null => {
  const value = input[name]
  if (value === undefined || value === null) return null
  if (typeof value !== 'number') throw validation(`${name} must be a number.`)
  return value
}
/** Times of this protocol are seconds since the epoch. */
const seconds = (ms: number): number => ms / 1000

async function submit(api: DataApi, input: Input, sqls: readonly string[], isBatch: boolean): Promise<unknown> {
  const request = {
    isBatch,
    name: textOf(input, 'StatementName'),
    database: textOf(input, 'Database'),
    cluster: textOf(input, 'ClusterIdentifier'),
    workgroup: textOf(input, 'WorkgroupName'),
    dbUser: textOf(input, 'DbUser'),
    secretArn: textOf(input, 'SecretArn'),
  }
  const record = await api.submit({
    sqls,
    request,
    parameters: (input['Parameters'] as readonly SqlParameter[] | undefined) ?? [],
    clientToken: textOf(input, 'ClientToken'),
    sessionId: textOf(input, 'SessionId'),
    keepAliveSeconds: numberOf(input, 'SessionKeepAliveSeconds'),
    autoCommit: input['ExecutionMode'] === 'AUTO_COMMIT',
  })
  await api.wait(record, numberOf(input, 'WaitTimeSeconds') ?? 0)
  return {
    Id: record.id,
    CreatedAt: seconds(record.createdMs),
    Status: record.status,
    ...origin(record),
    ...(record.sessionId === null ? {} : { SessionId: record.sessionId }),
  }
}

const origin = ({ request }: StatementRecord) => ({
  ...(request.database === null ? {} : { Database: request.database }),
  ...(request.cluster === null ? {} : { ClusterIdentifier: request.cluster }),
  ...(request.workgroup === null ? {} : { WorkgroupName: request.workgroup }),
  ...(request.dbUser === null ? {} : { DbUser: request.dbUser }),
  ...(request.secretArn === null ? {} : { SecretArn: request.secretArn }),
})

const subFacts = (sub: SubStatement) => ({
  HasResultSet: sub.result !== null,
  ResultRows: sub.result === null ? sub.affected : sub.result.rows.length,
  ResultSize: sub.result === null ? 0 : resultBytes(sub.result),
  Duration: Math.round(sub.durationMs * 1e6),
})

async function describeStatement(api: DataApi, input: Input): Promise<unknown> {
  const id = required(input, 'Id')
  const { record, sub } = api.find(id)
  await api.wait(record, numberOf(input, 'WaitTimeSeconds') ?? 0)
  const shown = record.subs[sub ?? record.subs.length - 1]!
  const error = sub === null ? record.error : shown.error
  return {
    Id: id,
    Status: sub === null ? record.status : shown.status,
    CreatedAt: seconds(record.createdMs),
    UpdatedAt: seconds(record.updatedMs),
    QueryString: shown.sql,
    RedshiftPid: 1,
    RedshiftQueryId: record.queryId,
    ...origin(record),
    ...subFacts(shown),
    ...(error === null ? {} : { Error: error }),
    ...(record.sessionId === null ? {} : { SessionId: record.sessionId }),
    ...(record.isBatch && sub === null ? { SubStatements: record.subs.map((one, i) => subData(record, one, i)) } : {}),
  }
}

const subData = (record: StatementRecord, sub: SubStatement, i: number) => ({
  Id: `${record.id}:${i + 1}`,
  Status: sub.status,
  QueryString: sub.sql,
  CreatedAt: seconds(record.createdMs),
  UpdatedAt: seconds(record.updatedMs),
  ...subFacts(sub),
  ...(sub.error === null ? {} : { Error: sub.error }),
})

async function getStatementResult(api: DataApi, input: Input): Promise<unknown> {
  const id = required(input, 'Id')
  const { record, sub } = api.find(id)
  await api.wait(record, numberOf(input, 'WaitTimeSeconds') ?? 0)
  const { status, result } = record.subs[sub ?? record.subs.length - 1]!
  if (status !== 'FINISHED')
    throw new ApiError(
      'ResourceNotFoundException',
      `Query does not have result. Please check query status with DescribeStatement.`,
      { ResourceId: id },
    )
  if (result === null)
    throw new ApiError('ResourceNotFoundException', 'Query does not have result set.', { ResourceId: id })
  return resultPage(result, Number(textOf(input, 'NextToken') ?? 0), api.limits.pageRows)
}

function listStatements(api: DataApi, input: Input): Promise<unknown> {
  const [status, name] = [textOf(input, 'Status'), textOf(input, 'StatementName')]
  const found = [...api.statements.values()].filter(
    (record) =>
      (status === null || status === 'ALL' || record.status === status) &&
      (name === null || record.request.name?.startsWith(name) === true),
  )
  const start = Number(textOf(input, 'NextToken') ?? 0)
  const end = start + (numberOf(input, 'MaxResults') ?? 100)
  const newestFirst = found.reverse()
  return Promise.resolve({
    Statements: newestFirst.slice(start, end).map((record) => ({
      Id: record.id,
      Status: record.status,
      CreatedAt: seconds(record.createdMs),
      UpdatedAt: seconds(record.updatedMs),
      IsBatchStatement: record.isBatch,
      ...(record.request.name === null ? {} : { StatementName: record.request.name }),
      ...(record.isBatch ? { QueryStrings: record.subs.map(({ sql }) => sql) } : { QueryString: record.subs[0]!.sql }),
    })),
    ...(end < newestFirst.length ? { NextToken: String(end) } : {}),
  })
}

const listSessions = (api: DataApi): Promise<unknown> =>
  Promise.resolve({
    Sessions: [...api.sessions.values()].map((session) => ({
      SessionId: session.id,
      Status: session.isBusy ? 'BUSY' : 'AVAILABLE',
      CreatedAt: seconds(session.createdMs),
      SessionAliveSeconds: session.keepAliveSeconds,
    })),
  })

/** Every operation that is served, by its name in `x-amz-target`. */
export const operations: Readonly<Record<string, Operation>> = {
  ExecuteStatement: async (api, input) => submit(api, input, [required(input, 'Sql')], false),
  BatchExecuteStatement: async (api, input) => submit(api, input, (input['Sqls'] ?? []) as readonly string[], true),
  DescribeStatement: describeStatement,
  GetStatementResult: getStatementResult,
  CancelStatement: async (api, input) => ({ Status: await api.cancel(required(input, 'Id')) }),
  ListStatements: listStatements,
  ListSessions: listSessions,
}
