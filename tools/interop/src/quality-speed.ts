import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { fileTable, Session } from '@deltaworks/engine'
import { scan } from '@deltaworks/plan'
import { Check, verifyChecks, type CheckResult } from '@deltaworks/quality'
import { installSpark, runDeequ } from './deequ-shell.js'

/*
 * usage: node tools/interop/dist/quality-speed.js --table DIR [--rounds 7]
 * Twelve checks in one scan beside Deequ on Spark, over the same Parquet files on two threads each, in turn: those that
 * `node benchmarks/dist/quality/checks.js --keep DIR` made. Writes benchmarks/results/quality-deequ.json.
 */
const { values: options } = parseArgs({
  options: { table: { type: 'string' }, rounds: { type: 'string', default: '7' } },
})

const twelve = (): Check =>
  new Check('error', 'order lines')
    .hasSize({ atLeast: 1 })
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
  readonly status: string
  readonly metrics: readonly { readonly name: string; readonly value: number }[]
}
interface Rounds {
  readonly seconds: readonly number[]
  readonly deequSeconds: readonly number[]
  readonly result: CheckResult
  readonly said: DeequSaid
}

/** Round by round in turn, so that whatever else the machine does, it does to both; the first of both are the first of their
 * sessions, which have begun: Spark's threads and ours run. */
async function inTurn(session: Session, table: string, rounds: number): Promise<Rounds> {
  const folder = await mkdtemp(join(tmpdir(), 'deltaworks-deequ-speed-'))
  try {
    await mkdir(join(folder, 'warehouse'))
    const file = join(folder, 'speed.json')
    const variables = { DEEQU_TABLE: table, DEEQU_ROUNDS: String(rounds) }
    const shell = runDeequ('deequ-speed.scala', folder, variables, () => existsSync(file))
    const [seconds, deequSeconds]: [number[], number[]] = [[], []]
    let result: CheckResult | undefined
    const work = async (): Promise<void> => {
      for (let round = 0; round < rounds; round++) {
        await writeFile(join(folder, `begin-${round}`), '')
        deequSeconds.push(Number(await written(join(folder, `ended-${round}`))))
        const started = performance.now()
        const { checks } = await verifyChecks(session, scan(await fileTable(table, 'parquet')), [twelve()])
        seconds.push((performance.now() - started) / 1000)
        result = checks[0]!
      }
    }
    const worked = work()
    // A shell that fails ends the wait for its rounds.
    await Promise.race([worked, shell])
    await Promise.all([worked, shell])
    return { seconds, deequSeconds, result: result!, said: JSON.parse(await readFile(file, 'utf8')) as DeequSaid }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** What a file says, once it is there. */
async function written(file: string): Promise<string> {
  while (!existsSync(file)) await setTimeout(20)
  return readFile(file, 'utf8')
}

const median = (numbers: readonly number[]): number => {
  const sorted = [...numbers].sort((a, b) => a - b)
  return (sorted[(sorted.length - 1) >> 1]! + sorted[sorted.length >> 1]!) / 2
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
  const session = Session.create({ threads: 2 })
  try {
    await session.start()
    const { seconds, deequSeconds, result, said } = await inTurn(
      session,
      resolve(options.table),
      Number(options.rounds),
    )
    const ours = result.constraints.map(({ metric }) => metric!)
    const strange = said.metrics.filter(
      ({ value }) => !ours.some((metric) => Math.abs(metric - value) <= 1e-9 * Math.max(1, Math.abs(value))),
    )
    const times = seconds.map((of, round) => deequSeconds[round]! / of)
    console.log(`${said.rows} rows: ${result.status}, Deequ ${said.status}`)
    seconds.forEach((of, round) =>
      console.log(
        `12 checks ${of.toFixed(2)} s, Deequ ${deequSeconds[round]!.toFixed(2)} s: ${times[round]!.toFixed(1)} x`,
      ),
    )
    console.log(`median ${median(times).toFixed(1)} x, at least ${Math.min(...times).toFixed(1)} x`)
    for (const { name, value } of strange) console.log(`FAILED: only Deequ says ${name} = ${value}`)
    const command = `node tools/interop/dist/quality-speed.js --table DIR --rounds ${options.rounds}`
    const figures = { command, cores: cpus().length, load: loadavg()[0], rows: said.rows, seconds, deequSeconds }
    const file = fileURLToPath(new URL('../../../benchmarks/results/quality-deequ.json', import.meta.url))
    const written = { ...figures, times, median: median(times), least: Math.min(...times) }
    await writeFile(file, `${JSON.stringify(written, null, 2)}\n`)
    return strange.length === 0 ? 0 : 1
  } finally {
    await session.close()
  }
}

process.exitCode = await main()
