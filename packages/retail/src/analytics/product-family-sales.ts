import { agg, win } from '@deltaworks/expression'
import { bigint, decimal, defineTable, integer, string } from '@deltaworks/lakehouse/definitions'
import { dimProduct } from '../processed/dim-product.js'
import { factTransactions } from '../processed/fact-transactions.js'

/** Product families ranked by what they sold. */
export const productFamilySales = defineTable({
  name: 'product_family_sales',
  layer: 'analytics',
  description: 'Sales by product family, ranked.',
  columns: {
    product_family: string().primaryKey(),
    product_family_name: string(),
    total_sales: decimal(23, 2).notNull(),
    n: bigint().notNull().describe('order lines'),
    sales_rank: integer().notNull(),
  },
  from: { factTransactions, dimProduct },
  build: ({ factTransactions, dimProduct }) =>
    factTransactions
      .filter((c) => c.transaction_type.eq('SALE'))
      .select(factTransactions.col('product_code').as('product_key'), 'net_amount')
      .join(dimProduct.select('product_key', 'product_family', 'product_family_name'), ['product_key'])
      .groupBy('product_family')
      .agg((c) => ({
        product_family_name: agg.min(c.product_family_name),
        total_sales: agg.sum(c.net_amount),
        n: agg.count(),
      }))
      .window((c) => ({
        sales_rank: win.rowNumber().over({ orderBy: [c.total_sales.desc(), c.product_family.asc()] }),
      })),
})
