import { joinPath } from '@deltaworks/storage'
import { text } from '../dialects/sql-text.js'
import { incompleteUnload } from '../errors.js'
import type { StageAreaOptions } from '../stage-area.js'
import { checkManifest, unloadedFiles, type Unloader } from '../unload.js'

/** UNLOAD writes Parquet files, one a slice or more, and at last a manifest of them (Database Developer Guide, "UNLOAD"). */
export function redshiftUnloader(
  { store, prefix, uri }: StageAreaOptions,
  iamRole: string,
  location: string,
): Unloader {
  const root = uri.replace(/\/+$/, '')
  const role = iamRole === 'default' ? 'default' : text(iamRole)
  return {
    statements: (query, id) => [
      `UNLOAD (${text(query)}) TO ${text(`${root}/${id}/`)} IAM_ROLE ${role} FORMAT AS PARQUET MANIFEST`,
    ],
    files: async (id) => {
      const folder = joinPath(prefix, id)
      await checkManifest(store, folder, (file) => incompleteUnload(location, file))
      return unloadedFiles(store, folder, `${root}/${id}`, location)
    },
    remove: async (id) => store.delete((await store.list(joinPath(prefix, id))).map(({ path }) => path)),
  }
}
