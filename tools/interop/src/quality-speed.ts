import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { fileTable, Session } from '@deltaworks/engine'
import { scan } from '@deltaworks/plan'
import { Check, verifyChecks } from '@deltaworks/quality'
import { installSpark, runDeequ } from './deequ-shell.js'

/*
 * usage: node tools/interop/dist/quality-speed.js --table DIR [--rounds 3]
 * Twelve checks in one scan beside Deequ on Spark, over the same Parquet files on two threads each: those that
 * `node benchmarks/dist/quality/checks.js --keep DIR` made. Writes benchmarks/results/quality-deequ.json.
 */
const { values: options } = parseArgs({
  options: { table: { type: 'string' }, rounds: { type: 'string', default: '3' } },
})

const twelve = (rows: number): Check =>
  new Check('error', 'order lines')
    .hasSize(rows)
    .isComplete('order_number')
    .hasCompleteness('product_code', { atLeast: 0.9 })
    .hasMin('total_amount', { atLeast: -1_000_000 })
    .hasMax('total_amount', { atMost: 1_000_000 })
    .hasMean('total_amount', { atLeast: -1000 })
    .hasSum('quantity', { atLeast: 0 })
    .hasStandardDeviation('total_amount', { atMost: 1_000_000 })
    .isNonNegative('quantity')
    .isContainedIn('deal_size', ['Small', 'Medium', 'Large'], { atLeast: 0.5 })
    .satisfies('total_amount <> 0', 'total_amount', { atLeast: 0.5 })
    .hasMaxLength('company_name', { atMost: 200 })

interface DeequSaid {
  readonly rows: number
  readonly seconds: readonly number[]
  readonly status: string
  readonly metrics: readonly { readonly name: string; readonly value: number }[]
}

async function deequ(table: string, rounds: string): Promise<DeequSaid> {
  const folder = await mkdtemp(join(tmpdir(), 'deltaworks-deequ-speed-'))
  try {
    await mkdir(join(folder, 'warehouse'))
    const file = join(folder, 'speed.json')
    const variables = { DEEQU_TABLE: table, DEEQU_ROUNDS: rounds }
    await runDeequ('deequ-speed.scala', folder, variables, () => existsSync(file))
    return JSON.parse(await readFile(file, 'utf8')) as DeequSaid
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function main(): Promise<number> {
  if (options.table === undefined) {
    console.log('skipped: no --table')
    return 0
  }
  const problem = await installSpark()
  if (problem !== null) {
    console.log(`skipped: Spark cannot be installed: ${problem}`)
    return 0
  }
  const table = resolve(options.table)
  const theirs = await deequ(table, options.rounds)
  const session = Session.create({ threads: 2 })
  try {
    const seconds: number[] = []
    let result
    for (let round = 0; round < Number(options.rounds); round++) {
      const started = performance.now()
      result = await verifyChecks(session, scan(await fileTable(table, 'parquet')), [twelve(theirs.rows)])
      seconds.push((performance.now() - started) / 1000)
    }
    const ours = result!.checks[0]!.constraints.map(({ metric }) => metric!)
    const strange = theirs.metrics.filter(
      ({ value }) => !ours.some((metric) => Math.abs(metric - value) <= 1e-9 * Math.max(1, Math.abs(value))),
    )
    const [best, deequBest] = [Math.min(...seconds), Math.min(...theirs.seconds)]
    console.log(`${theirs.rows} rows: ${result!.status}, Deequ ${theirs.status}`)
    console.log(`12 checks ${best.toFixed(2)} s, Deequ ${deequBest.toFixed(2)} s: ${(deequBest / best).toFixed(1)} x`)
    for (const { name, value } of strange) console.log(`FAILED: only Deequ says ${name} = ${value}`)
    const command = 'node tools/interop/dist/quality-speed.js --table DIR'
    const figures = { command, cores: cpus().length, load: loadavg()[0], rows: theirs.rows, seconds }
    const file = fileURLToPath(new URL('../../../benchmarks/results/quality-deequ.json', import.meta.url))
    const said = { ...figures, deequSeconds: theirs.seconds, times: deequBest / best }
    await writeFile(file, `${JSON.stringify(said, null, 2)}\n`)
    return strange.length === 0 ? 0 : 1
  } finally {
    await session.close()
  }
}

process.exitCode = await main()
