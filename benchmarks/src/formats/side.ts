import { closeSync, openSync, readdirSync, readFileSync, statSync, writeSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import {
  inferCsvSchema,
  ParquetAssembler,
  sniffCsv,
  type CsvReadOptions,
  type ParquetWriteOptions,
} from '@deltaworks/formats'
import type { Schema } from '@deltaworks/schema'
import { FileStore } from '@deltaworks/storage'
import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api'
import { Pool } from './pool.js'
import { csvJobs, rowGroupJobs } from './work.js'

/*
 * One side of one comparison, in a process of its own: node side.js '{"task":…,"side":…,"threads":…}'. Prints the best time of
 * its rounds, what it counted, and the most memory that the process held.
 */
interface Request {
  readonly task: 'q1' | 'arrow' | 'rewrite' | 'csv'
  readonly side: 'deltaworks' | 'duckdb' | 'parquet-wasm'
  readonly threads: number
  readonly rounds: number
  readonly lineitem: string
  /** Folder of CSV files; those whose names contain `csvName` are read. */
  readonly csv: string
  readonly csvName: string
  readonly output: string
}

const q1Columns = ['l_quantity', 'l_extendedprice', 'l_discount', 'l_tax', 'l_returnflag', 'l_linestatus', 'l_shipdate']
/** Row groups of a job, as the engine's morsels of `lineitem` have: by the bytes of the columns that are read. */
const jobGroups = { q1: 2, arrow: 1 }
const writeOptions: ParquetWriteOptions = { rowGroupRows: 1_048_576 }

interface Timing {
  readonly ms: number
  /** Of all threads, user and system. */
  readonly cpuMs: number
  readonly count: number
}

async function timed(rounds: number, run: () => Promise<number>): Promise<Timing> {
  let ms = Number.POSITIVE_INFINITY
  let cpuMs = Number.POSITIVE_INFINITY
  let count = 0
  for (let round = 0; round < rounds; round++) {
    const start = performance.now()
    const before = process.cpuUsage()
    count = await run()
    ms = Math.min(ms, performance.now() - start)
    const { user, system } = process.cpuUsage(before)
    cpuMs = Math.min(cpuMs, (user + system) / 1000)
  }
  return { ms, cpuMs, count }
}

async function deltaworks(request: Request): Promise<Timing> {
  const pool = new Pool(request.threads)
  const [folder, path] = [dirname(request.lineitem), basename(request.lineitem)]
  try {
    if (request.task === 'csv') {
      const store = new FileStore(request.csv)
      const files = await csvFiles(request, store)
      return await timed(request.rounds, async () => {
        let rows = 0
        await pool.run(csvJobs(request.csv, files, request.threads), (result) => (rows += result.rows))
        return rows
      })
    }
    if (request.task === 'rewrite') return await timed(request.rounds, () => rewrite(request, pool, folder, path))
    const { task } = request
    const { jobs } = await rowGroupJobs(folder, path, jobGroups[task], (schema, groups) => {
      const fields = schema.fields.filter(({ name }) => task === 'arrow' || q1Columns.includes(name))
      return { kind: task === 'arrow' ? 'arrow' : 'decode', folder, path, schema: { fields }, groups }
    })
    return await timed(request.rounds, async () => {
      let rows = 0
      await pool.run(jobs, (result) => (rows += result.rows))
      return rows
    })
  } finally {
    await pool.close()
  }
}

/** Reads and writes a file row group by row group; what is encoded goes to the disk at once. */
async function rewrite(request: Request, pool: Pool, folder: string, path: string): Promise<number> {
  const { schema, jobs } = await rowGroupJobs(folder, path, 1, (columns, groups) => ({
    kind: 'encode',
    folder,
    path,
    schema: columns,
    groups,
    options: writeOptions,
  }))
  const file = openSync(request.output, 'w')
  try {
    const assembler = new ParquetAssembler(schema, { ...writeOptions, onPart: (part) => writeSync(file, part) })
    await pool.run(jobs, (result) => {
      if (result.group !== null) assembler.append(result.group)
    })
    return assembler.finish().rowCount
  } finally {
    closeSync(file)
  }
}

async function csvFiles(
  { csv, csvName }: Request,
  store: FileStore,
): Promise<{ path: string; schema: Schema; options: CsvReadOptions }[]> {
  const names = readdirSync(csv).filter((name) => name.includes(csvName))
  return Promise.all(
    names.map(async (path) => {
      const { separator, quote } = await sniffCsv(store, path)
      const options = { separator, quote }
      return { path, schema: await inferCsvSchema(store, path, options), options }
    }),
  )
}

const duckTypes: Readonly<Record<string, string>> = {
  int32: 'INTEGER',
  int64: 'BIGINT',
  float64: 'DOUBLE',
  boolean: 'BOOLEAN',
  date: 'DATE',
  timestamp: 'TIMESTAMPTZ',
  decimal: 'HUGEINT',
}

async function duckDb(request: Request): Promise<Timing> {
  const instance = await DuckDBInstance.create(':memory:', { threads: String(request.threads) })
  const connection = await instance.connect()
  const number = async (sql: string): Promise<number> => Number((await connection.runAndReadAll(sql)).getRows()[0]![0])
  const source = `read_parquet('${request.lineitem}')`
  switch (request.task) {
    case 'q1':
      return timed(request.rounds, () => number(`select sum(n) from (${q1Text(source)})`))
    case 'rewrite':
      return timed(request.rounds, async () => {
        await connection.run(
          `copy (select * from ${source}) to '${request.output}' (format parquet, compression snappy, row_group_size 1048576)`,
        )
        return number(`select count(*) from read_parquet('${request.output}')`)
      })
    default:
      return duckCsv(request, connection)
  }
}

/** Every column is parsed to the types that our side infers, and counted. */
async function duckCsv(request: Request, connection: DuckDBConnection): Promise<Timing> {
  const files = await csvFiles(request, new FileStore(request.csv))
  const queries = files.map(({ path, schema, options }) => {
    const columns = schema.fields.map(({ name, type }) => `'${name}': '${duckTypes[type.kind] ?? 'VARCHAR'}'`)
    const counts = schema.fields.map(({ name }) => `count("${name}")`).join(', ')
    return `select count(*), ${counts} from read_csv('${join(request.csv, path)}', delim='${options.separator}', quote='"', header=true,
      columns={${columns.join(', ')}}, auto_detect=false, ignore_errors=true, null_padding=false)`
  })
  return timed(request.rounds, async () => {
    let rows = 0
    for (const query of queries) rows += Number((await connection.runAndReadAll(query)).getRows()[0]![0])
    return rows
  })
}

const q1Text = (source: string): string => `select l_returnflag, l_linestatus, sum(l_quantity), sum(l_extendedprice),
  sum(l_extendedprice * (1 - l_discount)), sum(l_extendedprice * (1 - l_discount) * (1 + l_tax)), avg(l_quantity),
  avg(l_extendedprice), avg(l_discount), count(*) as n from ${source} where l_shipdate <= date '1998-09-02' group by all`

/** Its first round grows its memory page by page, which takes most of a minute: give it more than one. After that all take as long: four do. */
async function parquetWasm({ task, lineitem, rounds: asked }: Request): Promise<Timing> {
  const rounds = Math.min(asked, 4)
  const wasm = await import('parquet-wasm/node')
  const bytes = readFileSync(lineitem)
  if (task === 'q1') {
    return timed(rounds, () => {
      const table = wasm.readParquet(bytes, { columns: q1Columns })
      let rows = 0
      for (const batch of table.recordBatches()) {
        rows += batch.numRows
        batch.free()
      }
      table.free()
      return Promise.resolve(rows)
    })
  }
  const arrow = await import('apache-arrow')
  return timed(rounds, () => Promise.resolve(arrow.tableFromIPC(wasm.readParquet(bytes).intoIPCStream()).numRows))
}

const sides = { deltaworks, duckdb: duckDb, 'parquet-wasm': parquetWasm }
const request = JSON.parse(process.argv[2]!) as Request
const result = await sides[request.side](request)
const sizeBytes = request.task === 'rewrite' ? statSync(request.output).size : 0
const maxRssMb = Math.round(process.resourceUsage().maxRSS / 1024)
process.stdout.write(`${JSON.stringify({ ...result, sizeBytes, maxRssMb })}\n`)
process.exit(0)
