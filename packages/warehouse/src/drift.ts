import type { ColumnDefinition, SqlDialect, TableDefinition } from './dialects/sql-dialect.js'
import { typeChange, type SqlType } from './dialects/sql-type.js'
import { driftRefused } from './errors.js'
import type { RecordedLayout } from './layout.js'

/**
 * What a changed definition may do to a table that is there: `fail` nothing; `append` add columns and widen them; `sync` drop
 * columns and change their types too (by loading the whole table anew). Narrowing is refused whatever the policy is.
 */
export type DriftPolicy = 'fail' | 'append' | 'sync'

export type Drift =
  | { readonly kind: 'added'; readonly column: ColumnDefinition; readonly from: null }
  | { readonly kind: 'widened' | 'narrowed' | 'retyped'; readonly column: ColumnDefinition; readonly from: SqlType }
  | { readonly kind: 'dropped'; readonly name: string }

/** How the columns of a table differ from those that it was made with. */
export function driftOf(recorded: RecordedLayout, definition: TableDefinition): readonly Drift[] {
  const before = new Map(recorded.columns.map((column) => [column.name, column.type]))
  const drifts: Drift[] = []
  for (const column of definition.columns) {
    const from = before.get(column.name)
    before.delete(column.name)
    if (from === undefined) drifts.push({ kind: 'added', column, from: null })
    else {
      const change = typeChange(from, column.type)
      if (change === 'wider') drifts.push({ kind: 'widened', column, from })
      else if (change === 'narrower') drifts.push({ kind: 'narrowed', column, from })
      else if (change === 'other') drifts.push({ kind: 'retyped', column, from })
    }
  }
  return [...drifts, ...[...before.keys()].map((name) => ({ kind: 'dropped' as const, name }))]
}

/** @throws WarehouseError DW-WAREHOUSE-0009 */
export function checkDrift(table: string, drifts: readonly Drift[], policy: DriftPolicy): void {
  const narrowed = drifts.filter((drift) => drift.kind === 'narrowed')
  if (narrowed.length > 0)
    throw driftRefused(table, narrowed.map(describe), 'Values could be lost: that is never done. Widen the definition.')
  const refused = drifts.filter((drift) => !allowed[policy].includes(drift.kind))
  if (refused.length > 0)
    throw driftRefused(
      table,
      refused.map(describe),
      `If that is meant, allow it with the drift policy "${policyFor(refused)}".`,
    )
}

/**
 * What a warehouse cannot do to a table that is there, though its definition's owner allowed it.
 * @throws WarehouseError DW-WAREHOUSE-0009
 */
export function checkFeasible(dialect: SqlDialect, definition: TableDefinition, drifts: readonly Drift[]): void {
  const impossible = drifts.filter(
    (drift) =>
      (drift.kind === 'retyped' && !dialect.transactionalDdl) ||
      (drift.kind === 'widened' && dialect.widening(drift.column, drift.from, definition) === 'never'),
  )
  if (impossible.length > 0)
    throw driftRefused(
      definition.name,
      impossible.map(describe),
      `${dialect.name} cannot do that to a table that is in use: rename or drop the table, and it is loaded anew.`,
    )
}

/** Whether the table must be made anew, as its columns cannot become what they are to be. */
export const needsRebuild = (dialect: SqlDialect, definition: TableDefinition, drifts: readonly Drift[]): boolean =>
  drifts.some(
    (drift) =>
      drift.kind === 'retyped' ||
      drift.kind === 'dropped' ||
      (drift.kind === 'widened' && dialect.widening(drift.column, drift.from, definition) === 'rebuild'),
  )

const allowed: Readonly<Record<DriftPolicy, readonly Drift['kind'][]>> = {
  fail: [],
  append: ['added', 'widened'],
  sync: ['added', 'widened', 'retyped', 'dropped'],
}

const policyFor = (refused: readonly Drift[]): DriftPolicy =>
  refused.every((drift) => allowed.append.includes(drift.kind)) ? 'append' : 'sync'

function describe(drift: Drift): string {
  switch (drift.kind) {
    case 'added':
      return `add the column "${drift.column.name}" ${drift.column.type.sql}`
    case 'widened':
    case 'narrowed':
    case 'retyped':
      return `change the column "${drift.column.name}" from ${drift.from.sql} to ${drift.column.type.sql}`
    case 'dropped':
      return `drop the column "${drift.name}"`
  }
}
