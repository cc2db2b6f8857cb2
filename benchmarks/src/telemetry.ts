import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { commandLine } from './command-line.js'

/**
 * What telemetry costs: the shop's pipeline as whole cold processes, unwatched, and with traces and metrics to a collector, metrics to
 * files and packets, a log and the resource monitor, in turn.
 *   node benchmarks/dist/telemetry.js [--scale 300] [--rounds 5] [--landing DIR]
 * Prints a table and writes results/telemetry-<scale>.json.
 */
const { values: options } = commandLine({
  options: {
    scale: { type: 'string', default: '300' },
    rounds: { type: 'string', default: '5' },
    landing: { type: 'string' },
  },
})

const root = fileURLToPath(new URL('../..', import.meta.url))
const batch = join(root, 'apps/batch/bin/deltaworks-batch.cjs')
const work = mkdtempSync(join(tmpdir(), 'deltaworks-telemetry-'))

/** Of a process, from its start to its end. */
interface Spent {
  readonly seconds: number
}

async function run(file: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<Spent> {
  const start = performance.now()
  const child = spawn(process.execPath, [file, ...args], { env, stdio: ['ignore', 'ignore', 'pipe'] })
  let stderr = ''
  child.stderr.on('data', (data) => (stderr += String(data)))
  const status = await new Promise((resolve) => child.once('close', resolve))
  if (status !== 0 || stderr !== '') throw new Error(`${file} ended with ${String(status)}: ${stderr}`)
  return { seconds: (performance.now() - start) / 1000 }
}

const median = (numbers: readonly number[]): number =>
  [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)]!

let received = 0
const collector = createServer((request, response) => {
  request.on('data', (part: Buffer) => (received += part.byteLength))
  request.on('end', () => response.end('{}'))
})
await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve))
const endpoint = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`
const operations = {
  telemetry: {
    otlp: { endpoint },
    cloudWatch: { namespace: 'Deltaworks', by: 'emf', file: join(work, 'emf.log') },
    statsd: { host: '127.0.0.1', port: 9 },
    prometheus: { file: join(work, 'metrics.prom') },
    logs: { file: join(work, 'run.log') },
  },
  resources: { interval: '1s' },
}

try {
  let { landing } = options
  if (landing === undefined) {
    landing = join(work, 'landing')
    await run(join(root, 'tools/sample-data/dist/main.js'), ['--out', landing, '--scale', options.scale])
  }
  const args = ['run', '--quiet', '--landing', landing, '--root', join(work, 'lake')]
  const contenders = {
    unwatched: process.env,
    watched: { ...process.env, DELTAWORKS_CONFIG__operations: JSON.stringify(operations) },
  }
  const seconds: Record<keyof typeof contenders, number[]> = { unwatched: [], watched: [] }
  for (let round = 0; round < Number(options.rounds); round++) {
    const order = Object.keys(contenders) as (keyof typeof contenders)[]
    for (const name of round % 2 === 0 ? order : order.reverse()) {
      rmSync(join(work, 'lake'), { recursive: true, force: true })
      seconds[name].push((await run(batch, args, contenders[name])).seconds)
    }
  }
  const best = { unwatched: Math.min(...seconds.unwatched), watched: Math.min(...seconds.watched) }
  const middle = { unwatched: median(seconds.unwatched), watched: median(seconds.watched) }
  const result = {
    command: `node benchmarks/dist/telemetry.js --scale ${options.scale} --rounds ${options.rounds}`,
    load: loadavg()[0],
    rounds: Number(options.rounds),
    best,
    median: middle,
    cost: { best: best.watched / best.unwatched - 1, median: middle.watched / middle.unwatched - 1 },
    addedSeconds: { best: best.watched - best.unwatched, median: middle.watched - middle.unwatched },
    receivedBytes: Math.round(received / Number(options.rounds)),
  }
  const file = fileURLToPath(new URL(`../results/telemetry-${options.scale}.json`, import.meta.url))
  writeFileSync(file, `${JSON.stringify(result, null, 2)}\n`)
  process.stdout.write(`${JSON.stringify(result, null, 2)}\n`)
} finally {
  collector.close()
  rmSync(work, { recursive: true, force: true })
}
