import { randomUUID } from 'node:crypto'
import type { Action, LogAction } from './actions/action.js'
import type { AddFile } from './actions/add-file.js'
import type { DomainMetadata } from './actions/domain-metadata.js'
import type { Metadata } from './actions/metadata.js'
import type { Protocol } from './actions/protocol.js'
import { rowCountMissing } from './errors.js'
import { writerFeaturesOf } from './features/protocol-check.js'
import { parseStatistics } from './statistics.js'

/*
 * Row tracking (PROTOCOL.md, "Row Tracking"): a file's rows have the ids `baseRowId` + position, given out from a mark that the
 * domain `delta.rowTracking` keeps. Because a winner may have moved the mark, ids are given when a commit is put, not before.
 */

const rowTrackingDomain = 'delta.rowTracking'
const rowIdColumnKey = 'delta.rowTracking.materializedRowIdColumnName'
const commitVersionColumnKey = 'delta.rowTracking.materializedRowCommitVersionColumnName'

const isTrue = (metadata: Metadata, key: string): boolean => metadata.configuration[key]?.toLowerCase() === 'true'

/** Whether files get row ids. */
export const tracksRows = (protocol: Protocol, metadata: Metadata): boolean =>
  writerFeaturesOf(protocol).includes('rowTracking') && !isTrue(metadata, 'delta.rowTrackingSuspended')

/** Whether row ids stay with their rows: then the columns that rewritten files keep them in have names. */
export const hasStableRowIds = (metadata: Metadata): boolean => isTrue(metadata, 'delta.enableRowTracking')

export interface RowTrackingColumns {
  readonly rowId: string
  readonly commitVersion: string
}

/** Physical names of the columns in which rewritten files keep ids and versions; null if the table has no stable ids. */
export function materializedColumns(metadata: Metadata): RowTrackingColumns | null {
  const rowId = metadata.configuration[rowIdColumnKey]
  const commitVersion = metadata.configuration[commitVersionColumnKey]
  return !hasStableRowIds(metadata) || rowId === undefined || commitVersion === undefined
    ? null
    : { rowId, commitVersion }
}

/** Metadata that asks for row tracking, with names for the columns that keep ids; other metadata as it is. */
export function rowTrackingColumns(metadata: Metadata): Metadata {
  if (!hasStableRowIds(metadata) || metadata.configuration[rowIdColumnKey] !== undefined) return metadata
  return {
    ...metadata,
    configuration: {
      ...metadata.configuration,
      [rowIdColumnKey]: `_row-id-col-${randomUUID()}`,
      [commitVersionColumnKey]: `_row-commit-version-col-${randomUUID()}`,
    },
  }
}

/** Files without ids, to be added again with them when the table is to have stable ids. */
export const rowIdBackfill = (
  base: { readonly files: ReadonlyMap<string, AddFile> },
  metadata: Metadata,
): readonly AddFile[] =>
  hasStableRowIds(metadata)
    ? [...base.files.values()].filter((file) => file.baseRowId === null).map((file) => ({ ...file, dataChange: false }))
    : []

/** The highest row id that was given out; -1 if none was. */
export function rowIdMark(domain: DomainMetadata | undefined): number {
  if (domain === undefined || domain.removed) return -1
  const { rowIdHighWaterMark } = JSON.parse(domain.configuration) as { readonly rowIdHighWaterMark?: unknown }
  return typeof rowIdHighWaterMark === 'number' ? rowIdHighWaterMark : -1
}

export const rowTrackingDomainIn = (actions: readonly LogAction[]): DomainMetadata | undefined =>
  actions.findLast(
    (action): action is DomainMetadata => action.kind === 'domainMetadata' && action.domain === rowTrackingDomain,
  )

/**
 * The actions with ids for files that have none, and the mark behind them.
 * @param mark the highest id that was given out before the version
 * @throws DeltaError DW-DELTA-0020 for a file of which it is not known how many rows it has
 */
export function withRowIds(
  table: string,
  actions: readonly Action[],
  mark: number,
  version: number,
): readonly Action[] {
  let highest = mark
  const tracked = actions.map((action): Action => {
    if (action.kind !== 'add') return action
    if (action.baseRowId !== null) {
      return { ...action, defaultRowCommitVersion: action.defaultRowCommitVersion ?? version }
    }
    const rowCount = parseStatistics(action.stats)?.rowCount ?? null
    if (rowCount === null) throw rowCountMissing(table, action.path)
    const baseRowId = highest + 1
    highest += rowCount
    return { ...action, baseRowId, defaultRowCommitVersion: version }
  })
  if (highest === mark) return tracked
  const configuration = JSON.stringify({ rowIdHighWaterMark: highest })
  return [...tracked, { kind: 'domainMetadata', domain: rowTrackingDomain, configuration, removed: false }]
}
