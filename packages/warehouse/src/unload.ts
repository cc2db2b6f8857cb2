import { joinPath, type ObjectStore } from '@deltaworks/storage'
import { invalidUnload } from './errors.js'
import type { SqlConnection } from './sql-connection.js'
import type { Manifest } from './stage-area.js'
import type { TableProbe } from './table-probe.js'

/** Rows of a query as a warehouse wrote them: Parquet files, which are removed when they have been used. */
export interface UnloadedFiles {
  /** A glob of them: `s3://bucket/prefix/id/*.parquet`. */
  readonly uri: string
  readonly fileCount: number
}

/** How a warehouse writes the rows of a query as Parquet files, and where. */
export interface Unloader {
  /** What must be there before the transaction. */
  readonly setUp?: readonly string[]
  /** Statements of the transaction, in order. @param id names a folder of the staging area */
  statements(query: string, id: string): readonly string[]
  /** The files, once the statements have run. @throws WarehouseError DW-WAREHOUSE-0021 */
  files(id: string): Promise<UnloadedFiles>
  /** Removes them, here and there. */
  remove(id: string, connection: SqlConnection): Promise<void>
}

/** Uses the files of a query, beside a probe of its rows: both of one transaction, so that they can be compared. */
export type UseUnloaded<T> = (files: UnloadedFiles, probe: TableProbe) => Promise<T>

/** The files under a folder of a store. @throws WarehouseError DW-WAREHOUSE-0020 if there are none */
export async function unloadedFiles(
  store: ObjectStore,
  folder: string,
  uri: string,
  location: string,
): Promise<UnloadedFiles> {
  const files = (await store.list(folder)).filter(({ path }) => path.endsWith('.parquet'))
  // Without a file nothing tells the columns.
  if (files.length === 0) throw invalidUnload(location, 'it has no rows, and so no files that tell its columns')
  return { uri: `${uri}/*.parquet`, fileCount: files.length }
}

/** Compares what is there with the manifest that the warehouse wrote last. @throws WarehouseError DW-WAREHOUSE-0021 */
export async function checkManifest(
  store: ObjectStore,
  folder: string,
  missing: (file: string) => Error,
): Promise<void> {
  const bytes = await store.get(joinPath(folder, 'manifest'))
  const { entries } = JSON.parse(Buffer.from(bytes).toString('utf8')) as Manifest
  const sizes = new Map((await store.list(folder)).map(({ path, sizeBytes }) => [path.split('/').at(-1)!, sizeBytes]))
  const short = entries.find(({ url, meta }) => sizes.get(url.split('/').at(-1)!) !== meta.content_length)
  if (short !== undefined) throw missing(short.url)
}
