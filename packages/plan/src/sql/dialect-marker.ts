import type { Node } from 'libpg-query'
import { namesOf } from './syntax-tree.js'

/** A call that the dialect's rules put where PostgreSQL's grammar has no word. */
export interface Marker {
  /** `__qualify`, `__exclude`, `__semi` … */
  readonly name: string
  readonly args: readonly Node[]
  readonly location: number | undefined
}

export function markerOf(node: Node | undefined): Marker | null {
  if (node === undefined || !('FuncCall' in node)) return null
  const name = namesOf(node.FuncCall.funcname).at(-1) ?? ''
  return name.startsWith('__') ? { name, args: node.FuncCall.args ?? [], location: node.FuncCall.location } : null
}
