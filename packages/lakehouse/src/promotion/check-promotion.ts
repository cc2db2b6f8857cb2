import type { LakehouseDefinition } from '../lakehouse-definition.js'
import { notPromoted } from '../runs/errors.js'
import { promotedHashes } from './plan-promotion.js'
import { latestPromotion } from './promotion-record.js'

/**
 * For environments that run only what was promoted.
 * @throws LakehouseError DW-LAKEHOUSE-0052 naming the tables whose definitions were not
 */
export async function checkPromotion(lakehouse: LakehouseDefinition, environment: string, root: string): Promise<void> {
  const known = (await latestPromotion(root))?.definitions ?? {}
  const now = promotedHashes(lakehouse)
  const names = lakehouse.tables.filter(({ path }) => known[path] !== now[path]).map(({ name }) => name)
  if (names.length > 0) throw notPromoted(names, environment)
}
