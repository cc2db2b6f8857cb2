import { Check } from '@deltaworks/quality'

/** Twelve checks of order lines, all of which one scan can answer. */
export const twelveChecks = (rows: number): Check =>
  new Check('error', 'order lines')
    .hasSize(rows)
    .isComplete('order_number')
    .hasCompleteness('product_code', { atLeast: 0.9 })
    .hasMin('total_amount', { atLeast: -1_000_000 })
    .hasMax('total_amount', { atMost: 1_000_000 })
    .hasMean('total_amount', { atLeast: -1000 })
    .hasSum('quantity', { atLeast: 0 })
    .hasStandardDeviation('total_amount', { atMost: 1_000_000 })
    .isNonNegative('quantity')
    .isContainedIn('deal_size', ['Small', 'Medium', 'Large'], { atLeast: 0.5 })
    .satisfies('total_amount <> 0', 'total_amount', { atLeast: 0.5 })
    .hasMaxLength('company_name', { atMost: 200 })

/** One more of the same kind. */
export const thirteenChecks = (rows: number): Check => twelveChecks(rows).hasMin('quantity', { atLeast: -1000 })

/** The same numbers by one query, as one writes it by hand. */
export const byHand = (folder: string): string => `select count(*)::double, count(order_number) / count(*),
  count(product_code) / count(*), min(total_amount)::double, max(total_amount)::double, avg(total_amount), sum(quantity)::double,
  stddev_pop(total_amount), count(*) filter (quantity is null or quantity >= 0) / count(*),
  count(*) filter (deal_size is null or deal_size in ('Small', 'Medium', 'Large')) / count(*),
  count(*) filter (total_amount <> 0) / count(*), max(length(company_name))::double
  from read_parquet('${folder}/*.parquet')`
