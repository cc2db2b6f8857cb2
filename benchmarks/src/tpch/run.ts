import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { fileTable, Session } from '@deltaworks/engine'
import { tableNames, tpchData } from './tpch-data.js'

/*
 * node benchmarks/dist/tpch/run.js [--scale 1] [--threads 2] [--rounds 3] [--query N]
 *
 * TPC-H's queries over the same Parquet files in one process, Deltaworks and DuckDB in turn on as many threads; the best of the
 * rounds counts. Prints a table of ratios and writes results/tpch-<scale>.json; with --query prints that one's analysis.
 */
const { values: options } = parseArgs({
  options: {
    scale: { type: 'string', default: '1' },
    threads: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '3' },
    query: { type: 'string' },
  },
})
const threads = Number(options.threads)

interface Row {
  readonly query: number
  readonly oursMs: number
  readonly duckDbMs: number
  readonly ratio: number
}

async function timed(run: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await run()
  return performance.now() - start
}

async function main(): Promise<number> {
  const data = await tpchData(Number(options.scale), threads)
  if (data === null) {
    process.stdout.write('skip TPC-H: duckdb-extension-tpch cannot be had from PyPI\n')
    return 0
  }
  const { connection, files, queries } = data
  const session = Session.create({ threads })
  const rows: Row[] = []
  try {
    const tables: Record<string, Awaited<ReturnType<typeof fileTable>>> = {}
    for (const name of tableNames) tables[name] = await fileTable(files[name], 'parquet')
    for (const [i, text] of queries.entries()) {
      if (options.query !== undefined && Number(options.query) !== i + 1) continue
      let oursMs = Number.POSITIVE_INFINITY
      let duckDbMs = Number.POSITIVE_INFINITY
      for (let round = 0; round < Number(options.rounds); round++) {
        oursMs = Math.min(oursMs, await timed(() => session.sql(text, tables)))
        duckDbMs = Math.min(duckDbMs, await timed(() => connection.runAndReadAll(text)))
      }
      rows.push({ query: i + 1, oursMs, duckDbMs, ratio: oursMs / duckDbMs })
      process.stdout.write(
        `Q${String(i + 1).padEnd(3)} ${oursMs.toFixed(0).padStart(7)} ms, DuckDB ${duckDbMs.toFixed(0).padStart(6)} ms, ratio ${(oursMs / duckDbMs).toFixed(2)}\n`,
      )
      if (options.query !== undefined) {
        const { rows: lines } = await session.sql(`explain analyze ${text}`, tables)
        process.stdout.write(`${lines.map((line) => String(line[0])).join('\n')}\n`)
      }
    }
  } finally {
    connection.closeSync()
    await session.close()
  }
  if (options.query !== undefined) return 0
  const mean = Math.exp(rows.reduce((sum, { ratio }) => sum + Math.log(ratio), 0) / rows.length)
  process.stdout.write(
    `scale ${options.scale}, ${threads} threads of ${cpus().length} cores, best of ${options.rounds}: geometric mean ${mean.toFixed(2)}, load ${loadavg()[0]!.toFixed(2)}\n`,
  )
  const folder = fileURLToPath(new URL('../../results', import.meta.url))
  mkdirSync(folder, { recursive: true })
  const command = `node benchmarks/dist/tpch/run.js ${process.argv.slice(2).join(' ')}`.trim()
  const result = { command, threads, load: loadavg()[0], geometricMean: mean, rows }
  writeFileSync(join(folder, `tpch-${options.scale}.json`), `${JSON.stringify(result, null, 2)}\n`)
  return 0
}

process.exitCode = await main()
