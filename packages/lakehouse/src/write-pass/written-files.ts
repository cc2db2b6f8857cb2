import type { FileSink, WrittenFile } from '@deltaworks/engine'
import { col } from '@deltaworks/expression'
import { scan, type DataFrame, type FileSplit, type TableProvider } from '@deltaworks/plan'
import type { Schema } from '@deltaworks/schema'
import { openStore } from '@deltaworks/storage'

/** Files that a write made, before a commit names them. */
export interface WrittenRows {
  readonly files: readonly WrittenFile[]
  readonly schema: Schema
  readonly sink: FileSink
}

export const countOf = ({ files }: Pick<WrittenRows, 'files'>): number =>
  files.reduce((sum, { rowCount }) => sum + rowCount, 0)

/** Best effort: what stays, VACUUM finds. */
export async function deleteFiles({ files, sink }: WrittenRows): Promise<void> {
  if (files.length === 0) return
  await openStore(sink.store)
    .delete(files.map(({ path }) => path))
    .catch(() => undefined)
}

/** The rows in them, as columns of these names and types. */
export const readWritten = (name: string, written: WrittenRows, schema: Schema): DataFrame =>
  scan(provider(name, written)).select(...schema.fields.map((field) => col(field.name).cast(field.type).as(field.name)))

function provider(name: string, { files, schema, sink }: WrittenRows): TableProvider {
  const splits = files.map((file): FileSplit => ({
    kind: 'file',
    store: sink.store,
    path: file.path,
    format: { kind: 'parquet', options: {} },
    sizeBytes: file.sizeBytes,
    rowGroups: null,
    byteRange: null,
    rowCount: file.rowCount,
    constants: file.partitionValues,
    physicalNames: sink.physicalNames ?? null,
    fieldIds: null,
    deletedRows: null,
    virtualColumns: {},
  }))
  return {
    name,
    schema,
    statistics: {
      rowCount: countOf({ files }),
      sizeBytes: files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
      approximate: false,
    },
    scan: () => ({ splits, filesTotal: splits.length, filesPruned: 0 }),
    describe: () => ({ kind: 'written', name }),
  }
}
