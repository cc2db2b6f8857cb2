import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { commandLine } from './command-line.js'
import { stagesOf } from './stages.js'

/**
 * The shop's pipeline as whole cold processes, ours and the peer's in turn on the same landing files.
 *   node benchmarks/dist/pipeline.js [--scale 1] [--rounds 5] [--landing DIR] [--peers DIR] [--python PATH] [--stages]
 * Without --landing, sample data of the scale is generated; with --peers and a Python that has duckdb and deltalake, the
 * by-hand pipeline (duck_pipeline.py) runs beside us; --stages adds a run that tells the time and memory of each step. Prints a table and writes results/pipeline-<scale>.json.
 */
const { values: options } = commandLine({
  options: {
    scale: { type: 'string', default: '1' },
    rounds: { type: 'string', default: '5' },
    landing: { type: 'string' },
    peers: { type: 'string' },
    python: { type: 'string', default: 'python3' },
    stages: { type: 'boolean', default: false },
  },
})

const root = fileURLToPath(new URL('../..', import.meta.url))
const batch = join(root, 'apps/batch/bin/deltaworks-batch.cjs')
const work = mkdtempSync(join(tmpdir(), 'deltaworks-bench-'))

interface Measured {
  readonly seconds: number
  readonly peakMb: number
}

/** Runs a command to its end as a process of its own; peak memory is the kernel's maximum resident set size. */
function measure(command: string, args: readonly string[]): Measured {
  const start = performance.now()
  const timed = existsSync('/usr/bin/time')
  const run = timed
    ? spawnSync('/usr/bin/time', ['-f', 'peak %M', command, ...args], { encoding: 'utf8' })
    : spawnSync(command, [...args], { encoding: 'utf8' })
  const seconds = (performance.now() - start) / 1000
  if (run.status !== 0) throw new Error(`${command} ${args.join(' ')} failed:\n${run.stderr}`)
  const peak = /peak (\d+)/.exec(run.stderr)
  return { seconds, peakMb: peak === null ? 0 : Number(peak[1]) / 1024 }
}

const median = (numbers: readonly number[]): number =>
  [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)]!

function prepareLanding(): string {
  if (options.landing !== undefined) return resolve(options.landing)
  const landing = join(work, 'landing')
  const generator = join(root, 'tools/sample-data/dist/main.js')
  const made = spawnSync('node', [generator, '--out', landing, '--scale', options.scale], { encoding: 'utf8' })
  if (made.status !== 0) throw new Error(made.stderr)
  return landing
}

/**
 * A folder that was never there. The lakes of earlier rounds stay until the end if they are small: what was just deleted slows
 * down the file system that is to make new files.
 */
const smallScale = 10
let lakes = 0
function newLake(): string {
  const former = join(work, `lake-${lakes}`)
  if (Number(options.scale) > smallScale) rmSync(former, { recursive: true, force: true })
  lakes++
  return join(work, `lake-${lakes}`)
}

const landing = prepareLanding()
const contenders: Readonly<Record<string, () => Measured>> = {
  deltaworks: () => measure('node', [batch, 'run', '--landing', landing, '--root', newLake(), '--quiet']),
  ...(options.peers === undefined
    ? {}
    : {
        'duckdb + delta-rs': () =>
          measure(options.python, [join(options.peers!, 'duck_pipeline.py'), landing, newLake()]),
      }),
  'node -e 0': () => measure('node', ['-e', '0']),
}

const rounds = Number(options.rounds)
const results = new Map<string, Measured[]>(Object.keys(contenders).map((name) => [name, []]))
for (let round = 0; round < rounds; round++) {
  for (const [name, run] of Object.entries(contenders)) results.get(name)!.push(run())
}
const ours = median(results.get('deltaworks')!.map((m) => m.seconds))
console.log(
  `scale ${options.scale}, ${rounds} rounds in turn, ${cpus().length} cores, load ${loadavg()[0]!.toFixed(2)}`,
)
const rows = [...results].map(([name, measured]) => {
  const seconds = measured.map((m) => m.seconds)
  return {
    name,
    minSeconds: Math.min(...seconds),
    medianSeconds: median(seconds),
    maxSeconds: Math.max(...seconds),
    peakMb: Math.max(...measured.map((m) => m.peakMb)),
    oursByThis: ours / median(seconds),
  }
})
for (const row of rows) {
  console.log(
    `${row.name.padEnd(18)} min ${row.minSeconds.toFixed(2)} s, median ${row.medianSeconds.toFixed(2)} s, max ${row.maxSeconds.toFixed(2)} s, ` +
      `peak ${row.peakMb.toFixed(0)} MB, ours / this ${row.oursByThis.toFixed(2)}`,
  )
}
const stages = options.stages ? await stagesOf(batch, landing, join(work, 'lake-stages')) : []
for (const { step, seconds, rowsIn, rowsOut, peakMb } of stages) {
  console.log(
    `${step.padEnd(34)} ${seconds.toFixed(2).padStart(7)} s ${peakMb.toFixed(0).padStart(6)} MB, ${rowsIn} rows in, ${rowsOut} out`,
  )
}
const folder = join(root, 'benchmarks/results')
mkdirSync(folder, { recursive: true })
const command = `node benchmarks/dist/pipeline.js ${process.argv
  .slice(2)
  .filter((arg) => !arg.startsWith('/'))
  .join(' ')}`
writeFileSync(
  join(folder, `pipeline-${options.scale}.json`),
  `${JSON.stringify({ command, load: loadavg()[0], rows, ...(stages.length === 0 ? {} : { stages }) }, null, 2)}\n`,
)
rmSync(work, { recursive: true, force: true })
