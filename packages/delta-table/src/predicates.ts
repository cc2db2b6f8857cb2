import { bind, columnsOf, conjuncts, type BoundExpression, type Expression } from '@deltaworks/expression'
import { factsOf, physicalName, type AddFile, type Snapshot } from '@deltaworks/delta-log'
import { createPruningPredicate } from '@deltaworks/expression'
import type { Schema } from '@deltaworks/schema'
import { derivedFilters } from './derived-filters.js'
import { FileStatisticsSource } from './file-statistics-source.js'

/** A condition as users give it: the fluent `Expr`, or the tree. */
export type Condition = Expression | { readonly node: Expression }

export const expressionOf = (condition: Condition): Expression => ('node' in condition ? condition.node : condition)

export const bindCondition = (condition: Condition, schema: Schema): BoundExpression =>
  bind(expressionOf(condition), schema)

/** Names of the columns of a predicate that are no partition columns. */
export function dataColumnsOf(snapshot: Snapshot, predicate: BoundExpression): readonly string[] {
  return columnsOf(predicate)
    .map((index) => snapshot.schema.fields[index]!.name)
    .filter((name) => !snapshot.partitionColumns.includes(name))
}

/** Files that may hold a row for which the predicate is true. */
export function candidateFiles(snapshot: Snapshot, predicate: BoundExpression | null): readonly AddFile[] {
  if (predicate === null) return [...snapshot.files.values()]
  const parts = conjuncts(predicate)
  const pruning = createPruningPredicate([...parts, ...derivedFilters(snapshot, parts)])
  const source = new FileStatisticsSource(snapshot)
  return snapshot.files.select((facts) => pruning.mayMatch(source.at(facts)))
}

/** The same test for files that come later: what a concurrent writer adds is compared with what was read. */
export const fileMatcher = (snapshot: Snapshot, predicate: BoundExpression): ((file: AddFile) => boolean) =>
  filesMatcher(snapshot, conjuncts(predicate))

/** As `fileMatcher`, for several predicates that must all be true. */
export function filesMatcher(snapshot: Snapshot, predicates: readonly BoundExpression[]): (file: AddFile) => boolean {
  const pruning = createPruningPredicate(predicates)
  const source = new FileStatisticsSource(snapshot)
  return (file) => pruning.mayMatch(source.at(factsOf(file)))
}

/** Key of the partition that a file is in; equal for files of one partition. */
export const partitionKey = (snapshot: Snapshot, file: AddFile): string =>
  JSON.stringify(
    snapshot.partitionColumns.map((name) => {
      const field = snapshot.schema.fields.find((f) => f.name === name)
      const value = file.partitionValues[field === undefined ? name : physicalName(field, snapshot.columnMapping.mode)]
      return value === undefined || value === '' ? null : value
    }),
  )
