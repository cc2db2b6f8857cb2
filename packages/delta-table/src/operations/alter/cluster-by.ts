import { columnMappingMode, readEverything, type Snapshot } from '@deltaworks/delta-log'
import { clusteringAction, clusteringColumns, clusteringDomain, fileWithoutStatistics } from '../../clustering.js'
import { badAlteration } from '../../errors.js'
import type { OperationContext, OperationResult } from '../../operation-context.js'
import type { WriteOptions } from '../../write/write-options.js'
import { alterTable } from './alter-table.js'

/**
 * ALTER TABLE … CLUSTER BY (columns), or CLUSTER BY NONE for no columns. Files are clustered when they are optimized next.
 * @throws DeltaTableError DW-TABLE-0020
 */
export function alterClustering(
  context: OperationContext,
  snapshot: Snapshot,
  columns: readonly string[],
  options: WriteOptions,
): Promise<OperationResult | null> {
  const table = context.location.uri
  return alterTable(context, snapshot, options, (base) => {
    const before = clusteringColumns(base)
    if (before === null && columns.length === 0) return Promise.resolve(null)
    const mode = columnMappingMode(base.metadata)
    const action = clusteringAction(table, base.metadata, base.schema, columns, mode)
    if (base.domains.get(clusteringDomain)?.configuration === action.configuration) return Promise.resolve(null)
    const bare = fileWithoutStatistics(base, columns)
    if (bare !== null) {
      throw badAlteration(table, 'Clustering', `${bare.path} has no statistics of these columns; write it again first`)
    }
    return Promise.resolve({
      metadata: base.metadata,
      schema: base.schema,
      features: ['clustering'],
      actions: [action],
      reads: readEverything,
      name: 'CLUSTER BY',
      parameters: { oldClusteringColumns: (before ?? []).join(','), newClusteringColumns: columns.join(',') },
    })
  })
}
