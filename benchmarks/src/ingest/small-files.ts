import { spawnSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { commandLine } from '../command-line.js'
import { writeBigCsv } from './big-files.js'
import { measuredRun, resultsFolder, writeOrdersLakehouse } from './measured-run.js'

/**
 * Many small CSV files into one raw table, as whole cold processes: ours (each file hashed, recorded and checked again, rows
 * with their file and line, a profile) and DuckDB's read_csv over the glob with one delta-rs write.
 *   node benchmarks/dist/ingest/small-files.js --python PATH [--files 10000] [--rounds 3] [--folder DIR]
 * Sizes are 1 KB to 100 KB, as many between 1 and 10 as between 10 and 100. Python needs duckdb and deltalake.
 */
const { values: options } = commandLine({
  options: {
    files: { type: 'string', default: '10000' },
    rounds: { type: 'string', default: '3' },
    python: { type: 'string', default: 'python3' },
    threads: { type: 'string', default: '2' },
    folder: { type: 'string', default: join(tmpdir(), 'deltaworks-small-files') },
  },
})
const folder = resolve(options.folder)
const files = Number(options.files)
const script = fileURLToPath(new URL('../../python/small_files.py', import.meta.url))

rmSync(folder, { recursive: true, force: true })
mkdirSync(join(folder, 'landing'), { recursive: true })
let [expected, bytes] = [0, 0]
for (let i = 0; i < files; i++) {
  const size = Math.round(1000 * 100 ** ((i + 0.5) / files))
  expected += writeBigCsv(
    join(folder, 'landing', `orders_${String((i * 7919) % files).padStart(6, '0')}.csv`),
    size,
    10,
  )
  bytes += size
}
const lakehouse = writeOrdersLakehouse(folder, `csvFiles('orders_*.csv')`)

interface Spent {
  readonly seconds: number
  readonly cpuSeconds: number
}

function ours(): Spent {
  rmSync(join(folder, 'lake'), { recursive: true, force: true })
  const places = ['--lakehouse', lakehouse, '--landing', 'landing', '--root', 'lake', '--threads', options.threads]
  const { seconds, cpuSeconds, rows, error } = measuredRun(places, folder)
  if (rows !== expected) throw new Error(`we read ${rows} of ${expected} rows: ${error}`)
  return { seconds, cpuSeconds }
}

function theirs(): Spent {
  const table = join(folder, 'table')
  rmSync(table, { recursive: true, force: true })
  const started = performance.now()
  const run = spawnSync(options.python, [script, join(folder, 'landing', '*.csv'), table], { encoding: 'utf8' })
  const seconds = (performance.now() - started) / 1000
  const [rows, cpuSeconds = 0] = run.stdout.trim().split(' ').map(Number)
  if (rows !== expected) throw new Error(`they read ${run.stdout.trim()} of ${expected} rows: ${run.stderr}`)
  return { seconds, cpuSeconds }
}

const results = { deltaworks: [] as Spent[], 'duckdb and delta-rs': [] as Spent[] }
for (let round = 0; round < Number(options.rounds); round++) {
  results.deltaworks.push(ours())
  results['duckdb and delta-rs'].push(theirs())
}
rmSync(folder, { recursive: true, force: true })
const median = (numbers: readonly number[]): number => [...numbers].sort((a, b) => a - b)[numbers.length >> 1]!
const medianOf = (of: keyof Spent): readonly [number, number] => {
  const [mine, peer] = Object.values(results).map((runs) => median(runs.map((run) => run[of])))
  return [mine!, peer!]
}
const [mine, peer] = medianOf('seconds')
const [cpuMine, cpuPeer] = medianOf('cpuSeconds')
console.log(`${files} files, ${(bytes / 1e6).toFixed(0)} MB, ${expected} rows`)
console.log(`deltaworks ${mine.toFixed(2)} s, duckdb and delta-rs ${peer.toFixed(2)} s: ${(mine / peer).toFixed(2)}`)
console.log(`CPU ${cpuMine.toFixed(2)} s, ${cpuPeer.toFixed(2)} s: ${(cpuMine / cpuPeer).toFixed(2)}`)
mkdirSync(resultsFolder, { recursive: true })
const command = `node benchmarks/dist/ingest/small-files.js --files ${files} --rounds ${options.rounds} --threads ${options.threads} --python PATH`
writeFileSync(
  join(resultsFolder, 'ingest-small-files.json'),
  `${JSON.stringify({ command, files, bytes, rows: expected, runs: results, ratio: mine / peer, cpuRatio: cpuMine / cpuPeer }, null, 2)}\n`,
)
