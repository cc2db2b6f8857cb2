import { agg, col } from '@deltaworks/expression'
import { scan, type DataFrame } from '@deltaworks/plan'
import { objectNotFoundCode, type ObjectMeta, type ObjectStore } from '@deltaworks/storage'
import { anyFrame } from './any-frame.js'
import { contentTransaction, discoverLandingFiles, isKnownByStat, type LandingFile } from './landing.js'
import { landingColumns } from './landing-columns.js'
import { archivedCopies } from './landing-disposal.js'
import { LandingPlaces, type WantedLines } from './landing-places.js'
import { quarantineKey, quarantinePath } from './quarantine.js'
import type { RunContext } from './run-context.js'
import type { TableDefinition } from './table-definition.js'
import { memberMark, type LandingPart } from './unpack/unpack-landing.js'

const place = ['source_file', 'source_line']

/**
 * Rows of a raw table that rules failed on know their file and line. This finds the bytes at which they begin, by looking for the lines
 * in the landing files: only in those of rows that are not in quarantine yet, so that it costs nothing where no rule fails. Where the
 * landing zone does not have the file any more, or another one under its name, `source_offset` stays null.
 * @param failures rows of the quarantine table
 */
export async function withSourceOffsets(
  failures: DataFrame,
  table: TableDefinition,
  context: RunContext,
): Promise<DataFrame> {
  const { lake, signal } = context
  if (table.source === null || table.source.format === 'parquet') return failures
  const name = `rows of ${table.name} that rules failed on`
  const kept = anyFrame(scan(await lake.session.materialise(failures, { name, signal })))
  const known = (await lake.table(quarantinePath)) === null ? null : await lake.frame(quarantinePath)
  const fresh = known === null ? kept : kept.join(known.select(...quarantineKey), [...quarantineKey], 'left_anti')
  const wanted = await wantedLines(anyFrame(fresh), context)
  const parts = await partsOf([...wanted.keys()], table, context)
  if (parts.length === 0) return kept
  const places = anyFrame(scan(new LandingPlaces(context.ranges, table, parts, wanted)))
    .join(anyFrame(fresh).select(...place), place, 'left_semi')
    .rename({ [landingColumns.sourceOffset]: 'found_offset' })
  const found = scan(await lake.session.materialise(places, { name: `places of ${name}`, signal }))
  return anyFrame(kept.join(found, place, 'left')).select(
    ...failures.schema.fields.map(({ name }) =>
      name === 'source_offset' ? col('found_offset').as('source_offset') : col(name),
    ),
  )
}

/** The lines that are looked for, by what rows say they come from. */
async function wantedLines(rows: DataFrame, { lake, signal }: RunContext): Promise<ReadonlyMap<string, WantedLines>> {
  const line = col('source_line')
  const files = rows.groupBy('source_file').agg({ first: agg.min(line), last: agg.max(line) })
  const found = await lake.session.collect(files, { signal })
  return new Map(found.rows.map(([file, first, last]) => [String(file), { first: Number(first), last: Number(last) }]))
}

/** What can be read of the files, as far as they are what was ingested. */
async function partsOf(
  sourceFiles: readonly string[],
  table: TableDefinition,
  context: RunContext,
): Promise<readonly LandingPart[]> {
  const { landing, unpacker, signal } = context
  const former = new Map<string, string>()
  const files: LandingFile[] = []
  for (const path of new Set(sourceFiles.map((file) => file.split(memberMark)[0]!))) {
    const file = await ingestedFile(path, table, context)
    if (file === null) continue
    files.push(file)
    former.set(file.path, path)
  }
  const parts = await unpacker.parts(landing, files, { members: table.source!.members, signal })
  const wanted = new Set(sourceFiles)
  return parts
    .map((part) => {
      const [path, ...member] = part.sourceFile.split(memberMark)
      return { ...part, sourceFile: [former.get(path!)!, ...member].join(memberMark) }
    })
    .filter(({ sourceFile }) => wanted.has(sourceFile))
}

/** A landing file with the content that the table has of it: where it landed, or in the archive. */
async function ingestedFile(
  path: string,
  table: TableDefinition,
  { landing, lake }: RunContext,
): Promise<LandingFile | null> {
  const ledger = await lake.ledger(table.path)
  const content = ledger.get(contentTransaction(path))
  if (content === undefined) return null
  const landed = await headOf(landing, path)
  if (landed !== null && isKnownByStat(landed, ledger)) {
    return { ...landed, etag: landed.etag, state: 'known', contentHash: content, sha256: '', digestSlot: null }
  }
  for (const copy of landed === null ? await archivedCopies(path, content, table.source!, landing) : [landed]) {
    const [found] = await discoverLandingFiles(landing, [copy], new Map([[contentTransaction(copy.path), content]]))
    if (found!.state === 'known') return found!
  }
  return null
}

async function headOf(landing: ObjectStore, path: string): Promise<ObjectMeta | null> {
  try {
    return await landing.head(path)
  } catch (error) {
    if ((error as { readonly code?: string }).code === objectNotFoundCode) return null
    throw error
  }
}
