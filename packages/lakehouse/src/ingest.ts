import { DeltaTable } from '@deltaworks/delta-table'
import { col, lit, type Expr } from '@deltaworks/expression'
import { scan, type DataFrame } from '@deltaworks/plan'
import { smallFileBytes } from '@deltaworks/formats'
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
  hashedFiles,
  isSelected,
  isUnchanged,
  ledgerEntries,
  type LandingFile,
} from './landing.js'
import { landedAudit, landingColumns, stampedAudit } from './landing-columns.js'
import { LandingTable } from './landing-table.js'
import { conform } from './conform.js'
import { hashAside, isHashedAside } from './hash-aside.js'
import { malformedRows } from './quarantine.js'
import { measureRows, measuringOf, type Measuring } from './landing-measures.js'
import type { MeasuredBatch } from './profile/profile-pass.js'
import { reopenDecisions, rowsOfFiles } from './review/decisions.js'
import { buildContext, type RunContext } from './run-context.js'
import type { TableDefinition } from './table-definition.js'
import { packingOf, type LandingPart } from './unpack/unpack-landing.js'
import { passLanding, type LandingPass } from './write-pass/landing-pass.js'
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
  /** They are in files already, which a commit is to name; null: they are yet to be written. */
  readonly passed: LandingPass<DeltaTable> | null
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
  const options = { ...context.selection, isHashedLater: hashedLater(table, context) }
  const files = await discoverLandingFiles(context.landing, selected, ledger, options)
  if (candidates.length === 0 && context.listsAll && (await context.lake.table(table.path)) === null) {
    throw noLandingFiles(table.name, table.source!.files, context.landing.uri)
  }
  return { table, files, pending: files.filter((file) => file.state !== 'known') }
}

/**
 * A scan has all of a small CSV file in memory; a large file is hashed beside its scan. Where rows tell its checksum, it must be
 * known before.
 */
