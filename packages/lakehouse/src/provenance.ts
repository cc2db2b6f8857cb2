import { definitionHash } from './definition-hash.js'
import type { Ledger } from './landing.js'
import type { RunContext } from './run-context.js'
import type { TableDefinition } from './table-definition.js'

/**
 * A built table records, in the commit that writes it, what it was built from: an application transaction an input (its
 * version), and one for its own definition. If all are as they are now, there is nothing to do.
 */
export const inputTransaction = (path: string): string => `deltaworks:input:${path}`
export const definitionTransaction = 'deltaworks:definition'

/** What a table's next commit says of what it is built from. */
export async function provenance(table: TableDefinition, context: RunContext) {
  const entries = [{ appId: definitionTransaction, version: definitionHash(table, context.configuration) }]
  for (const input of Object.values(table.from)) {
    entries.push({ appId: inputTransaction(input.path), version: await context.lake.version(input.path) })
  }
  return entries
}

/** Versions of a table's inputs, by path, that its last build read: what its own log says of them. */
export const inputVersions = (table: TableDefinition, ledger: Ledger): ReadonlyMap<string, number> =>
  new Map(
    Object.values(table.from).flatMap(({ path }) => {
      const version = ledger.get(inputTransaction(path))
      return version === undefined ? [] : [[path, version]]
    }),
  )
