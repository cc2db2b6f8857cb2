import type { AddFile } from '@deltaworks/delta-log'
import { DeltaTableProvider, type DeltaTable } from '@deltaworks/delta-table'
import type { Session, SpliceInput } from '@deltaworks/engine'
import { scan, type FileSplit } from '@deltaworks/plan'
import type { ParquetSink, StagedFile } from '@deltaworks/warehouse'
import { writeFrame } from './write-frame.js'

/** Less is not worth a file of its own. */
const leastFileBytes = 1024 * 1024

/**
 * A table's rows as Parquet files for a warehouse. Files of the table that are as they would be written are taken as they are:
 * their bytes are copied, and integers in an encoding that not every reader knows are repacked, on all threads. Rows of the others
 * (with deleted rows, of nested columns, of another writer's encodings) are written anew.
 */
export async function stageFiles(
  session: Session,
  table: DeltaTable,
  sink: ParquetSink,
): Promise<readonly StagedFile[]> {
  const { splits, others } = await splitsOf(table)
  const { store, folder, fileBytes } = sink
  const { schema } = table
  const runs = runsOf(splits, fileCount(splits, sink))
  const spliced = await session.spliceFiles(
    runs.map((run) => ({ files: run.map(({ split }) => inputOf(split)), schema, store, folder, fileBytes })),
  )
  const staged: StagedFile[] = spliced.flatMap(({ files }) => files)
  const refused = spliced.flatMap((result, i) => result.refused.map((place) => runs[i]![place]!.file))
  const files = [...others, ...refused]
  if (files.length > 0) {
    const rows = scan(new DeltaTableProvider(table.snapshot, { files }))
    staged.push(...(await writeFrame(session, rows, sink)))
  }
  return staged
}

const inputOf = ({ store, path, sizeBytes, constants, physicalNames }: FileSplit): SpliceInput => ({
  store,
  path,
  sizeBytes,
  constants,
  physicalNames,
})

interface TableSplit {
  readonly split: FileSplit
  readonly file: AddFile
}

/** The table's files, and apart those of which it is known that they cannot be taken as they are. */
async function splitsOf({ snapshot, schema }: DeltaTable): Promise<{
  readonly splits: readonly TableSplit[]
  readonly others: readonly AddFile[]
}> {
  const all = [...snapshot.files.values()]
  const whole = all.filter(({ deletionVector }) => deletionVector === null)
  const projection = schema.fields.map((_, i) => i)
  const plan = await new DeltaTableProvider(snapshot, { files: whole }).scan({ projection, filters: [], fetch: null })
  const splits = whole.map((file, i): TableSplit => ({ split: plan.splits[i] as FileSplit, file }))
  const isByName = splits.every(({ split }) => split.fieldIds === null)
  return isByName
    ? { splits, others: all.filter(({ deletionVector }) => deletionVector !== null) }
    : { splits: [], others: all }
}

const bytesOf = (splits: readonly TableSplit[]): number => splits.reduce((sum, { split }) => sum + split.sizeBytes, 0)

/** How many files: as many slices read at a time, a multiple of the slices. */
function fileCount(splits: readonly TableSplit[], { fileBytes, slices }: ParquetSink): number {
  const total = bytesOf(splits)
  const wanted = Math.ceil(Math.max(1, total / fileBytes) / slices) * slices
  return Math.max(1, Math.min(wanted, Math.floor(total / leastFileBytes), splits.length))
}

/** So many runs of files that follow one another, of about the same number of bytes. */
function runsOf(splits: readonly TableSplit[], count: number): readonly (readonly TableSplit[])[] {
  const total = bytesOf(splits)
  const runs: TableSplit[][] = Array.from({ length: count }, () => [])
  let before = 0
  for (const each of splits) {
    const middle = before + each.split.sizeBytes / 2
    runs[Math.min(count - 1, Math.floor((middle / Math.max(1, total)) * count))]!.push(each)
    before += each.split.sizeBytes
  }
  return runs.filter((run) => run.length > 0)
}
