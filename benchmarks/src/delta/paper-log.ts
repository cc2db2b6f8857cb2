import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'

/** A log of a table whose data files exist on paper only: what reading and planning cost is all in the log. */
export interface PaperLog {
  readonly commits: number
  readonly filesACommit: number
  /** Partitioned by a date, or not. */
  readonly partitioned: boolean
}

const columns = [
  ['transaction_key', 'long'],
  ['customer_key', 'string'],
  ['product_key', 'string'],
  ['order_date', 'date'],
  ['order_time', 'timestamp'],
  ['quantity', 'integer'],
  ['total_amount', 'decimal(12,2)'],
  ['payment_method', 'string'],
] as const

const schemaString = (partitioned: boolean): string =>
  JSON.stringify({
    type: 'struct',
    fields: [...columns, ...(partitioned ? ([['order_month', 'date']] as const) : [])].map(([name, type]) => ({
      name,
      type,
      nullable: true,
      metadata: {},
    })),
  })

const startMs = Date.UTC(2020, 0, 1)
const day = (n: number): string => new Date(startMs + n * 86_400_000).toISOString().slice(0, 10)

export const paperFile = (file: number): string =>
  `part-${String(file % 5000).padStart(5, '0')}-${file.toString(16).padStart(8, '0')}-7c1f-4b1e-9a3d-5e0c2f6b8d71-c000.snappy.parquet`

/** One `add` line. Keys rise with the file's number; the other columns have the whole range in each file, as in a real table. */
function addLine(file: number, fileCount: number, partitioned: boolean): string {
  const rows = 80_000
  const low = file * rows
  const date = day(Math.floor((file / fileCount) * 1800))
  const stats = {
    numRecords: rows,
    minValues: {
      transaction_key: low,
      customer_key: 'C000001',
      product_key: 'P00001',
      order_date: date,
      order_time: `${date}T00:00:00.000Z`,
      quantity: 1,
      total_amount: 0.99,
      payment_method: 'card',
    },
    maxValues: {
      transaction_key: low + rows - 1,
      customer_key: 'C999999',
      product_key: 'P99999',
      order_date: date,
      order_time: `${date}T23:59:59.999Z`,
      quantity: 10,
      total_amount: 9_999.99,
      payment_method: 'voucher',
    },
    nullCount: Object.fromEntries(columns.map(([name]) => [name, 0])),
  }
  const month = `${date.slice(0, 7)}-01`
  const name = paperFile(file)
  return JSON.stringify({
    add: {
      path: partitioned ? `order_month=${month}/${name}` : name,
      partitionValues: partitioned ? { order_month: month } : {},
      size: 10_000_000 + (file % 1000),
      modificationTime: startMs + file,
      dataChange: true,
      stats: JSON.stringify(stats),
    },
  })
}

/** Writes `_delta_log` of a new table below `folder`: version 0 has the schema, each of the others adds files. */
export function writePaperLog(folder: string, { commits, filesACommit, partitioned }: PaperLog): void {
  const log = join(folder, '_delta_log')
  mkdirSync(log, { recursive: true })
  const info = (operation: string, version: number): string =>
    JSON.stringify({ commitInfo: { timestamp: startMs + version, operation, operationParameters: {} } })
  const metaData = {
    id: '5fba94ed-9794-4965-ba6e-6ee3c0d22af9',
    format: { provider: 'parquet', options: {} },
    schemaString: schemaString(partitioned),
    partitionColumns: partitioned ? ['order_month'] : [],
    configuration: {},
    createdTime: startMs,
  }
  const write = (version: number, lines: readonly string[]): void => {
    const file = openSync(join(log, `${String(version).padStart(20, '0')}.json`), 'w')
    writeSync(file, `${lines.join('\n')}\n`)
    closeSync(file)
  }
  write(0, [
    info('CREATE TABLE', 0),
    JSON.stringify({ protocol: { minReaderVersion: 1, minWriterVersion: 2 } }),
    JSON.stringify({ metaData }),
  ])
  for (let commit = 1; commit <= commits; commit++) {
    const lines = [info('WRITE', commit)]
    for (let i = 0; i < filesACommit; i++) {
      lines.push(addLine((commit - 1) * filesACommit + i, commits * filesACommit, partitioned))
    }
    write(commit, lines)
  }
}
