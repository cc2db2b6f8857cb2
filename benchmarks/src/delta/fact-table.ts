import { linkSync, mkdirSync, readdirSync, copyFileSync, rmSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'

/** A fact table of the shop's shape, as Parquet files in the order of its keys; and a source of changes for 1 % of its rows. */
export async function makeFact(folder: string, rows: number, files: number): Promise<void> {
  if (existsSync(join(folder, 'done'))) return
  mkdirSync(join(folder, 'fact'), { recursive: true })
  const connection = await (await DuckDBInstance.create(':memory:', { threads: '2' })).connect()
  const select = (keys: string): string => `
    select k::bigint as transaction_key,
           'C' || lpad((hash(k * 7) % 500000)::varchar, 7, '0') as customer_key,
           'P' || lpad((hash(k * 13) % 20000)::varchar, 5, '0') as product_key,
           date '2020-01-01' + (hash(k * 3) % 1800)::int as order_date,
           (1 + hash(k * 5) % 10)::int as quantity,
           ((hash(k * 11) % 100000) / 100.0)::decimal(12, 2) as unit_price,
           ((hash(k * 17) % 1000000) / 100.0)::decimal(12, 2) as total_amount,
           ['card', 'cash', 'voucher', 'transfer'][(hash(k * 19) % 4 + 1)::int] as payment_method
    from (${keys})`
  const each = Math.ceil(rows / files)
  for (let file = 0; file < files; file++) {
    const [low, high] = [file * each, Math.min(rows, (file + 1) * each)]
    const to = join(folder, 'fact', `part-${String(file).padStart(5, '0')}.parquet`)
    await connection.run(
      `copy (${select(`select unnest(range(${low}, ${high})) as k`)}) to '${to}' (format parquet, compression snappy)`,
    )
  }
  const changed = `select unnest(range(0, ${Math.floor(rows / 100)})) * 109 % ${rows} as k`
  const added = `select unnest(range(${rows}, ${rows + Math.floor(rows / 1000)})) as k`
  const changes = `select * replace (quantity + 1 as quantity) from (${select(`${changed} union ${added}`)})`
  await connection.run(`copy (${changes}) to '${join(folder, 'changes.parquet')}' (format parquet)`)
  mkdirSync(join(folder, 'done'))
}

/** The same table under another name: data files are links, so that an operation on it leaves the first as it was. */
export function copyTable(from: string, to: string): void {
  rmSync(to, { recursive: true, force: true })
  const visit = (path: string): void => {
    mkdirSync(join(to, path), { recursive: true })
    for (const entry of readdirSync(join(from, path), { withFileTypes: true })) {
      const at = join(path, entry.name)
      if (entry.isDirectory()) visit(at)
      else if (path.startsWith('_delta_log')) copyFileSync(join(from, at), join(to, at))
      else linkSync(join(from, at), join(to, at))
    }
  }
  visit('')
}
