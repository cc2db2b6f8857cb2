import { DeltaTableProvider, type DeltaTable } from '@deltaworks/delta-table'
import type { Session } from '@deltaworks/engine'
import { agg, col, lit, when } from '@deltaworks/expression'
import { DataFrame, scan, values } from '@deltaworks/plan'
import { isNested, type Schema } from '@deltaworks/schema'
import { openStore } from '@deltaworks/storage'
import type { Batches, TableChanges } from '@deltaworks/warehouse'
import { writeFrame } from './write-frame.js'

const changesNotRecorded = 'DW-TABLE-0015'
const insertedTypes = ['insert', 'update_postimage']

/**
 * What has changed since a version: from the change data feed where the table records it, else from the files that came and
 * went. Null: it cannot be told (a version is gone, or there is no key to tell rows by), and the table is loaded whole.
 */
export async function changesSince(
  session: Session,
  table: DeltaTable,
  primaryKey: readonly string[],
  since: number,
): Promise<TableChanges | null> {
  const batches = (frame: DataFrame): Batches => batchesOf(session, frame)
  if (since === table.version) return { upserts: batches(values(table.schema, [])), deletes: null, insertsOnly: true }
  const recorded = await recordedChanges(table, since)
  const rows =
    recorded === null
      ? await changedFiles(table, primaryKey, since)
      : await netChanges(session, table, primaryKey, recorded)
  if (rows === null) return null
  return {
    upserts: batches(rows.upserts),
    deletes: rows.deletes === null ? null : batches(rows.deletes),
    insertsOnly: rows.insertsOnly,
  }
}

interface ChangedRows {
  readonly upserts: DataFrame
  readonly deletes: DataFrame | null
  readonly insertsOnly: boolean
}

/** The change data feed after a version; null if the table does not record it (or did not all the time). */
async function recordedChanges(table: DeltaTable, since: number): Promise<DataFrame | null> {
  try {
    return new DataFrame(await table.changes({ from: { version: since + 1 } }))
  } catch (error) {
    if ((error as { readonly code?: string }).code === changesNotRecorded) return null
    throw error
  }
}

/** The last word on each key. A version that deletes a key and inserts it has changed it. */
async function netChanges(
  session: Session,
  table: DeltaTable,
  primaryKey: readonly string[],
  feed: DataFrame,
): Promise<ChangedRows | null> {
  const isInsert = col('_change_type').in_(insertedTypes.map((type) => lit(type)))
  const others = await session.collect(
    feed.filter(col('_change_type').eq(lit('insert')).not()).agg(agg.count().as('n')),
  )
  const columns = table.schema.fields.map(({ name }) => col(name))
  if (others.rows[0]![0] === 0n) return { upserts: feed.select(...columns), deletes: null, insertsOnly: true }
  if (primaryKey.length === 0) return null
  const keys = primaryKey.map((name) => col(name))
  const last = feed
    .filter(col('_change_type').eq(lit('update_preimage')).not())
    .withColumn('_place', when(isInsert, lit(0)).otherwise(lit(1)))
    .distinctOn(keys, [...keys, col('_commit_version').desc(), col('_place')])
  return {
    upserts: last.filter(isInsert).select(...columns),
    deletes: last.filter(col('_change_type').eq(lit('delete'))).select(...keys),
    insertsOnly: false,
  }
}

/** Rows of files that one version has and the other has not. What stands equally in both has not changed. */
async function changedFiles(
  table: DeltaTable,
  primaryKey: readonly string[],
  since: number,
): Promise<ChangedRows | null> {
  const before = await versionIfThere(table, since)
  if (before === null || !sameColumns(before.schema, table.schema)) return null
  const added = [...table.snapshot.files].filter(([key]) => !before.snapshot.files.has(key)).map(([, file]) => file)
  const removed = [...before.snapshot.files].filter(([key]) => !table.snapshot.files.has(key)).map(([, file]) => file)
  const now = scan(new DeltaTableProvider(table.snapshot, { files: added }))
  if (removed.length === 0) return { upserts: now, deletes: null, insertsOnly: true }
  if (primaryKey.length === 0) return null
  const former = new DeltaTableProvider(before.snapshot, { files: removed })
  if (!(await filesAreThere(former))) return null
  const then = scan(former)
  const keys = primaryKey.map((name) => col(name))
  const canCompare = table.schema.fields.every(({ type }) => !isNested(type) && type.kind !== 'variant')
  return {
    upserts: canCompare ? now.except(then) : now,
    deletes: then.select(...keys).except(now.select(...keys)),
    insertsOnly: false,
  }
}

/** VACUUM may have taken files of the former version. */
async function filesAreThere(provider: DeltaTableProvider): Promise<boolean> {
  const { splits } = await provider.scan({ projection: [], filters: [], fetch: null })
  const present = await Promise.all(
    splits.map(async (split) => split.kind === 'file' && (await openStore(split.store).exists(split.path))),
  )
  return !present.includes(false)
}

async function versionIfThere(table: DeltaTable, version: number): Promise<DeltaTable | null> {
  try {
    return await table.at({ version })
  } catch {
    // Its log has been cleaned up.
    return null
  }
}

const sameColumns = (a: Schema, b: Schema): boolean =>
  JSON.stringify(a.fields.map(({ name, type }) => [name, type])) ===
  JSON.stringify(b.fields.map(({ name, type }) => [name, type]))

/** Rows of a frame as batches, and as Parquet files on many threads. */
export const batchesOf = (session: Session, frame: DataFrame): Batches => ({
  kind: 'batches',
  heap: session.context.heap,
  batches: () => session.stream(frame),
  writeFiles: (sink) => writeFrame(session, frame, sink),
})
