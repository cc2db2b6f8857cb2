import type { DeltaTable, WriteOptions } from '@deltaworks/delta-table'
import { col, type Expr } from '@deltaworks/expression'
import type { DataFrame } from '@deltaworks/plan'
import type { Merge } from './write-mode.js'

/** MERGE as a definition asks for it: see `Merge`. Commits nothing but the provenance if no row differs. */
export function mergeRows(
  table: DeltaTable,
  source: DataFrame,
  mode: Merge,
  settings: WriteOptions,
): Promise<DeltaTable> {
  const names = source.schema.fields.map((f) => f.name)
  const target = (name: string): Expr => col(name, 'target')
  const incoming = (name: string): Expr => col(name, 'source')
  const compared = names.filter((name) => !mode.on.includes(name) && !mode.ignoreForChange.includes(name))
  const same = compared.map((name) => target(name).isNotDistinctFrom(incoming(name)))
  const changed = same.length === 0 ? null : same.reduce((a, b) => a.and(b)).not()
  const updated = names.filter((name) => !mode.on.includes(name) && !mode.keepOnUpdate.includes(name))
  return table.merge({
    source,
    on: mode.on,
    whenMatchedUpdate:
      changed === null ? [] : [{ condition: changed, set: Object.fromEntries(updated.map((n) => [n, incoming(n)])) }],
    whenNotMatchedInsert: [{}],
    whenNotMatchedBySourceDelete: mode.deleteMissing ? [{}] : [],
    ...settings,
  })
}
