import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { commandLine } from '../command-line.js'
import { flameGraphOf } from '../flame-graph-of.js'
import { chartHtml } from './chart-html.js'
import { engineNames, EngineProcess, type EngineName } from './engine-process.js'
import { queryLine, summarise, type Measured, type QueryResult, type TpchResult } from './result.js'
import { tpchData, type TableFormat, type TpchData } from './tpch-data.js'

/*
 * node benchmarks/dist/tpch/run.js [--scale 1] [--from parquet|delta] [--threads 2] [--rounds 3] [--query N[,N]] [--data DIR]
 *   [--peers duckdb,polars,spark] [--python PATH] [--memory BYTES] [--html FILE] [--cpu-profile DIR] [--no-result]
 *
 * TPC-H's queries over the same files, each engine in a process of its own, in turn; the best of the rounds counts. Prints a
 * table of ratios and writes results/tpch-<scale>[-delta].json; with --query prints what our operators did, too. With
 * --cpu-profile keeps a CPU profile of each of our threads, and a flame graph of them all, in the folder.
 */
const { values: options } = commandLine({
  options: {
    scale: { type: 'string', default: '1' },
    from: { type: 'string', default: 'parquet' },
    threads: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '3' },
    query: { type: 'string' },
    data: { type: 'string' },
    peers: { type: 'string', default: 'duckdb' },
    python: { type: 'string', default: 'python3' },
    memory: { type: 'string' },
    html: { type: 'string' },
    'cpu-profile': { type: 'string' },
    'no-result': { type: 'boolean', default: false },
  },
})
const rounds = Number(options.rounds)
const chosen = options.query?.split(',').map(Number)

async function measure(engines: readonly EngineProcess[], query: number, text: string): Promise<QueryResult> {
  const best: Partial<Record<EngineName, Measured>> = {}
  for (let round = 0; round < rounds; round++) {
    for (const engine of engines) {
      const former = best[engine.name]
      if (former !== undefined && 'error' in former) continue
      engine.forgetPeak()
      const answer = await engine.run(text)
      if ('error' in answer) {
        best[engine.name] = answer
        continue
      }
      const { ms, cpuMs, rows } = answer
      best[engine.name] = {
        ms: Math.min(ms, former?.ms ?? ms),
        cpuMs: Math.min(cpuMs, former?.cpuMs ?? cpuMs),
        rows,
        peakMb: Math.max(engine.peakMb(), former?.peakMb ?? 0),
      }
    }
  }
  return { query, engines: best }
}

async function startAll(data: TpchData): Promise<readonly EngineProcess[]> {
  const names = ['deltaworks', ...options.peers.split(',').filter(Boolean)]
  const unknown = names.find((name) => !engineNames.includes(name as EngineName))
  if (unknown !== undefined)
    throw new Error(`There is no peer ${unknown}: choose of ${engineNames.slice(1).join(', ')}.`)
  const request = {
    format: data.format,
    tables: data.tables,
    threads: Number(options.threads),
    memoryBytes: options.memory === undefined ? null : Number(options.memory),
  }
  const engines: EngineProcess[] = []
  for (const name of names as EngineName[]) {
    try {
      engines.push(await EngineProcess.start({ name, python: options.python, nodeOptions: profilerOf(name) }, request))
    } catch (error) {
      process.stdout.write(`skip ${name}: ${error instanceof Error ? error.message : String(error)}\n`)
    }
  }
  return engines
}

/** Node writes a profile of every thread when that ends. */
const profilerOf = (name: EngineName): readonly string[] =>
  name !== 'deltaworks' || options['cpu-profile'] === undefined
    ? []
    : ['--cpu-prof', '--cpu-prof-interval=500', `--cpu-prof-dir=${options['cpu-profile']}`]

async function main(): Promise<number> {
  const data = await tpchData({ scale: options.scale, format: options.from as TableFormat, folder: options.data })
  if (data === null) {
    process.stdout.write('skip TPC-H: duckdb-extension-tpch cannot be had from PyPI\n')
    return 0
  }
  const engines = await startAll(data)
  const peers = engines.map(({ name }) => name).filter((name) => name !== 'deltaworks')
  const queries: QueryResult[] = []
  try {
    for (const [i, text] of data.queries.entries()) {
      if (chosen !== undefined && !chosen.includes(i + 1)) continue
      const result = await measure(engines, i + 1, text)
      queries.push(result)
      process.stdout.write(`${queryLine(result, peers)}\n`)
      if (chosen !== undefined) process.stdout.write(`${await engines[0]!.analyze(text)}\n`)
    }
  } finally {
    for (const engine of engines) await engine.close()
  }
  const result: TpchResult = {
    command: `node benchmarks/dist/tpch/run.js --scale ${options.scale} --from ${options.from} --threads ${options.threads} --rounds ${rounds} --peers ${options.peers}`,
    scale: options.scale,
    format: options.from,
    threads: Number(options.threads),
    rounds,
    load: loadavg()[0]!,
    summary: summarise(queries, peers),
    queries,
  }
  for (const { peer, geometricMean, worst, cpuGeometricMean, peakMb, ourPeakMb } of result.summary) {
    process.stdout.write(
      `${peer}: geometric mean ${geometricMean.toFixed(2)}, worst ${worst.toFixed(2)}, of processor time ${cpuGeometricMean.toFixed(2)}; ` +
        `peak ${ourPeakMb.toFixed(0)} MiB against ${peakMb.toFixed(0)}; ${cpus().length} cores, load ${result.load.toFixed(2)}\n`,
    )
  }
  if (options['cpu-profile'] !== undefined) {
    const graph = flameGraphOf(options['cpu-profile'], `TPC-H ${options.query ?? '1 to 22'}, scale ${options.scale}`)
    process.stdout.write(graph === null ? 'no profile was written\n' : `${graph}\n`)
  }
  if (options.html !== undefined) writeFileSync(options.html, chartHtml(result))
  if (chosen === undefined && !options['no-result']) keep(result)
  return 0
}

function keep(result: TpchResult): void {
  const folder = fileURLToPath(new URL('../../results', import.meta.url))
  mkdirSync(folder, { recursive: true })
  const name = `tpch-${result.scale}${result.format === 'delta' ? '-delta' : ''}`
  writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(result, null, 2)}\n`)
  writeFileSync(join(folder, `${name}.html`), chartHtml(result))
}

process.exitCode = await main()
