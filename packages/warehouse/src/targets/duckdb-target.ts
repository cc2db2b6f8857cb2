import { duckDbDialect } from '../dialects/duckdb-dialect.js'
import type { Copier } from '../load-script.js'
import { SqlTarget } from '../sql-target.js'
import { DuckDbConnection, duckDbReason } from './duckdb-connection.js'
import { insertFromParquet } from './duckdb-load-sql.js'
import { duckDbUnloader } from './duckdb-unload.js'

/** Files are read by DuckDB where they are; batches come as data chunks. */
const copy: Copier = (load, relation, columns, part) => {
  const { table } = load
  if (part !== 'all' || table.source.kind !== 'parquet')
    return {
      stage: [],
      load: [{ kind: 'rows', sql: `-- ${relation}: rows are appended by data chunks`, relation, columns, part }],
      cleanUp: [],
    }
  const insert = insertFromParquet(table, table.source, relation)
  return { stage: [], load: insert === null ? [] : [{ kind: 'sql', sql: insert }], cleanUp: [] }
}

export type DuckDbTarget = SqlTarget

/**
 * A target in a DuckDB file, which is opened (and made, with its folder) when it is first needed; `:memory:` is not kept.
 * Everything of an export happens in one transaction of one connection, which readers of the file (there can be none from
 * other processes while it is open for writing) and a crash see as a whole or not at all.
 */
export const duckDbTarget = (path: string): DuckDbTarget =>
  new SqlTarget({
    kind: 'duckdb',
    connection: new DuckDbConnection(path),
    script: { dialect: duckDbDialect, copy, publication: 'create' },
    schemaName: null,
    begin: 'BEGIN TRANSACTION',
    // One process has the file, and one export the process.
    lock: [],
    unloader: duckDbUnloader(),
    reasonOf: duckDbReason,
  })
