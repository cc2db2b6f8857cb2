import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { commandLine } from '../command-line.js'
import { bundledOperation } from './bundled-operation.js'
import { copyTable, makeFact } from './fact-table.js'
import { paperFile, writePaperLog } from './paper-log.js'
import { writeResult } from './write-result.js'

/**
 * Operations on Delta tables beside delta-rs: whole processes in turn, on copies of one table.
 *   node benchmarks/dist/delta/operations.js --python PATH [--rows 9900000] [--files 200] [--only optimize,zorder,merge,merge-vectors,
 *     delete,vacuum,checkpoint,commits,small-commits] [--listed 100000] [--paper-files 1000000] [--rounds 1] [--name NAME] [--work DIR]
 * The Python needs `deltalake` and `pyarrow`. Times are of the operation, the opening of the table included; ours is bundled, as the apps are; memory is the
 * process's peak. Of several rounds, in which the two take turns, it is the one of the median time. `checkpoint`, `commits` and `small-commits` read the log of a table whose data files are on paper only.
 */
const { values: options } = commandLine({
  options: {
    python: { type: 'string' },
    rows: { type: 'string', default: '9900000' },
    files: { type: 'string', default: '200' },
    only: {
      type: 'string',
      default: 'optimize,zorder,merge,merge-vectors,delete,vacuum,checkpoint,commits,small-commits',
    },
    listed: { type: 'string', default: '100000' },
    'paper-files': { type: 'string', default: '1000000' },
    rounds: { type: 'string', default: '1' },
    name: { type: 'string' },
    work: { type: 'string' },
  },
})

interface Measured {
  readonly ms: number
  /** Of all threads. */
  readonly cpuMs: number
  readonly peakMb: number
  readonly metrics: unknown
}

const pythonFolder = fileURLToPath(new URL('../../python', import.meta.url))
const work = options.work ?? mkdtempSync(join(tmpdir(), 'deltaworks-delta-bench-'))
const python = options.python

