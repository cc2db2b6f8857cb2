import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { commandLine } from '../command-line.js'

/*
 * node benchmarks/dist/warehouse/run.js --lake DIR [--rounds 3] [--postgres URL] [--only duckdb|staging|postgres] [--small DIR]
 *
 * Loads of the shop's facts beside what the warehouse does by itself, each a cold process, in turn: DuckDB's CREATE TABLE AS
 * from the same Parquet files; a plain copy of the table's files beside staging; single INSERTs beside COPY into PostgreSQL (and beside the
 * whole export: planned, counted, copied and compared).
 * With --small, a lake of fewer rows, each way's peak of memory is told for both.
 * Writes results/warehouse.json.
 */
const { values: options } = commandLine({
  options: {
    lake: { type: 'string' },
    rounds: { type: 'string', default: '3' },
    postgres: { type: 'string' },
    small: { type: 'string' },
    only: { type: 'string' },
    insertRows: { type: 'string', default: '20000' },
  },
})
if (options.lake === undefined) throw new Error('--lake DIR: a lake of the shop, made by deltaworks-batch run')

const task = fileURLToPath(new URL('./task.js', import.meta.url))
const work = mkdtempSync(join(tmpdir(), 'deltaworks-bench-warehouse-'))
const lake = options.lake
const facts = join(lake, 'processed', 'fact_transactions')

interface Measured {
  readonly ms: number
  /** Of all threads. */
  readonly cpuMs: number
  readonly rows: number
  readonly peakMb: number
  readonly phases?: Readonly<Record<string, number>>
  readonly phasesCpu?: Readonly<Record<string, number>>
}

