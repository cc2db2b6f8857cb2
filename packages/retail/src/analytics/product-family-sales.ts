import { agg, col, lit, win } from '@deltaworks/expression'
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
  build: (inputs) =>
    inputs.factTransactions
      .filter(col('transaction_type').eq(lit('SALE')))
      .select(col('product_code').as('product_key'), col('net_amount'))
      .join(
        inputs.dimProduct.select(col('product_key'), col('product_family'), col('product_family_name')),
        ['product_key'],
        'inner',
      )
      .groupBy(col('product_family'))
      .agg({
        product_family_name: agg.min(col('product_family_name')),
        total_sales: agg.sum(col('net_amount')),
        n: agg.count(),
      })
      .window({
        sales_rank: win.rowNumber().over({ orderBy: [col('total_sales').desc(), col('product_family').asc()] }),
      }),
})
