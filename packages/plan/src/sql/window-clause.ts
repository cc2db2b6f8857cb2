import {
  isWindowFunction,
  type Expression,
  type SortKey,
  type WindowCall,
  type WindowFrame,
} from '@deltaworks/expression'
import { nearest } from '@deltaworks/schema'
import type { FuncCall, SortBy, WindowDef } from 'libpg-query'
import { sqlInvalid, sqlUnsupported } from '../errors.js'
import { intervalOf, type IntervalSite } from './interval-arithmetic.js'
import { addInterval } from './interval.js'
import { kindOf, locationOf, type Node } from './syntax-tree.js'

/** What a window needs of the conversion around it. */
export interface WindowSite extends IntervalSite {
  /** The WINDOW clause. */
  readonly windows: ReadonlyMap<string, WindowDef>
  sortKey(node: SortBy): SortKey
}

/** A call with OVER (…). */
export function windowCall(
  site: WindowSite,
  f: FuncCall,
  name: string,
  args: readonly Expression[],
  filter: Expression | null,
): WindowCall {
  if (!isWindowFunction(name)) throw sqlInvalid(`${name}() is no window function`, site.text.position(f.location))
  const over = definitionOf(site, f.over!)
  return {
    kind: 'window',
    name,
    args,
    ...(filter === null ? {} : { filter }),
    ...(f.agg_distinct === true ? { distinct: true } : {}),
    partitionBy: (over.partitionClause ?? []).map((node) => site.convert(node)),
    orderBy: (over.orderClause ?? []).map((node) => {
      if (!('SortBy' in node))
        throw sqlUnsupported(`The expression ${kindOf(node)}`, site.text.position(locationOf(node)))
      return site.sortKey(node.SortBy)
    }),
    frame: frameOf(site, over),
  }
}

function definitionOf(site: WindowSite, over: WindowDef): WindowDef {
  const named = over.name ?? over.refname
  if (named === undefined) return over
  const base = site.windows.get(named)
  if (base === undefined) {
    throw sqlInvalid(
      `There is no window "${named}"${nearest(named, [...site.windows.keys()])}`,
      site.text.position(over.location),
    )
  }
  return over.name !== undefined
    ? definitionOf(site, { ...base, name: undefined } as unknown as WindowDef)
    : { ...base, ...over }
}

function frameOf(site: WindowSite, over: WindowDef): WindowFrame | null {
  const options = over.frameOptions ?? 0
  if ((options & frameBits.explicit) === 0) return null
  const mode = (options & frameBits.rows) !== 0 ? 'rows' : (options & frameBits.groups) !== 0 ? 'groups' : 'range'
  const start = boundOf(site, over, mode, over.startOffset, {
    unbounded: (options & frameBits.startUnbounded) !== 0,
    current: (options & frameBits.startCurrent) !== 0,
    preceding: (options & frameBits.startPreceding) !== 0,
  })
  const end = boundOf(site, over, mode, over.endOffset, {
    unbounded: (options & frameBits.endUnbounded) !== 0,
    current: (options & frameBits.endCurrent) !== 0,
    preceding: (options & frameBits.endPreceding) !== 0,
  })
  const exclude = excludeOf(options)
  return {
    mode,
    start: start.rows,
    end: end.rows,
    ...(start.key === null ? {} : { startKey: start.key }),
    ...(end.key === null ? {} : { endKey: end.key }),
    ...(exclude === null ? {} : { exclude }),
  }
}

interface Bound {
  readonly unbounded: boolean
  readonly current: boolean
  readonly preceding: boolean
}

/** Rows (or groups) from the current one, null: unbounded; and where it is a value away, the order key moved by it. */
function boundOf(
  site: WindowSite,
  over: WindowDef,
  mode: WindowFrame['mode'],
  offset: Node | undefined,
  { unbounded, current, preceding }: Bound,
): { readonly rows: number | null; readonly key: Expression | null } {
  if (unbounded) return { rows: null, key: null }
  if (current) return { rows: 0, key: null }
  const sign = preceding ? -1 : 1
  const key = offset === undefined || mode !== 'range' ? null : movedKey(site, over, offset, !preceding)
  if (key !== null) return { rows: sign, key }
  const value = offset === undefined ? null : site.convert(offset)
  if (value?.kind !== 'literal' || typeof value.value !== 'number') {
    throw sqlUnsupported('A window frame whose bound is no whole number', site.text.position(over.location))
  }
  return { rows: sign * value.value, key: null }
}

/** RANGE by an interval or a fraction: the order key moved by it. Null for a whole number. */
function movedKey(site: WindowSite, over: WindowDef, offset: Node, forward: boolean): Expression | null {
  const [order] = over.orderClause ?? []
  if (('A_Const' in offset && 'ival' in offset.A_Const) || order === undefined || !('SortBy' in order)) return null
  const { expression, descending } = site.sortKey(order.SortBy)
  const later = forward !== descending
  const interval = intervalOf(offset, site.text)
  if (interval !== null) return addInterval(expression, interval, later ? 1 : -1)
  return { kind: 'call', name: later ? 'add' : 'subtract', args: [expression, site.convert(offset)] }
}

function excludeOf(options: number): 'current row' | 'group' | 'ties' | null {
  if ((options & frameBits.excludeCurrent) !== 0) return 'current row'
  if ((options & frameBits.excludeGroup) !== 0) return 'group'
  return (options & frameBits.excludeTies) !== 0 ? 'ties' : null
}

/** PostgreSQL's FRAMEOPTION_ bits. */
const frameBits = {
  explicit: 0x1,
  rows: 0x4,
  groups: 0x8,
  startUnbounded: 0x20,
  endUnbounded: 0x100,
  startCurrent: 0x200,
  endCurrent: 0x400,
  startPreceding: 0x800,
  endPreceding: 0x1000,
  excludeCurrent: 0x8000,
  excludeGroup: 0x10000,
  excludeTies: 0x20000,
} as const
