import { postgresDialect } from '../dialects/postgres-dialect.js'
import { nameList } from '../dialects/sql-text.js'
import type { Copier } from '../load-script.js'
import type { SqlConnection } from '../sql-connection.js'
import { SqlTarget } from '../sql-target.js'
import { PostgresConnection, postgresReason } from './postgres-connection.js'

/** Rows come by COPY's protocol; nothing is staged. */
const copy: Copier = (_, relation, columns, part) => {
  const names = nameList(columns.fields.map(({ name }) => name))
  const sql = `COPY ${relation} (${names}) FROM STDIN`
  return { stage: [], load: [{ kind: 'rows', sql, relation, columns, part }], cleanUp: [] }
}

export interface PostgresOptions {
  /** `postgres://user@host:5432/database` */
  readonly url: string
  readonly schemaName?: string
  readonly queryTag?: string
}

export const postgresTarget = ({ url, schemaName, queryTag }: PostgresOptions): SqlTarget =>
  postgresTargetOver(new PostgresConnection(url, queryTag), schemaName ?? null)

/**
 * PostgreSQL over any connection with it. One transaction holds everything, DDL too; the control table's lock lets exports
 * load one after the other, and readers read on (a table is locked only while it is renamed and until the commit).
 */
export const postgresTargetOver = (connection: SqlConnection, schemaName: string | null = null): SqlTarget =>
  new SqlTarget({
    kind: 'postgres',
    connection,
    script: { dialect: postgresDialect, copy, publication: 'swap' },
    schemaName,
    begin: 'BEGIN',
    lock: ['LOCK TABLE {control} IN SHARE ROW EXCLUSIVE MODE'],
    reasonOf: postgresReason,
  })
