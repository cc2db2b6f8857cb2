import type { AddFile } from '@deltaworks/delta-log'
import type { LogicalPlan } from '@deltaworks/plan'
import type { Value } from '@deltaworks/schema'
import { filesByPath } from '../../delta-table-provider.js'
import { duplicateMatch } from '../../errors.js'
import type { OperationContext } from '../../operation-context.js'
import { runOptions } from '../../run-options.js'
import type { BoundClause, BoundClauses } from './merge-clauses.js'
import type { MergeOptions } from './merge-options.js'
import { touchedPlan, unmatchedPlan, type MergeInput } from './merge-plans.js'

/** What the first passes over the target found. */
export interface Touched {
  /** With how many of their rows change. */
  readonly files: ReadonlyMap<AddFile, number>
  readonly updated: number
  readonly deleted: number
  readonly bySourceUpdated: number
  readonly bySourceDeleted: number
}

/** Deleting a row twice is deleting it: Spark allows it if there is nothing but one unconditional delete. */
export const onlyDeletes = (matched: readonly BoundClause[]): boolean =>
  matched.length === 1 && matched[0]!.kind === 'delete' && matched[0]!.unconditional

/** Files with rows that change, and how many they are: counted by queries, however many they are. */
export async function findTouched(
  context: OperationContext,
  input: MergeInput,
  { all, candidates }: { readonly all: readonly AddFile[]; readonly candidates: readonly AddFile[] },
  clauses: BoundClauses,
  options: MergeOptions,
): Promise<Touched> {
  const files = new Map<AddFile, number>()
  const touch = (path: Value, rows: Value): void => {
    const file = byPath.get(path as string)!
    files.set(file, (files.get(file) ?? 0) + Number(rows))
  }
  const byPath = filesByPath(input.snapshot, all)
  const counts = { updated: 0, deleted: 0, bySourceUpdated: 0, bySourceDeleted: 0 }
  const collect = async (plan: LogicalPlan): Promise<readonly (readonly Value[])[]> =>
    (await context.session.collect(plan, runOptions(options))).rows
  if (candidates.length > 0 && clauses.matched.length > 0) {
    let duplicates = 0
    for (const [path, clause, rows, most] of await collect(touchedPlan(input, candidates, clauses.matched))) {
      touch(path!, rows!)
      if (Number(most) > 1) duplicates += Number(rows)
      if (clauses.matched[clause as number]!.kind === 'delete') counts.deleted += Number(rows)
      else counts.updated += Number(rows)
    }
    if (duplicates > 0 && !onlyDeletes(clauses.matched)) throw duplicateMatch(context.location.uri, duplicates)
  }
  if (all.length > 0 && clauses.notMatchedBySource.length > 0) {
    for (const [path, clause, rows] of await collect(unmatchedPlan(input, all, clauses.notMatchedBySource))) {
      touch(path!, rows!)
      if (clauses.notMatchedBySource[clause as number]!.kind === 'delete') counts.bySourceDeleted += Number(rows)
      else counts.bySourceUpdated += Number(rows)
    }
  }
  return { files, ...counts }
}
