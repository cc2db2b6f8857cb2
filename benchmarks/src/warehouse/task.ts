import { createReadStream, createWriteStream, mkdirSync, readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { pathToFileURL } from 'node:url'
import { readValue } from '@deltaworks/columnar'
import { Session } from '@deltaworks/engine'
import { exportLakehouse, lakeTables } from '@deltaworks/lakehouse'
import { retail } from '@deltaworks/retail'
import { openStore } from '@deltaworks/storage'
import {
  duckDbTarget,
  postgresTarget,
  StageArea,
  type WarehouseTable,
  type WarehouseTarget,
} from '@deltaworks/warehouse'
import type * as Pg from 'pg'

/* One task of the benchmark as a process of its own: node task.js KIND ARGUMENTS… FOLDER; prints { ms, rows, peakMb }. */

const [kind = '', ...args] = process.argv.slice(2)
const out = args.at(-1)!
/** MiB of DuckDB's buffers; default: the target's own. */
const memoryMib = process.env['BENCH_DUCKDB_MIB']
const memory = memoryMib === undefined ? undefined : Number(memoryMib) * 2 ** 20

const dataFiles = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.parquet') && !name.includes('_delta_log'))
    .map((name) => join(folder, name))

async function facts<T>(use: (table: WarehouseTable, session: Session) => Promise<T>): Promise<T> {
  const session = Session.create()
  try {
    const root = pathToFileURL(args[0]!).href
    const lake = { lakehouse: retail, session, root, only: ['fact_transactions'], readsFiles: false, profiles: false }
    const [table] = await lakeTables(lake)
    return await use(table!, session)
  } finally {
    await session.close()
  }
}

/** Of all threads. */
const cpuMs = ({ user, system }: NodeJS.CpuUsage): number => (user + system) / 1000

/** Milliseconds by phase of an export, and those of all processors. */
function phases() {
  const [spent, cpu]: [Record<string, number>, Record<string, number>] = [{}, {}]
  let [phase, since, used] = ['plan', performance.now(), process.cpuUsage()]
  const next = (name: string): void => {
    const [now, all] = [performance.now(), process.cpuUsage()]
    spent[phase] = (spent[phase] ?? 0) + now - since
    cpu[phase] = (cpu[phase] ?? 0) + cpuMs(all) - cpuMs(used)
    ;[phase, since, used] = [name, now, all]
  }
  return { spent, cpu, next }
}

/** A whole export of the facts, as `deltaworks-export` does it. */
async function load(target: WarehouseTarget) {
  const { spent, cpu, next } = phases()
  const session = Session.create()
  try {
    const { rowsLoaded } = await exportLakehouse({
      lakehouse: retail,
      session,
      root: pathToFileURL(args[0]!).href,
      target,
      only: ['fact_transactions'],
      loadId: 'bench',
      nowMs: Date.now(),
      onProgress: ({ phase }) => next(phase),
    })
    next('end')
    return { rows: rowsLoaded, phases: spent, phasesCpu: cpu }
  } finally {
    await target.close()
    await session.close()
  }
}

async function plainCopy() {
  for (const [i, file] of dataFiles(args[0]!).entries()) {
    const to = join(out, 'copy', `${i}.parquet`)
    mkdirSync(dirname(to), { recursive: true })
    await pipeline(createReadStream(file), createWriteStream(to))
  }
  return { rows: 0 }
}

const tasks: Readonly<Record<string, () => Promise<{ readonly rows: number; readonly [more: string]: unknown }>>> = {
  'duckdb-peer': async () => {
    const { DuckDBInstance } = await import('@duckdb/node-api')
    const instance = await DuckDBInstance.create(join(out, 'peer.duckdb'))
    const connection = await instance.connect()
    const files = dataFiles(args[0]!).map((file) => `'${file}'`)
    await connection.run(
      `CREATE TABLE facts AS SELECT * FROM read_parquet([${files.join(', ')}], hive_partitioning = true)`,
    )
    const count = await connection.runAndReadAll('SELECT COUNT(*) FROM facts')
    connection.closeSync()
    instance.closeSync()
    return { rows: Number(count.getRows()[0]![0]) }
  },
  'duckdb-ours': () =>
    load(duckDbTarget(join(out, 'ours.duckdb'), memory === undefined ? {} : { memoryBytes: memory })),
  copy: plainCopy,
  'copy-staged': plainCopy,
  staging: () =>
    facts(async (table, session) => {
      const uri = `${pathToFileURL(out).href}/stage`
      const area = new StageArea({ store: openStore(pathToFileURL(out).href), prefix: 'stage', uri })
      const { rowCount } = await table.lake!.totals({ columns: [], rows: [] })
      // An export counts the lake with them meanwhile: they are there.
      await session.start()
      const [began, cpu] = [performance.now(), process.cpuUsage()]
      await area.write(`${uri}/facts`, table.schema, table.rows!(), 'facts', false)
      return { rows: rowCount, ms: performance.now() - began, cpuMs: cpuMs(process.cpuUsage(cpu)) }
    }),
  'postgres-copy': async () => {
    await cleared(args[1]!)
    return load(postgresTarget({ url: args[1]! }))
  },
  'postgres-inserts': () => facts((table) => inserts(table, args[1]!, Number(args[2]))),
}

async function connected<T>(url: string, use: (client: Pg.Client) => Promise<T>): Promise<T> {
  const { Client } = createRequire(import.meta.url)('pg') as typeof Pg
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    return await use(client)
  } finally {
    await client.end()
  }
}
const cleared = (url: string) =>
  connected(url, (client) =>
    client.query('DROP TABLE IF EXISTS fact_transactions, deltaworks_loads, deltaworks_exports, inserted CASCADE'),
  )

/** Row by row, prepared once, in one transaction: what a loader does that knows nothing better. */
async function inserts(table: WarehouseTable, url: string, limit: number) {
  await cleared(url)
  return connected(url, async (client) => {
    const { fields } = table.schema
    await client.query(`CREATE TABLE inserted (${fields.map(({ name }) => `"${name}" TEXT`).join(', ')})`)
    const text = `INSERT INTO inserted VALUES (${fields.map((_, i) => `$${i + 1}`).join(', ')})`
    const { heap, batches } = table.rows!()
    let rows = 0
    const began = performance.now()
    await client.query('BEGIN')
    for await (const batch of batches()) {
      for (let row = 0; row < batch.rowCount && rows < limit; row++, rows++) {
        const values = batch.columns
          .map((column) => readValue(heap, column, row))
          .map((value) => (value === null ? null : String(value as string)))
        await client.query({ name: 'insert', text, values })
      }
      if (rows >= limit) break
    }
    await client.query('COMMIT')
    return { rows, ms: performance.now() - began }
  })
}

const [began, cpu] = [performance.now(), process.cpuUsage()]
const result = await tasks[kind]!()
const ms = performance.now() - began
process.stdout.write(
  `${JSON.stringify({ ms, cpuMs: cpuMs(process.cpuUsage(cpu)), peakMb: process.resourceUsage().maxRSS / 1024, ...result })}\n`,
)