function measured(kind: string, ...args: readonly string[]): Measured {
  const { status, stdout, stderr } = spawnSync(process.execPath, [task, kind, ...args], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${kind} failed:\n${stderr}`)
  return JSON.parse(stdout.trim().split('\n').at(-1)!) as Measured
}

const median = (numbers: readonly number[]): number => [...numbers].sort((a, b) => a - b)[numbers.length >> 1]!
const wanted = (name: string): boolean => options.only === undefined || options.only === name
const results: Record<string, unknown> = {}
const file = fileURLToPath(new URL('../../results/warehouse.json', import.meta.url))
// Parts that are not run keep their last figures.
const former = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Readonly<Record<string, unknown>>) : {}
/** The last run of each kind over the lake itself. */
const ofLake = new Map<string, Measured>()

/** Runs the tasks in turn, so many rounds; a fresh folder each. */
function inTurn(kinds: readonly (readonly string[])[]): ReadonlyMap<string, readonly Measured[]> {
  const all = new Map<string, Measured[]>(kinds.map(([kind]) => [kind!, []]))
  for (let round = 0; round < Number(options.rounds); round++) {
    for (const [kind, ...args] of kinds) {
      const out = join(work, `${kind}-${round}`)
      mkdirSync(out)
      ofLake.set(kind!, measured(kind!, ...args, out))
      all.get(kind!)!.push(ofLake.get(kind!)!)
      rmSync(out, { recursive: true, force: true })
    }
  }
  return all
}

if (wanted('duckdb')) {
  const all = inTurn([
    ['duckdb-peer', facts],
    ['duckdb-ours', lake],
  ])
  const [peer, ours] = [all.get('duckdb-peer')!, all.get('duckdb-ours')!]
  const load = median(ours.map(({ phases }) => phases!['load']! + phases!['publish']!))
  const peerMs = median(peer.map(({ ms }) => ms))
  results['duckdb'] = {
    rows: ours[0]!.rows,
    createTableAsMs: peerMs,
    loadAndCommitMs: load,
    loadRatio: load / peerMs,
    wholeExportMs: median(ours.map(({ ms }) => ms)),
    wholeRatio: median(ours.map(({ ms }) => ms)) / peerMs,
    peakMb: median(ours.map(({ peakMb }) => peakMb)),
    createTableAsPeakMb: median(peer.map(({ peakMb }) => peakMb)),
    createTableAsCpuMs: median(peer.map(({ cpuMs }) => cpuMs)),
    wholeExportCpuMs: median(ours.map(({ cpuMs }) => cpuMs)),
    phases: ours.at(-1)!.phases,
    phasesCpu: ours.at(-1)!.phasesCpu,
  }
}
if (wanted('staging')) {
  // What is staged is larger than the lake's files: it has no encodings that not every reader knows. A copy of it shows the disk.
  const kept = join(work, 'staged')
  mkdirSync(kept)
  measured('staging', lake, kept)
  const [mib, stagedMib] = [facts, kept].map((folder) => sizeOf(folder) / 2 ** 20)
  const all = inTurn([
    ['copy', facts],
    ['copy-staged', kept],
    ['staging', lake],
  ])
  rmSync(kept, { recursive: true })
  const [copied, copiedStaged, staged] = ['copy', 'copy-staged', 'staging'].map((kind) => ({
    ms: median(all.get(kind)!.map(({ ms }) => ms)),
    cpuMs: median(all.get(kind)!.map(({ cpuMs }) => cpuMs)),
  }))
  results['staging'] = {
    rows: all.get('staging')![0]!.rows,
    mib,
    stagedMib,
    plainCopyMs: copied!.ms,
    plainCopyCpuMs: copied!.cpuMs,
    plainCopyOfStagedMs: copiedStaged!.ms,
    plainCopyOfStagedCpuMs: copiedStaged!.cpuMs,
    stagingMs: staged!.ms,
    stagingCpuMs: staged!.cpuMs,
    plainCopyMibPerSecond: mib! / (copied!.ms / 1000),
    plainCopyOfStagedMibPerSecond: stagedMib! / (copiedStaged!.ms / 1000),
    stagingMibPerSecond: mib! / (staged!.ms / 1000),
    stagedMibPerSecond: stagedMib! / (staged!.ms / 1000),
    rowsPerSecond: all.get('staging')![0]!.rows / (staged!.ms / 1000),
    peakMb: median(all.get('staging')!.map(({ peakMb }) => peakMb)),
  }
}
if (wanted('postgres') && options.postgres !== undefined) {
  const all = inTurn([
    ['postgres-inserts', lake, options.postgres, options.insertRows!],
    ['postgres-copy', lake, options.postgres],
  ])
  const [inserts, copy] = [all.get('postgres-inserts')!, all.get('postgres-copy')!]
  const perSecond = (runs: readonly Measured[]): number => median(runs.map(({ rows, ms }) => rows / (ms / 1000)))
  // An INSERT compares nothing: it stands beside the COPY and its commit.
  const loads = copy.map((run) => ({ ...run, ms: run.phases!['load']! + run.phases!['publish']! }))
  results['postgres'] = {
    rows: copy[0]!.rows,
    insertRows: inserts[0]!.rows,
    insertsPerSecond: perSecond(inserts),
    copiedPerSecond: perSecond(loads),
    ratio: perSecond(loads) / perSecond(inserts),
    wholeExportPerSecond: perSecond(copy),
    wholeRatio: perSecond(copy) / perSecond(inserts),
    peakMb: median(copy.map(({ peakMb }) => peakMb)),
  }
}

if (options.small !== undefined) {
  const ways = { duckdb: 'duckdb-ours', staging: 'staging', postgres: 'postgres-copy' } as const
  const memory = { ...(former['memory'] as Readonly<Record<string, unknown>> | undefined) } as Record<string, unknown>
  for (const [name, kind] of Object.entries(ways)) {
    if (!wanted(name) || (name === 'postgres' && options.postgres === undefined)) continue
    const out = join(work, `memory-${name}`)
    mkdirSync(out)
    const small = measured(kind, options.small, ...(name === 'postgres' ? [options.postgres!] : []), out)
    rmSync(out, { recursive: true, force: true })
    memory[name] = [small, ofLake.get(kind)!].map(({ rows, peakMb }) => ({ rows, peakMb }))
  }
  results['memory'] = memory
}

rmSync(work, { recursive: true, force: true })
const report = {
  ...former,
  command: `node benchmarks/dist/warehouse/run.js --lake DIR --rounds ${options.rounds}`,
  load: loadavg()[0],
  ...results,
}
writeFileSync(file, `${JSON.stringify(report, null, 2)}\n`)
process.stdout.write(`${JSON.stringify(report, null, 2)}\n`)

/** Bytes of a folder's data files. */
function sizeOf(folder: string): number {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.parquet') && !name.includes('_delta_log'))
    .reduce((sum, name) => sum + statSync(join(folder, name)).size, 0)
}
