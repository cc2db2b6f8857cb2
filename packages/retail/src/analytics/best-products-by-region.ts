import { agg, when } from '@deltaworks/expression'
import { decimal, defineTable, string } from '@deltaworks/lakehouse/definitions'
import { productPerformance } from './product-performance.js'

/** The best and the second best product of each territory by revenue. */
export const bestProductsByRegion = defineTable({
  name: 'best_products_by_region',
  layer: 'analytics',
  description: 'Best and second best product of each territory.',
  columns: {
    territory: string().primaryKey(),
    best_product: string().notNull(),
    best_revenue: decimal(23, 2).notNull(),
    second_product: string(),
    second_revenue: decimal(23, 2),
  },
  from: { productPerformance },
  build: (inputs) => {
    const ranked = inputs.productPerformance
    const [isBest, isSecond] = [ranked.col('revenue_rank').eq(1), ranked.col('revenue_rank').eq(2)]
    return ranked
      .filter((c) => c.revenue_rank.le(2))
      .groupBy('territory')
      .agg(({ product_code, total_revenue }) => ({
        best_product: agg.max(when(isBest, product_code)),
        best_revenue: agg.max(when(isBest, total_revenue)),
        second_product: agg.max(when(isSecond, product_code)),
        second_revenue: agg.max(when(isSecond, total_revenue)),
      }))
  },
})
