import type { Value } from '@deltaworks/schema'
import type { LogicalPlan } from '../logical-plan.js'
import { scanNode } from '../plan-node.js'
import type { TableProvider } from '../table-provider.js'

/** A table, a plan, or anything that holds a plan (a `DataFrame`). */
export type CatalogEntry = TableProvider | LogicalPlan | { readonly plan: LogicalPlan }

/** Where a SQL text finds its tables. */
export interface Catalog {
  /** By the parts of its name (`schema.table`); undefined if there is none. */
  table(name: readonly string[]): CatalogEntry | undefined | Promise<CatalogEntry | undefined>
  /** `read_parquet('path', …, name => value)`; undefined if there is no such function. */
  tableFunction?(
    name: string,
    args: readonly Value[],
    namedArgs: Readonly<Record<string, Value>>,
  ): CatalogEntry | undefined | Promise<CatalogEntry | undefined>
  /** For "did you mean". */
  readonly tableNames?: readonly string[]
}

export function planOfEntry(entry: CatalogEntry): LogicalPlan {
  if ('plan' in entry) return entry.plan
  return 'scan' in entry ? scanNode(entry) : entry
}
