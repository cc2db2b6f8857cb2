import { existsSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DeltaTable } from '@deltaworks/delta-table'
import { Session } from '@deltaworks/engine'
import { scan } from '@deltaworks/plan'
import { analyze, metricRows } from '@deltaworks/quality'
import {
  analyzerOf,
  datasets,
  differenceOf,
  frameOf,
  largeDataset,
  type Dataset,
  type RecordedMetric,
} from '@deltaworks/quality/testing'
import { installSpark, runDeequ } from './deequ-shell.js'

/*
 * usage: node tools/interop/dist/deequ.js [--rows N] [--record FILE]
 * Deequ on Spark and we compute the same metrics of the same data. --record writes what Deequ said, for the tests of the package.
 */
const argument = (name: string): string | null => {
  const place = process.argv.indexOf(name)
  return place < 0 ? null : (process.argv[place + 1] ?? null)
}

async function main(): Promise<number> {
  const rows = Number(argument('--rows') ?? 1_000_000)
  const record = argument('--record')
  const sets = record === null ? [...datasets.slice(0, 4), largeDataset(rows)] : datasets
  const problem = await installSpark()
  if (problem !== null) {
    console.log(`skipped: Spark cannot be installed: ${problem}`)
    return 0
  }
  const folder = await mkdtemp(join(tmpdir(), 'deltaworks-deequ-'))
  const session = Session.create()
  try {
    await writeDatasets(session, folder, sets)
    await runDeequ('deequ.scala', folder, {}, finished)
    const said = await deequMetrics(folder)
    if (record !== null) await writeFile(record, JSON.stringify(said.metrics))
    return await compare(session, folder, sets, said)
  } finally {
    await session.close()
    await rm(folder, { recursive: true, force: true })
  }
}

async function writeDatasets(session: Session, folder: string, sets: readonly Dataset[]): Promise<void> {
  for (const set of sets) await DeltaTable.createWith(session, join(folder, set.name), frameOf(set))
  const specs = sets.map(({ name, analyzers }) => ({ name, analyzers }))
  await writeFile(join(folder, 'specs.json'), JSON.stringify(specs))
  await mkdir(join(folder, 'warehouse'))
}

/** Whether the script came to its end. */
const finished = (folder: string): boolean => {
  const file = join(folder, 'metrics.jsonl')
  return existsSync(file) && readFileSync(file, 'utf8').includes('"finished"')
}

interface Said {
  readonly metrics: readonly RecordedMetric[]
  readonly seconds: ReadonlyMap<string, number>
}

async function deequMetrics(folder: string): Promise<Said> {
  const lines = (await readFile(join(folder, 'metrics.jsonl'), 'utf8')).trim().split('\n')
  const all = lines
    .map((line) => JSON.parse(line) as RecordedMetric & { seconds?: number })
    .filter((line) => !('finished' in line))
  return {
    metrics: all.filter(({ seconds }) => seconds === undefined),
    seconds: new Map(
      all.flatMap(({ dataset, seconds }) => (seconds === undefined ? [] : [[dataset, seconds] as const])),
    ),
  }
}

async function compare(session: Session, folder: string, sets: readonly Dataset[], said: Said): Promise<number> {
  let [passed, failed] = [0, 0]
  for (const set of sets) {
    const frame = scan((await DeltaTable.open(session, join(folder, set.name))).provider())
    const started = performance.now()
    const { metrics, scanCount } = await analyze(session, frame, set.analyzers.map(analyzerOf))
    const seconds = (performance.now() - started) / 1000
    metrics.forEach((metric, i) => {
      const theirs = said.metrics.find(({ dataset, index }) => dataset === set.name && index === i)
      const spec = set.analyzers[i]!
      const difference =
        theirs === undefined
          ? 'Deequ said nothing'
          : differenceOf(spec, metric.problem, metricRows([metric]), theirs, set.rowCount)
      if (difference === null) passed++
      else {
        failed++
        console.log(`FAILED ${set.name} ${JSON.stringify(spec)}: ${difference}`)
      }
    })
    const deequSeconds = said.seconds.get(set.name) ?? 0
    console.log(
      `${set.name}: ${set.analyzers.length} metrics of ${set.rowCount} rows in ${scanCount} scans: ${seconds.toFixed(2)} s, Deequ ${deequSeconds.toFixed(2)} s (${(deequSeconds / seconds).toFixed(1)} ×)`,
    )
  }
  console.log(`${passed} passed, ${failed} failed`)
  return failed === 0 ? 0 : 1
}

process.exitCode = await main()
