import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { DuckDBInstance } from '@duckdb/node-api'
import { DeltaTable } from '@deltaworks/delta-table'
import { fileTable, Session } from '@deltaworks/engine'
import { writeChecked } from '@deltaworks/lakehouse'
import { scan, type DataFrame } from '@deltaworks/plan'
import { commandLine } from '../command-line.js'
import { rules } from './rules.js'
import { inTurn, medianRatio, shown } from './in-turn.js'
import { transactionFiles } from './transactions.js'

/*
 * node benchmarks/dist/quality/routing.js [--landing DIR | --table DIR | --rows 1000000] [--threads 2] [--rounds 5]
 *
 * Order lines are written as a Delta table: as they are, and while twenty rules judge each of them; those that a rule refuses go
 * to a quarantine table with the rules and their reasons. Writes results/quality-routing.json. --table takes files that
 * `checks.js --keep DIR` made.
 */
const { values: options } = commandLine({
  options: {
    landing: { type: 'string' },
    table: { type: 'string' },
    rows: { type: 'string', default: '1000000' },
    threads: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '5' },
  },
})

const work = await mkdtemp(join(tmpdir(), 'deltaworks-routing-'))
const threads = Number(options.threads)
const session = Session.create({ threads })
try {
  const folder = options.table ?? join(work, 'transactions')
  if (options.table === undefined) {
    const duck = await (await DuckDBInstance.create(':memory:', { threads: String(threads) })).connect()
    await transactionFiles(duck, { landing: options.landing, rows: Number(options.rows) }, folder)
    duck.closeSync()
  }
  const lines = async (): Promise<DataFrame> => scan(await fileTable(folder, 'parquet'))
  const fresh = async (name: string): Promise<string> => {
    await rm(join(work, name), { recursive: true, force: true })
    return `file://${join(work, name)}`
  }
  let rows = 0
  let refused = 0
  let scans = 0
  const least = await inTurn(Number(options.rounds), {
    written: async () => DeltaTable.createWith(session, await fresh('plain'), await lines()),
    routed: async () => {
      const [good, bad] = [await fresh('good'), await fresh('bad')]
      const { counts, verification } = await writeChecked(
        session,
        await lines(),
        rules,
        (checking, passing) => DeltaTable.createWith(checking, good, passing),
        { quarantine: (checking, refused) => DeltaTable.createWith(checking, bad, refused) },
      )
      rows = counts.input
      refused = counts.quarantined
      scans = verification.scanCount
    },
  })
  const cost = medianRatio(least.routed, least.written)
  console.log(`${rows} rows, ${rules.length} rules, ${scans} scan: ${refused} rows refused; ${threads} threads`)
  console.log(`written ${shown(least.written)}; routed and written ${shown(least.routed)}`)
  console.log(
    `routing costs, in the median of the rounds, ${((cost.wall - 1) * 100).toFixed(0)} % by the clock, ${((cost.cpu - 1) * 100).toFixed(0)} % of all threads; load ${loadavg()[0]!.toFixed(2)}`,
  )
  const command = `node benchmarks/dist/quality/routing.js ${options.landing === undefined && options.table === undefined ? `--rows ${rows}` : '--table DIR'} --threads ${threads} --rounds ${options.rounds}`
  const result = { command, cores: cpus().length, load: loadavg()[0], rows, rules: rules.length, refused, least, cost }
  const file = fileURLToPath(new URL('../../results/quality-routing.json', import.meta.url))
  await writeFile(file, `${JSON.stringify(result, null, 2)}\n`)
} finally {
  await session.close()
  await rm(work, { recursive: true, force: true })
}
