import { runReport, type ReportStep, type RunReport } from './run-report.js'

const step = (
  kind: string,
  table: string,
  layer: string,
  startMs: number,
  endMs: number,
  rows: number,
  more: Partial<ReportStep> = {},
): ReportStep => ({
  step: `${kind} ${table}`,
  kind,
  table,
  layer,
  status: 'written',
  startMs,
  endMs,
  rowsIn: rows,
  rowsOut: rows,
  rowsQuarantined: 0,
  filesWritten: 1,
  bytesWritten: rows * 31 + 900,
  version: 0,
  note: null,
  ...more,
})
const gate = (table: string, startMs: number, endMs: number, rows: number, set = 0): ReportStep =>
  step('quality', table, 'raw', startMs, endMs, rows, { status: 'checked', filesWritten: 0, bytesWritten: 0, rowsQuarantined: set, version: null })

/** A report with everything in it, as a run of the shop leaves it. */
export const sampleReport: RunReport = runReport({
  runId: '20261123T215813-4f2a',
  command: 'run',
  lakehouse: 'retail',
  environment: 'dev',
  status: 'warnings',
  startedMs: Date.UTC(2026, 10, 23, 21, 58, 13),
  durationMs: 412.7,
  root: '/srv/lake',
  landing: '/srv/landing',
  steps: [
    step('ingest', 'customers', 'raw', 4, 52, 2000, { filesWritten: 1 }),
    step('ingest', 'transactions', 'raw', 8, 71, 2823, { filesWritten: 29, rowsQuarantined: 2, rowsOut: 2821 }),
    step('ingest', 'calendar', 'raw', 12, 64, 5113),
    gate('customers', 52, 81, 2000, 14),
    gate('transactions', 71, 118, 2821, 3),
    gate('calendar', 81, 92, 5113),
    step('quarantine', 'quarantine', 'quality', 118, 133, 19),
    step('build', 'dim_customer', 'processed', 133, 188, 2000, { rowsOut: 2092 }),
    step('build', 'dim_product', 'processed', 134, 151, 109),
    step('build', 'dim_date', 'processed', 151, 179, 5113),
    step('build', 'fact_transactions', 'processed', 188, 262, 2818, { filesWritten: 29 }),
    step('build', 'customer_segments', 'analytics', 262, 291, 92),
    step('build', 'product_performance', 'analytics', 264, 301, 412),
    step('build', 'monthly_summary', 'analytics', 291, 322, 29),
    step('build', 'top_customers', 'analytics', 301, 325, 100),
    step('build', 'daily_insights', 'analytics', 322, 354, 252),
    step('build', 'weekly_sales', 'analytics', 325, 352, 118, { status: 'unchanged', filesWritten: 0, bytesWritten: 0 }),
    step('export', 'fact_transactions', 'warehouse', 356, 408, 2818, { filesWritten: 0, bytesWritten: 0 }),
  ],
  files: [
    { table: 'customers', path: '2003/de_shop_customers_uk_20230808.csv', sizeBytes: 71_204, sha256: 'a'.repeat(64), state: 'new' },
    { table: 'transactions', path: '2003/de_shop_transactions_20230821.csv', sizeBytes: 527_912, sha256: 'b'.repeat(64), state: 'changed' },
    { table: 'calendar', path: 'de_dates.csv', sizeBytes: 961_045, sha256: 'c'.repeat(64), state: 'known' },
  ],
  quality: [
    { table: 'customers', rule: 'primary_key:customer_id', description: 'customer_id is a primary key: filled in, and never the same twice', level: 'critical', status: 'passed', metric: 1, threshold: '>= 1', rowsFailed: 0, message: 'customer_id is a primary key: filled in, and never the same twice: no duplicates' },
    { table: 'customers', rule: 'email:email', description: 'email is a valid e-mail address in at least 90 % of the rows', level: 'warning', status: 'passed', metric: 0.993, threshold: '>= 0.9', rowsFailed: 14, message: 'email is a valid e-mail address in at least 90 % of the rows: 14 of 2,000 values do not' },
    { table: 'transactions', rule: 'complete:total_amount', description: 'total_amount is filled in in at least 95 % of the rows', level: 'critical', status: 'passed', metric: 0.999, threshold: '>= 0.95', rowsFailed: 1, message: 'total_amount is filled in: missing in 1 of 2,821 rows' },
    { table: 'transactions', rule: 'references:customers:contact', description: 'contact is found in customers but for 5 % of the rows', level: 'warning', status: 'failed', metric: 0, threshold: '>= 0.95', rowsFailed: 2821, message: 'contact is found in customers but for 5 % of the rows: 2,821 of 2,821 rows refer to nothing in customers' },
    { table: 'transactions', rule: 'outliers:total_amount', description: 'at most 1 % of total_amount is anomalous within its product_code (iqr)', level: 'warning', status: 'passed', metric: 0.0043, threshold: '<= 0.01', rowsFailed: 12, message: '12 of 2,821 values are far from the others' },
    { table: 'calendar', rule: 'row_count', description: 'the number of rows is >= 365', level: 'critical', status: 'passed', metric: 5113, threshold: '>= 365', rowsFailed: null, message: 'the number of rows is >= 365: 5,113 rows' },
  ],
  quarantine: [
    { table: 'customers', rule: 'email:email', reason: 'email is not a valid e-mail address', rows: 14 },
    { table: 'transactions', rule: 'well_formed', reason: 'the row has 24 values, its header 25', rows: 2 },
    { table: 'transactions', rule: 'amount_is_not_zero', reason: 'amount <zero> & "null"', rows: 3 },
  ],
  tables: [
    { table: 'customers', layer: 'raw', path: 'raw/customers', version: 3, rowCount: 2000, files: 1, sizeBytes: 81_000 },
    { table: 'fact_transactions', layer: 'processed', path: 'processed/fact_transactions', version: 1, rowCount: 2818, files: 29, sizeBytes: 310_000 },
    { table: 'product_families', layer: 'analytics', path: 'analytics/product_families', version: 7, rowCount: null, files: 2, sizeBytes: 4000 },
  ],
  profiles: [
    {
      table: 'customers',
      rowCount: 2000,
      columns: [
        { name: 'email', type: 'string', nullCount: 6, completeness: 0.997, approximateDistinct: 1987, min: 'a@b.example', max: 'zoe.with.a.very.long.address@shop.example', mean: null, standardDeviation: null, minLength: 9, maxLength: 41, semanticType: 'email', topValues: null },
        { name: 'country', type: 'string', nullCount: 0, completeness: 1, approximateDistinct: 4, min: 'AU', max: 'US', mean: null, standardDeviation: null, minLength: 2, maxLength: 2, semanticType: 'category', topValues: [{ value: 'UK', count: 500 }, { value: 'US', count: 500 }] },
        { name: 'quantity', type: 'int', nullCount: 0, completeness: 1, approximateDistinct: 58, min: '6', max: '97', mean: 35.0928, standardDeviation: 9.74, minLength: null, maxLength: null, semanticType: null, topValues: null },
      ],
    },
  ],
  exports: [
    { target: 'DuckDB', location: '/srv/lake/warehouse.duckdb', table: 'fact_transactions', version: 1, rows: 2818, status: 'loaded', reconciled: true, durationMs: 52 },
    { target: 'DuckDB', location: '/srv/lake/warehouse.duckdb', table: 'dim_date', version: 0, rows: 5113, status: 'unchanged', reconciled: null, durationMs: 0 },
  ],
  places: [
    { label: 'lake', location: '/srv/lake' },
    { label: 'warehouse', location: '/srv/lake/warehouse.duckdb' },
    { label: 'report', location: '/srv/lake/reports/20261123T215813-4f2a.html' },
  ],
  warnings: ['Not one contact of the transactions is among the customers: 92 customers were inferred from transactions until they arrive.'],
  facts: [
    { label: 'node', value: 'v20.20.0 on linux x64' },
    { label: 'threads', value: '1 (the input is small)' },
    { label: 'peak memory', value: '118 MB' },
  ],
})
