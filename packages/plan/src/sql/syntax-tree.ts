import type { Node, String as NameNode } from 'libpg-query'

/*
 * The parser's tree as it comes: a node is an object of one member, whose name is its kind. Members that are 0, false or
 * empty are left out.
 */

export type { Node }

/** The one member of a node: its kind and what it holds. */
export const kindOf = (node: Node): string => Object.keys(node)[0] ?? 'nothing'

/** What a list of names holds: `pg_catalog.btrim` → ['pg_catalog', 'btrim']. */
export const namesOf = (nodes: readonly Node[] | undefined): string[] =>
  (nodes ?? []).map((node) => ('String' in node ? ((node.String as NameNode).sval ?? '') : ''))

/** Where a node stands in the text: its own place, or the first that is known inside. */
export function locationOf(node: Node | undefined): number | undefined {
  if (node === undefined) return undefined
  const body = Object.values(node)[0] as { readonly location?: number } | undefined
  if (body === undefined || typeof body !== 'object') return undefined
  if (body.location !== undefined && body.location >= 0) return body.location
  let first: number | undefined
  for (const value of Object.values(body)) {
    for (const inner of Array.isArray(value) ? value : [value]) {
      if (typeof inner !== 'object' || inner === null) continue
      const location = locationOf(inner as Node)
      if (location !== undefined && (first === undefined || location < first)) first = location
    }
  }
  return first
}
