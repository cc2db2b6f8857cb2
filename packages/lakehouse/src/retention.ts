import type { DeltaTable } from '@deltaworks/delta-table'
import { col, lit } from '@deltaworks/expression'
import { date } from '@deltaworks/schema'
import type { RunContext } from './run-context.js'
import type { TableDefinition } from './table-definition.js'
import { commonSettings } from './write-settings.js'

const microsOfDay = 86_400_000_000n

/**
 * Removes rows of a raw table that were ingested longer ago than its source wants them kept. Which files they came from stays
 * recorded, so that none of these is ingested again. Of a table partitioned by `ingestion_date`, no file is read.
 * @returns the table after it; null if there was nothing to remove
 */
export async function expireRows(table: TableDefinition, context: RunContext): Promise<DeltaTable | null> {
  const days = table.source?.retentionDays ?? null
  const existing = days === null ? null : await context.lake.table(table.path)
  if (days === null || existing === null) return null
  const firstKept = Number(context.nowMicros / microsOfDay) - days
  const after = await existing.delete(col('ingestion_date').lt(lit(firstKept, date)), {
    ...commonSettings(context),
    userMetadata: JSON.stringify({ run: context.runId, retentionDays: days }),
  })
  if (after.version === existing.version) return null
  context.lake.wrote(table.path, after)
  return after
}
