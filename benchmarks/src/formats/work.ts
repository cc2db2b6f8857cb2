import { createContext, toArrowBatch, unlimited, type ColumnarContext } from '@deltaworks/columnar'
import {
  csvRanges,
  fileScan,
  type FooterCache,
  readParquetMetadata,
  RowGroupEncoder,
  scanCsv,
  scanParquet,
  transferables,
  type CsvRange,
  type CsvReadOptions,
  type EncodedRowGroup,
  type ParquetWriteOptions,
} from '@deltaworks/formats'
import type { Schema } from '@deltaworks/schema'
import { FileStore } from '@deltaworks/storage'

/* What one thread does for Deltaworks' side; `pool.ts` deals it out. */

export type Job =
  | {
      readonly kind: 'decode' | 'arrow'
      readonly folder: string
      readonly path: string
      readonly schema: Schema
      readonly groups: RowGroups
    }
  | {
      readonly kind: 'encode'
      readonly folder: string
      readonly path: string
      readonly schema: Schema
      readonly groups: RowGroups
      readonly options: ParquetWriteOptions
    }
  | {
      readonly kind: 'csv'
      readonly folder: string
      readonly path: string
      readonly schema: Schema
      readonly range: CsvRange
      readonly options: CsvReadOptions
    }

/** Row groups [first, end) of a file. */
export interface RowGroups {
  readonly first: number
  readonly end: number
}

export interface JobResult {
  readonly rows: number
  readonly group: EncodedRowGroup | null
}

/** As the engine reads narrow tables where memory is plenty. */
const batchRows = 32_768

/** @param footers what jobs of the same round know of files; the next round begins anew */
export async function work(context: ColumnarContext, job: Job, footers: FooterCache): Promise<JobResult> {
  const store = new FileStore(job.folder)
  const { sizeBytes } = await store.head(job.path)
  const base = { store, path: job.path, sizeBytes, schema: job.schema }
  let rows = 0
  if (job.kind === 'csv') {
    const scan = fileScan({ ...base, byteRange: job.range })
    for await (const batch of scanCsv(context, unlimited, scan, job.options)) rows += batch.rowCount
    return { rows, group: null }
  }
  const scan = fileScan({ ...base, rowGroups: job.groups, footers, batchRows })
  if (job.kind === 'encode') {
    const encoder = new RowGroupEncoder(context, unlimited, job.schema, job.options)
    for await (const batch of scanParquet(context, unlimited, scan)) encoder.write(batch)
    const group = encoder.finish()
    encoder.close()
    return { rows: group?.rowCount ?? 0, group }
  }
  for await (const batch of scanParquet(context, unlimited, scan)) {
    if (job.kind === 'arrow') await toArrowBatch(context.heap, batch)
    rows += batch.rowCount
  }
  return { rows, group: null }
}

export const movable = ({ group }: JobResult): ArrayBuffer[] => (group === null ? [] : transferables(group))

/** The row groups of a Parquet file as jobs, `step` of them each. */
export async function rowGroupJobs(
  folder: string,
  path: string,
  step: number,
  make: (schema: Schema, groups: RowGroups) => Job,
): Promise<{ readonly schema: Schema; readonly jobs: Job[] }> {
  const { schema, rowGroups } = await readParquetMetadata(new FileStore(folder), path)
  const jobs: Job[] = []
  for (let first = 0; first < rowGroups.length; first += step) {
    jobs.push(make(schema, { first, end: Math.min(rowGroups.length, first + step) }))
  }
  return { schema, jobs }
}

const jobBytes = 16 * 1024 * 1024

/** CSV files as jobs: whole ones for one thread, else of about 16 MiB, each as soon as it is known where it ends. */
export async function* csvJobs(
  folder: string,
  files: readonly { readonly path: string; readonly schema: Schema; readonly options: CsvReadOptions }[],
  threads: number,
): AsyncGenerator<Job, void, undefined> {
  const context = createContext()
  const store = new FileStore(folder)
  for (const { path, schema, options } of files) {
    const { sizeBytes } = await store.head(path)
    const ranges = csvRanges(
      context,
      unlimited,
      { store, path, sizeBytes },
      options,
      threads === 1 ? sizeBytes : jobBytes,
    )
    for await (const range of ranges) yield { kind: 'csv', folder, path, schema, range, options }
  }
}
