import { fn, lit, when, type Expr } from '@deltaworks/expression'
import { csvFiles, date, defineTable, string, type BuildContext } from '@deltaworks/lakehouse/definitions'
import { customerRules } from '../quality/customer-rules.js'
import type { RetailConfiguration } from '../configuration.js'

/**
 * Customers as the four operational systems hand them over: four files with four headers, united. What one file calls
 * `province` another calls `state`; `postal`, `zip` and `post` are one thing.
 */
export const customers = defineTable({
  name: 'customers',
  layer: 'raw',
  description: 'Customers of all countries, as landed.',
  columns: {
    first_name: string().pii('name'),
    last_name: string().pii('name'),
    company_name: string(),
    address: string().pii('address'),
    city: string(),
    county: string().optional(),
    state: string().from('state', 'province').optional(),
    postal_code: string().from('postal', 'zip', 'post'),
    phone1: string().pii('phone'),
    phone2: string().pii('phone'),
    email: string().pii('email'),
    web: string(),
    customer_id: string().derived().describe('lower(first_last_email): the natural key'),
    country: string().derived().describe('by the landing file, from the configuration'),
    file_date: date().derived().describe('the date in the landing file’s name: since when its rows are valid'),
  },
  partitionBy: ['ingestion_date'],
  source: csvFiles('**de_shop_customers_*.csv'),
  derive: (landed, { configuration }: BuildContext<RetailConfiguration>) =>
    landed.withColumns((c) => ({
      customer_id: fn.lower(fn.concat_ws('_', c.first_name, c.last_name, c.email)),
      country: countryOf(c.source_file, configuration),
      file_date: fn.to_date(fn.regexp_extract(c.source_file, '(\\d{8})', 1), 'yyyyMMdd'),
    })),
  quality: customerRules,
  maintenance: { zorderBy: ['customer_id'] },
  warehouse: false,
})

function countryOf(sourceFile: Expr<string>, configuration: RetailConfiguration): Expr<string | null> {
  const [first, ...rest] = Object.entries(configuration.customerCountries)
  if (first === undefined) return lit(null).cast({ kind: 'string' })
  let cases = when(sourceFile.contains(first[0]), first[1])
  for (const [part, country] of rest) cases = cases.when(sourceFile.contains(part), country)
  return cases.otherwise(null)
}
