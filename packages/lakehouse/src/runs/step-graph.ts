import { tableOf, type LakehouseDefinition } from '../lakehouse-definition.js'
import type { Layer, TableDefinition } from '../table-definition.js'

/** A step of a run: one table, ingested from landing files or built from other tables. */
export interface GraphStep {
  readonly table: string
  readonly layer: Layer
  readonly kind: 'ingest' | 'build'
  /** Tables whose steps must be done before. */
  readonly dependsOn: readonly string[]
}

/** The steps of a lakehouse, each behind those that it depends on: what schedulers make their tasks of. */
export const stepGraph = (lakehouse: LakehouseDefinition): readonly GraphStep[] =>
  lakehouse.tables.map((table) => ({
    table: table.name,
    layer: table.layer,
    kind: table.source === null ? 'build' : 'ingest',
    dependsOn: [...new Set(Object.values(table.from).map((input) => input.name))],
  }))

/** Which steps of a lakehouse a run is about; all members together must hold. Default: every step. */
export interface StepSelection {
  /** Exactly these tables. */
  readonly only?: readonly string[]
  /** These tables, and all that is built from them. */
  readonly from?: readonly string[]
  /** These tables, and all that they are built from. */
  readonly to?: readonly string[]
}

/** @throws LakehouseError DW-LAKEHOUSE-0002 for a name that is no table of the lakehouse */
export function selectedTables(
  lakehouse: LakehouseDefinition,
  { only, from, to }: StepSelection,
): ReadonlySet<TableDefinition> {
  const named = (names: readonly string[]) => new Set(names.map((name) => tableOf(lakehouse, name)))
  const sets = [
    only === undefined ? null : named(only),
    from === undefined ? null : downstream(lakehouse, named(from)),
    to === undefined ? null : upstream(named(to)),
  ].filter((set) => set !== null)
  return new Set(lakehouse.tables.filter((table) => sets.every((set) => set.has(table))))
}

/** Tables stand behind those that they read, so one pass finds everything. */
function downstream(lakehouse: LakehouseDefinition, tables: ReadonlySet<TableDefinition>): Set<TableDefinition> {
  const found = new Set(tables)
  for (const table of lakehouse.tables) {
    if (Object.values(table.from).some((input) => found.has(input))) found.add(table)
  }
  return found
}

function upstream(tables: ReadonlySet<TableDefinition>): Set<TableDefinition> {
  const found = new Set(tables)
  for (const table of found) for (const input of Object.values(table.from)) found.add(input)
  return found
}
