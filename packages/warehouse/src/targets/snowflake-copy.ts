import { fileURLToPath } from 'node:url'
import { text } from '../dialects/sql-text.js'
import type { Copier } from '../load-script.js'

export type SnowflakeStage =
  /** A temporary stage of the session, to which files are PUT from a local folder. */
  | { readonly kind: 'internal'; readonly name: string; /** Threads of PUT. */ readonly parallel?: number }
  /** A stage (`@"db"."schema"."stage"/folder`) over the folder that files are staged under. */
  | { readonly kind: 'external'; readonly location: string }

/**
 * Rows are staged as Parquet files and read by COPY INTO. Logical types are always used: without them timestamps are read as
 * numbers of another unit.
 * @param stageUri of the staging folder; `file:` if the stage is internal
 */
export const snowflakeCopier =
  (stageUri: string, stage: SnowflakeStage): Copier =>
  (load, relation, columns, part) => {
    const folder = `${load.loadId}/${load.table.name}/${part}`
    const uri = `${stageUri}/${folder}`
    const location =
      stage.kind === 'internal' ? `@${stage.name}/${folder}/` : `${stage.location.replace(/\/$/, '')}/${folder}/`
    const put =
      stage.kind === 'internal'
        ? [
            {
              kind: 'sql' as const,
              sql: `PUT ${text(`file://${stageUri.startsWith('file:') ? fileURLToPath(uri) : uri}/*.parquet`)} ${text(location)} PARALLEL = ${stage.parallel ?? 4} AUTO_COMPRESS = FALSE OVERWRITE = TRUE`,
            },
          ]
        : []
    const copy =
      `COPY INTO ${relation} FROM ${text(location)} FILE_FORMAT = (TYPE = PARQUET USE_LOGICAL_TYPE = TRUE) ` +
      `MATCH_BY_COLUMN_NAME = CASE_SENSITIVE ON_ERROR = ABORT_STATEMENT${stage.kind === 'external' ? " PATTERN = '.*[.]parquet'" : ''}`
    return {
      stage: [{ kind: 'stage', uri, columns, part }, ...put],
      load: [{ kind: 'sql', sql: copy }],
      cleanUp: [
        { kind: 'unstage', uri },
        ...(stage.kind === 'internal' ? [{ kind: 'sql' as const, sql: `REMOVE ${text(location)}` }] : []),
      ],
    }
  }
