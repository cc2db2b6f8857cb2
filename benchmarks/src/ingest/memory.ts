import { mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { commandLine } from '../command-line.js'
import { writeBigCsv, writeBigJsonArray, writeLongLine, writeWideHeader } from './big-files.js'
import { measuredRun, resultsFolder, writeOrdersLakehouse } from './measured-run.js'

/**
 * Memory of an ingestion of one large file, as the kernel counts it, beside the budget that --memory gives.
 *   node benchmarks/dist/ingest/memory.js [--csv 5] [--json 1] [--line 1] [--columns 10] [--memory 1GiB] [--threads 2] [--folder DIR]
 * Sizes are in GB, columns in millions; 0 leaves a case out. Files are made in the folder and removed again.
 */
const { values: options } = commandLine({
  options: {
    csv: { type: 'string', default: '5' },
    json: { type: 'string', default: '1' },
    line: { type: 'string', default: '1' },
    columns: { type: 'string', default: '10' },
    memory: { type: 'string', default: '1GiB' },
    threads: { type: 'string', default: '2' },
    folder: { type: 'string', default: join(tmpdir(), 'deltaworks-memory') },
  },
})
const folder = resolve(options.folder)
const GB = 1e9

interface Case {
  readonly name: string
  readonly size: number
  readonly source: string
  readonly write: (file: string, size: number) => number | void
}
const cases: readonly Case[] = [
  { name: 'one CSV file', size: Number(options.csv) * GB, source: `csvFiles('data')`, write: writeBigCsv },
  { name: 'one JSON array', size: Number(options.json) * GB, source: `jsonFiles('data')`, write: writeBigJsonArray },
  { name: 'a CSV line', size: Number(options.line) * GB, source: `csvFiles('data')`, write: writeLongLine },
  { name: 'a CSV header', size: Number(options.columns) * 1e6, source: `csvFiles('data')`, write: writeWideHeader },
]
const results = []
for (const { name, size, source, write } of cases) {
  if (!(size > 0)) continue
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(join(folder, 'landing'), { recursive: true })
  const file = join(folder, 'landing', 'data')
  const expected = write(file, size) ?? null
  const lakehouse = writeOrdersLakehouse(folder, source)
  const places = ['--lakehouse', lakehouse, '--landing', 'landing', '--root', 'lake']
  const run = measuredRun([...places, '--memory', options.memory, '--threads', options.threads], folder)
  const bytes = statSync(file).size
  results.push({ case: name, bytes, memory: options.memory, expected, ...run })
  const outcome = run.error ?? `${run.rows} of ${expected} rows`
  console.log(
    `${name}, ${(bytes / GB).toFixed(2)} GB, --memory ${options.memory}: peak ${run.peakMb.toFixed(0)} MB, ${run.seconds.toFixed(1)} s; ${outcome}`,
  )
}
rmSync(folder, { recursive: true, force: true })
mkdirSync(resultsFolder, { recursive: true })
const command = `node benchmarks/dist/ingest/memory.js --csv ${options.csv} --json ${options.json} --line ${options.line} --columns ${options.columns} --memory ${options.memory} --threads ${options.threads}`
writeFileSync(join(resultsFolder, 'ingest-memory.json'), `${JSON.stringify({ command, results }, null, 2)}\n`)
