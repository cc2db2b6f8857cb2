import { materializedColumns, type AddFile, type Snapshot } from '@deltaworks/delta-log'
import type { BoundExpression } from '@deltaworks/expression'
import type { LogicalPlan } from '@deltaworks/plan'
import { field, int64, type Field } from '@deltaworks/schema'
import { DeltaTableProvider } from './delta-table-provider.js'
import { caseOf, columnAt, isNotNull, literalOf, projectionTo, scanOf } from './plan-nodes.js'

/*
 * Rows with their stable ids (PROTOCOL.md, "Row Tracking"). A row that was copied or updated keeps its id, and a copied one the
 * version it is of, in two columns of its file that are not in the table's schema; where they are null, the id is the file's
 * first one + the row's place, and the version is the file's.
 */

/** The snapshot with the two columns behind those of its schema; the snapshot itself, if its rows have no stable ids. */
export function withTrackedColumns(snapshot: Snapshot): Snapshot {
  const added = trackedFields(snapshot)
  return added.length === 0 ? snapshot : { ...snapshot, schema: { fields: [...snapshot.schema.fields, ...added] } }
}

/** Row id and row commit version, as rewritten files hold them; none if the table's rows have no stable ids. */
export function trackedFields({ metadata }: Snapshot): readonly Field[] {
  const columns = materializedColumns(metadata)
  return columns === null ? [] : [field(columns.rowId, int64), field(columns.commitVersion, int64)]
}

/**
 * Rows of files, with ids and versions if the snapshot has the columns for them, then with places if they are asked for.
 * @param deletedRows as of `ProviderOptions`
 */
export function scanTracked(
  snapshot: Snapshot,
  files: readonly AddFile[],
  withPlaces = false,
  deletedRows: ReadonlyMap<AddFile, Uint32Array> = new Map(),
): LogicalPlan {
  const { fields } = snapshot.schema
  const width = fields.length - 2
  const rowId = fields[width]?.name
  if (rowId === undefined || rowId !== materializedColumns(snapshot.metadata)?.rowId) {
    return scanOf(new DeltaTableProvider(snapshot, { files, withPlaces, deletedRows }))
  }
  const scanned = scanOf(new DeltaTableProvider(snapshot, { files, withPlaces: true, withOrigins: true, deletedRows }))
  const at = (index: number): BoundExpression => columnAt(scanned.schema, index)
  // Behind the columns stand the places (path, index) and the origins (first id, version).
  const [index, firstId, version] = [at(width + 3), at(width + 4), at(width + 5)]
  const expressions = [
    ...fields.slice(0, width).map((_, i) => at(i)),
    orElse(at(width), { kind: 'call', name: 'add', args: [firstId, index], type: int64, nullable: true }),
    orElse(at(width + 1), version),
    ...(withPlaces ? [at(width + 2), index] : []),
  ]
  const kept = [...fields, ...(withPlaces ? scanned.schema.fields.slice(width + 2, width + 4) : [])]
  return projectionTo(scanned, expressions, kept)
}

const orElse = (value: BoundExpression, otherwise: BoundExpression): BoundExpression =>
  caseOf([{ when: isNotNull(value), then: value }], otherwise)

/** All rows of a version with `_row_id` and `_row_commit_version`, null where the table keeps none. */
export function rowsWithIds(snapshot: Snapshot): LogicalPlan {
  const named = [field('_row_id', int64), field('_row_commit_version', int64)]
  const tracked = withTrackedColumns(snapshot)
  const rows = scanTracked(tracked, [...snapshot.files.values()])
  const width = snapshot.schema.fields.length
  const values = named.map((_, i) => (tracked === snapshot ? literalOf(null, int64) : columnAt(rows.schema, width + i)))
  const columns = snapshot.schema.fields.map((_, i) => columnAt(rows.schema, i))
  return projectionTo(rows, [...columns, ...values], [...snapshot.schema.fields, ...named])
}

/** What an updated row's version is: not known before the commit, so it is left to be the new file's. */
export const freshVersion: BoundExpression = literalOf(null, int64)
