import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { commandLine } from '../command-line.js'

/*
 * node benchmarks/dist/formats/run.js --lineitem FILE --csv FOLDER [--csv-name transactions] [--rounds 3] [--turns 1] [--tasks q1,arrow,rewrite,csv]
 *   [--name sf1]
 *
 * Formats beside their peers on the same files: decoding Q1's columns, all columns to Arrow, one Parquet file to another, CSV to
 * typed columns. Every side runs in processes of its own, one a turn, the sides of a task one after the other, on 1 thread and on 2. Beside
 * the time it gives the CPU time of all threads, which other work on the machine disturbs less.
 * Writes results/formats-<name>.json.
 */
const { values: options } = commandLine({
  options: {
    lineitem: { type: 'string' },
    csv: { type: 'string', default: '' },
    'csv-name': { type: 'string', default: 'transactions' },
    rounds: { type: 'string', default: '3' },
    turns: { type: 'string', default: '1' },
    tasks: { type: 'string', default: 'q1,arrow,rewrite,csv' },
    name: { type: 'string', default: 'sf1' },
  },
})

interface Measured {
  readonly ms: number
  readonly cpuMs: number
  readonly count: number
  readonly sizeBytes: number
  readonly maxRssMb: number
}

const peers: Readonly<Record<string, readonly string[]>> = {
  q1: ['parquet-wasm', 'duckdb'],
  arrow: ['parquet-wasm'],
  rewrite: ['duckdb'],
  csv: ['duckdb'],
}

const folder = mkdtempSync(join(tmpdir(), 'deltaworks-formats-'))
const side = fileURLToPath(new URL('./side.js', import.meta.url))

function measure(task: string, name: string, threads: number): Measured {
  const request = {
    task,
    side: name,
    threads,
    rounds: Number(options.rounds),
    lineitem: options.lineitem,
    csv: options.csv,
    csvName: options['csv-name'],
    output: join(folder, `${name}.parquet`),
  }
  const output = execFileSync(process.execPath, [side, JSON.stringify(request)], {
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  })
  return JSON.parse(output.trim().split('\n').at(-1)!) as Measured
}

/** The best of every side: in turn, as the machine may be slower for a while. */
function measureInTurn(task: string, names: readonly string[], threads: number): ReadonlyMap<string, Measured> {
  const best = new Map<string, Measured>()
  for (let turn = 0; turn < Number(options.turns); turn++) {
    for (const name of names) {
      const now = measure(task, name, threads)
      const before = best.get(name) ?? now
      const [ms, cpuMs] = [Math.min(before.ms, now.ms), Math.min(before.cpuMs, now.cpuMs)]
      best.set(name, { ...now, ms, cpuMs, maxRssMb: Math.max(before.maxRssMb, now.maxRssMb) })
    }
  }
  return best
}

function csvBytes(): number {
  if (options.csv === '') return 0
  return readdirSync(options.csv)
    .filter((name) => name.includes(options['csv-name']))
    .reduce((sum, name) => sum + statSync(join(options.csv, name)).size, 0)
}

const results = []
try {
  for (const task of options.tasks.split(',')) {
    for (const threads of [1, 2]) {
      const sides = measureInTurn(task, ['deltaworks', ...(peers[task] ?? [])], threads)
      const ours = sides.get('deltaworks')!
      for (const peer of peers[task] ?? []) {
        const theirs = sides.get(peer)!
        const ratio = ours.ms / theirs.ms
        const cpuRatio = ours.cpuMs / theirs.cpuMs
        results.push({ task, threads, peer, ratio, cpuRatio, ours, theirs })
        process.stdout.write(
          `${task.padEnd(8)} ${threads} thread${threads > 1 ? 's' : ' '} ${ours.ms.toFixed(0).padStart(6)} ms (${ours.maxRssMb} MB), ` +
            `${peer} ${theirs.ms.toFixed(0).padStart(6)} ms (${theirs.maxRssMb} MB), ratio ${ratio.toFixed(2)}, of CPU ${ours.cpuMs.toFixed(0)} / ${theirs.cpuMs.toFixed(0)} = ${cpuRatio.toFixed(2)}; ` +
            `rows ${ours.count} / ${theirs.count}${task === 'rewrite' ? `; size ${(ours.sizeBytes / theirs.sizeBytes).toFixed(3)}` : ''}\n`,
        )
      }
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
const target = fileURLToPath(new URL('../../results', import.meta.url))
mkdirSync(target, { recursive: true })
writeFileSync(
  join(target, `formats-${options.name}.json`),
  `${JSON.stringify(
    {
      command: `node benchmarks/dist/formats/run.js --lineitem lineitem.parquet --csv landing --tasks ${options.tasks} --rounds ${options.rounds} --turns ${options.turns}`,
      node: process.version,
      cpu: cpus()[0]?.model,
      cores: cpus().length,
      load: loadavg(),
      csvBytes: csvBytes(),
      results,
    },
    null,
    2,
  )}\n`,
)
