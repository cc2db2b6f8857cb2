import { mkdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { text } from '../dialects/sql-text.js'
import type { Unloader } from '../unload.js'

/** COPY TO writes one Parquet file into a temporary folder of this machine. */
export function duckDbUnloader(folder = tmpdir()): Unloader {
  const place = (id: string): string => join(folder, `deltaworks-unload-${id}`)
  return {
    statements: (query, id) => {
      mkdirSync(place(id), { recursive: true })
      return [`COPY (${query}) TO ${text(join(place(id), 'part-00000.parquet'))} (FORMAT parquet)`]
    },
    files: (id) => Promise.resolve({ uri: `${pathToFileURL(place(id)).href}/*.parquet`, fileCount: 1 }),
    remove: (id) => {
      rmSync(place(id), { recursive: true, force: true })
      return Promise.resolve()
    },
  }
}
