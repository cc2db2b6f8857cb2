import { DeltaTable } from '@deltaworks/delta-table'
import type { Session } from '@deltaworks/engine'
import { joinPath } from '@deltaworks/storage'
import { notRaw } from './errors.js'
import { tableOf, type LakehouseDefinition } from './lakehouse-definition.js'

/**
 * The versions that the raw tables had at a time, by table name, as `RunOptions.pinned` takes them.
 * @throws DeltaError if a table was not there yet
 */
export async function rawVersionsAt(
  { tables }: LakehouseDefinition,
  session: Session,
  root: string,
  atMicros: bigint,
): Promise<Readonly<Record<string, number>>> {
  const versions: Record<string, number> = {}
  for (const table of tables) {
    if (table.source === null) continue
    const then = await DeltaTable.open(session, joinPath(root, table.path), { timestampMs: Number(atMicros / 1000n) })
    versions[table.name] = then.version
  }
  return versions
}

/** Versions by the tables' paths. @throws LakehouseError DW-LAKEHOUSE-0002 (no such table), DW-LAKEHOUSE-0032 (not raw) */
export function pinnedPaths(
  lakehouse: LakehouseDefinition,
  pinned: Readonly<Record<string, number>> = {},
): ReadonlyMap<string, number> {
  return new Map(
    Object.entries(pinned).map(([name, version]) => {
      const table = tableOf(lakehouse, name)
      if (table.source === null) throw notRaw(name)
      return [table.path, version]
    }),
  )
}
