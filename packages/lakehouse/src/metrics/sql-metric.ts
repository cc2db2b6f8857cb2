import { invalidMetric } from '../errors.js'

/** A figure of the business, by a query of one row and one numeric column over the lake's tables. */
export interface SqlMetric {
  /** snake_case, unique in the lakehouse: exported as `deltaworks.business.<name>`. */
  readonly name: string
  readonly sql: string
  readonly description: string
  /** As telemetry has units: `1`, `EUR`, `s`, `By`. */
  readonly unit: string
  /** A query that takes longer is given up; the run is not. */
  readonly timeoutMs: number
}

const metricName = /^[a-z][a-z0-9_]*$/
const defaultTimeoutMs = 10_000

/** `sqlMetric('revenue', 'select sum(total_amount) from fact_transactions', { unit: 'EUR' })`. @throws LakehouseError DW-LAKEHOUSE-0055 */
export function sqlMetric(
  name: string,
  sql: string,
  options: { readonly description?: string; readonly unit?: string; readonly timeoutMs?: number } = {},
): SqlMetric {
  if (!metricName.test(name)) throw invalidMetric(name, 'its name must be snake_case')
  return {
    name,
    sql,
    description: options.description ?? name.replaceAll('_', ' '),
    unit: options.unit ?? '1',
    timeoutMs: options.timeoutMs ?? defaultTimeoutMs,
  }
}
