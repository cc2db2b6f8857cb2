import type { BoundExpression } from '@deltaworks/expression'
import {
  readDeletedRows,
  removeOf,
  storeDeletionVectors,
  usesDeletionVectors,
  withDeletionVector,
  writerFeaturesOf,
  type Action,
  type AddFile,
  type Snapshot,
} from '@deltaworks/delta-log'
import type { LogicalPlan } from '@deltaworks/plan'
import { DeltaTableProvider, filesByPath } from './delta-table-provider.js'
import { statisticsOf } from './file-statistics-source.js'
import type { OperationContext } from './operation-context.js'
import { columnAt, filterOf, projectionTo, scanOf } from './plan-nodes.js'
import { visitPlaces } from './row-places.js'
import type { RunOptions } from './table-session.js'
import type { TouchedFile } from './touched-files.js'

/** A file of which more than this share is deleted is written again: its readers would read mostly what is gone. */
const maxDeletedShare = 0.5
/** Rows of one file whose places are held in memory; with more of them it is written again. */
const maxMarkedRows = 1_000_000
/** Rows whose places one query brings. */
const rowsPerQuery = 1_000_000

export interface TouchedSplit {
  /** Files that stay, with more of their rows marked as deleted. */
  readonly marked: readonly TouchedFile[]
  /** Files that are written again, or go. */
  readonly rewritten: readonly TouchedFile[]
}

/** Which of the files get a deletion vector: none, unless the table asks for them. */
export function splitTouched(snapshot: Snapshot, touched: readonly TouchedFile[]): TouchedSplit {
  const enabled =
    usesDeletionVectors(snapshot.metadata.configuration) &&
    writerFeaturesOf(snapshot.protocol).includes('deletionVectors')
  const isMarked = ({ file, rowCount }: TouchedFile): boolean => {
    const physicalRows = statisticsOf(file)?.rowCount ?? null
    if (!enabled || physicalRows === null || rowCount > maxMarkedRows) return false
    return (file.deletionVector?.cardinality ?? 0) + rowCount <= physicalRows * maxDeletedShare
  }
  return { marked: touched.filter(isMarked), rewritten: touched.filter((file) => !isMarked(file)) }
}

export interface MarkedFiles {
  /** For each file a remove, and an add with its new vector. */
  readonly actions: readonly Action[]
  /** Store paths of what was written. */
  readonly paths: readonly string[]
  readonly metrics: Readonly<Record<string, number>>
}

export const noMarks: MarkedFiles = { actions: [], paths: [], metrics: {} }

/** Indexes of rows of some files, each once, in any order. */
export type RowsOfFiles = (files: readonly AddFile[]) => Promise<ReadonlyMap<AddFile, Iterable<number>>>

/** @param placesOf queries over some of the files: (file path, row index), each row in one of them, once */
export function rowsByQuery(
  context: OperationContext,
  snapshot: Snapshot,
  placesOf: (files: readonly AddFile[]) => readonly LogicalPlan[],
  options: RunOptions,
): RowsOfFiles {
  return async (files) => {
    const found = new Map<AddFile, number[]>(files.map((file) => [file, []]))
    const byPath = filesByPath(snapshot, files)
    for (const plan of placesOf(files)) {
      await visitPlaces(context.session, plan, options, (path, row) => found.get(byPath.get(path)!)!.push(row))
    }
    return found
  }
}

/** Marks rows as deleted, beside those that are so already. */
export async function markDeleted(
  context: OperationContext,
  marked: readonly TouchedFile[],
  rowsOf: RowsOfFiles,
  nowMs: number,
): Promise<MarkedFiles> {
  if (marked.length === 0) return noMarks
  const requests: { file: AddFile; rows: Uint32Array }[] = []
  for (const group of groupsOf(marked)) {
    const files = group.map(({ file }) => file)
    const found = await rowsOf(files)
    for (const file of files) requests.push({ file, rows: await withDeletedRows(context, file, found.get(file)!) })
  }
  const stored = await storeDeletionVectors(context.location, requests)
  return {
    actions: requests.flatMap(({ file }, i) => [
      removeOf(file, nowMs),
      withDeletionVector(file, stored.descriptors[i]!),
    ]),
    paths: stored.path === null ? [] : [stored.path],
    metrics: {
      numDeletionVectorsAdded: requests.length,
      numDeletionVectorsRemoved: requests.filter(({ file }) => file.deletionVector !== null).length,
      numDeletionVectorsUpdated: requests.filter(({ file }) => file.deletionVector !== null).length,
    },
  }
}

/** Rows of a file and those that its deletion vector has, ascending. */
export async function withDeletedRows(
  { location }: OperationContext,
  file: AddFile,
  rows: Iterable<number>,
): Promise<Uint32Array> {
  const before = (await readDeletedRows(location, file)) ?? []
  return Uint32Array.from([...before, ...rows]).sort()
}

function groupsOf(marked: readonly TouchedFile[]): readonly (readonly TouchedFile[])[] {
  const groups: TouchedFile[][] = []
  let rows = Infinity
  for (const file of marked) {
    if (rows + file.rowCount > rowsPerQuery) {
      groups.push([])
      rows = 0
    }
    groups.at(-1)!.push(file)
    rows += file.rowCount
  }
  return groups
}

/** The places of the rows for which a predicate over the table's columns is true. */
export function placesWhere(snapshot: Snapshot, files: readonly AddFile[], predicate: BoundExpression): LogicalPlan {
  const provider = new DeltaTableProvider(snapshot, { files, withPlaces: true })
  return placesIn(filterOf(scanOf(provider), predicate), snapshot.schema.fields.length)
}

/** File path and row index of rows, which have them at these positions. */
export const placesIn = (rows: LogicalPlan, at: number): LogicalPlan =>
  projectionTo(
    rows,
    [columnAt(rows.schema, at), columnAt(rows.schema, at + 1)],
    [rows.schema.fields[at]!, rows.schema.fields[at + 1]!],
  )
