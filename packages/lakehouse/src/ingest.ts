import { DeltaTable } from '@deltaworks/delta-table'
import { agg, col, lit, type Expr } from '@deltaworks/expression'
import { scan, type DataFrame } from '@deltaworks/plan'
import { date, timestamp } from '@deltaworks/schema'
import type { ObjectMeta } from '@deltaworks/storage'
import { anyFrame } from './any-frame.js'
import { withAddedColumns } from './contract/added-columns.js'
import { changesInWords, schemaChanges, type SchemaChange } from './contract/schema-change.js'
import {
  breakingChange,
  landingChanged,
  landingOutside,
  malformedRow,
  noLandingFiles,
  tooManyMalformed,
  tooManyMalformedRows,
} from './errors.js'
import {
  discoverLandingFiles,
  filesOfSource,
  isSelected,
  isUnchanged,
  ledgerEntries,
  type LandingFile,
} from './landing.js'
import { landingColumns, stampedAudit } from './landing-columns.js'
import { LandingTable } from './landing-table.js'
import { conform } from './conform.js'
import { malformedRows } from './quarantine.js'
import { profilePass, type MeasuredBatch } from './profile/profile-pass.js'
import { reopenDecisions, rowsOfFiles } from './review/decisions.js'
import { buildContext, type RunContext } from './run-context.js'
import type { TableDefinition } from './table-definition.js'
import type { LandingPart } from './unpack/unpack-landing.js'
import { writeSettings } from './write-settings.js'

/** A source's landing files compared with its table, before anything is read. */
export interface IngestPlan {
  readonly table: TableDefinition
  readonly files: readonly LandingFile[]
  /** Those to read: new ones, changed ones, and those asked for again. */
  readonly pending: readonly LandingFile[]
}

/** Rows read but not yet committed. */
export interface StagedIngest extends IngestPlan {
  readonly landed: DataFrame
  readonly rowsRead: number
  readonly rowsMalformed: number
  /** Of the well-formed rows; null: the source wants no profile. */
  readonly measured: MeasuredBatch | null
}

/** @throws LakehouseError DW-LAKEHOUSE-0006 if the landing zone has no file of this source and the table does not exist */
export async function planIngest(
  table: TableDefinition,
  listing: readonly ObjectMeta[],
  context: RunContext,
): Promise<IngestPlan> {
  const ledger = await context.lake.ledger(table.path)
  const candidates = filesOfSource(listing, table.source!)
  const selected = candidates.filter((file) => isSelected(file, context.selection))
  await refuseOutside(selected, context)
  const files = await discoverLandingFiles(context.landing, selected, ledger, context.selection)
  if (candidates.length === 0 && context.listsAll && (await context.lake.table(table.path)) === null) {
    throw noLandingFiles(table.name, table.source!.files, context.landing.uri)
  }
  return { table, files, pending: files.filter((file) => file.state !== 'known') }
}

/** @throws LakehouseError DW-LAKEHOUSE-0031 */
async function refuseOutside(files: readonly ObjectMeta[], { landing }: RunContext): Promise<void> {
  const outside = (await landing.outside?.(files.map((file) => file.path))) ?? []
  if (outside.length > 0) throw landingOutside(landing.uri, outside)
}

/** The pending files as they can be read: packed ones unpacked. @throws LakehouseError DW-LAKEHOUSE-0015 */
export const landingParts = ({ table, pending }: IngestPlan, context: RunContext): Promise<readonly LandingPart[]> =>
  context.unpacker.parts(context.landing, pending, { members: table.source!.members, signal: context.signal })

/**
 * How the table must change before the plan's rows are added to it, and the definition with columns that only files have.
 * @throws LakehouseError DW-LAKEHOUSE-0030 naming every difference if one of them is breaking
 */
export async function fitContract(
  table: TableDefinition,
  parts: readonly LandingPart[],
  context: RunContext,
): Promise<{ readonly table: TableDefinition; readonly changes: readonly SchemaChange[] }> {
  const existing = await context.lake.table(table.path)
  const fitted = await withAddedColumns(table, parts, existing?.schema ?? null)
  if (existing === null) return { table: fitted, changes: [] }
  const changes = schemaChanges(existing, fitted)
  if (changes.some((change) => change.breaking)) {
    throw breakingChange(table.name, existing.version, changesInWords(changes))
  }
  return { table: fitted, changes }
}

/**
 * Reads the pending files once if they are small (they stay in memory), else counts what is malformed in them;
 * the same pass gives the profile.
 * @throws LakehouseError DW-LAKEHOUSE-0010 if more rows are malformed than the source allows, DW-LAKEHOUSE-0014 if any is
 * and the source is to fail then, DW-LAKEHOUSE-0030 if the definition does not fit the table any more
 */
export async function stageIngest(
  plan: IngestPlan,
  context: RunContext,
  parts: readonly LandingPart[],
): Promise<StagedIngest> {
  const { session } = context.lake
  const { table } = await fitContract(plan.table, parts, context)
  const provider = new LandingTable(session, table, parts)
  const rows = numbered(scan(provider), table)
  const landed = context.keepInMemory ? scan(await session.materialise(rows, { name: provider.name })) : rows
  const { rowsRead, rowsMalformed, measured } = await measureRows(landed, table, parts, context)
  const { maxMalformed: limit, maxMalformedRows, malformed } = table.source!
  if (malformed === 'fail' && rowsMalformed > 0) throw await firstMalformed(table, landed, rowsMalformed, context)
  if (rowsRead > 0 && rowsMalformed > rowsRead * limit) {
    throw tooManyMalformed(table.name, rowsMalformed, rowsRead, limit)
  }
  if (maxMalformedRows !== null && rowsMalformed > maxMalformedRows) {
    throw tooManyMalformedRows(table.name, rowsMalformed, maxMalformedRows)
  }
  return { ...plan, table, landed, rowsRead, rowsMalformed, measured }
}

