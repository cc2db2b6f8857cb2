import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { commandLine } from '../command-line.js'
import { cpuSecondsOf, stagesOf } from '../stages.js'

/*
 * node benchmarks/dist/formats/raw-step.js --landing DIR --peers DIR [--python PATH] [--name 3500]
 *
 * Landing files to raw Delta tables: the ingest steps of a run beside the step `raw` of duck_pipeline.py, which is ended after it.
 * Ours counts from the run's start to the last ingest's end, malformed rows told apart included. Beside the time it gives the CPU
 * time of all threads (both processes' starts included), which other work on the machine disturbs less.
 * Writes results/raw-step-<name>.json.
 */
const { values: options } = commandLine({
  options: {
    landing: { type: 'string' },
    peers: { type: 'string' },
    python: { type: 'string', default: 'python3' },
    name: { type: 'string', default: '3500' },
  },
})
if (options.landing === undefined || options.peers === undefined) {
  throw new Error('Give --landing DIR and --peers DIR: nothing was measured.')
}

const root = fileURLToPath(new URL('../../..', import.meta.url))
const work = mkdtempSync(join(tmpdir(), 'deltaworks-raw-'))

interface Cost {
  readonly seconds: number
  readonly cpuSeconds: number
}

/** Seconds that the peer's own step takes, as it says; its process ends with it. */
function peerCost(script: string, landing: string): Promise<Cost> {
  const child = spawn(options.python, ['-u', script, landing, join(work, 'peer')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  return new Promise((done, fail) => {
    let output = ''
    child.stdout.setEncoding('utf8').on('data', (part: string) => {
      output += part
      const raw = /^raw\s+([\d.]+) s/m.exec(output)
      if (raw === null) return
      done({ seconds: Number(raw[1]), cpuSeconds: cpuSecondsOf(child.pid!) })
      child.kill()
    })
    child.on('error', fail)
    child.on('close', () => fail(new Error(`duck_pipeline.py ended before its step "raw": ${output}`)))
  })
}

try {
  const landing = resolve(options.landing)
  const peer = await peerCost(join(resolve(options.peers), 'duck_pipeline.py'), landing)
  const stages = await stagesOf(join(root, 'apps/batch/bin/deltaworks-batch.cjs'), landing, join(work, 'lake'))
  const ingests = stages.filter(({ step }) => step.startsWith('ingest '))
  const seconds = ingests.reduce((sum, stage) => Math.max(sum, stage.endSeconds), 0)
  const peakMb = Math.max(...ingests.map((stage) => stage.peakMb))
  const cpuSeconds = Math.max(...ingests.map((stage) => stage.endCpuSeconds))
  const ratio = seconds / peer.seconds
  const cpuRatio = cpuSeconds / peer.cpuSeconds
  process.stdout.write(
    `raw step: ${seconds.toFixed(1)} s (${peakMb.toFixed(0)} MB), duck_pipeline.py ${peer.seconds.toFixed(1)} s, ratio ${ratio.toFixed(2)}, ` +
      `of CPU ${cpuSeconds.toFixed(1)} / ${peer.cpuSeconds.toFixed(1)} = ${cpuRatio.toFixed(2)}\n`,
  )
  const target = fileURLToPath(new URL('../../results', import.meta.url))
  mkdirSync(target, { recursive: true })
  writeFileSync(
    join(target, `raw-step-${options.name}.json`),
    `${JSON.stringify(
      {
        command: 'node benchmarks/dist/formats/raw-step.js --landing LANDING --peers PEERS',
        node: process.version,
        cpu: cpus()[0]?.model,
        cores: cpus().length,
        load: loadavg(),
        seconds,
        cpuSeconds,
        peakMb,
        peer,
        ratio,
        cpuRatio,
        ingests,
      },
      null,
      2,
    )}\n`,
  )
} finally {
  rmSync(work, { recursive: true, force: true })
}
