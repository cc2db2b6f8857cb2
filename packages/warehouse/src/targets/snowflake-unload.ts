import { mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { joinPath } from '@deltaworks/storage'
import { text } from '../dialects/sql-text.js'
import type { StageAreaOptions } from '../stage-area.js'
import { unloadedFiles, type Unloader } from '../unload.js'
import type { SnowflakeStage } from './snowflake-copy.js'

/** COPY INTO a stage writes Parquet files (HEADER keeps the names of columns); from an internal one they are got with GET. */
export function snowflakeUnloader(
  { store, prefix, uri }: StageAreaOptions,
  stage: SnowflakeStage,
  location: string,
): Unloader {
  const root = uri.replace(/\/+$/, '')
  const isInternal = stage.kind !== 'external'
  const at = (id: string): string => {
    switch (stage.kind) {
      case 'internal':
        return `@${stage.name}/${id}/`
      case 'table':
        // A query has no table: the stage that each user has.
        return `@~/${id}/`
      case 'external':
        return `${stage.location.replace(/\/$/, '')}/${id}/`
    }
  }
  const localFolder = (id: string): string => {
    const folder = root.startsWith('file:') ? fileURLToPath(`${root}/${id}`) : `${root}/${id}`
    mkdirSync(folder, { recursive: true })
    return folder
  }
  return {
    ...(stage.kind === 'internal' ? { setUp: [`CREATE TEMPORARY STAGE IF NOT EXISTS ${stage.name}`] } : {}),
    statements: (query, id) => [
      `COPY INTO ${at(id)} FROM (${query}) FILE_FORMAT = (TYPE = PARQUET) HEADER = TRUE`,
      ...(isInternal ? [`GET ${at(id)} ${text(`file://${localFolder(id)}`)}`] : []),
    ],
    files: (id) => unloadedFiles(store, joinPath(prefix, id), `${root}/${id}`, location),
    remove: async (id, connection) => {
      if (isInternal) await connection.run(`REMOVE ${at(id)}`).catch(() => undefined)
      await store.delete((await store.list(joinPath(prefix, id))).map(({ path }) => path))
    },
  }
}
