import type { Schema, Value } from '@deltaworks/schema'
import type { ObjectStore } from '@deltaworks/storage'
import { openParquet } from './footer.js'
import { columnBounds } from './read-bounds.js'
import { schemaOfTree, typeOfNode } from './schema-tree.js'

/** What a Parquet file says about itself. */
export interface ParquetMetadata {
  readonly schema: Schema
  readonly rowCount: number
  readonly sizeBytes: number
  readonly rowGroups: readonly ParquetRowGroup[]
  readonly keyValue: Readonly<Record<string, string>>
  readonly createdBy: string
}

export interface ParquetRowGroup {
  readonly rowCount: number
  /** Uncompressed. */
  readonly totalBytes: number
  readonly columns: readonly ColumnStatistics[]
}

/** Of one leaf column. Bounds are values of the leaf's logical type; null: not known, or no value at all. */
export interface ColumnStatistics {
  /** Names from the top column down, without the steps that lists and maps add in a written file's own statistics. */
  readonly path: readonly string[]
  readonly min: Value
  readonly max: Value
  readonly nullCount: number | null
}

/**
 * Reads the footer only.
 * @throws FormatError DW-FORMAT-0001, 0002, 0003; StorageError
 */
export async function readParquetMetadata(
  store: ObjectStore,
  path: string,
  sizeBytes?: number,
): Promise<ParquetMetadata> {
  const opened = await openParquet(store, path, sizeBytes)
  const { metadata } = opened
  const types = metadata.tree.leaves.map((leaf) => typeOfNode(path, leaf, true))
  return {
    schema: schemaOfTree(path, metadata.tree),
    rowCount: metadata.rowCount,
    sizeBytes: opened.sizeBytes,
    rowGroups: metadata.rowGroups.map((group) => ({
      rowCount: group.rowCount,
      totalBytes: group.totalBytes,
      columns: metadata.tree.leaves.map((leaf, i) => {
        const { statistics } = group.columns[i]!
        const bounds =
          statistics === null ? { min: null, max: null, nullCount: null } : columnBounds(leaf, types[i]!, statistics)
        return { path: leaf.path, ...bounds }
      }),
    })),
    keyValue: metadata.keyValue,
    createdBy: metadata.createdBy,
  }
}

/** The columns of a file, as they are in it. */
export async function readParquetSchema(store: ObjectStore, path: string, sizeBytes?: number): Promise<Schema> {
  const { metadata } = await openParquet(store, path, sizeBytes)
  return schemaOfTree(path, metadata.tree)
}
