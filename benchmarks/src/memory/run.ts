import { execFileSync } from 'node:child_process'
import { subscribe } from 'node:diagnostics_channel'
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fileTable, Session, type QueryMetrics } from '@deltaworks/engine'
import { commandLine } from '../command-line.js'
import { boundedQueries, type BoundedQuery } from './bounded-queries.js'
import { forgetPeak, peakBytes } from './process-memory.js'

/*
 * node benchmarks/dist/memory/run.js [--memory-mib 256] [--times 10] [--threads 2] [--only NAME] [--folder DIR] [--spill DIR]
 *
 * A sort, a group-by, a join, a window and a distinct over data that are so many times the budget. Tells of each whether its
 * answer is right, what it spilled, and what the process held at most beside what the memory pool counted. Ends with 1 if an
 * answer is wrong, or if the process held more than the budget and 250 MB. DuckDB makes the data, in a process of its own.
 */
const { values: options } = commandLine({
  options: {
    'memory-mib': { type: 'string', default: '256' },
    times: { type: 'string', default: '10' },
    threads: { type: 'string', default: '2' },
    only: { type: 'string', default: '' },
    query: { type: 'string' },
    folder: { type: 'string' },
    spill: { type: 'string' },
    'no-result': { type: 'boolean', default: false },
  },
})
const budget = Number(options['memory-mib']) * 1024 * 1024
const allowedBytes = 250e6
/** Of a row in memory: two words, a text and its offset. */
const rowBytes = 16 + 192 + 4

interface Measured {
  readonly query: string
  readonly ok: boolean
  readonly seconds: number
  readonly spilledMb: number
  readonly poolPeakMb: number
  readonly processPeakMb: number
}

const megabytes = (bytes: number): number => Math.round(bytes / 1e6)

/** A Parquet file of so many rows, kept for other runs. */
function dataFile(rows: number): string {
  const folder = options.folder ?? fileURLToPath(new URL('../../../.tools/memory', import.meta.url))
  const path = join(folder, `rows-${rows}.parquet`)
  if (existsSync(path)) return path
  mkdirSync(folder, { recursive: true })
  const text = [1, 2, 3, 4, 5, 6].map((salt) => `md5((i + ${salt})::varchar)`).join(' || ')
  const made = `copy (select (i * 7919) % ${rows} k, i v, ${text} t from range(${rows}) r(i)) to '${path}.new' (format parquet, row_group_size 50000)`
  const script = `import { DuckDBInstance } from '@duckdb/node-api'
const connection = await (await DuckDBInstance.create(':memory:')).connect()
await connection.run(${JSON.stringify(made)})`
  execFileSync(process.execPath, ['--input-type=module', '-e', script], {
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
    stdio: 'inherit',
  })
  execFileSync('mv', [`${path}.new`, path])
  return path
}

async function measure(query: BoundedQuery, path: string, rows: number): Promise<Measured> {
  const session = Session.create({
    threads: Number(options.threads),
    memoryBytes: budget,
    ...(options.spill === undefined ? {} : { spillFolder: options.spill }),
  })
  try {
    forgetPeak()
    const start = performance.now()
    const { rows: result } = await session.sql(query.sql, { data: await fileTable(path, 'parquet') })
    const expected = query.expected(BigInt(rows)).map(String)
    return {
      query: query.name,
      ok: result[0]!.every((value, i) => String(value) === expected[i]),
      seconds: (performance.now() - start) / 1000,
      spilledMb: megabytes(spilledBytes),
      poolPeakMb: megabytes(session.pool.peakBytes),
      processPeakMb: megabytes(peakBytes()),
    }
  } finally {
    await session.close()
  }
}

let spilledBytes = 0
subscribe('deltaworks:query:finish', (message) => {
  const { metrics } = message as { readonly metrics: QueryMetrics }
  spilledBytes = metrics.stages.reduce((sum, stage) => sum + stage.spilledBytes, metrics.spilledBytes)
})

/** Each query in a process of its own: what one held is not counted for the next. */
function measuredApart(query: BoundedQuery): Measured | null {
  const args = process.argv.slice(1)
  try {
    const output = execFileSync(process.execPath, [...args, '--query', query.name], { encoding: 'utf8' })
    return JSON.parse(output) as Measured
  } catch {
    return null
  }
}

function tell({ query, ok, seconds, spilledMb, poolPeakMb, processPeakMb }: Measured): void {
  process.stdout.write(
    `${ok ? 'ok  ' : 'FAIL'} ${query.padEnd(9)} ${seconds.toFixed(1).padStart(6)} s, spilled ${spilledMb} MB; ` +
      `process ${processPeakMb} MB, pool ${poolPeakMb} MB, budget ${megabytes(budget)} MB\n`,
  )
}

async function main(): Promise<number> {
  // 7919 is a prime: k is a permutation unless it divides the number of rows.
  let rows = Math.ceil((budget * Number(options.times)) / rowBytes)
  if (rows % 7919 === 0) rows++
  const path = dataFile(rows)
  const single = boundedQueries.find(({ name }) => name === options.query)
  if (single !== undefined) {
    process.stdout.write(JSON.stringify(await measure(single, path, rows)))
    return 0
  }
  process.stdout.write(
    `${rows} rows, ${megabytes(rows * rowBytes)} MB in memory, ${megabytes(statSync(path).size)} MB on disk\n`,
  )
  const measured: Measured[] = []
  let failed = 0
  for (const query of boundedQueries) {
    if (!query.name.includes(options.only)) continue
    const one = measuredApart(query)
    if (one === null || !one.ok || one.processPeakMb * 1e6 > budget + allowedBytes) failed++
    if (one === null) continue
    measured.push(one)
    tell(one)
  }
  if (!options['no-result'] && options.only === '') {
    const folder = fileURLToPath(new URL('../../results', import.meta.url))
    const command = `node benchmarks/dist/memory/run.js ${process.argv.slice(2).join(' ')}`.trim()
    writeFileSync(join(folder, 'memory.json'), `${JSON.stringify({ command, budget, rows, measured }, null, 2)}\n`)
  }
  if (options.spill !== undefined) process.stdout.write(`${readdirSync(options.spill).length} spill folders are left\n`)
  return failed === 0 ? 0 : 1
}

process.exitCode = await main()
