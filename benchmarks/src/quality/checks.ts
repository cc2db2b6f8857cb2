import { spawnSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { DuckDBInstance } from '@duckdb/node-api'
import { fileTable, Session } from '@deltaworks/engine'
import { scan } from '@deltaworks/plan'
import { verifyChecks, type Check } from '@deltaworks/quality'
import { commandLine } from '../command-line.js'
import { inTurn, medianRatio, shown } from './in-turn.js'
import { byHand, thirteenChecks, twelveChecks } from './suite.js'
import { rowsOf, transactionFiles } from './transactions.js'

/*
 * node benchmarks/dist/quality/checks.js [--landing DIR | --table DIR | --rows 1000000] [--threads 2] [--rounds 11] [--keep DIR]
 *
 * Twelve checks on the order lines of a landing zone (or made ones) in one scan, beside one query written by hand for DuckDB over
 * the same Parquet files; then a thirteenth check; then the twelve in a process of their own, for its memory. Writes
 * results/quality-checks.json; --keep leaves the files, for `tools/interop/dist/quality-speed.js` and for --table.
 */
const { values: options } = commandLine({
  options: {
    landing: { type: 'string' },
    table: { type: 'string' },
    rows: { type: 'string', default: '1000000' },
    threads: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '11' },
    keep: { type: 'string' },
    /** Used by the benchmark itself: only the checks, on these files. */
    alone: { type: 'string' },
  },
})
const threads = Number(options.threads)

const verified = async (session: Session, folder: string, check: Check) =>
  verifyChecks(session, scan(await fileTable(folder, 'parquet')), [check])

if (options.alone !== undefined) {
  const session = Session.create({ threads })
  await verified(session, options.alone, twelveChecks(Number(options.rows)))
  await session.close()
  process.stdout.write(String(process.resourceUsage().maxRSS / 1024))
} else {
  const work = await mkdtemp(join(tmpdir(), 'deltaworks-checks-'))
  const folder = options.table ?? options.keep ?? join(work, 'transactions')
  const duck = await (await DuckDBInstance.create(':memory:', { threads: String(threads) })).connect()
  const session = Session.create({ threads })
  try {
    const rows =
      options.table === undefined
        ? await transactionFiles(duck, { landing: options.landing, rows: Number(options.rows) }, folder)
        : await rowsOf(duck, folder)
    const { status, checks, verification } = await verified(session, folder, twelveChecks(rows))
    const [theirs] = (await duck.runAndReadAll(byHand(folder))).getRows()
    const differing = checks[0]!.constraints.filter(({ metric }, i) => !isClose(metric!, Number(theirs![i])))
    if (differing.length > 0) throw new Error(`not DuckDB's numbers: ${differing.map(({ rule }) => rule.id).join()}`)
    const least = await inTurn(Number(options.rounds), {
      twelve: () => verified(session, folder, twelveChecks(rows)),
      thirteen: () => verified(session, folder, thirteenChecks(rows)),
      byHand: async () => (await duck.runAndReadAll(byHand(folder))).getRows(),
    })
    const self = fileURLToPath(import.meta.url)
    const alone = spawnSync(process.execPath, [self, '--alone', folder, '--rows', String(rows)], { encoding: 'utf8' })
    const peakMb = Number(alone.stdout)
    const [beside, more] = [medianRatio(least.twelve, least.byHand), medianRatio(least.thirteen, least.twelve)]
    console.log(
      `${rows} rows, ${threads} threads: ${status} in ${verification.scanCount} scan, the numbers are DuckDB's`,
    )
    console.log(`12 checks ${shown(least.twelve)}; DuckDB by hand ${shown(least.byHand)}`)
    console.log(`median ratio ${beside.wall.toFixed(2)} by the clock, ${beside.cpu.toFixed(2)} of all threads`)
    console.log(
      `13 checks ${shown(least.thirteen)}: ${((more.wall - 1) * 100).toFixed(1)} % more, ${((more.cpu - 1) * 100).toFixed(1)} % of all threads`,
    )
    console.log(
      `12 checks in a process of their own: ${peakMb.toFixed(0)} MB at most; load ${loadavg()[0]!.toFixed(2)}`,
    )
    const command = `node benchmarks/dist/quality/checks.js ${options.landing === undefined && options.table === undefined ? `--rows ${rows}` : '--landing DIR'} --threads ${threads} --rounds ${options.rounds}`
    const result = { command, cores: cpus().length, load: loadavg()[0], rows, least, beside, more, peakMb }
    const file = fileURLToPath(new URL('../../results/quality-checks.json', import.meta.url))
    await writeFile(file, `${JSON.stringify(result, null, 2)}\n`)
  } finally {
    duck.closeSync()
    await session.close()
    await rm(work, { recursive: true, force: true })
  }
}

function isClose(a: number, b: number): boolean {
  return Math.abs(a - b) <= 1e-9 * Math.max(1, Math.abs(a), Math.abs(b))
}
