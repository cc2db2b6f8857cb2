import { DeltaTable } from '@deltaworks/delta-table'
import type { Session } from '@deltaworks/engine'
import type { DataFrame } from '@deltaworks/plan'
import { isDeltaworksError } from '@deltaworks/schema'

/** Adds rows to a table that runs share; the first one makes it, and two that do so at once both add theirs. */
export async function appendShared(
  session: Session,
  uri: string,
  rows: DataFrame,
  settings: { readonly nowMs?: number; readonly signal?: AbortSignal } = {},
): Promise<void> {
  const table = await DeltaTable.openIfExists(session, uri)
  if (table !== null) {
    await table.append(rows, settings)
    return
  }
  try {
    await DeltaTable.createWith(session, uri, rows, settings)
  } catch (error) {
    if (!isDeltaworksError(error) || error.code !== 'DW-TABLE-0011') throw error
    await (await DeltaTable.open(session, uri)).append(rows, settings)
  }
}
