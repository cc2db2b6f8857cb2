import { fileURLToPath } from 'node:url'
import type { Schema } from '@deltaworks/schema'
import { snowflakeDialect } from '../dialects/snowflake-dialect.js'
import { quote, text } from '../dialects/sql-text.js'
import type { Copier, LoadStep } from '../load-script.js'

export type SnowflakeStage =
  /** A temporary stage of the session, to which files are PUT from a local folder. */
  | {
      readonly kind: 'internal'
      /** An identifier that needs no quotes. */ readonly name: string
      /** Threads of PUT. */ readonly parallel?: number
    }
  /** The stage that each table has of itself: that of the temporary table which rows are copied into, and which it goes with. */
  | { readonly kind: 'table'; /** Threads of PUT. */ readonly parallel?: number }
  /** A stage (`@"db"."schema"."stage"/folder`) over the folder that files are staged under. */
  | { readonly kind: 'external'; readonly location: string }

/** Options of COPY INTO that may be chosen; the others follow of what an export is: whole, exact, and by the names of columns. */
export interface SnowflakeCopyOptions {
  /** Whether COPY INTO removes the files that it has read. They go at the end of an export in any case. Default false. */
  readonly purge?: boolean
}

/**
 * Rows are staged as Parquet files and read by COPY INTO. Logical types are always used: without them timestamps are read as
 * numbers of another unit. No two columns of a Delta table differ in case alone. A file that does not fit in whole aborts it. What
 * Snowflake does by itself is not said: texts are not cut (TRUNCATECOLUMNS), and files that it remembers to have loaded into the same
 * table are not loaded again (FORCE).
 * @param stageUri of the staging folder; `file:` unless the stage is external
 */
export const snowflakeCopier =
  (stageUri: string, stage: SnowflakeStage, { purge = false }: SnowflakeCopyOptions = {}): Copier =>
  (load, relation, columns, part) => {
    const folder = `${load.loadId}/${folderName(load.table.name)}/${part}`
    const uri = `${stageUri}/${folder}`
    const location = locationOf(stage, load.definition.prefix, relation, folder)
    const copy = [
      `COPY INTO ${relation} FROM ${location} FILE_FORMAT = (TYPE = PARQUET USE_LOGICAL_TYPE = TRUE)`,
      'MATCH_BY_COLUMN_NAME = CASE_INSENSITIVE ON_ERROR = ABORT_STATEMENT',
      ...(purge ? ['PURGE = TRUE'] : []),
      ...(stage.kind === 'external' ? ["PATTERN = '.*[.]parquet'"] : []),
    ].join(' ')
    return {
      stage: [
        ...sql(stage.kind === 'internal' ? [`CREATE TEMPORARY STAGE IF NOT EXISTS ${stage.name}`] : []),
        { kind: 'stage', uri, columns, part },
        ...sql(stage.kind === 'external' ? [] : [putInto(location, uri, stage.parallel ?? 4)]),
      ],
      load: sql([copy, ...parseVariants(relation, columns)]),
      cleanUp: [
        { kind: 'unstage', uri },
        // That of a table goes with it.
        ...sql(stage.kind === 'internal' ? [`REMOVE ${location}`] : []),
      ],
    }
  }

const sql = (texts: readonly string[]): readonly LoadStep[] => texts.map((each) => ({ kind: 'sql', sql: each }))

function locationOf(stage: SnowflakeStage, prefix: string, relation: string, folder: string): string {
  switch (stage.kind) {
    case 'internal':
      return `@${stage.name}/${folder}/`
    case 'table':
      return snowflakeDialect.text(`@${prefix}%${relation.slice(prefix.length)}/${folder}/`)
    case 'external':
      return `${stage.location.replace(/\/$/, '')}/${folder}/`
  }
}

const putInto = (location: string, uri: string, parallel: number): string => {
  const files = text(`file://${uri.startsWith('file:') ? fileURLToPath(uri) : uri}/*.parquet`)
  return `PUT ${files} ${location} PARALLEL = ${parallel} AUTO_COMPRESS = FALSE OVERWRITE = TRUE`
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
