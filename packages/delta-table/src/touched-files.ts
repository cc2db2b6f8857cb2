import type { BoundExpression } from '@deltaworks/expression'
import type { AddFile, Snapshot } from '@deltaworks/delta-log'
import { DeltaTableProvider, filesByPath } from './delta-table-provider.js'
import { aggregateOf, columnAt, countAll, filterOf, projectionTo, scanColumns } from './plan-nodes.js'
import type { RunOptions, TableSession } from './table-session.js'

export interface TouchedFile {
  readonly file: AddFile
  /** Rows in it for which the predicate is true. */
  readonly rowCount: number
}

/** Which of the candidate files hold rows that satisfy the predicate: reads the predicate's columns. */
export async function findTouchedFiles(
  session: TableSession,
  snapshot: Snapshot,
  candidates: readonly AddFile[],
  predicate: BoundExpression,
  options: RunOptions,
): Promise<readonly TouchedFile[]> {
  if (candidates.length === 0) return []
  const provider = new DeltaTableProvider(snapshot, { files: candidates, withPlaces: true })
  const path = snapshot.schema.fields.length
  const all = provider.schema.fields.map((_, i) => i).slice(0, path + 1)
  const matching = filterOf(scanColumns(provider, all), predicate)
  const paths = projectionTo(matching, [columnAt(matching.schema, path)], [provider.schema.fields[path]!])
  const counted = aggregateOf(paths, [columnAt(paths.schema, 0)], [{ name: 'rows', aggregate: countAll }])
  const result = await session.collect(counted, options)
  const byPath = filesByPath(snapshot, candidates)
  return result.rows.map(([name, rows]) => ({ file: byPath.get(name as string)!, rowCount: Number(rows) }))
}
