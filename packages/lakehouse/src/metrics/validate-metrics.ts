import { memoryTable, parseQuery, type Catalog, type CatalogEntry, type LogicalPlan } from '@deltaworks/plan'
import { isDeltaworksError, isNumeric } from '@deltaworks/schema'
import { invalidMetric } from '../errors.js'
import type { LakehouseDefinition } from '../lakehouse-definition.js'
import type { TableDefinition } from '../table-definition.js'

/**
 * Plans the queries over empty tables. @returns how many there are
 * @throws LakehouseError DW-LAKEHOUSE-0055 for the first that is wrong
 */
export async function validateMetrics({ metrics, tables }: LakehouseDefinition): Promise<number> {
  const byName = tablesByName(tables)
  const catalog: Catalog = {
    table: (name) => emptyTable(byName.get(name.at(-1)!.toLowerCase())),
    tableFunction: () => undefined,
    tableNames: [...byName.keys()],
  }
  for (const { name, sql } of metrics) {
    let plan: LogicalPlan
    try {
      plan = await parseQuery(sql, catalog)
    } catch (error) {
      if (!isDeltaworksError(error)) throw error
      throw invalidMetric(name, error.message.replace(/\.$/, ''))
    }
    const { fields } = plan.schema
    const [only] = fields
    if (fields.length !== 1 || only === undefined || !isNumeric(only.type)) {
      throw invalidMetric(
        name,
        `its query gives ${fields.map((f) => `${f.name} (${f.type.kind})`).join(', ')}; one number is wanted`,
      )
    }
  }
  return metrics.length
}

/** Tables by their names and aliases, in lower case. */
export const tablesByName = (tables: readonly TableDefinition[]): ReadonlyMap<string, TableDefinition> =>
  new Map(tables.flatMap((table) => [table.name, ...table.aliases].map((name) => [name.toLowerCase(), table])))

const emptyTable = (table: TableDefinition | undefined): CatalogEntry | undefined =>
  table === undefined ? undefined : memoryTable(table.schema, [], { name: table.name })
