import type { SelectStmt, WindowDef } from 'libpg-query'
import { markerOf } from './dialect-marker.js'
import type { Node } from './syntax-tree.js'

/** What stands first in the select list. */
export const firstTarget = (select: SelectStmt): Node | undefined => {
  const [node] = select.targetList ?? []
  return node !== undefined && 'ResTarget' in node ? node.ResTarget.val : undefined
}

/** The conditions of HAVING, and those of QUALIFY that stand among them as calls of `__qualify`. */
export function havingAndQualify(clause: Node | undefined): readonly [readonly Node[], readonly Node[]] {
  const parts = clause === undefined ? [] : conjunctsOf(clause)
  const isQualify = (node: Node): boolean => markerOf(node)?.name === '__qualify'
  return [
    parts.filter((node) => !isQualify(node)),
    parts.flatMap((node) => (isQualify(node) ? markerOf(node)!.args : [])),
  ]
}

/** The parts of a condition that AND connects. */
export const conjunctsOf = (node: Node): Node[] =>
  'BoolExpr' in node && node.BoolExpr.boolop === 'AND_EXPR' ? (node.BoolExpr.args ?? []).flatMap(conjunctsOf) : [node]

export const containsSubLink = (tree: unknown): boolean => {
  if (typeof tree !== 'object' || tree === null) return false
  return Object.entries(tree).some(([key, value]) => key === 'SubLink' || containsSubLink(value))
}

/** The WINDOW clause by name. */
export const windowsOf = (clause: readonly Node[] | undefined): ReadonlyMap<string, WindowDef> =>
  new Map(
    (clause ?? []).flatMap((node) =>
      'WindowDef' in node
        ? [[node.WindowDef.name ?? '', { ...node.WindowDef, name: undefined } as unknown as WindowDef] as const]
        : [],
    ),
  )

/** The name, if the node is nothing but an unqualified one. */
export function plainName(node: Node | undefined): string | null {
  if (node === undefined || !('ColumnRef' in node)) return null
  const { fields = [] } = node.ColumnRef
  return fields.length === 1 && 'String' in fields[0]! ? (fields[0].String.sval ?? '') : null
}
