import { fileURLToPath } from 'node:url'
import type { Schema } from '@deltaworks/schema'
import { quote, text } from '../dialects/sql-text.js'
import type { Copier } from '../load-script.js'

export type SnowflakeStage =
  /** A temporary stage of the session, to which files are PUT from a local folder. */
  | {
      readonly kind: 'internal'
      /** An identifier that needs no quotes. */ readonly name: string
      /** Threads of PUT. */ readonly parallel?: number
    }
  /** A stage (`@"db"."schema"."stage"/folder`) over the folder that files are staged under. */
  | { readonly kind: 'external'; readonly location: string }

/**
 * Rows are staged as Parquet files and read by COPY INTO. Logical types are always used: without them timestamps are read as
 * numbers of another unit. No two columns of a Delta table differ in case alone.
 * @param stageUri of the staging folder; `file:` if the stage is internal
 */
export const snowflakeCopier =
  (stageUri: string, stage: SnowflakeStage): Copier =>
  (load, relation, columns, part) => {
    const folder = `${load.loadId}/${folderName(load.table.name)}/${part}`
    const uri = `${stageUri}/${folder}`
    const location =
      stage.kind === 'internal' ? `@${stage.name}/${folder}/` : `${stage.location.replace(/\/$/, '')}/${folder}/`
    // It goes with the session; each session makes its own.
    const made =
      stage.kind === 'internal'
        ? [{ kind: 'sql' as const, sql: `CREATE TEMPORARY STAGE IF NOT EXISTS ${stage.name}` }]
        : []
    const put =
      stage.kind === 'internal'
        ? [
            {
              kind: 'sql' as const,
              sql: `PUT ${text(`file://${stageUri.startsWith('file:') ? fileURLToPath(uri) : uri}/*.parquet`)} ${location} PARALLEL = ${stage.parallel ?? 4} AUTO_COMPRESS = FALSE OVERWRITE = TRUE`,
            },
          ]
        : []
    const copy =
      `COPY INTO ${relation} FROM ${location} FILE_FORMAT = (TYPE = PARQUET USE_LOGICAL_TYPE = TRUE) ` +
      `MATCH_BY_COLUMN_NAME = CASE_INSENSITIVE ON_ERROR = ABORT_STATEMENT${stage.kind === 'external' ? " PATTERN = '.*[.]parquet'" : ''}`
    return {
      stage: [...made, { kind: 'stage', uri, columns, part }, ...put],
      load: [
        { kind: 'sql', sql: copy },
        ...parseVariants(relation, columns).map((sql) => ({ kind: 'sql' as const, sql })),
      ],
      cleanUp: [
        { kind: 'unstage', uri },
        ...(stage.kind === 'internal' ? [{ kind: 'sql' as const, sql: `REMOVE ${location}` }] : []),
      ],
    }
  }

/** Names of stages' folders stand in SQL unquoted. */
const folderName = (name: string): string => (/^[\w-]+$/.test(name) ? name : Buffer.from(name).toString('hex'))

/** Variants are staged as their JSON texts, which COPY puts into VARIANT columns as texts. */
const parseVariants = (relation: string, columns: Schema): readonly string[] => {
  const names = columns.fields.filter(({ type }) => type.kind === 'variant').map(({ name }) => quote(name))
  return names.length === 0
    ? []
    : [`UPDATE ${relation} SET ${names.map((name) => `${name} = PARSE_JSON(CAST(${name} AS VARCHAR))`).join(', ')}`]
}
