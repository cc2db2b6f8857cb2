import { DeltaTable } from '@deltaworks/delta-table'
import type { Session } from '@deltaworks/engine'
import { joinPath } from '@deltaworks/storage'
import type { LakehouseDefinition } from './lakehouse-definition.js'

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
