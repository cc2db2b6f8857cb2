import { randomUUID } from 'node:crypto'
import type { AddFile } from '@deltaworks/delta-log'
import { DeltaTableProvider, type DeltaTable } from '@deltaworks/delta-table'
import type { Session } from '@deltaworks/engine'
import { FooterCache, ParquetSplicer, spliceSource, type SpliceSource } from '@deltaworks/formats'
import { scan, type FileSplit } from '@deltaworks/plan'
import { joinPath, openStore, type ObjectStore, type ObjectWriter } from '@deltaworks/storage'
import type { ParquetSink, StagedFile } from '@deltaworks/warehouse'
import { writeFrame } from './write-frame.js'

/** Files that are written at a time: a store far away answers late. */
const maxWriters = 4
/** Less is not worth a file of its own. */
const leastFileBytes = 1024 * 1024

/**
 * A table's rows as Parquet files for a warehouse. Files of the table that are as they would be written are taken as they are:
 * their bytes are copied and not decoded. Rows of the others (with deleted rows, of nested columns, of another writer's
 * encodings) are written anew.
 */
export async function stageFiles(
  session: Session,
  table: DeltaTable,
  sink: ParquetSink,
): Promise<readonly StagedFile[]> {
  const { splits, others } = await splitsOf(table)
  const task: SpliceTask = { session, table, sink, store: openStore(sink.store), staged: [], refused: [] }
  const runs = runsOf(splits, fileCount(splits, sink))
  await inParallel(runs, maxWriters, (run) => spliceRun(run, task))
  const files = [...others, ...task.refused]
  if (files.length > 0) {
    const rows = scan(new DeltaTableProvider(table.snapshot, { files }))
    task.staged.push(...(await writeFrame(session, rows, sink)))
  }
  return task.staged
}

interface TableSplit {
  readonly split: FileSplit
  readonly file: AddFile
}

interface SpliceTask {
  readonly session: Session
  readonly table: DeltaTable
  readonly sink: ParquetSink
  readonly store: ObjectStore
  readonly staged: StagedFile[]
  /** Files that cannot be taken as they are. */
  readonly refused: AddFile[]
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

async function inParallel<T>(items: readonly T[], limit: number, work: (item: T) => Promise<void>): Promise<void> {
  const queue = items.values()
  const worker = async (): Promise<void> => {
    for (const item of queue) await work(item)
  }
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker))
}

/** Puts the files of a run into one; into more where they differ in which columns may be null, or are too large for one. */
async function spliceRun(run: readonly TableSplit[], task: SpliceTask): Promise<void> {
  const { table, sink, refused } = task
  const footers = new FooterCache()
  let open: OpenFile | null = null
  try {
    for (const each of run) {
      const { store, path, sizeBytes, constants, physicalNames } = each.split
      const file = { store: openStore(store), path, sizeBytes, constants, physicalNames }
      const source = await spliceSource(file, table.schema, footers)
      if (source === null) {
        refused.push(each.file)
        continue
      }
      for (const group of source.rowGroups) {
        if (open !== null && !open.takes(source, sink.fileBytes)) {
          task.staged.push(await open.finish())
          open = null
        }
        open ??= await OpenFile.create(source, task)
        await open.splicer.append(source, group)
      }
    }
    if (open !== null) task.staged.push(await open.finish())
  } catch (error) {
    await open?.writer.abort().catch(() => undefined)
    throw error
  }
}

class OpenFile {
  readonly #path: string
  readonly writer: ObjectWriter
  readonly splicer: ParquetSplicer

  private constructor(path: string, writer: ObjectWriter, splicer: ParquetSplicer) {
    this.#path = path
    this.writer = writer
    this.splicer = splicer
  }

  static async create(source: SpliceSource, { session, sink, store }: SpliceTask): Promise<OpenFile> {
    const path = joinPath(sink.folder, `part-${randomUUID()}.parquet`)
    const writer = await store.writer(path)
    return new OpenFile(path, writer, new ParquetSplicer(session.context, source, (part) => writer.write(part)))
  }

  /** Runs are of about the wanted size: only what is far beyond it ends a file. */
  takes({ nulls }: SpliceSource, fileBytes: number): boolean {
    return this.splicer.nulls === nulls && this.splicer.sizeBytes < 2 * fileBytes
  }

  async finish(): Promise<StagedFile> {
    const { sizeBytes, rowCount } = await this.splicer.finish()
    await this.writer.close()
    return { path: this.#path, sizeBytes, rowCount }
  }
}
