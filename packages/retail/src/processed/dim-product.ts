import { fn, lit, when, type Expr, type Operand } from '@deltaworks/expression'
import { defineTable, merge, string, timestamp, type BuildContext } from '@deltaworks/lakehouse/definitions'
import type { RetailConfiguration } from '../configuration.js'
import { transactions } from '../raw/transactions.js'

/** Every product that was ever ordered. Its family is what stands before `_` in its code. */
export const dimProduct = defineTable({
  name: 'dim_product',
  layer: 'processed',
  description: 'Products and their families.',
  columns: {
    product_key: string().primaryKey(),
    product_name: string().describe('no source holds one: the family’s name and the code'),
    product_family: string().notNull(),
    product_family_name: string().notNull(),
    product_line: string().notNull(),
    created_date: timestamp().notNull(),
    updated_date: timestamp().notNull(),
  },
  from: { transactions },
  build: (inputs, { configuration, nowMicros }: BuildContext<RetailConfiguration>) => {
    const now = lit(nowMicros, { kind: 'timestamp' })
    const products = inputs.transactions
      .select('product_code')
      .rename({ product_code: 'product_key' })
      .filter((c) => c.product_key.isNotNull())
      .distinct()
      .withColumn('product_family', (c) => familyOf(c.product_key))
    const [key, family] = [products.col('product_key'), products.col('product_family')]
    return products.select(
      key,
      fn.concat_ws(' ', familyAttribute(family, configuration, 'name'), key).as('product_name'),
      family,
      familyAttribute(family, configuration, 'name').as('product_family_name'),
      familyAttribute(family, configuration, 'productLine').as('product_line'),
      now.as('created_date'),
      now.as('updated_date'),
    )
  },
  write: merge({
    on: ['product_key'],
    keepOnUpdate: ['created_date'],
    ignoreForChange: ['created_date', 'updated_date'],
  }),
  warehouse: { sortKey: ['product_key'] },
})

export const familyOf = (productCode: Operand<string>): Expr<string | null> =>
  when(fn.contains(productCode, '_'), fn.split_part(productCode, '_', 1)).otherwise('UNKNOWN')

/** The configured name or product line of a family; what is configured for unknown families if it has none. */
export function familyAttribute(
  family: Expr<string | null>,
  configuration: RetailConfiguration,
  attribute: 'name' | 'productLine',
): Expr<string> {
  const unknown = lit(configuration.unknownFamily[attribute])
  const [first, ...rest] = Object.entries(configuration.productFamilies)
  if (first === undefined) return unknown
  let cases = when(family.eq(first[0]), first[1][attribute])
  for (const [key, entry] of rest) cases = cases.when(family.eq(key), entry[attribute])
  return cases.otherwise(unknown)
}
