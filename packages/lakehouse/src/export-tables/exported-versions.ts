import { DeltaTable } from '@deltaworks/delta-table'
import type { Session } from '@deltaworks/engine'
import { joinPath } from '@deltaworks/storage'
import { notExportable } from '../errors.js'
import type { LakehouseDefinition } from '../lakehouse-definition.js'
import { publicationAt } from '../runs/publication.js'
import { requireManifest } from '../runs/run-manifest.js'

/** Versions by the name of a table. */
export type TableVersions = Readonly<Record<string, number>>

/**
 * The tables as a run left them.
 * @throws LakehouseError DW-LAKEHOUSE-0042, 0054
 */
export async function versionsOfRun(
  lakehouse: LakehouseDefinition,
  root: string,
  runId: string,
): Promise<TableVersions> {
  const { finished } = await requireManifest(root, runId)
  if (finished === null) throw notExportable(`run ${runId} has not ended; resume it first`)
  return named(lakehouse, finished.versions)
}

/**
 * The tables as readers of the lake saw them at a time: of the publication that was the newest then. In a lake that no run has
 * published, each table's version of that time.
 * @throws LakehouseError DW-LAKEHOUSE-0054 if nothing was published yet, or its publication is not kept any more
 */
export async function versionsAt(
  lakehouse: LakehouseDefinition,
  session: Session,
  root: string,
  timestampMs: number,
): Promise<TableVersions> {
  const publication = await publicationAt(root, timestampMs)
  if (publication === 'before the first') {
    throw notExportable(`no publication of ${root} that is kept is as old as ${new Date(timestampMs).toISOString()}`)
  }
  if (publication !== null) return named(lakehouse, publication.versions)
  const versions: Record<string, number> = {}
  for (const { name, path, warehouse } of lakehouse.tables) {
    if (warehouse === null) continue
    versions[name] = (await DeltaTable.open(session, joinPath(root, path), { timestampMs })).version
  }
  return versions
}

const named = ({ tables }: LakehouseDefinition, versions: TableVersions): TableVersions =>
  Object.fromEntries(
    tables.flatMap(({ name, path }) => (versions[path] === undefined ? [] : [[name, versions[path]] as const])),
  )