function hashedLater(table: TableDefinition, { landing }: RunContext): (file: ObjectMeta) => boolean {
  const tellsChecksum = landedAudit(table).some(({ name }) => name === landingColumns.sourceChecksum)
  if (tellsChecksum) return () => false
  const isCsv = table.source!.format === 'csv'
  return (file) =>
    packingOf(file.path) === null && (isHashedAside(landing, file) || (isCsv && file.sizeBytes < smallFileBytes))
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
 * Reads the pending files: if they are small they stay in memory, else what the table gets of them is written in the same pass.
 * That pass counts what is malformed, too, and gives the profile.
 * @throws LakehouseError DW-LAKEHOUSE-0010 if more rows are malformed than the source allows, DW-LAKEHOUSE-0014 if any is
 * and the source is to fail then, DW-LAKEHOUSE-0030 if the definition does not fit the table any more; nothing is left then
 * @param signal of this try to read them; that of the context is for the commit, too
 */
export async function stageIngest(
  plan: IngestPlan,
  context: RunContext,
  parts: readonly LandingPart[],
  signal: AbortSignal | undefined = context.signal,
): Promise<StagedIngest> {
  const { session } = context.lake
  const { table } = await fitContract(plan.table, parts, context)
  const provider = new LandingTable(context.ranges, table, parts)
  const rows = numbered(scan(provider), table)
  const landed = context.keepInMemory ? scan(await session.materialise(rows, { name: provider.name, signal })) : rows
  const measuring = measuringOf(table, parts)
  const read: { pending: readonly LandingFile[] } = { pending: plan.pending }
  const aside = hashAside(session, context.landing, plan.pending)
  const passed = context.keepInMemory ? null : await writeLanding(read, table, landed, measuring, context, signal)
  const found = passed ?? (await measureRows(landed, measuring, context, signal))
  try {
    read.pending = await hashedFiles(context.landing, plan.pending, aside)
    const [all, malformed, ...measures] = found.values
    const measured = measuring.pass?.profile(measures, found.fields.slice(2)) ?? null
    const counts = { rowsRead: Number(all), rowsMalformed: Number(malformed) }
    const staged = { ...withPending(plan, read.pending), table, landed, passed, ...counts, measured }
    await refuseMalformed(staged, context)
    return staged
  } catch (error) {
    await passed?.discard()
    throw error
  }
}

function withPending(plan: IngestPlan, pending: readonly LandingFile[]): IngestPlan {
  const read = new Map(pending.map((file) => [file.path, file]))
  return { ...plan, pending, files: plan.files.map((file) => read.get(file.path) ?? file) }
}

/** @throws LakehouseError DW-LAKEHOUSE-0010, 0014 */
async function refuseMalformed(staged: StagedIngest, context: RunContext): Promise<void> {
  const { table, rowsRead, rowsMalformed } = staged
  const { maxMalformed: limit, maxMalformedRows, malformed } = table.source!
  if (malformed === 'fail' && rowsMalformed > 0) throw await firstMalformed(staged, context)
  if (rowsRead > 0 && rowsMalformed > rowsRead * limit) {
    throw tooManyMalformed(table.name, rowsMalformed, rowsRead, limit)
  }
  if (maxMalformedRows !== null && rowsMalformed > maxMalformedRows) {
    throw tooManyMalformedRows(table.name, rowsMalformed, maxMalformedRows)
  }
}

/** Writes what the table gets. @returns null if that takes more than a look at each row, or rows of former files are to go */
async function writeLanding(
  read: { readonly pending: readonly LandingFile[] },
  table: TableDefinition,
  landed: DataFrame,
  measuring: Measuring,
  context: RunContext,
  signal: AbortSignal | undefined,
): Promise<LandingPass<DeltaTable> | null> {
  if (read.pending.some((file) => file.state !== 'new')) return null
  const { lake } = context
  const version = (await lake.table(table.path))?.version ?? null
  const settings = ingestSettings(table, read, context)
  const { malformed } = table.source!
  return passLanding(
    lake.session,
    async (session, rows) => {
      const written = landedRows(rows, table, context)
      const uri = lake.uri(table.path)
      if (version === null) return DeltaTable.createWith(session, uri, written, settings)
      return (await DeltaTable.open(session, uri, { version })).append(written, settings)
    },
    {
      rows: measuring.prepare(landed),
      landed: landed.schema,
      aggregates: measuring.aggregates,
      malformed: malformed === 'keep' ? 'together' : malformed === 'drop' ? 'nowhere' : 'apart',
      signal,
    },
  )
}

/** Rows of Parquet have no lines: they are counted from 1. */
const numbered = (rows: DataFrame, table: TableDefinition): DataFrame =>
  table.source!.format === 'parquet'
    ? anyFrame(rows.withColumn(landingColumns.sourceLine, col(landingColumns.sourceLine).add(lit(1n))))
    : rows

export const stagedMalformed = ({ landed, passed, table }: StagedIngest, context: RunContext): DataFrame =>
  malformedRows(passed?.malformed ?? landed, table.name, context)

/**
 * Commits the well-formed rows together with the record of their files. Rows of a changed file take the place of those
 * that its former content gave, in the same commit.
 */
export async function commitIngest(staged: StagedIngest, context: RunContext): Promise<DeltaTable> {
  const { lake } = context
  const { table, pending, passed } = staged
  await reopenDecisions(table, pending, context)
  if (passed !== null) {
    const written = await passed.commit()
    lake.wrote(table.path, written)
    return written
  }
  const computed = landedRows(usableRows(staged), table, context)
  const rows = context.keepInMemory
    ? scan(await lake.session.materialise(computed, { name: table.name, signal: context.signal }))
    : computed
  const settings = ingestSettings(table, staged, context)
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

/** @param read the files; asked for their hashes when the rows are written */
const ingestSettings = (
  table: TableDefinition,
  read: { readonly pending: readonly LandingFile[] },
  context: RunContext,
) => ({
  ...writeSettings(table, context),
  // Breaking changes were refused before anything was read.
  mergeSchema: true,
  audit: () => checkUnchanged(read.pending, context),
  appTransactions: () => read.pending.flatMap(ledgerEntries),
  userMetadata: () =>
    JSON.stringify({
      run: context.runId,
      files: read.pending.map(({ path, sizeBytes, sha256 }) => ({ path, sizeBytes, sha256 })),
    }),
})

/** Landed rows as rows of their table: without what only landing knows, with what `derive` and the audit add. */
export function landedRows(landed: DataFrame, table: TableDefinition, context: RunContext): DataFrame {
  const derive = table.derive ?? ((rows: DataFrame) => rows)
  const { corruptColumn } = table.source!
  const told = corruptColumn === null ? landed : landed.withColumn(corruptColumn, col(landingColumns.rawRecord))
  const rows = anyFrame(told).drop(landingColumns.corruptReason, landingColumns.rawRecord, landingColumns.sourceOffset)
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
  { table, landed, passed, rowsMalformed }: StagedIngest,
  context: RunContext,
): Promise<Error> {
  const { sourceFile, sourceLine, corruptReason } = landingColumns
  const rows = (passed?.malformed ?? landed)
    .filter(col(corruptReason).isNotNull())
    .select(col(sourceFile), col(sourceLine), col(corruptReason))
    .orderBy(col(sourceFile), col(sourceLine))
    .limit(1)
  const [first] = (await context.lake.session.collect(rows, { signal: context.signal })).rows
  const [file, line, reason] = first!
  return malformedRow(table.name, String(file), Number(line), String(reason), rowsMalformed)
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
