import type { Session } from '@deltaworks/engine'
import type { DataFrame } from '@deltaworks/plan'
import type { ParquetSink, StagedFile } from '@deltaworks/warehouse'

/** The rows of a frame as Parquet files for a warehouse, on many threads. */
export async function writeFrame(
  session: Session,
  frame: DataFrame,
  { store, folder, fileBytes }: ParquetSink,
): Promise<readonly StagedFile[]> {
  const { files } = await session.writeFiles(frame, {
    store,
    directory: folder,
    partitionBy: [],
    compression: 'snappy',
    // Not every warehouse says that it knows newer ones.
    encoding: 'plain',
    targetFileBytes: fileBytes,
  })
  return files.map(({ path, sizeBytes, rowCount }) => ({ path, sizeBytes, rowCount }))
}
