import type { BoundExpression } from './expression.js'
import { someNode } from './traverse.js'

/** Functions whose result depends on their arguments alone, and which never fail: a scan may evaluate them early. */
const simple: ReadonlySet<string> = new Set([
  'and',
  'or',
  'not',
  'eq',
  'ne',
  'lt',
  'le',
  'gt',
  'ge',
  'in',
  'is_null',
  'is_not_null',
  'is_not_distinct_from',
  'starts_with',
  'ends_with',
  'contains',
  'like',
])

/** Whether a condition knows no clock or zone and cannot fail on a row: a scan may evaluate it, in any order with others. */
export const isSimpleFilter = (filter: BoundExpression): boolean =>
  !someNode(filter, (e) => !(e.kind === 'column' || e.kind === 'literal' || (e.kind === 'call' && simple.has(e.name))))
