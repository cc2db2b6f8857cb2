import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { commandLine } from '../command-line.js'
import { writeBigCsv } from './big-files.js'
import { measuredRun, resultsFolder, writeOrdersLakehouse } from './measured-run.js'

/**
 * What the profile of a batch adds to its ingestion: the same files with it and without it, in turn, as whole cold processes.
 *   node benchmarks/dist/ingest/profile.js [--mb 400] [--rounds 3] [--threads 2] [--folder DIR]
 */
const { values: options } = commandLine({
  options: {
    mb: { type: 'string', default: '400' },
    rounds: { type: 'string', default: '3' },
    threads: { type: 'string', default: '2' },
    folder: { type: 'string', default: join(tmpdir(), 'deltaworks-profile') },
  },
})
const folder = resolve(options.folder)
rmSync(folder, { recursive: true, force: true })
mkdirSync(join(folder, 'landing'), { recursive: true })
const expected = writeBigCsv(join(folder, 'landing', 'orders.csv'), Number(options.mb) * 1e6)

function seconds(profile: boolean): number {
  rmSync(join(folder, 'lake'), { recursive: true, force: true })
  const lakehouse = writeOrdersLakehouse(folder, `csvFiles('orders.csv', { profile: ${profile} })`)
  const places = ['--lakehouse', lakehouse, '--landing', 'landing', '--root', 'lake', '--threads', options.threads]
  const run = measuredRun(places, folder)
  if (run.rows !== expected) throw new Error(`${run.rows} of ${expected} rows: ${run.error}`)
  return run.seconds
}

const results = { profiled: [] as number[], plain: [] as number[] }
for (let round = 0; round < Number(options.rounds); round++) {
  results.profiled.push(seconds(true))
  results.plain.push(seconds(false))
}
rmSync(folder, { recursive: true, force: true })
const median = (numbers: readonly number[]): number => [...numbers].sort((a, b) => a - b)[numbers.length >> 1]!
const added = median(results.profiled) / median(results.plain) - 1
console.log(
  `${expected} rows: with a profile ${median(results.profiled).toFixed(2)} s, without ${median(results.plain).toFixed(2)} s: ${(added * 100).toFixed(0)} % more`,
)
mkdirSync(resultsFolder, { recursive: true })
const command = `node benchmarks/dist/ingest/profile.js --mb ${options.mb} --rounds ${options.rounds} --threads ${options.threads}`
writeFileSync(
  join(resultsFolder, 'ingest-profile.json'),
  `${JSON.stringify({ command, rows: expected, seconds: results, added }, null, 2)}\n`,
)
