import { alertRuleProblem, defaultAlertRules, type AlertRule } from './alerts/alert-rule.js'
import type { ConfigurationSchema } from './configuration/load-configuration.js'
import { cyclicDefinition, invalidAlertRules, invalidDefinition, invalidMetric, unknownTable } from './errors.js'
import type { SqlMetric } from './metrics/sql-metric.js'
import type { TableDefinition } from './table-definition.js'

/** A set of tables that belong together, and what configures them. */
export interface LakehouseDefinition<Configuration = unknown> {
  readonly name: string
  readonly description: string
  /** In an order in which they can be built: every table after those it reads. */
  readonly tables: readonly TableDefinition[]
  readonly configuration: ConfigurationSchema<Configuration>
  /** Folder of `<environment>.json` files: a file path or file: URL. */
  readonly environments: string
  /** About its runs; who is told is the environment's. */
  readonly alerts: readonly AlertRule[]
  /** Figures of the business that a run computes when it has changed something: see `sqlMetric`. */
  readonly metrics: readonly SqlMetric[]
}

/**
 * @throws LakehouseError DW-LAKEHOUSE-0001 (two tables of one name, a foreign key to nowhere, an input that is not a table of
 * the lakehouse), DW-LAKEHOUSE-0003 (a circle), DW-LAKEHOUSE-0050 (alert rules), DW-LAKEHOUSE-0055
 * (metrics)
 */
export function defineLakehouse<Configuration>(specification: {
  readonly name: string
  readonly description: string
  readonly tables: readonly TableDefinition[]
  readonly configuration: ConfigurationSchema<Configuration>
  readonly environments: string
  /** Default: failures, and failed critical quality rules. */
  readonly alerts?: readonly AlertRule[]
  /** Default: none. */
  readonly metrics?: readonly SqlMetric[]
}): LakehouseDefinition<Configuration> {
  const byName = new Map<string, TableDefinition>()
  for (const table of specification.tables) {
    for (const name of [table.name, ...table.aliases]) {
      if (byName.has(name)) throw invalidDefinition(table.name, `another table is called "${name}" already.`)
      byName.set(name, table)
    }
  }
  for (const table of specification.tables) {
    for (const [column, { facts }] of Object.entries(table.columns)) {
      if (facts.reference === null) continue
      const target = facts.reference()
      if (byName.get(target.table)?.columns[target.column] === undefined) {
        throw invalidDefinition(
          table.name,
          `its column "${column}" references ${target.table}.${target.column}, which is not in this lakehouse.`,
        )
      }
    }
  }
  const alerts = specification.alerts ?? defaultAlertRules
  const problem = alertRuleProblem(alerts, new Set(byName.keys()))
  if (problem !== null) throw invalidAlertRules(specification.name, problem)
  const metrics = specification.metrics ?? []
  const twice = metrics.find(({ name }, i) => metrics.findIndex((other) => other.name === name) < i)
  if (twice !== undefined) throw invalidMetric(twice.name, 'another one has its name')
  return { ...specification, tables: buildOrder(specification.tables), alerts, metrics }
}

function buildOrder(tables: readonly TableDefinition[]): readonly TableDefinition[] {
  const known = new Set(tables)
  const ordered = new Set<TableDefinition>()
  const visit = (table: TableDefinition, path: readonly TableDefinition[]): void => {
    if (ordered.has(table)) return
    if (path.includes(table)) throw cyclicDefinition([...path.slice(path.indexOf(table)), table].map((t) => t.name))
    for (const input of Object.values(table.from)) {
      if (!known.has(input)) {
        throw invalidDefinition(table.name, `it is built from "${input.name}", which is not in this lakehouse.`)
      }
      visit(input, [...path, table])
    }
    ordered.add(table)
  }
  for (const table of tables) visit(table, [])
  return [...ordered]
}

/** A table by its name or an alias. @throws LakehouseError DW-LAKEHOUSE-0002 */
export function tableOf(lakehouse: LakehouseDefinition, name: string): TableDefinition {
  const found = lakehouse.tables.find((t) => t.name === name || t.path === name || t.aliases.includes(name))
  if (found === undefined) {
    throw unknownTable(
      name,
      lakehouse.tables.flatMap((t) => [t.name, ...t.aliases]),
    )
  }
  return found
}
