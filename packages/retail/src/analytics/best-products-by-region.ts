import { agg, col, lit, when } from '@deltaworks/expression'
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
    const ofRank = (rank: number, column: string) => agg.max(when(col('revenue_rank').eq(lit(rank)), col(column)))
    return inputs.productPerformance
      .filter(col('revenue_rank').le(lit(2)))
      .groupBy(col('territory'))
      .agg({
        best_product: ofRank(1, 'product_code'),
        best_revenue: ofRank(1, 'total_revenue'),
        second_product: ofRank(2, 'product_code'),
        second_revenue: ofRank(2, 'total_revenue'),
      })
  },
})
