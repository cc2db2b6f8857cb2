import { defineLakehouse } from '@deltaworks/lakehouse/definitions'
import { bestProductsByRegion } from './analytics/best-products-by-region.js'
import { customerSegments } from './analytics/customer-segments.js'
import { dailyInsights } from './analytics/daily-insights.js'
import { monthlySummary } from './analytics/monthly-summary.js'
import { monthly, quarterly, weekly } from './analytics/period-sales.js'
import { productFamilySales } from './analytics/product-family-sales.js'
import { productPerformance } from './analytics/product-performance.js'
import { topCustomers } from './analytics/top-customers.js'
import { retailConfiguration } from './configuration.js'
import { dimCustomer } from './processed/dim-customer.js'
import { dimDate } from './processed/dim-date.js'
import { dimProduct } from './processed/dim-product.js'
import { factTransactions } from './processed/fact-transactions.js'
import { calendar } from './raw/calendar.js'
import { customers } from './raw/customers.js'
import { transactions } from './raw/transactions.js'

/** The shop: three landing sources, a star schema, and the tables that its people look at. */
export const retail = defineLakehouse({
  name: 'retail',
  description: 'A shop: customers, transactions and a fiscal calendar, to a star schema and analytics.',
  tables: [
    customers,
    transactions,
    calendar,
    dimCustomer,
    dimProduct,
    dimDate,
    factTransactions,
    customerSegments,
    topCustomers,
    productPerformance,
    bestProductsByRegion,
    monthlySummary,
    weekly,
    monthly,
    quarterly,
    productFamilySales,
    dailyInsights,
  ],
  configuration: retailConfiguration,
  environments: new URL('../environments', import.meta.url).href,
})
