import { agg, col, lit } from '@deltaworks/expression'
import { hasCompleteness, isPositive } from '@deltaworks/quality'
import * as z from 'zod/mini'
import { bigint, date, decimal, integer, string } from '../column-definition.js'
import { defineLakehouse, type LakehouseDefinition } from '../lakehouse-definition.js'
import { csvFiles } from '../source-definition.js'
import { defineTable, type BuildContext } from '../table-definition.js'
import { merge } from '../write-mode.js'

interface ShopConfiguration {
  readonly large: number
}

export const shopConfiguration: ShopConfiguration = { large: 10 }

/** A lakehouse small enough to be seen at once: orders land, products are merged, days are overwritten. For tests. */
export function smallShop(
  change: {
    readonly build?: 'other'
    readonly critical?: boolean
    readonly extra?: 'error' | 'ignore'
    /** Bad quantities are left out instead of quarantined. */
    readonly drop?: boolean
  } = {},
): LakehouseDefinition {
  const orders = defineTable({
    name: 'orders',
    layer: 'raw',
    columns: {
      id: integer(),
      product: string(),
      quantity: integer(),
      price: decimal(10, 2),
      day: date(),
    },
    partitionBy: ['day'],
    source: csvFiles('orders*.csv', { maxMalformed: 0.5, extraColumns: change.extra ?? 'error' }),
    quality: () => [
      change.drop === true
        ? isPositive('quantity').named('quantity_is_positive').drop()
        : isPositive('quantity').named('quantity_is_positive').quarantine(),
      change.critical === true ? hasCompleteness('product', 1).critical() : hasCompleteness('product', 1),
    ],
  })
  const products = defineTable({
    name: 'products',
    layer: 'processed',
    columns: { product: string().primaryKey(), orders: bigint().notNull() },
    from: { orders },
    build: (inputs) =>
      inputs.orders.filter(col('product').isNotNull()).groupBy(col('product')).agg({ orders: agg.count() }),
    write: merge({ on: ['product'] }),
  })
  const days =
    change.build === 'other'
      ? defineTable({
          name: 'days',
          layer: 'analytics',
          columns: { day: date().primaryKey(), items: bigint(), large: bigint() },
          from: { orders, products },
          build: (inputs) =>
            inputs.orders
              .groupBy(col('day'))
              .agg({ items: agg.sum(col('quantity')), large: agg.count().filter(col('quantity').gt(lit(1))) }),
        })
      : defineTable({
          name: 'days',
          layer: 'analytics',
          columns: { day: date().primaryKey(), items: bigint(), large: bigint() },
          from: { orders, products },
          build: (inputs, { configuration }: BuildContext<ShopConfiguration>) =>
            inputs.orders.groupBy(col('day')).agg({
              items: agg.sum(col('quantity')),
              large: agg.count().filter(col('quantity').ge(lit(configuration.large))),
            }),
        })
  return defineLakehouse({
    name: 'shop',
    description: 'A shop for tests.',
    tables: [orders, products, days],
    configuration: z.strictObject({ large: z.number() }),
    environments: '.',
  })
}

export const orderLines = (...lines: readonly string[]): string =>
  `id,product,quantity,price,day\n${lines.map((l) => `${l}\n`).join('')}`