function run(command: string, args: readonly string[]): Measured {
  const { status, stdout, stderr } = spawnSync(command, [...args], { encoding: 'utf8', maxBuffer: 1 << 28 })
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed:\n${stderr.slice(-2000)}`)
  return JSON.parse(stdout.trim().split('\n').at(-1)!) as Measured
}

const operationScript = await bundledOperation(fileURLToPath(new URL('../operation-bundle', import.meta.url)))
const ours = (operation: string, table: string, ...args: readonly string[]): Measured =>
  run(process.execPath, [operationScript, operation, table, ...args])
const theirs = (operation: string, table: string, ...args: readonly string[]): Measured | null =>
  python === undefined ? null : run(python, [join(pythonFolder, 'delta_rs_operation.py'), operation, table, ...args])

interface Compared {
  readonly name: string
  readonly ours: Measured
  readonly theirs: Measured | null
}

const median = (of: readonly Measured[]): Measured | null =>
  [...of].sort((a, b) => a.ms - b.ms)[Math.floor((of.length - 1) / 2)] ?? null

const results: Compared[] = []
function compare(name: string, mine: () => Measured, peer: () => Measured | null): void {
  const rounds = Array.from({ length: Number(options.rounds) }, () => ({ theirs: peer(), ours: mine() }))
  const theirResult = median(rounds.flatMap(({ theirs: of }) => (of === null ? [] : [of])))
  const result = { name, ours: median(rounds.map(({ ours: of }) => of))!, theirs: theirResult }
  results.push(result)
  const shown = ({ ms, cpuMs, peakMb }: Measured): string =>
    `${(ms / 1000).toFixed(2)} s, CPU ${(cpuMs / 1000).toFixed(2)} s, ${peakMb.toFixed(0)} MB`
  const ratio =
    theirResult === null
      ? ''
      : `, delta-rs ${shown(theirResult)}: ${(result.ours.ms / theirResult.ms).toFixed(2)} of its time, ${(result.ours.cpuMs / theirResult.cpuMs).toFixed(2)} of its CPU time, ${(result.ours.peakMb / theirResult.peakMb).toFixed(2)} of its memory`
  console.log(`${name.padEnd(14)} ${shown(result.ours)}${ratio}`)
}

/** Each contender works on a copy of its own, in each round. */
function onCopies(
  name: string,
  table: string,
  mine: (copy: string) => Measured,
  peer: (copy: string) => Measured | null,
): void {
  const onCopy = <T>(run: (copy: string) => T): T => {
    const copy = join(work, `${name}-copy`)
    copyTable(table, copy)
    try {
      return run(copy)
    } finally {
      rmSync(copy, { recursive: true })
    }
  }
  compare(
    name,
    () => onCopy(mine),
    () => onCopy(peer),
  )
}

async function factOperations(wanted: ReadonlySet<string>): Promise<void> {
  const folder = join(work, `fact-${options.rows}-${options.files}`)
  await makeFact(folder, Number(options.rows), Number(options.files))
  const fact = join(folder, 'fact')
  const changes = join(folder, 'changes.parquet')
  if (python === undefined) throw new Error('give --python: delta-rs makes the table that both work on')
  if (!existsSync(join(fact, '_delta_log'))) theirs('convert', fact)
  const zorder = ['customer_key', 'product_key']
  if (wanted.has('optimize')) {
    onCopies(
      'optimize',
      fact,
      (t) => ours('optimize', t),
      (t) => theirs('optimize', t),
    )
  }
  if (wanted.has('zorder')) {
    onCopies(
      'zorder',
      fact,
      (t) => ours('zorder', t, ...zorder),
      (t) => theirs('zorder', t, ...zorder),
    )
  }
  if (wanted.has('merge')) {
    onCopies(
      'merge',
      fact,
      (t) => ours('merge', t, changes),
      (t) => theirs('merge', t, changes),
    )
  }
  if (wanted.has('merge-vectors')) {
    onCopies(
      'merge-vectors',
      fact,
      (t) => {
        ours('enable-vectors', t)
        return ours('merge', t, changes)
      },
      (t) => theirs('merge', t, changes),
    )
  }
  if (wanted.has('delete')) {
    onCopies(
      'delete',
      fact,
      (t) => {
        ours('enable-vectors', t)
        return ours('delete', t, '100', '7')
      },
      (t) => theirs('delete', t, 'transaction_key % 100 = 7'),
    )
  }
}

/** A folder in which every second file is of the table, and the others are of nobody. */
function vacuum(): void {
  const table = join(work, 'listed')
  const half = Number(options.listed) / 2
  writePaperLog(table, { commits: 10, filesACommit: half / 10, partitioned: false })
  const old = new Date(Date.now() - 86_400_000)
  for (let i = 0; i < half; i++) {
    const folder = join(table, `day=${i % 100}`)
    if (i < 100) mkdirSync(folder)
    for (const file of [join(folder, `part-${String(i).padStart(6, '0')}.parquet`), join(table, paperFile(i))]) {
      writeFileSync(file, '')
      utimesSync(file, old, old)
    }
  }
  compare(
    'vacuum',
    () => ours('vacuum', table),
    () => theirs('vacuum', table),
  )
  rmSync(table, { recursive: true })
}

function logs(wanted: ReadonlySet<string>): void {
  const count = Number(options['paper-files'])
  const replay = (name: string, commits: number, filesACommit: number, checkpoint: boolean): void => {
    const table = join(work, `paper-${name}`)
    writePaperLog(table, { commits, filesACommit, partitioned: true })
    if (checkpoint && theirs('checkpoint', table) === null) return
    compare(
      name,
      () => ours('replay', table),
      () => theirs('replay', table),
    )
    rmSync(table, { recursive: true })
  }
  if (wanted.has('commits')) replay('commits', 200, count / 200, false)
  if (wanted.has('checkpoint')) replay('checkpoint', 200, count / 200, true)
  if (wanted.has('small-commits')) replay('small-commits', 5000, 2, false)
}

const wanted = new Set(options.only.split(','))
if (['optimize', 'zorder', 'merge', 'merge-vectors', 'delete'].some((name) => wanted.has(name)))
  await factOperations(wanted)
if (wanted.has('vacuum')) vacuum()
logs(wanted)
writeResult(options.name ?? `delta-${[...wanted].join('-')}`, 'operations.js', {
  rows: Number(options.rows),
  rounds: Number(options.rounds),
  results: results.map(({ name, ours: mine, theirs: peer }) => ({
    name,
    ours: mine,
    deltaRs: peer,
    timeRatio: peer === null ? null : mine.ms / peer.ms,
    cpuRatio: peer === null ? null : mine.cpuMs / peer.cpuMs,
    memoryRatio: peer === null ? null : mine.peakMb / peer.peakMb,
  })),
})
if (options.work === undefined) rmSync(work, { recursive: true, force: true })
