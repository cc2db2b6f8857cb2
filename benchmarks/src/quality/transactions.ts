import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { DuckDBConnection } from '@duckdb/node-api'

/** Order lines as Parquet files in a folder: those of a landing zone, or made ones. */
export async function transactionFiles(
  duck: DuckDBConnection,
  source: { readonly landing: string | undefined; readonly rows: number },
  folder: string,
): Promise<number> {
  await mkdir(folder, { recursive: true })
  const query = source.landing === undefined ? made(source.rows) : landed(source.landing)
  await duck.run(`create or replace temp table transactions as ${query}`)
  const [[count]] = (await duck.runAndReadAll('select count(*)::double from transactions')).getRows() as [[number]]
  const size = Math.ceil(count / files)
  for (let file = 0; file < files; file++) {
    const part = `select * from transactions where rowid >= ${file * size} and rowid < ${(file + 1) * size}`
    await duck.run(`copy (${part}) to '${join(folder, `part-${file}.parquet`)}' (compression snappy)`)
  }
  await duck.run('drop table transactions')
  return count
}

/** Rows of Parquet files in a folder. */
export async function rowsOf(duck: DuckDBConnection, folder: string): Promise<number> {
  const counted = await duck.runAndReadAll(`select count(*)::double from read_parquet('${folder}/*.parquet')`)
  return counted.getRows()[0]![0] as number
}

const files = 8

const landed = (landing: string): string => `select try_cast(ORDERNUMBER as bigint) as order_number,
  try_cast(QUANTITYORDERED as int) as quantity, try_cast(ORDERLINENUMBER as int) as order_line_number,
  try_cast(TOTAL_AMOUNT as decimal(12, 2)) as total_amount, try_strptime(ORDERDATE, '%m/%d/%Y %H:%M')::date as order_date,
  try_cast(QTR_ID as int) as quarter_id, try_cast(MONTH_ID as int) as month_id, try_cast(YEAR_ID as int) as year_id,
  PRODUCTCODE as product_code, CUSTOMERNAME as company_name, PHONE as phone, CITY as city, POSTALCODE as postal_code,
  COUNTRY as country, TERRITORY as territory, CONTACTLASTNAME as contact_last_name,
  CONTACTFIRSTNAME as contact_first_name, DEALSIZE as deal_size
  from read_csv('${landing}/**/*transactions*.csv', header = true, all_varchar = true)`

const made = (
  rows: number,
): string => `select (10100 + i // 10)::bigint as order_number, (i * 31 % 60)::int as quantity,
  (1 + i % 10)::int as order_line_number, ((i * 7919) % 900000 / 100.0 - 100)::decimal(12, 2) as total_amount,
  (date '2003-01-01' + (i % 1000)::int) as order_date, (1 + i % 4)::int as quarter_id, (1 + i % 12)::int as month_id,
  (2020 + i % 5)::int as year_id, 'S' || (10 + i % 30) || '_' || (1000 + i % 900) as product_code,
  'Company ' || (i % 92) as company_name, case when i % 50 = 0 then 'n/a' else '21255' || (i % 99999) end as phone,
  'City ' || (i % 73) as city, case when i % 33 = 0 then null else (10000 + i % 89999)::varchar end as postal_code,
  (array['USA', 'France', 'Norway', 'Spain'])[1 + i % 4] as country, (array['NA', 'EMEA', 'APAC'])[1 + i % 3] as territory,
  'Last ' || (i % 77) as contact_last_name, 'First ' || (i % 91) as contact_first_name,
  (array['Small', 'Medium', 'Large'])[1 + i % 3] as deal_size from range(${rows}) t(i)`