/** Rows of Parquet have no lines: they are counted from 1. */
const numbered = (rows: DataFrame, table: TableDefinition): DataFrame =>
  table.source!.format === 'parquet'
    ? anyFrame(rows.withColumn(landingColumns.sourceLine, col(landingColumns.sourceLine).add(lit(1n))))
    : rows

export const stagedMalformed = (staged: StagedIngest, context: RunContext): DataFrame =>
  malformedRows(staged.landed, staged.table.name, context)

/**
 * Commits the well-formed rows together with the record of their files. Rows of a changed file take the place of those
 * that its former content gave, in the same commit.
 */
export async function commitIngest(staged: StagedIngest, context: RunContext): Promise<DeltaTable> {
  const { lake } = context
  const { table, pending } = staged
  const computed = landedRows(usableRows(staged), table, context)
  const rows = context.keepInMemory
    ? scan(await lake.session.materialise(computed, { name: table.name, signal: context.signal }))
    : computed
  const settings = {
    ...writeSettings(table, context),
    // Breaking changes were refused before anything was read.
    mergeSchema: true,
    audit: () => checkUnchanged(pending, context),
    appTransactions: pending.flatMap(ledgerEntries),
    userMetadata: JSON.stringify({
      run: context.runId,
      files: pending.map(({ path, sizeBytes, sha256 }) => ({ path, sizeBytes, sha256 })),
    }),
  }
  await reopenDecisions(table, pending, context)
  const existing = await lake.table(table.path)
  if (existing === null) {
    const created = await DeltaTable.createWith(lake.session, lake.uri(table.path), rows, settings)
    lake.wrote(table.path, created, context.keepInMemory ? rows : undefined)
    return created
  }
  // Rows of new files go in with those of changed ones; the table has none that they could take the place of.
  const written = pending.some((file) => file.state !== 'new')
    ? await existing.overwrite(rows, { ...settings, replaceWhere: rowsOfFiles(pending) })
    : await existing.append(rows, settings)
  lake.wrote(table.path, written)
  return written
}

/** Landed rows as rows of their table: without what only landing knows, with what `derive` and the audit add. */
export function landedRows(landed: DataFrame, table: TableDefinition, context: RunContext): DataFrame {
  const derive = table.derive ?? ((rows: DataFrame) => rows)
  const { corruptColumn } = table.source!
  const told = corruptColumn === null ? landed : landed.withColumn(corruptColumn, col(landingColumns.rawRecord))
  const rows = anyFrame(told).drop(landingColumns.corruptReason, landingColumns.rawRecord)
  const stamps = Object.fromEntries(stampedAudit(table).map(({ name }) => [name, stampOf(name, context)]))
  return conform(anyFrame(derive(rows, buildContext(context))).withColumns(stamps), table)
}

const stampOf = (name: string, { nowMicros, runId }: RunContext): Expr =>
  name === 'ingestion_date'
    ? lit(Number(nowMicros / 86_400_000_000n), date)
    : name === 'ingested_at'
      ? lit(nowMicros, timestamp)
      : lit(runId)

/** The rows that the table gets: the well-formed ones, or all of them where malformed ones are kept. */
const usableRows = ({ landed, table }: StagedIngest): DataFrame =>
  table.source!.malformed === 'keep' ? landed : landed.filter(col(landingColumns.corruptReason).isNull())

async function firstMalformed(
  table: TableDefinition,
  landed: DataFrame,
  count: number,
  context: RunContext,
): Promise<Error> {
  const { sourceFile, sourceLine, corruptReason } = landingColumns
  const rows = landed
    .filter(col(corruptReason).isNotNull())
    .select(col(sourceFile), col(sourceLine), col(corruptReason))
    .orderBy(col(sourceFile), col(sourceLine))
    .limit(1)
  const [first] = (await context.lake.session.collect(rows, { signal: context.signal })).rows
  const [file, line, reason] = first!
  return malformedRow(table.name, String(file), Number(line), String(reason), count)
}

/**
 * What was read must be what was hashed, else the record of it would be wrong for ever.
 * @throws LakehouseError DW-LAKEHOUSE-0012 if a file was replaced or removed meanwhile
 */
async function checkUnchanged(files: readonly LandingFile[], { landing }: RunContext): Promise<void> {
  const unchanged = await Promise.all(files.map((file) => isUnchanged(landing, file)))
  const changed = files.filter((_, i) => !unchanged[i])
  if (changed.length > 0) {
    throw landingChanged(
      landing.uri,
      changed.map((file) => file.path),
    )
  }
}

/** Rows that the landing files hold, how many of them are malformed, and what the others hold: one pass. */
async function measureRows(
  landed: DataFrame,
  table: TableDefinition,
  parts: readonly LandingPart[],
  context: RunContext,
): Promise<Pick<StagedIngest, 'rowsRead' | 'rowsMalformed' | 'measured'>> {
  const counts = { all: agg.count(), malformed: agg.count(col(landingColumns.corruptReason)) }
  const pass = table.source!.profile ? profilePass(table, parts) : null
  const query = (pass === null ? landed.agg(counts) : pass.prepare(landed).agg({ ...counts, ...pass.aggregates })).plan
  const { rows } = await context.lake.session.collect(query, { signal: context.signal })
  const [all, malformed, ...measures] = rows[0]!
  return {
    rowsRead: Number(all),
    rowsMalformed: Number(malformed),
    measured: pass?.profile(measures, query.schema.fields.slice(2)) ?? null,
  }
}
