import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const root = fileURLToPath(new URL('../../..', import.meta.url))
export const batchBin = join(root, 'apps/batch/bin/deltaworks-batch.cjs')
export const resultsFolder = join(root, 'benchmarks/results')
const lakehouseModule = pathToFileURL(join(root, 'packages/lakehouse/dist/definitions.js')).href

/** Writes a lakehouse of one raw table, `orders`, whose source is given as code. @returns its module */
export function writeOrdersLakehouse(folder: string, source: string): string {
  const file = join(folder, 'orders.mjs')
  writeFileSync(join(folder, 'dev.json'), '{}')
  writeFileSync(
    file,
    `import { bigint, csvFiles, date, decimal, defineLakehouse, defineTable, jsonFiles, string } from ${JSON.stringify(lakehouseModule)}
const orders = defineTable({ name: 'orders', layer: 'raw', source: ${source},
  columns: { id: bigint(), customer: string(), day: date(), amount: decimal(12, 2), note: string() } })
export default defineLakehouse({ name: 'orders', description: 'One source.', tables: [orders],
  configuration: { safeParse: (data) => ({ success: true, data }) }, environments: ${JSON.stringify(folder)} })
`,
  )
  return file
}

export interface MeasuredRun {
  readonly seconds: number
  /** Of all threads, in the process and in the system for it. */
  readonly cpuSeconds: number
  /** Largest resident set of the whole process, threads included. */
  readonly peakMb: number
  readonly exitCode: number | null
  readonly rows: number | null
  readonly error: string | null
}

/** Runs the batch app as a process of its own. */
export function measuredRun(args: readonly string[], cwd: string): MeasuredRun {
  const started = performance.now()
  const script = `process.on('exit', () => {
  const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage()
  require('node:fs').writeSync(2, '\\npeak ' + maxRSS + ' ' + (userCPUTime + systemCPUTime) + '\\n')
})`
  const preload = join(cwd, 'peak.cjs')
  writeFileSync(preload, script)
  const run = spawnSync(process.execPath, ['--require', preload, batchBin, 'run', '--json', ...args], {
    cwd,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  })
  const seconds = (performance.now() - started) / 1000
  const [, peakKb = 0, cpuMicros = 0] = /peak (\d+) (\d+)/.exec(run.stderr) ?? []
  const error = run.stderr.replaceAll(/\n?peak \d+ \d+\n/g, '').trim()
  const report =
    run.status === 0
      ? (JSON.parse(run.stdout) as { readonly tables: readonly { readonly rowCount: number | null }[] })
      : null
  return {
    seconds,
    cpuSeconds: Number(cpuMicros) / 1e6,
    peakMb: Number(peakKb) / 1024,
    exitCode: run.status,
    rows: report?.tables[0]?.rowCount ?? null,
    error: error === '' ? null : error.slice(0, 300),
  }
}
