import { quote } from '../dialects/sql-text.js'
import { snowflakeDialect } from '../dialects/snowflake-dialect.js'
import { SqlTarget } from '../sql-target.js'
import { StageArea, type StageAreaOptions } from '../stage-area.js'
import { SnowflakeConnection, snowflakeReason } from './snowflake-connection.js'
import { snowflakeCopier, type SnowflakeCopyOptions, type SnowflakeStage } from './snowflake-copy.js'
import type { SnowflakeConnectionOptions } from './snowflake-options.js'
import { snowflakeUnloader } from './snowflake-unload.js'

export interface SnowflakeOptions extends SnowflakeConnectionOptions {
  /** Where files are written: a folder of this machine that they are PUT from, or what an external stage is over. */
  readonly staging: StageAreaOptions
  /** `internal`: a temporary stage of the session. */
  readonly stage: SnowflakeStage
  readonly copy?: SnowflakeCopyOptions
}

const lockTable = quote('deltaworks_lock')

/**
 * Snowflake. Its DDL commits by itself, so tables are made, and rows brought to temporary tables, before the transaction;
 * the transaction has only DELETE and INSERT, and the record of the load. One row of a table of its own is updated first:
 * so exports load one after the other.
 */
export function snowflakeTarget({ staging, stage, copy, ...options }: SnowflakeOptions): SqlTarget {
  const connection = new SnowflakeConnection(options)
  const area = new StageArea(staging)
  return new SqlTarget({
    kind: 'snowflake',
    connection,
    script: { dialect: snowflakeDialect, copy: snowflakeCopier(area.uri, stage, copy), publication: 'replace' },
    schemaName: null,
    begin: 'BEGIN',
    lock: [`UPDATE ${lockTable} SET "holder" = 'an export'`],
    setUp: () => [
      `CREATE TABLE IF NOT EXISTS ${lockTable} ("holder" VARCHAR)`,
      `INSERT INTO ${lockTable} ("holder") SELECT 'nobody' WHERE NOT EXISTS (SELECT 1 FROM ${lockTable})`,
    ],
    stage: area,
    unloader: snowflakeUnloader(staging, stage, connection.location),
    reasonOf: snowflakeReason,
  })
}
