import { duckDbDialect } from '../dialects/duckdb-dialect.js'
import type { Copier } from '../load-script.js'
import { SqlTarget } from '../sql-target.js'
import { DuckDbConnection, duckDbReason, type DuckDbOptions } from './duckdb-connection.js'
import { insertsFromParquet } from './duckdb-load-sql.js'
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
  const inserts = insertsFromParquet(table, table.source, relation)
  return { stage: [], load: inserts.map((sql) => ({ kind: 'sql' as const, sql })), cleanUp: [] }
}

export type DuckDbTarget = SqlTarget

/**
 * A target in a DuckDB file, which is opened (and made, with its folder) when it is first needed; `:memory:` is not kept.
 * Everything of an export happens in one transaction of one connection, which readers of the file (there can be none from
 * other processes while it is open for writing) and a crash see as a whole or not at all.
 */
export const duckDbTarget = (path: string, options: DuckDbOptions = {}): DuckDbTarget =>
  new SqlTarget({
    kind: 'duckdb',
    connection: new DuckDbConnection(path, options),
    script: { dialect: duckDbDialect, copy, publication: 'create' },
    schemaName: null,
    begin: 'BEGIN TRANSACTION',
    // One process has the file, and one export the process.
    lock: [],
    unloader: duckDbUnloader(),
    reasonOf: duckDbReason,
  })
