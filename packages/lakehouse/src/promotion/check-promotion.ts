import type { LakehouseDefinition } from '../lakehouse-definition.js'
import { notPromoted } from '../runs/errors.js'
import { promotedHashes, promotedRules } from './plan-promotion.js'
import { latestPromotion } from './promotion-record.js'

/**
 * For environments that run only what was promoted.
 * @throws LakehouseError DW-LAKEHOUSE-0052 naming the tables whose definitions were not
 */
export async function checkPromotion(lakehouse: LakehouseDefinition, environment: string, root: string): Promise<void> {
  const promoted = await latestPromotion(root)
  const [now, rules] = [promotedHashes(lakehouse), promotedRules(lakehouse)]
  const isOther = (path: string): boolean =>
    promoted?.definitions[path] !== now[path] || (promoted?.rules !== undefined && promoted.rules[path] !== rules[path])
  const names = lakehouse.tables.filter(({ path }) => isOther(path)).map(({ name }) => name)
  if (names.length > 0) throw notPromoted(names, environment)
}
