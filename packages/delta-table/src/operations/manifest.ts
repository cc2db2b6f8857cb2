import { partitionFolder, physicalName, resolveFile, type AddFile, type Snapshot } from '@deltaworks/delta-log'
import { joinPath } from '@deltaworks/storage'
import { badAlteration } from '../errors.js'
import { uriOf } from './clone.js'

const folderName = '_symlink_format_manifest'
const property = 'delta.compatibility.symlinkFormatManifest.enabled'

/** Whether every commit is to bring the manifests up to date. */
export const keepsManifests = (snapshot: Snapshot): boolean =>
  snapshot.metadata.configuration[property]?.toLowerCase() === 'true'

/** What GENERATE wrote. */
export interface ManifestResult {
  /** Store paths, ascending. */
  readonly paths: readonly string[]
}

/**
 * GENERATE symlink_format_manifest: for each partition a file that lists the URIs of the table's data files, for readers that know
 * Parquet but no Delta (Athena, Presto). Manifests of partitions that are gone are deleted.
 * @throws DeltaTableError DW-TABLE-0020 for a table whose rows are not those of its files: deletion vectors, column mapping
 */
export async function generateManifest(snapshot: Snapshot): Promise<ManifestResult> {
  const { location, columnMapping } = snapshot
  const refuse = (reason: string): never => {
    throw badAlteration(location.uri, 'The manifest', reason)
  }
  if (columnMapping.mode !== 'none') refuse('its files do not have the table’s column names (column mapping)')
  const marked = [...snapshot.files.values()].find((file) => file.deletionVector !== null)
  if (marked !== undefined) refuse(`${marked.path} has deleted rows in it (deletion vector); purge them first`)
  const manifests = new Map<string, string[]>()
  if (snapshot.partitionColumns.length === 0) manifests.set('', [])
  for (const file of snapshot.files.values()) {
    const folder = folderOf(snapshot, file)
    const known = manifests.get(folder) ?? []
    known.push(decodeURIComponent(uriOf(resolveFile(location, file.path))))
    manifests.set(folder, known)
  }
  const root = joinPath(location.path, folderName)
  const paths = [...manifests.keys()].map((folder) => joinPath(root, folder, 'manifest')).sort()
  for (const [folder, uris] of manifests) {
    await location.store.put(
      joinPath(root, folder, 'manifest'),
      Buffer.from(uris.map((uri) => `${uri}\n`).join('')),
      'overwrite',
    )
  }
  const found = (await location.store.list(root)).map(({ path }) => path)
  await location.store.delete(found.filter((path) => !paths.includes(path)))
  return { paths }
}

const folderOf = (snapshot: Snapshot, file: AddFile): string =>
  partitionFolder(
    snapshot.partitionColumns.map((name) => {
      const column = snapshot.schema.fields.find((f) => f.name === name)!
      return [name, file.partitionValues[physicalName(column, snapshot.columnMapping.mode)] ?? null] as const
    }),
  )
